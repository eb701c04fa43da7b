import type { Hypothesis } from './hypothesis.js';

/** A recording, and what the server is told beside it. */
export interface WhisperQuestion {
  /** A WAV file. */
  readonly wav: Uint8Array;
  readonly prompt: string;
}

/** A server that is given recordings and returns their text. One object serves all calls. */
export interface WhisperServer extends AsyncDisposable {
  /**
   * @param onText is told of the text as it grows, by servers that send it so
   * @throws FlavorError; `signal.reason`
   */
  transcribe(question: WhisperQuestion, onText: (text: string) => void, signal: AbortSignal): Promise<Hypothesis>;
  /**
   * The cheapest question that shows whether it is there.
   *
   * @throws FlavorError when it is not, refuses the key, or has not got the model.
   */
  probe(signal: AbortSignal): Promise<void>;
}
