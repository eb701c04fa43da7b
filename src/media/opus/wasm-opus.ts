import { type WasmModule, wasm } from '../../audio/web-assembly.js';
import type { OpusFormat } from '../engine.js';
import { ctl } from './opus-ctl.js';
import {
  encoderSettings,
  OPUS_SAMPLE_RATE,
  type OpusDecoder,
  type OpusEncoder,
  type OpusEncoding,
  type OpusLibrary,
} from './opus-library.js';
import { opusEmptyPacket } from './opus-packet.js';

/** Room for one packet, and for 120 ms at 24,000 Hz, bytes. */
const PACKET_BYTES = 4096;
const MAX_SAMPLES = 2880;

/** What of libopus's C interface the module exports. Pointers are numbers. */
interface OpusExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  opus_decoder_get_size(channels: number): number;
  opus_decoder_init(decoder: number, rate: number, channels: number): number;
  opus_decode(decoder: number, data: number, bytes: number, pcm: number, samples: number, fec: number): number;
  opus_decoder_ctl_set(decoder: number, request: number, value: number): number;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(encoder: number, rate: number, channels: number, application: number): number;
  opus_encode(encoder: number, pcm: number, samples: number, data: number, maxBytes: number): number;
  opus_encoder_ctl_set(encoder: number, request: number, value: number): number;
}

/** libopus in WebAssembly: one memory for all streams of a thread, packets and samples copied in and out of it. */
export function createWasmOpus(module: WasmModule): OpusLibrary {
  const heap = new OpusHeap(module);
  return {
    createDecoder: () => new WasmDecoder(heap),
    createEncoder: (format, encoding, sampleRate = OPUS_SAMPLE_RATE) =>
      new WasmEncoder(heap, format, encoding, sampleRate),
  };
}

class OpusHeap {
  readonly api: OpusExports;
  readonly packet: number;
  readonly pcm: number;
  #bytes = new Uint8Array(0);
  #samples = new Int16Array(0);

  constructor(module: WasmModule) {
    const nothing = (): number => 0;
    const instance = new wasm.Instance(module, {
      wasi_snapshot_preview1: { fd_seek: nothing, fd_write: nothing, fd_close: nothing, proc_exit: nothing },
      env: { emscripten_notify_memory_growth: nothing },
    });
    this.api = instance.exports as OpusExports;
    this.api._initialize();
    this.packet = this.allocate(PACKET_BYTES);
    this.pcm = this.allocate(2 * MAX_SAMPLES);
  }

  /** Views die when the memory grows. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#bytes;
  }

  get samples(): Int16Array {
    if (this.#samples.length === 0) this.#look();
    return this.#samples;
  }

  allocate(bytes: number): number {
    const pointer = this.api.malloc(bytes);
    if (pointer === 0) throw new RangeError('no memory left for Opus');
    return pointer;
  }

  putPacket(packet: Uint8Array, offset: number, length: number): void {
    const { bytes } = this;
    for (let i = 0; i < length; i += 1) bytes[this.packet + i] = packet[offset + i] as number;
  }

  getSamples(count: number, samples: Int16Array): number {
    const from = this.pcm >> 1;
    const view = this.samples;
    for (let i = 0; i < count; i += 1) samples[i] = view[from + i] as number;
    return Math.max(0, count);
  }

  #look(): void {
    this.#bytes = new Uint8Array(this.api.memory.buffer);
    this.#samples = new Int16Array(this.api.memory.buffer);
  }
}

class WasmDecoder implements OpusDecoder {
  readonly #heap: OpusHeap;
  readonly #state: number;
  #open = true;

  constructor(heap: OpusHeap) {
    this.#heap = heap;
    this.#state = heap.allocate(heap.api.opus_decoder_get_size(1));
    heap.api.opus_decoder_init(this.#state, OPUS_SAMPLE_RATE, 1);
  }

  decode(packet: Uint8Array, offset: number, length: number, samples: Int16Array): number {
    if (length > PACKET_BYTES) return 0;
    this.#heap.putPacket(packet, offset, length);
    return this.#run(length, MAX_SAMPLES, false, samples);
  }

  recover(packet: Uint8Array, offset: number, length: number, count: number, samples: Int16Array): number {
    if (length > PACKET_BYTES) return 0;
    this.#heap.putPacket(packet, offset, length);
    return this.#run(length, count, true, samples);
  }

  conceal(count: number, samples: Int16Array): number {
    return this.#run(0, count, false, samples);
  }

  reset(): void {
    this.#heap.api.opus_decoder_ctl_set(this.#state, ctl.resetState, 0);
  }

  close(): void {
    if (this.#open) this.#heap.api.free(this.#state);
    this.#open = false;
  }

  #run(bytes: number, count: number, fec: boolean, samples: Int16Array): number {
    if (!this.#open) return 0;
    const { api, packet, pcm } = this.#heap;
    try {
      const data = bytes === 0 ? 0 : packet;
      return this.#heap.getSamples(api.opus_decode(this.#state, data, bytes, pcm, count, fec ? 1 : 0), samples);
    } catch {
      // A trap: the packet has got the better of the decoder, which stays inside its memory all the same.
      this.reset();
      return 0;
    }
  }
}

class WasmEncoder implements OpusEncoder {
  readonly #heap: OpusHeap;
  readonly #state: number;
  readonly #samplesPerMs: number;
  #open = true;

  constructor(heap: OpusHeap, format: OpusFormat, encoding: OpusEncoding, sampleRate: number) {
    this.#heap = heap;
    this.#samplesPerMs = sampleRate / 1000;
    const { api } = heap;
    const state = heap.allocate(api.opus_encoder_get_size(1));
    this.#state = state;
    api.opus_encoder_init(state, sampleRate, 1, ctl.voip);
    for (const [request, value] of encoderSettings(format, encoding)) api.opus_encoder_ctl_set(state, request, value);
  }

  encode(samples: Int16Array, payload: Uint8Array): number {
    const heap = this.#heap;
    const pcm = heap.samples;
    const at = heap.pcm >> 1;
    for (let i = 0; i < samples.length; i += 1) pcm[at + i] = samples[i] as number;
    const bytes = this.#run(samples.length, payload.length);
    if (bytes > 0) {
      const coded = heap.bytes;
      for (let i = 0; i < bytes; i += 1) payload[i] = coded[heap.packet + i] as number;
      return bytes;
    }
    payload[0] = opusEmptyPacket(samples.length / this.#samplesPerMs);
    return 1;
  }

  close(): void {
    if (this.#open) this.#heap.api.free(this.#state);
    this.#open = false;
  }

  /** Bytes of the packet; less than 1 where there is none. */
  #run(samples: number, room: number): number {
    const { api, packet, pcm } = this.#heap;
    try {
      return api.opus_encode(this.#state, pcm, samples, packet, room);
    } catch {
      // A trap costs this call a packet: the media thread has a hundred others.
      api.opus_encoder_ctl_set(this.#state, ctl.resetState, 0);
      return 0;
    }
  }
}
