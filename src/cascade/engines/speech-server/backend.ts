import type { StageIdentity, StageUsage } from '../../stages/stage.js';

/** What a server that makes speech can do, as far as those who choose among servers must know. */
export interface SpeechBackendCapabilities {
  /** Audio arrives while the rest is still being made. Without it, all comes at once when it is finished. */
  readonly streaming: boolean;
  /** What it makes unless an answer says otherwise, Hz. */
  readonly sampleRate: number;
  /** Longest text of one request, characters. */
  readonly maxCharacters: number;
  /** Requests it works on at once; further ones wait inside it. */
  readonly concurrency: number;
  /** Signs in square brackets, such as `[laugh]`, are acted and not read. Elsewhere they are taken out of the text. */
  readonly tags: boolean;
}

/** What a server says about itself, without making speech. */
export type SpeechBackendHealth =
  /** It can speak at once. */
  | { readonly state: 'ready' }
  /** It will speak when asked, after a start of about so long, ms, where that is known. */
  | { readonly state: 'cold'; readonly startMs?: number }
  /** It is starting or loading its model. */
  | { readonly state: 'starting' };

/** Where a request stands at a server that says so. */
export type SpeechProgress = 'queued' | 'starting' | 'working';

/**
 * One answer, in order: `format` before the first `audio`, and again where the rate changes; then any of the others.
 * The end of the iteration is the end of the speech, whole; everything else is thrown.
 */
export type SpeechChunk =
  /** Rate of the audio that follows, Hz. */
  | { readonly type: 'format'; readonly sampleRate: number }
  /** Mono samples, 16 bits. Ownership passes on. Never empty. */
  | { readonly type: 'audio'; readonly samples: Int16Array }
  | { readonly type: 'progress'; readonly state: SpeechProgress }
  | StageUsage;

/** A server that turns one text into speech by one request. One object serves all calls, as long as the process. */
export interface SpeechBackend extends AsyncDisposable {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities;
  /**
   * Speaks a text. Iterated once. Nothing is asked of the server before the iteration begins; ending it early, or
   * aborting, cancels the request where the server can be told.
   *
   * @param text Speakable, at most `capabilities.maxCharacters`.
   * @throws FlavorError (while iterated) with the code of what is wrong: also for an answer that broke off before its
   *   end. `signal.reason` when it was aborted.
   */
  synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk>;
  /**
   * The cheapest question that shows whether it can speak; never makes speech, never starts a machine that costs money.
   *
   * @throws FlavorError when it cannot be reached, refuses the credentials or cannot speak.
   */
  probe(signal: AbortSignal): Promise<SpeechBackendHealth>;
  /**
   * What shows an operator that address, credentials and voice are right, where `probe` does not; may start a machine. Where
   * `probe` shows it: absent. @throws FlavorError
   */
  check?(signal: AbortSignal): Promise<void>;
  /** Starts what is cold, and resolves when it is ready. Where there is nothing to start: absent. @throws FlavorError */
  wake?(signal: AbortSignal): Promise<void>;
}
