import { PowerSpectrum } from '../audio/power-spectrum.js';
import type { Clock } from '../base/clock.js';
import { ConnectorError } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import { createSourceFilter } from '../base/source-filter.js';
import { ownPacketBuffers, type PacketBufferSource, SharedPacketBuffers } from './codecs/packet-buffers.js';
import type { DtlsIdentity } from './dtls/dtls-identity.js';
import { DtlsServer } from './dtls/dtls-server.js';
import type { SrtpSuite, StreamListener, StreamOptions, StreamTap } from './engine.js';
import { AdaptiveJitterBuffer } from './jitter/adaptive-jitter-buffer.js';
import { FrameScratch } from './jitter/frame-scratch.js';
import { loadOpus, warmUpOpus } from './opus/load-opus.js';
import type { OpusEncoding, OpusLibraryName } from './opus/opus-library.js';
import type { BeginKeyExchange } from './peer/key-exchange.js';
import type { LatchOptions } from './peer/latch.js';
import { SileroVoiceDetector } from './silero/silero-detector.js';
import { SileroService } from './silero/silero-service.js';
import type { DatagramListener, DatagramPair, DatagramTransport, SlotTimer } from './sockets/datagram-transport.js';
import type { RemoteAddress } from './sockets/remote-address.js';
import type { RtpPlace } from './sockets/rtp-ports.js';
import { RtpSocketsTransport } from './sockets/rtp-sockets.js';
import { RtpStream } from './stream/rtp-stream.js';
import { StreamCodecs } from './stream/stream-codecs.js';
import { createVoiceDetector, type VoiceDetector } from './voice/vad.js';
import { PacingWheel } from './wheel/pacing-wheel.js';

/** What streams of an engine have in common. Plain data: it crosses to threads. */
export interface StreamHostOptions {
  /** Bounds of the jitter buffer's delay; what is above `maxMs` plus its slack is given up. */
  readonly jitter: { readonly minMs: number; readonly maxMs: number };
  readonly latching: LatchOptions;
  /** The mark of what is sent (RFC 2474), 0 to 63, where the transport can set one. Absent: the system's. */
  readonly dscp?: number | undefined;
  /** Silence of a caller's phone after which `rtp-timeout` is reported, ms; 0 for never. */
  readonly rtpTimeoutMs: number;
  /** `inband`: keys are heard in the sound where the phone has no telephone-events. Absent: never. */
  readonly dtmf?: { readonly inband: boolean };
  /** `silero` needs `model`, an absolute path. Absent: `energy`. */
  readonly vad?: { readonly engine: 'energy' | 'silero'; readonly model?: string };
  /** Who we are in DTLS; absent: streams whose keys are to come by it fail. */
  readonly dtls?: DtlsIdentity | undefined;
  /** Where Opus comes from and how it is spoken; absent: it is not. */
  readonly opus?: OpusEncoding & { readonly library: OpusLibraryName };
}

export interface StreamHostDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** How packets leave and come. Default: Node's own UDP sockets. */
  readonly transport?: DatagramTransport;
  /** Listeners have copied a frame when they return: it need not lie in memory of its stream's own. */
  readonly framesAreCopied?: boolean;
  /** How the wheel waits. Default: by the clock's timers. */
  readonly timer?: SlotTimer;
  /** Called when all streams have had a slot, its packets have left, and its frames are made. */
  readonly onServed?: () => void;
  /** Something an operator asked for cannot be had, and the streams go on without. */
  readonly onNotice?: (message: string) => void;
}

export interface HostedStreamOptions {
  readonly listener: StreamListener;
  readonly tap: StreamTap | undefined;
  /** As {@link StreamOptions.nets}. */
  readonly nets?: StreamOptions['nets'];
  /** Stands between the stream and its sockets. Default: nothing does. */
  readonly guard?: (pair: DatagramPair) => Omit<DatagramPair, 'close'>;
  /** Called before a packet is given to the stream. */
  readonly onPacket?: () => void;
  /** Whether a stream is wanted still, when its ports are bound. Default: it is. */
  readonly isWanted?: () => boolean;
  /** The stream has closed. `freed` resolves when its ports are free. */
  onClosed(freed: Promise<void>): void;
}

/** Delay over `jitter.maxMs` that a burst may bring before audio is given up at once, ms. */
const BURST_MS = 80;

