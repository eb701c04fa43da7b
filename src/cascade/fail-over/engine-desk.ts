import type { Clock } from '../../base/clock.js';
import type { AudioFormat } from '../../flavor-api/index.js';
import type { TextToSpeech, TextToSpeechSession } from '../stages/text-to-speech.js';
import type { TextToSpeechFailOverOptions } from './options.js';
import type { SpeechPace } from './seam.js';

/** An engine at work in one call. */
export interface SpeakingEngine {
  readonly engine: TextToSpeech;
  readonly session: TextToSpeechSession;
  readonly pace: SpeechPace;
  /** It is left for another, or the call is over. */
  leave(): void;
}

/** What an utterance needs of its session. */
export interface EngineDesk {
  readonly options: TextToSpeechFailOverOptions;
  readonly clock: Clock;
  readonly output: AudioFormat;
  /** Who speaks now; `undefined` after a failure, until {@link EngineDesk.another} has been found. */
  readonly current: SpeakingEngine | undefined;
  /** Whether somebody else is well, as far as is known: where nobody is, one that is late is better than none. */
  hasOther(speaker: SpeakingEngine): boolean;
  /**
   * An engine that speaks in place of the one that failed, for this utterance and for later ones.
   *
   * @param failed `undefined`: it is being replaced already
   * @throws FlavorError when nobody is left; the signal's reason when the call is over.
   */
  another(failed: SpeakingEngine | undefined): Promise<SpeakingEngine>;
}
