import type { OpusFormat } from '../engine.js';
import { ctl } from './opus-ctl.js';

/** RFC 7587 section 6.1: what holds where nothing is said. */
export const opusFormatDefaults = {
  maxPlaybackRate: 48_000,
  maxAverageBitrate: 510_000,
  inbandFec: false,
  dtx: false,
  constantBitrate: false,
} as const satisfies OpusFormat;

/** How the encoder is set by the operator. */
export interface OpusEncoding {
  /** Bits a second; the peer may ask for less. */
  readonly bitrate: number;
  /** 0 (least CPU) to 10 (best sound). */
  readonly complexity: number;
}

export const opusEncodingDefaults = {
  bitrate: 32_000,
  complexity: 5,
} as const satisfies OpusEncoding;

/** Rate at which streams encode and decode Opus: the full bandwidth of what voices and models speak. Mono. */
export const OPUS_SAMPLE_RATE = 24_000;

/** One stream's decoder, at {@link OPUS_SAMPLE_RATE}, mono whatever was sent. Nothing throws on hostile packets. */
export interface OpusDecoder {
  /** @returns samples written to `samples`; 0 for a packet that is refused */
  decode(packet: Uint8Array, offset: number, length: number, samples: Int16Array): number;
  /** The `count` samples before a packet, out of the forward error correction in it; 0 where it cannot be had. */
  recover(packet: Uint8Array, offset: number, length: number, count: number, samples: Int16Array): number;
  /** Continues what was heard, fading to comfort noise. @param count a multiple of 2.5 ms, at most 120 ms */
  conceal(count: number, samples: Int16Array): number;
  reset(): void;
  close(): void;
}

/** One stream's encoder, mono. */
export interface OpusEncoder {
  /** @param samples 10, 20, 40 or 60 ms @returns bytes written to `payload`, at least 1 */
  encode(samples: Int16Array, payload: Uint8Array): number;
  close(): void;
}

/** An implementation of Opus, loaded. */
export interface OpusLibrary {
  createDecoder(): OpusDecoder;
  /** @param sampleRate of what it is given, Hz: 8000, 12000, 16000, 24000 or 48000; default {@link OPUS_SAMPLE_RATE} */
  createEncoder(format: OpusFormat, encoding: OpusEncoding, sampleRate?: number): OpusEncoder;
}

/** The package that brings Opus. */
export type OpusLibraryName = '@evan/opus' | 'node-opus';

/** What the encoder is told to expect, so that it spends bits on error correction, %. */
const EXPECTED_LOSS_PERCENT = 5;

/** What an encoder is to do, of both wills: requests of libopus, and their values. */
export function encoderSettings(
  format: OpusFormat,
  encoding: OpusEncoding,
): readonly (readonly [request: number, value: number])[] {
  const rate = format.maxPlaybackRate;
  // 1101 narrowband to 1104 super-wideband.
  const maxBandwidth = rate < 12_000 ? 1101 : rate < 16_000 ? 1102 : rate < 24_000 ? 1103 : 1104;
  return [
    [ctl.bitrate, Math.max(6_000, Math.min(encoding.bitrate, format.maxAverageBitrate))],
    [ctl.complexity, encoding.complexity],
    [ctl.maxBandwidth, maxBandwidth],
    [ctl.signal, ctl.voice],
    [ctl.inbandFec, format.inbandFec ? 1 : 0],
    [ctl.packetLoss, format.inbandFec ? EXPECTED_LOSS_PERCENT : 0],
    [ctl.dtx, format.dtx ? 1 : 0],
    [ctl.vbr, format.constantBitrate ? 0 : 1],
  ];
}
