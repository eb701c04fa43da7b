/** Why the host interrupts. */
export type InterruptCause = 'speech' | 'dtmf' | 'api' | 'hang-up';

/** What left the socket for one response. */
export interface PlayoutReport {
  readonly responseId: string;
  readonly state: 'started' | 'finished' | 'interrupted';
  /**
   * Milliseconds of the response that were sent, on the flavor's own sample timeline: leading silence that the host
   * trimmed counts, pauses and mixed-in sound do not.
   */
  readonly heardMs: number;
  /** The `text` of the response as far as it was heard, cut at a word. */
  readonly heardText: string;
  /** Index into the concatenated `text` events, so that history keeps its own spelling. */
  readonly heardChars: number;
}
