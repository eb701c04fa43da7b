import { G722Decoder, G722Encoder } from '../../audio/g722.js';
import { type FrameDecoder, type FrameEncoder, MAX_PACKET_MS } from './frame-codec.js';

/** One byte a tick: RFC 3551 section 4.5.2 keeps the clock at 8000 Hz for what is sampled at 16,000. */
const TICKS_PER_MS = 8;
const MAX_BYTES = MAX_PACKET_MS * TICKS_PER_MS;

/** G.722 from RTP: gaps are filled by the waveform concealment, as for G.711. */
export class G722FrameDecoder implements FrameDecoder {
  readonly sampleRate = 16_000;
  readonly ticksPerMs = TICKS_PER_MS;
  readonly conceals = false;
  readonly #decoder = new G722Decoder();

  ticks(_payload: Uint8Array, _offset: number, length: number): number {
    return length <= MAX_BYTES ? length : 0;
  }

  decode(payload: Uint8Array, offset: number, length: number, samples: Int16Array): number {
    this.#decoder.decode(payload, offset, length, samples);
    return 2 * length;
  }

  conceal(): number {
    return 0;
  }

  reset(): void {
    this.#decoder.reset();
  }

  close(): void {}
}

/** G.722 for RTP. */
export class G722FrameEncoder implements FrameEncoder {
  readonly maxPayloadBytes: number;
  readonly #encoder = new G722Encoder();

  constructor(ptimeMs: number) {
    this.maxPayloadBytes = ptimeMs * TICKS_PER_MS;
  }

  encode(samples: Int16Array, payload: Uint8Array): number {
    this.#encoder.encode(samples, payload);
    return samples.length >> 1;
  }

  close(): void {}
}