/** What SRTP is offered in DTLS, the best first. */
const DTLS_SUITES: readonly SrtpSuite[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

/** The streams of one thread: a wheel, and sockets on the ports that others choose. */
export class StreamHost {
  readonly wheel: PacingWheel;
  readonly #options: StreamHostOptions;
  readonly #deps: StreamHostDeps;
  readonly #transport: DatagramTransport;
  readonly #silero: SileroService | undefined;
  readonly #spectrum = new PowerSpectrum();
  /** Absent: each stream has its own. */
  readonly #scratch: FrameScratch | undefined;
  readonly #codecs: Promise<StreamCodecs>;
  readonly #beginKeyExchange: BeginKeyExchange | undefined;

  constructor(options: StreamHostOptions, deps: StreamHostDeps) {
    this.#options = options;
    this.#deps = deps;
    const transport: DatagramTransport = deps.transport ?? new RtpSocketsTransport(deps.clock);
    this.#transport = transport;
    this.#scratch = deps.framesAreCopied === true ? new FrameScratch() : undefined;
    const buffers = transport.copies === true ? new SharedPacketBuffers() : ownPacketBuffers;
    this.#codecs = loadCodecs(options.opus, buffers);
    const { timer } = deps;
    const { dtls: identity } = options;
    this.#beginKeyExchange =
      identity && ((fingerprints, link) => new DtlsServer({ identity, fingerprints, suites: DTLS_SUITES }, link));
    this.#silero = sileroService(options, deps);
    this.wheel = new PacingWheel(deps.clock, {
      onSent: (slot) => {
        transport.flush();
        transport.handOver?.(slot);
      },
      onServed: () => {
        // What a frame made somebody say, a last RTCP packet for instance.
        transport.flush();
        deps.onServed?.();
      },
      ...(timer && { timer }),
    });
  }

  /** Resolves when streams find their codecs loaded. */
  async ready(): Promise<void> {
    await this.#codecs;
  }

  /** Rejects with the system's error, or `ERR_NO_MEDIA_PORT` where nobody wants the stream any more. */
  async open(place: RtpPlace, hosted: HostedStreamOptions): Promise<RtpStream> {
    const { listener, tap, nets, guard, onPacket, isWanted } = hosted;
    const { address, family, port } = place;
    const admits = nets && createSourceFilter(nets);
    const codecs = await this.#codecs;
    const ears = new StreamEars(onPacket);
    const pair = await this.#transport.bind(address, family, port, ears);
    if (isWanted?.() === false) {
      await pair.close();
      throw new ConnectorError('ERR_NO_MEDIA_PORT', 'the media engine is closed');
    }
    const { dtmf, latching, rtpTimeoutMs, jitter } = this.#options;
    const scratch = this.#scratch ?? new FrameScratch();
    const stream = new RtpStream(
      { family, latching, admits, rtpTimeoutMs, inbandDtmf: dtmf?.inband === true },
      {
        clock: this.#deps.clock,
        random: this.#deps.random,
        wheel: this.wheel,
        port: guard?.(pair) ?? pair,
        jitterBuffer: new AdaptiveJitterBuffer({ burstMs: BURST_MS, ...jitter }, scratch),
        scratch,
        voice: this.#voiceDetector(),
        codecs,
        listener,
        tap,
        beginKeyExchange: this.#beginKeyExchange,
        onClosed: () => hosted.onClosed(pair.close()),
      },
    );
    ears.stream = stream;
    return stream;
  }

  /** Its streams are closed: ends what they shared. */
  close(): void {
    this.#silero?.close();
  }

  #voiceDetector(): VoiceDetector {
    const gate = createVoiceDetector({}, this.#spectrum);
    const silero = this.#silero;
    return silero === undefined ? gate : new SileroVoiceDetector(gate, () => silero.open());
  }
}

/** Brings a stream what comes to its ports, once there is one. */
class StreamEars implements DatagramListener {
  stream: RtpStream | undefined;
  readonly #onPacket: (() => void) | undefined;

  constructor(onPacket: (() => void) | undefined) {
    this.#onPacket = onPacket;
  }

  onRtp(bytes: Uint8Array, from: RemoteAddress, atMs: number, offset: number, length: number): void {
    this.#onPacket?.();
    this.stream?.receiveRtp(bytes, from, atMs, offset, length);
  }

  onRtcp(bytes: Uint8Array, from: RemoteAddress, atMs: number): void {
    this.stream?.receiveRtcp(bytes, from, atMs);
  }

  onError(error: Error): void {
    this.stream?.fail(error);
  }
}

function sileroService({ vad }: StreamHostOptions, { clock, onNotice }: StreamHostDeps): SileroService | undefined {
  if (vad?.engine !== 'silero' || vad.model === undefined) return undefined;
  const onUnavailable = (message: string): void =>
    onNotice?.(`voice is detected without Silero, by the built-in gate: ${message}`);
  return new SileroService({ model: vad.model }, { clock, onUnavailable });
}

async function loadCodecs(options: StreamHostOptions['opus'], buffers: PacketBufferSource): Promise<StreamCodecs> {
  const library = options && (await loadOpus(options.library));
  if (library !== undefined) warmUpOpus(library);
  return new StreamCodecs(options && library && { library, encoding: options }, buffers);
}
