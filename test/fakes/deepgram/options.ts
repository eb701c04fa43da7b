import type { Clock } from '../../../src/base/clock.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import type { Utterance } from '../openai-realtime/options.js';
import type { SoundRecogniser } from '../openai-realtime/recogniser.js';
import type { Script } from '../openai-realtime/script.js';
import type { Synthesise } from '../openai-realtime/speech.js';

/** What a caller says in one turn; of several parts, each is followed by a pause. */
export type HeardLine = string | readonly string[];

export interface FakeDeepgramOptions {
  /** Loopback port; 0: one of the kernel's choice. */
  readonly port: number;
  /** The only API key that is let in; `undefined`: any. */
  readonly apiKey?: string;
  /** What callers are understood to say that sound like none of `utterances`: one line a turn, the last again and again. */
  readonly lines: readonly HeardLine[];
  /** Every connection begins with the first line; otherwise all of them share one list, as one call has many. */
  readonly linesPerConnection: boolean;
  /** What callers say, so that it is understood by its sound. An empty text is a cough. */
  readonly utterances: readonly Utterance[];
  /** Understands callers in the place of `utterances`: a real recogniser. */
  readonly recogniser?: SoundRecogniser;
  /** From the audio to what is said of it, ms. */
  readonly delays: {
    readonly interimMs: number;
    /** Final segments of listen v1, `EndOfTurn` and `EagerEndOfTurn` of v2. */
    readonly finalMs: number;
    /** From text that can be spoken to its first audio. */
    readonly speechMs: number;
    /** Up to so much more, differing from text to text, lest measured answers keep step with the clock of packets. */
    readonly speechSpreadMs?: number;
  };
  /** Silence that v2 takes for the probable and the certain end of a turn, ms. */
  readonly eagerSilenceMs: number;
  readonly endSilenceMs: number;
  /** More audio than 1.25 times real time, and 3 s, ends a connection of listen. */
  readonly enforceRate: boolean;
  /** No audio and no KeepAlive for so long, and listen and agent are closed, ms. */
  readonly idleMs: number;
  /** A connection of speak is closed after so long, ms. */
  readonly sessionLimitMs: number;
  /** Silence before the voice begins, ms. */
  readonly leadingSilenceMs: number;
  /** The agent's mind. */
  readonly script: Script;
  readonly voice: FliteVoiceName;
  /** Speaks in place of `voice`; see `toneVoice`. */
  readonly synthesise?: Synthesise;
  /** Audio is sent so many times as fast as it plays; `Infinity`: all at once. */
  readonly audioRate: number;
  readonly seed: number;
  readonly clock: Clock;
}

export const fakeDeepgramDefaults = {
  port: 0,
  lines: ['Hello.'],
  linesPerConnection: false,
  utterances: [],
  delays: { interimMs: 0, finalMs: 0, speechMs: 0 },
  eagerSilenceMs: 250,
  endSilenceMs: 500,
  enforceRate: false,
  idleMs: 10_000,
  sessionLimitMs: 3_600_000,
  leadingSilenceMs: 150,
  voice: 'slt',
  audioRate: 8,
  seed: 1,
} as const satisfies Partial<FakeDeepgramOptions>;
