import { createSystemRandom } from '../base/random.js';
import { rehearseHandshake } from './dtls/dtls-rehearsal.js';
import type { StreamParameters } from './engine.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp/rtp-packet.js';
import type { DatagramListener, DatagramPair, DatagramTransport } from './sockets/datagram-transport.js';
import type { RemoteAddress } from './sockets/remote-address.js';
import { StreamHost, type StreamHostOptions } from './stream-host.js';
import { FRAME_SLOTS } from './wheel/pacing-wheel.js';
import { SimulatedTime } from './wheel/simulated-time.js';

/** Enough for V8 to optimise what a frame runs through; 60 ms of CPU. Frames of 20 ms. */
const FRAMES = 300;
/** The event loop has a turn after so many. */
const FRAMES_A_TURN = 20;
/** Of so many packets the last few are lost: fewer and more than a jitter buffer bridges. */
const GAP_EVERY = 10;
const LOST = 3;
/** Of these many frames the second half is a pause, in which now and then nothing is sent at all. */
const PHRASE = 60;
const PAUSE_FROM = 30;
const UNSENT_FROM = 50;
/** Of DTLS, where it is done; 15 ms of CPU. */
const HANDSHAKES = 5;

const FRAME_SAMPLES = 160;
const SSRC = 0x5265_6873;
const phone: RemoteAddress = { address: '127.0.0.1', port: 9 };
const parameters: StreamParameters = {
  codec: { name: 'pcmu', payloadType: 0 },
  dtmfPayloadType: 101,
  remote: phone,
  direction: 'sendrecv',
  ptimeMs: 20,
};

/** What was done in a rehearsal. */
export interface Rehearsed {
  readonly concealedMs: number;
  readonly packetsSent: number;
  /** Times that a voice was heard. */
  readonly voices: number;
  /** Keys that were agreed on by DTLS. */
  readonly handshakes: number;
}

/**
 * A call with nobody, in no time, for a media thread about to start: it speaks, is silent, and loses packets. Code that has
 * not run yet is ten times as slow as later, and what a gap needs may not have run for hours when all calls have one at once,
 * after a moment in which the machine stood still: 200 of them then took longer for a frame than it lasts, and at real-time
 * priority, on a core that it shares with the compiler's threads, the thread stood still for seconds. To be called before
 * the thread has that priority.
 */
export async function rehearse(options: StreamHostOptions): Promise<Rehearsed> {
  const { jitter, latching } = options;
  const time = new SimulatedTime();
  const transport = new Nowhere();
  const host = new StreamHost(
    { jitter, latching, rtpTimeoutMs: 0 },
    { clock: time, random: createSystemRandom(), transport, timer: time },
  );
  let voices = 0;
  const stream = await host.open(
    { address: phone.address, family: 4, port: 0 },
    {
      listener: {
        onFrame: ({ data }) => stream.play('echo', data),
        onEvent: ({ type }) => {
          if (type === 'voice-started') voices += 1;
        },
      },
      tap: undefined,
      onClosed: () => {},
    },
  );
  stream.connect(parameters);
  const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    if (isSent(frame)) {
      writeRtpHeader(packet, false, 0, frame, frame * FRAME_SAMPLES, SSRC);
      speak(packet, frame);
      transport.listener?.onRtp(packet, phone, time.now(), 0, packet.length);
    }
    for (let slot = 0; slot < FRAME_SLOTS; slot += 1) time.pass();
    if (frame % FRAMES_A_TURN === 0) await new Promise(setImmediate);
  }
  const { in: received, out } = stream.stats();
  stream.close();
  host.close();
  return { concealedMs: received.concealedMs, packetsSent: out.packets, voices, handshakes: shakeHands(options) };
}

function shakeHands({ dtls }: StreamHostOptions): number {
  if (dtls === undefined) return 0;
  return Array.from({ length: HANDSHAKES }, () => rehearseHandshake(dtls)).filter(Boolean).length;
}

function isSent(frame: number): boolean {
  return frame % GAP_EVERY < GAP_EVERY - LOST && frame % PHRASE < UNSENT_FROM;
}

/** 125 Hz with overtones, or the faint noise of a pause, as codes of mu-law. */
function speak(packet: Uint8Array, frame: number): void {
  const isPause = frame % PHRASE >= PAUSE_FROM;
  for (let index = 0; index < FRAME_SAMPLES; index += 1) {
    const place = (frame * FRAME_SAMPLES + index) % 64;
    const noise = (index * 7919 + frame * 104_729) % 11;
    // The lower the code (of 0 to 127), the louder; the highest bit is the sign.
    packet[RTP_HEADER_BYTES + index] = isPause
      ? 0xf0 + noise
      : (place < 32 ? 0x80 : 0) + (place % 32) + 24 + (noise >> 2);
  }
}

/** No network: what is sent is gone. */
class Nowhere implements DatagramTransport {
  listener: DatagramListener | undefined;

  async bind(_address: string, _family: 4 | 6, _port: number, listener: DatagramListener): Promise<DatagramPair> {
    this.listener = listener;
    return { local: phone, send: () => {}, sendRtcp: () => {}, close: async () => {} };
  }

  flush(): void {}
}
