import type { StreamOptions } from '../engine.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import type { RtpPlace } from '../sockets/rtp-ports.js';
import type { StreamHostOptions } from '../stream-host.js';

/** What a media thread is started with. Structured clones. */
export interface ThreadSetup {
  readonly options: StreamHostOptions;
  /** The origin of the engine's clock, see `clockOriginMs`. */
  readonly originMs: number;
  /** Which streams the call has commanded, and which have something to tell. */
  readonly downList: SharedArrayBuffer;
  readonly upList: SharedArrayBuffer;
  /** One word: the bell was rung and not yet heard. */
  readonly bell: SharedArrayBuffer;
}

/** To a media thread. */
export type ThreadOrder =
  | OpenOrder
  /** A sound that streams of the thread may be told to play. */
  | {
      readonly type: 'sound';
      readonly sound: number;
      readonly samples: SharedArrayBuffer;
      readonly sampleRate: number;
    }
  /** Nobody can ask for the sound any more. */
  | { readonly type: 'forget-sound'; readonly sound: number };

export interface OpenOrder {
  readonly type: 'open';
  /** Number of the stream in the thread; those of closed streams come again. */
  readonly id: number;
  /** The block of memory that the stream's is part of, by number, and which part. */
  readonly block: number;
  readonly index: number;
  readonly memory: SharedArrayBuffer;
  readonly place: RtpPlace;
  readonly tapped: boolean;
  readonly nets: StreamOptions['nets'];
}

/** The bell, from a media thread: some stream has something to tell. Everything else is told once in a stream's life. */
export const BELL = 0;

/** From a media thread. */
export type ThreadMessage =
  | typeof BELL
  /** The thread runs, and its codecs are loaded and compiled: a stream waits for its ports alone. */
  | { readonly type: 'ready' }
  /** For the log: something an operator asked for cannot be had. */
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'opened'; readonly id: number; readonly local: RemoteAddress }
  /** The ports cannot be bound; the system's error. */
  | { readonly type: 'refused'; readonly id: number; readonly code: string | undefined; readonly message: string }
  /** The ports of a closed stream are free. */
  | { readonly type: 'freed'; readonly id: number };
