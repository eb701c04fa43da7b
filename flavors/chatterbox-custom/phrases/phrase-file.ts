import { crc32 } from 'node:zlib';

/** A phrase as it was rendered. */
export interface PhraseSound {
  /** Mono. */
  readonly samples: Int16Array;
  /** Hz. */
  readonly sampleRate: number;
}

/** `VCP1`, sample rate, number of samples, CRC-32 of the samples; little-endian, four bytes each. */
const HEADER_BYTES = 16;
const MAGIC = Buffer.from('VCP1', 'latin1');
const RATES = { least: 8_000, most: 96_000 } as const;

/** What a phrase takes on disk, bytes. */
export function phraseBytes({ samples }: PhraseSound): number {
  return HEADER_BYTES + 2 * samples.length;
}

export function writePhrase({ samples, sampleRate }: PhraseSound): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  for (let i = 0; i < samples.length; i += 1) bytes.writeInt16LE(samples[i] as number, HEADER_BYTES + 2 * i);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(sampleRate, 4);
  bytes.writeUInt32LE(samples.length, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 12);
  return bytes;
}

/** The phrase of a file; `undefined` where that is not whole, or not one of ours. */
export function readPhrase(bytes: Buffer): PhraseSound | undefined {
  if (bytes.length <= HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) return undefined;
  const sampleRate = bytes.readUInt32LE(4);
  const count = bytes.readUInt32LE(8);
  if (sampleRate < RATES.least || sampleRate > RATES.most || bytes.length !== HEADER_BYTES + 2 * count)
    return undefined;
  if (crc32(bytes.subarray(HEADER_BYTES)) !== bytes.readUInt32LE(12)) return undefined;
  const samples = Int16Array.from({ length: count }, (_, i) => bytes.readInt16LE(HEADER_BYTES + 2 * i));
  return { samples, sampleRate };
}
