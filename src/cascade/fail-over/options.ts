/** How long recognisers are waited for before another one takes over. */
export interface SpeechToTextFailOverOptions {
  /** For an engine to be ready to listen, ms. */
  readonly openMs: number;
  /** Voice of the caller, in sum, after which an engine that has said nothing is taken for deaf, ms. */
  readonly deafMs: number;
}

export const speechToTextFailOverDefaults = {
  openMs: 1_000,
  deafMs: 2_500,
} as const satisfies SpeechToTextFailOverOptions;

/** Of the language models. */
export interface LanguageModelFailOverOptions {
  /** For the first event of an answer, ms; then another model is asked as well, and the first to speak has the answer. */
  readonly firstEventMs: number;
}

/**
 * Of models that are alive one answer in five takes longer than this (gpt-4.1: 536 ms at the median, 1,771 at p95). To
 * ask another one then costs a request, and takes the word from nobody: what is slow may still be first.
 */
export const languageModelFailOverDefaults = { firstEventMs: 950 } as const satisfies LanguageModelFailOverOptions;

/** Of the voices. */
export interface TextToSpeechFailOverOptions {
  /** For an engine to be ready to speak, ms. */
  readonly openMs: number;
  /** From a piece to its first audio, ms. */
  readonly firstAudioMs: number;
  /** Silence at the caller's ear, in the middle of what is said, ms. */
  readonly stallMs: number;
}

export const textToSpeechFailOverDefaults = {
  openMs: 1_000,
  firstAudioMs: 1_000,
  stallMs: 500,
} as const satisfies TextToSpeechFailOverOptions;
