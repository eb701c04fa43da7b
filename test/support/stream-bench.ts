import type { CallerFrame, StreamEvent, StreamListener, StreamParameters } from '../../src/media/engine.js';
import { AdaptiveJitterBuffer } from '../../src/media/jitter/adaptive-jitter-buffer.js';
import type { BeginKeyExchange } from '../../src/media/peer/key-exchange.js';
import type { AdmitsAddress, LatchOptions } from '../../src/media/peer/latch.js';
import { isRtcp } from '../../src/media/rtcp/rtcp-packet.js';
import { parseRtp, RtpPacket } from '../../src/media/rtp/rtp-packet.js';
import { RtpStream } from '../../src/media/stream/rtp-stream.js';
import { StreamCodecs } from '../../src/media/stream/stream-codecs.js';
import { PacingWheel } from '../../src/media/wheel/pacing-wheel.js';
import { FakeClock } from './fake-clock.js';
import { FakeVoiceDetector } from './fake-voice-detector.js';
import { rtpBytes } from './rtp-bytes.js';
import { SeededRandom } from './seeded-random.js';

export const CALLER = { address: '192.0.2.1', port: 4000 };
/** A loud mu-law code. */
export const LOUD = 0x10;
export const TIMEOUT_MS = 2_000;

/** PCMU and telephone events both ways with {@link CALLER}. */
export const parametersOf = (changes: Partial<StreamParameters> = {}): StreamParameters => ({
  codec: { name: 'pcmu', payloadType: 0 },
  dtmfPayloadType: 101,
  remote: CALLER,
  direction: 'sendrecv',
  ptimeMs: 20,
  ...changes,
});

export interface SentPacket {
  readonly atMs: number;
  readonly address: string;
  readonly port: number;
  readonly header: RtpPacket;
  readonly code: number;
}

/** A stream on a wheel of its own, its phone, and a record of all that happens. */
export const setUpStream = (
  hooks: Partial<StreamListener> = {},
  latching: LatchOptions = { nat: false, strict: false },
  admits?: AdmitsAddress,
  beginKeyExchange?: BeginKeyExchange,
) => {
  const clock = new FakeClock();
  const wheel = new PacingWheel(clock);
  const packets: SentPacket[] = [];
  const frames: { atMs: number; positionMs: number; code: number }[] = [];
  const events: StreamEvent[] = [];
  /** Each packet from the port of RTP, as it left. */
  const raw: Buffer[] = [];
  /** STUN and DTLS. */
  const datagrams: { atMs: number; to: { address: string; port: number }; bytes: Buffer }[] = [];
  /** RTCP, from the port of RTP and from its own. */
  const muxed: { atMs: number; to: { address: string; port: number }; bytes: Buffer }[] = [];
  const reports: { atMs: number; to: { address: string; port: number }; bytes: Buffer }[] = [];
  /** Until slots of which phase packets may wait. */
  const phases: number[] = [];
  let closedCalls = 0;
  const stream: RtpStream = new RtpStream(
    { family: 4, latching, admits, rtpTimeoutMs: TIMEOUT_MS },
    {
      clock,
      wheel,
      random: new SeededRandom(3),
      jitterBuffer: new AdaptiveJitterBuffer(),
      codecs: new StreamCodecs(),
      voice: new FakeVoiceDetector(),
      tap: undefined,
      beginKeyExchange,
      port: {
        local: { address: '127.0.0.1', port: 40_000 },
        send: (bytes, to) => {
          if ((bytes[0] as number) < 64) {
            datagrams.push({ atMs: clock.now(), to, bytes: Buffer.from(bytes) });
            return;
          }
          if (isRtcp(bytes)) {
            muxed.push({ atMs: clock.now(), to, bytes: Buffer.from(bytes) });
            return;
          }
          raw.push(Buffer.from(bytes));
          const header = new RtpPacket();
          if (parseRtp(bytes, header) !== undefined) throw new Error('not RTP');
          packets.push({ atMs: clock.now(), address: to.address, port: to.port, header, code: bytes.at(-1) ?? -1 });
        },
        sendRtcp: (bytes, to) => reports.push({ atMs: clock.now(), to, bytes: Buffer.from(bytes) }),
        keepFor: (phase) => phases.push(phase),
      },
      listener: {
        onFrame: (frame: CallerFrame) => {
          frames.push({ atMs: clock.now(), positionMs: frame.positionMs, code: frame.data[159] ?? -1 });
          hooks.onFrame?.(frame);
        },
        onEvent: (event) => {
          events.push(event);
          hooks.onEvent?.(event);
        },
      },
      onClosed: () => {
        closedCalls += 1;
      },
    },
  );
  let sequence = 10;
  /** Lets `count` periods of 20 ms pass; in each the phone sends one packet. */
  const talk = (count: number, from = CALLER, code = LOUD): void => {
    for (let index = 0; index < count; index += 1) {
      sequence += 1;
      const payload = new Uint8Array(160).fill(code);
      const bytes = rtpBytes({ sequence, timestamp: sequence * 160, ssrc: 5, payload });
      stream.receiveRtp(bytes, from, clock.now());
      clock.advance(20);
    }
  };
  const types = () => events.map(({ type }) => type);
  return {
    clock,
    stream,
    packets,
    reports,
    muxed,
    raw,
    datagrams,
    frames,
    events,
    talk,
    types,
    wheel,
    phases,
    closedCalls: () => closedCalls,
  };
};
