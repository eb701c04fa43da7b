import { encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';

export interface WavOptions {
  readonly encoding: 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'mulaw' | 'alaw';
  /** Each has the same samples. */
  readonly channels: number;
  /** What the header says of lengths: the truth, 0xFFFFFFFF as who streams, or 0. */
  readonly sizes: 'real' | 'unknown' | 'zero';
  /** A `LIST` chunk of odd length before the samples, and one behind them. */
  readonly list: boolean;
  /** `WAVE_FORMAT_EXTENSIBLE`. */
  readonly extensible: boolean;
  /** What the header says, where that is to be wrong. */
  readonly bits?: number;
}

const defaults = {
  encoding: 's16',
  channels: 1,
  sizes: 'real',
  list: false,
  extensible: false,
} as const satisfies WavOptions;

const tags = { u8: 1, s16: 1, s24: 1, s32: 1, f32: 3, f64: 3, alaw: 6, mulaw: 7 } as const;
const widths = { u8: 8, s16: 16, s24: 24, s32: 32, f32: 32, f64: 64, alaw: 8, mulaw: 8 } as const;
const UNKNOWN = 0xffff_ffff;

/** A RIFF/WAVE file, in any of the forms that speech servers write. */
export function wavOf(samples: Int16Array, sampleRate: number, given: Partial<WavOptions> = {}): Buffer {
  const options = { ...defaults, ...given };
  const { encoding, channels, sizes } = options;
  const data = sampleBytes(samples, encoding, channels);
  const size = (real: number): number => (sizes === 'real' ? real : sizes === 'zero' ? 0 : UNKNOWN);
  const list = options.list ? chunk('LIST', Buffer.from('INFOIART\x05\x00\x00\x00fake\x00'), 21) : Buffer.alloc(0);
  const fmt = chunk('fmt ', description(sampleRate, options));
  const dataHead = Buffer.alloc(8);
  dataHead.write('data', 0, 'latin1');
  dataHead.writeUInt32LE(size(data.length), 4);
  const trailer = sizes === 'real' ? list : Buffer.alloc(0);
  const inner = Buffer.concat([Buffer.from('WAVE'), fmt, list, dataHead, data, trailer]);
  const head = Buffer.alloc(8);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(size(inner.length), 4);
  return Buffer.concat([head, inner]);
}

/** Bytes of samples, little-endian. */
export function sampleBytes(
  samples: Int16Array,
  encoding: WavOptions['encoding'] = 's16',
  channels: number = 1,
): Buffer {
  const width = widths[encoding] / 8;
  const copies = Math.max(1, channels);
  const bytes = Buffer.alloc(samples.length * width * copies);
  const coded = new Uint8Array(samples.length);
  if (encoding === 'mulaw') encodeMulaw(samples, coded);
  if (encoding === 'alaw') encodeAlaw(samples, coded);
  for (const [i, sample] of samples.entries()) {
    for (let channel = 0; channel < copies; channel += 1) {
      const at = (i * copies + channel) * width;
      if (encoding === 'u8') bytes.writeUInt8((sample >> 8) + 128, at);
      else if (encoding === 's16') bytes.writeInt16LE(sample, at);
      else if (encoding === 's24') bytes.writeIntLE(sample * 256, at, 3);
      else if (encoding === 's32') bytes.writeInt32LE(sample * 65_536, at);
      else if (encoding === 'f32') bytes.writeFloatLE(sample / 32_768, at);
      else if (encoding === 'f64') bytes.writeDoubleLE(sample / 32_768, at);
      else bytes.writeUInt8(coded[i] ?? 0, at);
    }
  }
  return bytes;
}

function description(sampleRate: number, { encoding, channels, extensible, bits }: WavOptions): Buffer {
  const fmt = Buffer.alloc(extensible ? 40 : 16);
  const width = widths[encoding];
  fmt.writeUInt16LE(extensible ? 0xfffe : tags[encoding], 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(sampleRate, 4);
  fmt.writeUInt32LE((sampleRate * channels * width) / 8, 8);
  fmt.writeUInt16LE((channels * width) / 8, 12);
  fmt.writeUInt16LE(bits ?? width, 14);
  if (extensible) {
    fmt.writeUInt16LE(22, 16);
    fmt.writeUInt16LE(width, 18);
    fmt.writeUInt16LE(tags[encoding], 24);
    fmt.write('000000001000800000aa00389b71', 26, 'hex');
  }
  return fmt;
}

function chunk(id: string, content: Buffer, size: number = content.length): Buffer {
  const padded = Buffer.alloc(8 + size + (size % 2));
  padded.write(id, 0, 'latin1');
  padded.writeUInt32LE(size, 4);
  content.copy(padded, 8);
  return padded;
}
