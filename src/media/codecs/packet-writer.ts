import { bytesPerMs } from '../../flavor-api/index.js';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.js';
import type { FrameEncoder } from './frame-codec.js';
import { ownPacketBuffers, type PacketBuffer, type PacketBufferSource } from './packet-buffers.js';
import type { PhoneCoding } from './phone-codec.js';

const noSamples = new Int16Array(0);

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

  /**
   * @param encoder of the codec, for packets of `ptimeMs`; `undefined` for G.711
   * @param buffers default: of its own
   */
  constructor(
    coding: PhoneCoding,
    encoder: FrameEncoder | undefined,
    ptimeMs: number,
    buffers: PacketBufferSource = ownPacketBuffers,
  ) {
    this.coding = coding;
    this.ptimeMs = ptimeMs;
    this.#encoder = encoder;
    const frameBytes = ptimeMs * bytesPerMs(coding.format);
    this.#buffers = buffers.take(encoder?.maxPayloadBytes ?? frameBytes, encoder && frameBytes);
    this.#samples = encoder === undefined ? noSamples : new Int16Array(frameBytes / 2);
    this.#packets = this.#buffers.map(() => []);
  }

  /** The next buffer; its frame is to be filled. */
  next(): PacketBuffer {
    this.#turn = this.#turn + 1 < this.#buffers.length ? this.#turn + 1 : 0;
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
