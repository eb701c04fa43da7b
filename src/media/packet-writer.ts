import { bytesPerMs } from '../flavor-api/index.js';
import type { FrameEncoder } from './frame-codec.js';
import type { PhoneCoding } from './phone-codec.js';
import { RTP_HEADER_BYTES } from './rtp-packet.js';

/** Buffers used in turn: should the kernel ever make a packet wait, the next ones do not overwrite it. */
const BUFFERS = 4;

/** One packet that is being made. */
export interface PacketBuffer {
  /** Header and payload. */
  readonly packet: Buffer;
  readonly payload: Uint8Array;
  /** One packet's audio in the coding's format: of G.711 the payload itself. */
  readonly frame: Uint8Array;
}

/** Buffers for packets of one codec and length, and their encoder if it has one. */
export class PacketWriter {
  readonly coding: PhoneCoding;
  readonly ptimeMs: number;
  readonly #encoder: FrameEncoder | undefined;
  readonly #buffers: readonly PacketBuffer[];
  readonly #samples: Int16Array;
  /** Views of the beginning of each buffer, by length of the payload: made when first needed. */
  readonly #packets: readonly (Buffer | undefined)[][];
  #turn = 0;

  /** @param encoder of the codec, for packets of `ptimeMs`; `undefined` for G.711 */
  constructor(coding: PhoneCoding, encoder: FrameEncoder | undefined, ptimeMs: number) {
    this.coding = coding;
    this.ptimeMs = ptimeMs;
    this.#encoder = encoder;
    const frameBytes = ptimeMs * bytesPerMs(coding.format);
    this.#buffers = makePacketBuffers(BUFFERS, encoder?.maxPayloadBytes ?? frameBytes, encoder && frameBytes);
    this.#samples = new Int16Array(encoder === undefined ? 0 : frameBytes / 2);
    this.#packets = this.#buffers.map(() => []);
  }

  /** The next buffer; its frame is to be filled. */
  next(): PacketBuffer {
    this.#turn = (this.#turn + 1) % BUFFERS;
    return this.#buffers[this.#turn] as PacketBuffer;
  }

  /** Encodes the frame of the buffer that {@link next} gave last; returns the packet, its header still to be written. */
  finish({ packet, payload, frame }: PacketBuffer): Buffer {
    const encoder = this.#encoder;
    if (encoder === undefined) return packet;
    this.coding.decode(frame, this.#samples);
    const bytes = encoder.encode(this.#samples, payload);
    const views = this.#packets[this.#turn] as (Buffer | undefined)[];
    let view = views[bytes];
    if (view === undefined) {
      view = packet.subarray(0, RTP_HEADER_BYTES + bytes);
      views[bytes] = view;
    }
    return view;
  }

  close(): void {
    this.#encoder?.close();
  }
}

/** @param frameBytes where the frame is not the payload */
export function makePacketBuffers(count: number, payloadBytes: number, frameBytes?: number): readonly PacketBuffer[] {
  return Array.from({ length: count }, () => {
    const packet = Buffer.alloc(RTP_HEADER_BYTES + payloadBytes);
    const payload = packet.subarray(RTP_HEADER_BYTES);
    return { packet, payload, frame: frameBytes === undefined ? payload : new Uint8Array(frameBytes) };
  });
}
