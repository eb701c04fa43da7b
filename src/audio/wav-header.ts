/**
 * The RIFF/WAVE container (Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991), as
 * written here: one `fmt ` and one `data` chunk, 44 bytes before the first sample.
 *
 *      0  'RIFF'   4  size of what follows   8  'WAVE'
 *     12  'fmt '  16  16                    20  1 = PCM   22  channels
 *     24  frames per second   28  bytes per second   32  bytes per frame   34  bits per sample
 *     36  'data'  40  bytes of samples      44  samples, little-endian
 */
export const WAV_HEADER_BYTES = 44;

/** The most that the 32-bit size fields can tell. */
export const MAX_WAV_DATA_BYTES = 0xffff_ffff - WAV_HEADER_BYTES;

/** The header of a file of 16-bit PCM with `dataBytes` bytes of samples. */
export function wavHeader(options: {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly dataBytes: number;
}): Buffer {
  const { sampleRate, channels } = options;
  const dataBytes = Math.min(options.dataBytes, MAX_WAV_DATA_BYTES);
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
