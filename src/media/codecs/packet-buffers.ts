import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.js';

/** Buffers used in turn: should the kernel ever make a packet wait, the next ones do not overwrite it. */
const BUFFERS = 4;

/** One packet that is being made. */
export interface PacketBuffer {
  /** Header and payload. */
  readonly packet: Buffer;
  readonly payload: Uint8Array;
  /** One packet's audio in the coding's format: of G.711 the payload itself. */
  readonly frame: Uint8Array;
  /** The frame in words; `undefined` where it is no whole number of them. */
  readonly words: Int32Array | undefined;
}

/** Where buffers come from. */
export interface PacketBufferSource {
  /** @param frameBytes where the frame is not the payload */
  take(payloadBytes: number, frameBytes?: number): readonly PacketBuffer[];
}

/** Buffers that nobody else has. */
export const ownPacketBuffers: PacketBufferSource = {
  take: (payloadBytes, frameBytes) => makePacketBuffers(BUFFERS, payloadBytes, frameBytes),
};

/**
 * One buffer of each size for all streams of a thread, which make their packets one after the other: it never leaves the
 * caches. Only where a transport has a copy before `send` returns: a packet that waited in the buffer itself would become
 * another caller's.
 */
export class SharedPacketBuffers implements PacketBufferSource {
  readonly #bySize = new Map<string, readonly PacketBuffer[]>();

  take(payloadBytes: number, frameBytes?: number): readonly PacketBuffer[] {
    const size = `${payloadBytes} ${frameBytes ?? ''}`;
    const buffers = this.#bySize.get(size) ?? makePacketBuffers(1, payloadBytes, frameBytes);
    this.#bySize.set(size, buffers);
    return buffers;
  }
}

/** @param frameBytes where the frame is not the payload */
export function makePacketBuffers(count: number, payloadBytes: number, frameBytes?: number): readonly PacketBuffer[] {
  return Array.from({ length: count }, () => {
    const packet = Buffer.alloc(RTP_HEADER_BYTES + payloadBytes);
    const payload = packet.subarray(RTP_HEADER_BYTES);
    const frame = frameBytes === undefined ? payload : new Uint8Array(frameBytes);
    return { packet, payload, frame, words: inWords(frame) };
  });
}

function inWords({ buffer, byteOffset, length }: Uint8Array): Int32Array | undefined {
  return ((byteOffset | length) & 3) === 0 ? new Int32Array(buffer, byteOffset, length / 4) : undefined;
}
