import type { AudioFormat } from '../../src/flavor-api/index.js';
import type { CallerFrame, PhoneCodec, StreamEvent } from '../../src/media/engine.js';
import { AdaptiveJitterBuffer } from '../../src/media/jitter/adaptive-jitter-buffer.js';
import { RtpStream } from '../../src/media/stream/rtp-stream.js';
import type { StreamCodecs } from '../../src/media/stream/stream-codecs.js';
import { PacingWheel } from '../../src/media/wheel/pacing-wheel.js';
import { FakeClock } from './fake-clock.js';
import { FakeVoiceDetector } from './fake-voice-detector.js';
import { SeededRandom } from './seeded-random.js';

interface Side {
  readonly stream: RtpStream;
  /** Bytes of all frames, in the side's format, and how many of them were invented. */
  readonly heard: number[];
  readonly events: StreamEvent[];
  /** Packets as sent. */
  readonly sent: Uint8Array[];
  /** RTCP, likewise. */
  readonly reports: Uint8Array[];
  invented: number;
}

interface PairOptions {
  readonly codecs: StreamCodecs;
  readonly codec: PhoneCodec;
  readonly ptimeMs: number;
  readonly format: AudioFormat;
  /** Whether the network loses this packet, by its number from 0. */
  loses?(packet: number): boolean;
}

/** Two streams that talk with each other on one fake clock, without a network between. */
export function connectStreams(options: PairOptions) {
  const clock = new FakeClock();
  const wheel = new PacingWheel(clock);
  const addresses = [
    { address: '192.0.2.1', port: 4000 },
    { address: '192.0.2.2', port: 4002 },
  ] as const;
  const makeSide = (own: 0 | 1, deliver: (bytes: Uint8Array) => void): Side => {
    const heard: number[] = [];
    const events: StreamEvent[] = [];
    const sent: Uint8Array[] = [];
    const reports: Uint8Array[] = [];
    const stream: RtpStream = new RtpStream(
      { family: 4, latching: { nat: false, strict: false }, rtpTimeoutMs: 0 },
      {
        clock,
        wheel,
        random: new SeededRandom(own + 1),
        jitterBuffer: new AdaptiveJitterBuffer({ minMs: 40, maxMs: 120, burstMs: 80 }),
        voice: new FakeVoiceDetector(),
        codecs: options.codecs,
        tap: undefined,
        port: {
          local: addresses[own],
          sendRtcp: (bytes) => reports.push(Uint8Array.from(bytes)),
          send: (bytes) => {
            sent.push(Uint8Array.from(bytes));
            if (!options.loses?.(sent.length - 1)) deliver(Uint8Array.from(bytes));
          },
        },
        listener: {
          onFrame: (frame: CallerFrame) => {
            heard.push(...frame.data);
            if (frame.concealed) side.invented += 1;
          },
          onEvent: (event) => events.push(event),
        },
        onClosed: () => {},
      },
    );
    const side: Side = { stream, heard, events, sent, reports, invented: 0 };
    return side;
  };
  const us: Side = makeSide(0, (bytes) => peer.stream.receiveRtp(bytes, addresses[0], clock.now()));
  const peer: Side = makeSide(1, (bytes) => us.stream.receiveRtp(bytes, addresses[1], clock.now()));
  const connect = (codec: PhoneCodec, ptimeMs: number): void => {
    const common = { codec, dtmfPayloadType: 101, direction: 'sendrecv', ptimeMs } as const;
    us.stream.connect({ ...common, remote: addresses[1] });
    peer.stream.connect({ ...common, remote: addresses[0] });
  };
  for (const { stream } of [us, peer]) stream.setFormats(options.format, options.format);
  connect(options.codec, options.ptimeMs);
  return { clock, us, peer, connect };
}

/** What was heard, as samples. */
export function samplesOf(heard: readonly number[]): Int16Array {
  const bytes = Uint8Array.from(heard);
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
