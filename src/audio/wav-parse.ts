import { ConnectorError } from '../base/connector-error.js';
import { decodeAlaw, decodeMulaw } from './g711.js';

/** Sound from a file. */
export interface WavAudio {
  /** Hz, as the file says; not necessarily one that calls use. */
  readonly sampleRate: number;
  /** Mono; two channels are averaged. */
  readonly samples: Int16Array;
}

/** Codes of the `fmt ` chunk's first field. */
const PCM = 1;
const ALAW = 6;
const MULAW = 7;
/** The true code begins the 16 bytes at the end of the chunk. */
const EXTENSIBLE = 0xfffe;

/** What programs that cannot seek back write as a size. */
const UNKNOWN_SIZE = 0xffff_ffff;

interface WavFields {
  readonly encoding: typeof PCM | typeof ALAW | typeof MULAW;
  readonly channels: 1 | 2;
  readonly sampleRate: number;
}

/**
 * Reads RIFF/WAVE: 16-bit PCM or G.711 (8-bit A-law or mu-law), one or two channels, 1 to 384 kHz. A `data` chunk that
 * ends too early is taken as far as it goes, since that is what a crashed recorder leaves.
 * @param bytes the whole file
 * @param path named in errors
 * @throws `ERR_AUDIO_FILE` with the reason
 */
export function parseWav(bytes: Uint8Array, path: string): WavAudio {
  const fail = (reason: string): ConnectorError => new ConnectorError('ERR_AUDIO_FILE', `${path}: ${reason}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE') throw fail('not a RIFF/WAVE file');
  let fields: WavFields | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (tag(bytes, at) === 'fmt ') {
      const read = readFields(view, start, Math.min(size, bytes.length - start));
      if (typeof read === 'string') throw fail(read);
      fields = read;
    } else if (tag(bytes, at) === 'data') {
      if (fields === undefined) throw fail('the samples come before their description ("fmt " chunk)');
      const end = size === UNKNOWN_SIZE ? bytes.length : Math.min(bytes.length, start + size);
      return { sampleRate: fields.sampleRate, samples: decode(bytes.subarray(start, end), fields) };
    }
    at = start + size + (size % 2);
  }
  throw fail(fields === undefined ? 'no "fmt " chunk' : 'no "data" chunk');
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** The `fmt ` chunk, or what is wrong with it. */
function readFields(view: DataView, start: number, size: number): WavFields | string {
  if (size < 16) return `the "fmt " chunk has ${size} bytes instead of 16 or more`;
  const code = view.getUint16(start, true);
  if (code === EXTENSIBLE && size < 26) return 'the extended "fmt " chunk is too short';
  const encoding = code === EXTENSIBLE ? view.getUint16(start + 24, true) : code;
  if (encoding !== PCM && encoding !== ALAW && encoding !== MULAW) {
    return `encoding 0x${encoding.toString(16)} instead of PCM (1), A-law (6) or mu-law (7)`;
  }
  const channels = view.getUint16(start + 2, true);
  if (channels !== 1 && channels !== 2) return `${channels} channels instead of one or two`;
  const sampleRate = view.getUint32(start + 4, true);
  if (sampleRate < 1000 || sampleRate > 384_000) return `a sampling rate of ${sampleRate} Hz`;
  const bits = view.getUint16(start + 14, true);
  const expectedBits = encoding === PCM ? 16 : 8;
  if (bits !== expectedBits) return `${bits} bits a sample instead of ${expectedBits}`;
  return { encoding, channels, sampleRate };
}

function decode(data: Uint8Array, { encoding, channels }: WavFields): Int16Array {
  const linear = new Int16Array(encoding === PCM ? data.length >> 1 : data.length);
  if (encoding === MULAW) decodeMulaw(data, linear);
  else if (encoding === ALAW) decodeAlaw(data, linear);
  else {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i < linear.length; i += 1) linear[i] = view.getInt16(2 * i, true);
  }
  if (channels === 1) return linear;
  return Int16Array.from(
    { length: linear.length >> 1 },
    (_, i) => ((linear[2 * i] as number) + (linear[2 * i + 1] as number)) >> 1,
  );
}
