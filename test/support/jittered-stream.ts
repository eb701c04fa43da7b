import { AdaptiveJitterBuffer } from '../../src/media/jitter/adaptive-jitter-buffer.js';
import { SeededRandom } from './seeded-random.js';

const PACKET_MS = 20;
const PACKET_TICKS = 160;
/** Packets of the stream, and those of them that jitter; the others come evenly. */
const PACKETS = 2_000;
const JITTERING = 1_500;
/** The caller speaks for 1.5 s, then rests for 0.7 s. */
const TURN_FRAMES = 110;
const SPOKEN_FRAMES = 75;

export interface JitteredNetwork {
  /** Each packet comes so much later, at random and evenly from 0 to this, ms; they may overtake each other. */
  readonly jitterMs: number;
  readonly lossPercent: number;
}

/** What a jitter buffer made of a stream of 40 s, whose packets jitter for the first 30. */
export interface PlayedStream {
  /**
   * For each stretch that was made up: how much longer it was than the packets that the network lost in it, ms. What is
   * more than 0 the buffer has put in, or it had no more time for a packet that came.
   */
  readonly insertedMs: readonly number[];
  /** How long a sample waited at most between sending and play, from so long after the end of the jitter on, ms. */
  longestDelayMs(sinceJitterMs: number): number;
}

/** Plays a stream of such a network, in simulated time; the same seed, the same packets. */
export function playJittered({ jitterMs, lossPercent }: JitteredNetwork, seed: number): PlayedStream {
  const random = new SeededRandom(seed);
  const phaseMs = random.integer(PACKET_MS);
  const packets = Array.from({ length: PACKETS }, (_, index) => ({
    index,
    atMs: index * PACKET_MS + (index < JITTERING ? random.integer(jitterMs + 1) : 0),
    lost: random.integer(100) < lossPercent,
  }));
  const arriving = packets.filter(({ lost }) => !lost).sort((a, b) => a.atMs - b.atMs);
  const buffer = new AdaptiveJitterBuffer();
  const insertedMs: number[] = [];
  const delays: { readonly atMs: number; readonly delayMs: number }[] = [];
  let next = 0;
  let heard = -1;
  let inventedMs = 0;
  for (let frame = 0; frame < PACKETS - 10; frame += 1) {
    const nowMs = phaseMs + frame * PACKET_MS;
    for (let packet = arriving[next]; packet && packet.atMs <= nowMs; packet = arriving[next]) {
      const payload = numbered(packet.index);
      buffer.put(1_000 + packet.index, packet.index * PACKET_TICKS, payload, 0, PACKET_TICKS, packet.atMs);
      next += 1;
    }
    const { data, missingMs, playing } = buffer.take(nowMs, frame % TURN_FRAMES < SPOKEN_FRAMES);
    if (!playing) continue;
    inventedMs += missingMs;
    if (missingMs > 0) continue;
    const index = numberOf(data);
    const lost = packets.slice(heard + 1, index).filter((packet) => packet.lost).length;
    if (inventedMs > 0) insertedMs.push(inventedMs - lost * PACKET_MS);
    inventedMs = 0;
    heard = index;
    delays.push({ atMs: nowMs, delayMs: nowMs - index * PACKET_MS });
  }
  return {
    insertedMs,
    longestDelayMs: (sinceJitterMs) =>
      Math.max(
        ...delays.filter(({ atMs }) => atMs >= JITTERING * PACKET_MS + sinceJitterMs).map(({ delayMs }) => delayMs),
      ),
  };
}

/** A packet that tells its number. */
function numbered(index: number): Uint8Array {
  const payload = new Uint8Array(PACKET_TICKS);
  new DataView(payload.buffer).setUint32(0, index);
  return payload;
}

function numberOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}
