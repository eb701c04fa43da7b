import type { FakeAudioFormat } from '../deepgram/audio-format.js';

const encodings: Readonly<Record<number, FakeAudioFormat['encoding']>> = { 1: 'linear16', 6: 'alaw', 7: 'mulaw' };

/** The format of the audio behind a RIFF header of 44 bytes. Throws when the recogniser would not take it. */
export function readWaveHeader(header: Buffer): FakeAudioFormat {
  const unsupported = (): Error => new Error('Unsupported audio format.');
  if (header.length < 44 || header.toString('latin1', 0, 4) !== 'RIFF') throw unsupported();
  if (header.toString('latin1', 8, 16) !== 'WAVEfmt ') throw unsupported();
  const encoding = encodings[header.readUInt16LE(20)];
  const sampleRate = header.readUInt32LE(24);
  const bits = header.readUInt16LE(34);
  const wanted = encoding === 'linear16' ? 16 : 8;
  const rates = encoding === 'linear16' ? [8000, 16_000, 24_000, 48_000] : [8000];
  if (encoding === undefined || bits !== wanted || header.readUInt16LE(22) !== 1) throw unsupported();
  if (!rates.includes(sampleRate)) throw unsupported();
  return { encoding, sampleRate };
}

/** What the voices can be asked for, of the formats that a telephone might want. */
const outputs: Readonly<Record<string, FakeAudioFormat & { readonly riff: boolean }>> = {
  'raw-8khz-8bit-mono-mulaw': { encoding: 'mulaw', sampleRate: 8000, riff: false },
  'raw-8khz-8bit-mono-alaw': { encoding: 'alaw', sampleRate: 8000, riff: false },
  'raw-8khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 8000, riff: false },
  'raw-16khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 16_000, riff: false },
  'raw-24khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 24_000, riff: false },
  'raw-48khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 48_000, riff: false },
  'riff-8khz-8bit-mono-mulaw': { encoding: 'mulaw', sampleRate: 8000, riff: true },
  'riff-8khz-8bit-mono-alaw': { encoding: 'alaw', sampleRate: 8000, riff: true },
  'riff-8khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 8000, riff: true },
  'riff-16khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 16_000, riff: true },
  'riff-24khz-16bit-mono-pcm': { encoding: 'linear16', sampleRate: 24_000, riff: true },
};

export type OutputFormat = FakeAudioFormat & { readonly riff: boolean };

export function outputFormatNamed(name: string): OutputFormat | undefined {
  return Object.hasOwn(outputs, name) ? outputs[name] : undefined;
}

/** A RIFF header of a stream: its length is not known. */
export function riffHeader({ encoding, sampleRate }: FakeAudioFormat): Buffer {
  const bytes = encoding === 'linear16' ? 2 : 1;
  const header = Buffer.alloc(44);
  header.write('RIFF\xff\xff\xff\xffWAVEfmt ', 0, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE({ linear16: 1, alaw: 6, mulaw: 7 }[encoding], 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * bytes, 28);
  header.writeUInt16LE(bytes, 32);
  header.writeUInt16LE(bytes * 8, 34);
  header.write('data\xff\xff\xff\xff', 36, 'latin1');
  return header;
}
