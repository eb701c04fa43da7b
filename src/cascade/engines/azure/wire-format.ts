import { type AudioFormat, bytesPerMs, bytesPerSample } from '../../../flavor-api/index.js';

/** What the recogniser takes; telephone audio as it is, so that nothing is resampled. */
export const azureInputFormats: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 8000 },
];

/** What the voices make. */
export const azureOutputFormats: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 24_000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 48_000 },
  { encoding: 'pcm16', sampleRate: 8000 },
];

/** The name of an output format; `raw`, for a RIFF header in the middle of a call is a click. */
export function outputFormatName({ encoding, sampleRate }: AudioFormat): string {
  const rate = `raw-${sampleRate / 1000}khz`;
  return encoding === 'pcm16' ? `${rate}-16bit-mono-pcm` : `${rate}-8bit-mono-${encoding}`;
}

const formatTags: Readonly<Record<AudioFormat['encoding'], number>> = { pcm16: 1, alaw: 6, mulaw: 7 };
const HEADER_BYTES = 44;

/**
 * The head of a RIFF file (RFC 2361 has the tags), by which the recogniser knows the format of the raw audio that
 * follows. Both lengths are 0, as the SDK leaves them: it is a stream.
 */
export function waveHeader(format: AudioFormat): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  const sampleBytes = bytesPerSample(format.encoding);
  header.write('RIFF', 0, 'latin1');
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(formatTags[format.encoding], 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(format.sampleRate, 24);
  header.writeUInt32LE(bytesPerMs(format) * 1000, 28);
  header.writeUInt16LE(sampleBytes, 32);
  header.writeUInt16LE(sampleBytes * 8, 34);
  header.write('data', 36, 'latin1');
  return header;
}

/** Azure counts time in units of 100 ns. */
export const TICKS_PER_MS = 10_000;
