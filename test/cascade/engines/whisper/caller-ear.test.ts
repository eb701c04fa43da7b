import { expect, test } from 'vitest';
import { CallerEar } from '../../../../src/cascade/engines/whisper/caller-ear.js';
import { type AudioFormat, bytesPerMs } from '../../../../src/flavor-api/index.js';
import { speechLike } from '../../../../src/flavor-testkit/sound.js';

/** What is made of a second of speech between silences, at 16 kHz. */
function heardIn(format: AudioFormat): { readonly marks: readonly string[]; readonly samples: readonly number[] } {
  const marks: string[] = [];
  const samples: number[] = [];
  const tell = (what: string) => (): void => void marks.push(what);
  const ear = new CallerEar(
    { format, sampleRate: 16_000, minLevelDb: -50, pauseMs: 300, endMs: 700, longestMs: 28_000 },
    {
      begin: (positionMs) => void marks.push(`begin ${positionMs}`),
      audio: (audio) => void samples.push(...audio),
      pause: tell('pause'),
      resume: tell('resume'),
      end: tell('end'),
      cut: tell('cut'),
    },
  );
  const speech = speechLike(format, 1_000);
  const silence = speechLike(format, 0);
  const frameBytes = 20 * bytesPerMs(format);
  const quiet = format.encoding === 'alaw' ? 0xd5 : format.encoding === 'mulaw' ? 0xff : 0;
  for (let positionMs = 0; positionMs < 3_000; positionMs += 20) {
    const at = ((positionMs - 600) / 20) * frameBytes;
    const spoken = at >= 0 && at + frameBytes <= speech.length ? speech.subarray(at, at + frameBytes) : silence;
    const data = spoken.length > 0 ? spoken : new Uint8Array(frameBytes).fill(quiet);
    ear.write({ data, positionMs, concealed: false });
  }
  return { marks, samples };
}

test('a caller is heard alike in every format of a call', () => {
  const plain = heardIn({ encoding: 'pcm16', sampleRate: 16_000 });
  expect(plain.marks.at(-1)).toBe('end');
  const loudest = Math.max(...plain.samples);
  for (const encoding of ['mulaw', 'alaw'] as const) {
    const { marks, samples } = heardIn({ encoding, sampleRate: 8_000 });
    expect(marks).toEqual(plain.marks);
    expect(samples.length / plain.samples.length).toBeCloseTo(1, 1);
    expect(Math.max(...samples) / loudest).toBeCloseTo(1, 0);
  }
});
