import type { Clock } from '../../../src/base/clock.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import type { HeardLine } from '../deepgram/index.js';
import type { Utterance } from '../openai-realtime/options.js';
import type { Synthesise } from '../openai-realtime/speech.js';

export interface FakeAzureOptions {
  /** Loopback port; 0: one of the kernel's choice. */
  readonly port: number;
  /** The only key that is let in; `undefined`: any. */
  readonly key?: string;
  /** What callers are understood to say that sound like none of `utterances`: one line a segment, the last again and again. */
  readonly lines: readonly HeardLine[];
  /** Every connection begins with the first line; otherwise all of them share one list, as one call has many. */
  readonly linesPerConnection: boolean;
  /** What callers say, so that it is understood by its sound. An empty text is a cough. */
  readonly utterances: readonly Utterance[];
  /** From the audio to what is said of it, ms. */
  readonly delays: {
    readonly interimMs: number;
    readonly finalMs: number;
    /** From the SSML to its first audio. */
    readonly speechMs: number;
  };
  /** Silence that ends a segment where the client does not say, ms. */
  readonly segmentationMs: number;
  /** Silence at the beginning of a turn that ends it with `InitialSilenceTimeout`, ms. */
  readonly initialSilenceMs: number;
  /** No message for so long, and the connection is closed, ms. */
  readonly idleMs: number;
  /** Connections at once, each way; one more is refused with 429. */
  readonly limits: { readonly stt: number; readonly tts: number };
  /** Silence before speech, ms: the voices have some. */
  readonly leadingSilenceMs: number;
  /** How much faster than it plays speech is sent; infinite: all at once. */
  readonly audioRate: number;
  readonly voice: FliteVoiceName;
  /** Makes the speech instead of the offline voice. */
  readonly synthesise?: Synthesise;
  readonly seed: number;
  readonly clock: Clock;
}

export const fakeAzureDefaults = {
  port: 0,
  lines: ['hello there'],
  linesPerConnection: false,
  utterances: [],
  delays: { interimMs: 20, finalMs: 60, speechMs: 30 },
  segmentationMs: 650,
  initialSilenceMs: Number.POSITIVE_INFINITY,
  idleMs: 300_000,
  limits: { stt: 100, tts: 200 },
  leadingSilenceMs: 0,
  audioRate: Number.POSITIVE_INFINITY,
  voice: 'slt',
  seed: 1,
} as const satisfies Omit<FakeAzureOptions, 'clock'>;
