import { isIP } from 'node:net';
import type { Clock } from '../base/clock.js';
import { ConnectorError, errorCode, errorMessage } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import { AdaptiveJitterBuffer } from './adaptive-jitter-buffer.js';
import type { DatagramPair, DatagramTransport, SlotTimer } from './datagram-transport.js';
import type { MediaEngine, MediaStream, StreamOptions } from './engine.js';
import type { LatchOptions } from './latch.js';
import { PacingWheel } from './pacing-wheel.js';
import { PortPool } from './port-pool.js';
import { RtpSocketsTransport } from './rtp-sockets.js';
import { RtpStream } from './rtp-stream.js';
import { createVoiceDetector } from './vad.js';

export interface MediaEngineOptions {
  /** Address to bind, an IP literal; a wildcard is bound in the family of each stream. */
  readonly bind: string;
  /** Bounds of the RTP port range, both included. */
  readonly ports: { readonly min: number; readonly max: number };
  readonly portRestSeconds: number;
  /** The fixed jitter buffer keeps its 40 ms within these bounds; delay above `maxMs` plus its slack is given up. */
  readonly jitter: { readonly minMs: number; readonly maxMs: number };
  readonly latching: LatchOptions;
  /** `inband`: keys are heard in the sound where the phone has no telephone-events. Absent: never. */
  readonly dtmf?: { readonly inband: boolean };
  /** Silence of a caller's phone after which `rtp-timeout` is reported, ms; 0 for never. */
  readonly rtpTimeoutMs: number;
}

export interface MediaEngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** How packets leave and come. Default: Node's own UDP sockets. */
  readonly transport?: DatagramTransport;
  /** How the wheel waits. Default: by the clock's timers. */
  readonly timer?: SlotTimer;
}

/** Delay over `jitter.maxMs` that a burst may bring before audio is given up at once, ms. */
const BURST_MS = 80;
/** Errors of `bind` that another port may not have. */
const portErrors: readonly (string | undefined)[] = ['EADDRINUSE', 'EACCES'];

/** The media engine that runs in the thread it is made in. */
export function createMediaEngine(options: MediaEngineOptions, deps: MediaEngineDeps): MediaEngine {
  return new DgramEngine(options, deps);
}

class DgramEngine implements MediaEngine {
  readonly #options: MediaEngineOptions;
  readonly #deps: MediaEngineDeps;
  readonly #ports: PortPool;
  readonly #transport: DatagramTransport;
  readonly #wheel: PacingWheel;
  readonly #streams = new Set<RtpStream>();
  readonly #closing = new Set<Promise<void>>();
  #disposed = false;

  constructor(options: MediaEngineOptions, deps: MediaEngineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#ports = new PortPool({ ...options.ports, restSeconds: options.portRestSeconds }, deps);
    const transport = deps.transport ?? new RtpSocketsTransport(deps.clock);
    this.#transport = transport;
    const { timer } = deps;
    this.#wheel = new PacingWheel(deps.clock, { onServed: () => transport.flush(), ...(timer && { timer }) });
  }

  async open(options: StreamOptions): Promise<MediaStream> {
    const { address, family } = this.#bindAddress(options.family);
    // A pair that is bound by somebody else rests like one of ours: it is not tried again at once.
    for (let attempts = this.#ports.usage().free; attempts > 0; attempts -= 1) {
      const port = this.#ports.acquire();
      if (port === undefined) break;
      const stream = await this.#openOn(port, address, family, options);
      if (stream !== undefined) return stream;
    }
    throw new ConnectorError('ERR_NO_MEDIA_PORT', `no free RTP port in ${this.#rangeText()}`);
  }

  usage(): { readonly open: number; readonly resting: number; readonly free: number } {
    const { inUse, resting, free } = this.#ports.usage();
    return { open: inUse, resting, free };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const stream of [...this.#streams]) stream.close();
    await Promise.all(this.#closing);
  }

  /** `undefined` when the pair is taken. */
  async #openOn(
    port: number,
    address: string,
    family: 4 | 6,
    { listener, tap }: StreamOptions,
  ): Promise<MediaStream | undefined> {
    let stream: RtpStream | undefined;
    let sockets: DatagramPair;
    try {
      sockets = await this.#transport.bind(address, family, port, {
        onRtp: (bytes, from, atMs) => stream?.receiveRtp(bytes, from, atMs),
        onRtcp: (bytes, from, atMs) => stream?.receiveRtcp(bytes, from, atMs),
        onError: (error) => stream?.fail(error),
      });
    } catch (error) {
      this.#ports.release(port);
      if (portErrors.includes(errorCode(error))) return undefined;
      const message = `cannot bind RTP to ${address}: ${errorMessage(error)}`;
      throw new ConnectorError('ERR_NO_MEDIA_PORT', message, { cause: error });
    }
    if (this.#disposed) {
      await sockets.close();
      throw new ConnectorError('ERR_NO_MEDIA_PORT', 'the media engine is closed');
    }
    const { dtmf, latching, rtpTimeoutMs } = this.#options;
    const opened = new RtpStream(
      { family, latching, rtpTimeoutMs, inbandDtmf: dtmf?.inband === true },
      {
        ...this.#deps,
        wheel: this.#wheel,
        port: sockets,
        jitterBuffer: new AdaptiveJitterBuffer({ ...this.#options.jitter, burstMs: BURST_MS }),
        voice: createVoiceDetector(),
        listener,
        tap,
        onClosed: () => {
          this.#streams.delete(opened);
          this.#ports.release(port);
          this.#track(sockets.close());
        },
      },
    );
    stream = opened;
    this.#streams.add(opened);
    return opened;
  }

  #bindAddress(family: 4 | 6): { readonly address: string; readonly family: 4 | 6 } {
    const { bind } = this.#options;
    if (bind === '0.0.0.0' || bind === '::') return { address: family === 4 ? '0.0.0.0' : '::', family };
    return { address: bind, family: isIP(bind) === 6 ? 6 : 4 };
  }

  #rangeText(): string {
    const { min, max } = this.#options.ports;
    const { inUse, resting } = this.#ports.usage();
    return `${min}-${max}: ${inUse} in use, ${resting} resting or bound by others`;
  }

  #track(closing: Promise<void>): void {
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
