import type { Clock } from '../../../src/base/clock.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import type { Utterance } from '../openai-realtime/options.js';

/** Who it is: they share an address here, and differ in their manners. */
export type WhisperVariant = 'speaches' | 'openai' | 'vllm' | 'whisper.cpp';

export interface FakeWhisperOptions {
  /** Of 127.0.0.1; 0: one of the kernel's choice. */
  readonly port: number;
  readonly variant: WhisperVariant;
  /** The only key let in; `undefined`: any, and none. */
  readonly apiKey?: string;
  /** Models it has got. */
  readonly models: readonly string[];
  /** What callers are understood to say that sound like none of `utterances`: one line a recording, the last again. */
  readonly lines: readonly string[];
  /** What callers say, so that it is understood by its sound. An empty text is a cough. */
  readonly utterances: readonly Utterance[];
  readonly voice: FliteVoiceName;
  /** Of its work: so long for any recording, ms, and so many times the length of the recording. */
  readonly baseMs: number;
  readonly realTimeFactor: number;
  /** Recordings worked on at once; others wait. Default: 1 for whisper.cpp, else 4. */
  readonly concurrency?: number;
  /** A WebSocket session is closed after so long, ms. */
  readonly sessionMs: number;
  readonly clock: Clock;
}

export const fakeWhisperDefaults = {
  port: 0,
  variant: 'speaches',
  models: ['whisper-1', 'Systran/faster-distil-whisper-small.en'],
  lines: ['Hello.'],
  utterances: [],
  voice: 'rms',
  baseMs: 0,
  realTimeFactor: 0,
  sessionMs: 30 * 60_000,
} as const satisfies Partial<FakeWhisperOptions>;
