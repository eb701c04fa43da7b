/** A stretch of an answer of Whisper's, with its own doubts where the server tells them. */
export interface WhisperSegment {
  readonly text: string;
  /** How probable it is that nobody spoke, 0 to 1. */
  readonly noSpeech?: number | undefined;
  /** Mean logarithm of the words' probabilities. */
  readonly avgLogProb?: number | undefined;
  /** How well the text can be compressed: what repeats itself, very well. */
  readonly compression?: number | undefined;
}

/** What a server makes of a piece of audio. */
export interface Hypothesis {
  readonly text: string;
  /** In place of `text`, where the server tells them. */
  readonly segments?: readonly WhisperSegment[];
}

/** What is known of the audio a hypothesis is of. */
export interface HypothesisContext {
  /** Voice in it, ms. */
  readonly voicedMs: number;
  /** What the server was told to expect. */
  readonly prompt: string;
}

/** Thresholds of Whisper's own decoder (openai/whisper `transcribe.py`). */
const NO_SPEECH = 0.6;
const LOG_PROB = -1;
const COMPRESSION = 2.4;
/** Above this, a short phrase that Whisper is known to make up is taken for that. */
const DOUBTFUL_NO_SPEECH = 0.3;
/** Nobody says so many letters in a second; the first few are free, for short words. */
const FREE_LETTERS = 14;
const LETTERS_PER_SECOND = 40;
/** Few people say so many in a second of voice. */
const LIKELY_LETTERS_PER_SECOND = 30;
/** Less voice than this is too little even for a short phrase, ms. */
const PHRASE_MS = 240;

/** Ends of subtitles, which Whisper has read too many of: nobody says them on the phone. */
const NEVER_SAID =
  /^(?:(?:thank you|thanks)(?: (?:so|very) much)? for (?:watching|viewing)|(?:please )?(?:like and )?subscribe\b|(?:vielen )?dank f(?:ü|ue)rs? zu(?:schauen|sehen)|merci d'avoir regard|gracias por ver)|amara\.org|^(?:untertitel|subtitles?|sous-titres?|subtítulos)\b.{0,60}\b(?:by|von|im auftrag|par|réalisés|por|zdf|ard|community)\b|^copyright\b/iu;
/** What Whisper hears in silence and noise, and callers say as well. */
const OFTEN_MADE_UP = new Set(
  (
    'thank you|thanks|thank you very much|thank you so much|you|bye|bye bye|goodbye|okay|ok|yeah|mm-hmm|mmm|hmm|oh|so|' +
    'vielen dank|danke|tschüss|merci|gracias|the end|i'
  ).split('|'),
);

/**
 * The words that were said, as far as one can know: markers of sounds, what Whisper itself doubts, what it is known to
 * make up out of silence, and what nobody can have said in that time are left out.
 */
export function wordsSaid(hypothesis: Hypothesis, context: HypothesisContext): string {
  const segments: readonly WhisperSegment[] = hypothesis.segments ?? [{ text: hypothesis.text }];
  const believed = segments.filter((segment) => !isDoubted(segment));
  const text = tidy(believed.map(({ text: part }) => part).join(' '));
  if (text === '') return '';
  const noSpeech = Math.max(0, ...believed.map((segment) => segment.noSpeech ?? 0));
  return isMadeUp(text, noSpeech, context) ? '' : text;
}

function isDoubted({ noSpeech = 0, avgLogProb = 0, compression = 0 }: WhisperSegment): boolean {
  return (noSpeech > NO_SPEECH && avgLogProb < LOG_PROB) || compression > COMPRESSION;
}

/** Without `[BLANK_AUDIO]`, `(music)`, `*coughs*` and notes, and without the blanks that whisper.cpp sends. */
function tidy(text: string): string {
  return text
    .replace(/\[[^\]]{0,60}\]|\([^)]{0,60}\)|\*[^*]{0,60}\*|♪[^♪]{0,200}♪?|<\|[^|]{0,30}\|>/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/^[\s.,;:!?…–-]+$/u, '');
}

function isMadeUp(text: string, noSpeech: number, { voicedMs, prompt }: HypothesisContext): boolean {
  const bare = text
    .toLowerCase()
    .replace(/[.,!?…]+/gu, '')
    .trim();
  if (NEVER_SAID.test(text.trim())) return true;
  if (OFTEN_MADE_UP.has(bare) && (voicedMs < PHRASE_MS || noSpeech > DOUBTFUL_NO_SPEECH)) return true;
  const letters = text.replace(/[^\p{L}\p{N}]+/gu, '').length;
  if (letters > FREE_LETTERS + (LETTERS_PER_SECOND * voicedMs) / 1000) return true;
  // The prompt read back to us, in whole. Callers who are not understood repeat themselves, in as much time as it takes.
  const echoes = bare.length > FREE_LETTERS && prompt.toLowerCase().trim() === text.toLowerCase();
  return echoes && (noSpeech > DOUBTFUL_NO_SPEECH || letters > (LIKELY_LETTERS_PER_SECOND * voicedMs) / 1000);
}
