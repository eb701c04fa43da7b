import { expect, test } from 'vitest';
import { atOnce } from '../../../src/base/steps.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { leftVoice, TakeOver } from '../../../src/cascade/seam/take-over.js';
import { sentenceOf } from '../../soak/voices/sentences.js';
import { speak8k } from '../../support/speech.js';
import { wordsAtSeam } from '../fail-over/spoken-voice.js';

const RATE = 8_000;
const CHUNK = 480;

interface Death {
  readonly voices: readonly [FliteVoiceName, FliteVoiceName];
  readonly text: string;
  /** The first voice broke off here, and so much of it cannot be taken back, ms. */
  readonly diedAtMs: number;
  readonly saidMs: number;
}

/** Where the one voice is left and the other entered, ms of each. */
async function seamOf({ voices, text, diedAtMs, saidMs }: Death) {
  const old = (await speak8k(text, voices[0])).slice(0, (diedAtMs * RATE) / 1_000);
  const next = await speak8k(text, voices[1]);
  const left = atOnce(leftVoice(old, RATE, saidMs));
  const takeOver = new TakeOver(left, RATE);
  let enterMs: number | 'unlike' | undefined;
  for (let at = 0; enterMs === undefined && at <= next.length; at += CHUNK) {
    takeOver.push(next.slice(at, at + CHUNK));
    enterMs = atOnce(takeOver.find(at + CHUNK >= next.length));
  }
  return { leaveMs: left.leaveMs, enterMs };
}

const refrigerator = sentenceOf(14);
const depot =
  'It reached the depot in Leicester during the night, where it was sorted and loaded on a van this morning.';
const cases: readonly Death[] = [
  // How a voice sounds is not known from its first words.
  { voices: ['rms', 'slt'], text: depot, diedAtMs: 5_784, saidMs: 5_484 },
  { voices: ['rms', 'slt'], text: refrigerator, diedAtMs: 2_206, saidMs: 1_906 },
  { voices: ['rms', 'awb'], text: refrigerator, diedAtMs: 2_206, saidMs: 1_906 },
  { voices: ['slt', 'awb'], text: refrigerator, diedAtMs: 1_955, saidMs: 1_655 },
  { voices: ['slt', 'awb'], text: sentenceOf(7), diedAtMs: 3_130, saidMs: 2_830 },
];

test.each(cases)(
  '$voices.0 died at $diedAtMs ms of "$text": $voices.1 says no word again and leaves none out',
  async (death) => {
    const { leaveMs, enterMs } = await seamOf(death);
    expect(enterMs).toBeTypeOf('number');
    const [old, next] = death.voices;
    const seam = await wordsAtSeam(
      death.text,
      { voice: old, untilMs: leaveMs },
      { voice: next, fromMs: Number(enterMs) },
    );
    expect(seam).toEqual({ twice: [], missing: [] });
  },
);
