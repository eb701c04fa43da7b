import type { Clock } from '../../../src/base/clock.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import type { Dialect } from './handshake.js';
import type { KnownUtterance } from './recogniser.js';
import type { Script } from './script.js';
import type { Synthesise } from './speech.js';

/** Something that callers may say: with its sound, or with the voice that says it (`spokenAs`, if that is another text). */
export type Utterance =
  | KnownUtterance
  | { readonly text: string; readonly spokenAs?: string; readonly voice: FliteVoiceName };

export interface FakeOptions {
  /** Loopback port; 0: one of the kernel's choice. */
  readonly port: number;
  /** The only API key that is let in; `undefined`: any. */
  readonly apiKey?: string;
  readonly dialect: Dialect;
  /** What the model says. */
  readonly script: Script;
  /** What callers say, so that the model understands them by their sound. Anything else is what the script guesses. */
  readonly utterances: readonly Utterance[];
  /** From the commit of a turn to its whole transcript, ms. */
  readonly transcriptDelayMs: number;
  /** Words of known utterances are told while the caller speaks, after every so much audio, ms; 0: never. */
  readonly interimEveryMs: number;
  /** A session ends with `session_expired` after so long, ms. */
  readonly sessionLimitMs: number;
  /** The model's voice, whatever the client asks for. */
  readonly voice: FliteVoiceName;
  /** Speaks in place of `voice`; see `toneVoice`. */
  readonly synthesise?: Synthesise;
  /** Audio is sent so many times as fast as it plays; `Infinity`: all at once. */
  readonly audioRate: number;
  /** Of ids, sizes and chances. */
  readonly seed: number;
  readonly clock: Clock;
}

export const fakeDefaults = {
  port: 0,
  dialect: 'ga',
  utterances: [],
  transcriptDelayMs: 400,
  interimEveryMs: 0,
  sessionLimitMs: 3_600_000,
  voice: 'slt',
  audioRate: 8,
  seed: 1,
} as const satisfies Partial<FakeOptions>;
