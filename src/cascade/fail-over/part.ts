import type { TextToSpeechUtterance } from '../stages/text-to-speech.js';
import type { SpeakingEngine } from './engine-desk.js';
import type { Joining, Progress } from './joining.js';

/** What one engine says of an utterance. */
export interface Part extends Progress {
  readonly speaker: SpeakingEngine;
  readonly inner: TextToSpeechUtterance;
  /** Number in the utterance of its first piece. */
  readonly from: number;
  /** What it says in place of that piece: the rest of it. */
  readonly first: string | undefined;
  /** Where its audio begins in the utterance, ms, also where only the end of it is heard. */
  startMs: number;
  /** Where it goes on is not found yet: nothing of it is heard. */
  joining: Joining | undefined;
}
