import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { StreamListener, StreamTap } from '../engine.js';
import type { FrameScratch } from '../jitter/frame-scratch.js';
import type { JitterBuffer } from '../jitter/jitter-buffer.js';
import type { BeginKeyExchange } from '../peer/key-exchange.js';
import type { AdmitsAddress, LatchOptions } from '../peer/latch.js';
import type { DatagramPair } from '../sockets/datagram-transport.js';
import type { VoiceDetector } from '../voice/vad.js';
import type { PacingWheel } from '../wheel/pacing-wheel.js';
import type { StreamCodecs } from './stream-codecs.js';

export interface RtpStreamOptions {
  readonly family: 4 | 6;
  readonly latching: LatchOptions;
  /** Whom packets are taken from and sent to. Absent: everybody, by the latching rule. */
  readonly admits?: AdmitsAddress | undefined;
  /** Silence of the caller's phone after which `rtp-timeout` is reported, ms; 0 for never. */
  readonly rtpTimeoutMs: number;
  /** Keys are heard in the sound where the phone has no telephone-events. Absent: never. */
  readonly inbandDtmf?: boolean;
}

export interface RtpStreamDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: PacingWheel;
  readonly port: Pick<DatagramPair, 'local' | 'send' | 'sendRtcp' | 'keepFor'>;
  readonly jitterBuffer: JitterBuffer;
  /** Default: one of its own. */
  readonly scratch?: FrameScratch;
  readonly voice: VoiceDetector;
  readonly codecs: StreamCodecs;
  readonly listener: StreamListener;
  readonly tap: StreamTap | undefined;
  /** For streams whose keys come by DTLS. Absent: they fail. */
  readonly beginKeyExchange?: BeginKeyExchange | undefined;
  /** Called once, when the stream closes; from then on it touches its port no more. */
  onClosed(): void;
}
