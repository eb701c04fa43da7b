import { readFileSync, writeFileSync } from 'node:fs';

const HEADER_BYTES = 44;

/** Writes a mono WAV file of 16-bit samples. */
export function writeWav(file: string, samples: Int16Array, sampleRateHz: number): void {
  const wav = Buffer.alloc(HEADER_BYTES + samples.length * 2);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(sampleRateHz, 24);
  wav.writeUInt32LE(sampleRateHz * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, index) => {
    wav.writeInt16LE(sample, HEADER_BYTES + index * 2);
  });
  writeFileSync(file, wav);
}

/**
 * The samples of a mono WAV file of 16-bit PCM. A writer that was killed leaves the length of `data` at 0: then
 * everything after it counts.
 */
export function readWav(file: string): { readonly samples: Int16Array; readonly sampleRateHz: number } {
  const wav = readFileSync(file);
  let at = 12;
  let sampleRateHz = 0;
  while (at + 8 <= wav.length) {
    const id = wav.toString('latin1', at, at + 4);
    const bytes = wav.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === 'fmt ') {
      const shape = [wav.readUInt16LE(start), wav.readUInt16LE(start + 2), wav.readUInt16LE(start + 14)];
      if (shape.join() !== '1,1,16') throw new Error(`${file} is not 16-bit mono PCM: ${shape.join()}`);
      sampleRateHz = wav.readUInt32LE(start + 4);
    }
    if (id === 'data') {
      const end = bytes === 0 ? wav.length : Math.min(start + bytes, wav.length);
      const samples = new Int16Array((end - start) >> 1);
      for (let index = 0; index < samples.length; index += 1) samples[index] = wav.readInt16LE(start + index * 2);
      return { samples, sampleRateHz };
    }
    at = start + bytes + (bytes & 1);
  }
  throw new Error(`${file} has no data chunk`);
}
