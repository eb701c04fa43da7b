import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Aligner } from '../../../../src/cascade/seam/align.js';
import { FrameReader } from '../../../../src/cascade/seam/spectrum.js';
import { BusyClock } from '../../../support/busy-clock.js';
import { runSeamTrial } from '../support/seam-trial.js';
import { Narrator, sentences } from '../support/spoken.js';

const [, offer = '', documentation = ''] = sentences;
const text = `${offer.replace('.', ', and')} ${documentation.toLowerCase()}`;
let narrators: readonly [Narrator, Narrator];

vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  narrators = [await Narrator.create('slt'), await Narrator.create('rms')];
});

afterEach(() => void vi.restoreAllMocks());

test.each([
  ['in one voice', 0],
  ['in two voices', 1],
] as const)(
  'tiers speak %s, and the second answers in one message: the place is looked for in turns, and is where it was',
  async (_, second) => {
    const trial = {
      narrators: [narrators[0], narrators[second]],
      text,
      before: [],
      diesAfterMs: 7_000,
      second: { chunkMs: 60_000, realTimeFactor: 0.001 },
    } as const;
    const atOnce = await runSeamTrial(trial);
    const clock = new BusyClock();
    clock.takes(Aligner.prototype, 'push', 0.03);
    clock.takes(FrameReader.prototype, 'push', 0.1);
    const stop = clock.watch();
    const inTurns = await runSeamTrial({ ...trial, clock });
    stop();
    expect(inTurns).toEqual(atOnce);
    expect(clock.busyMs).toBeGreaterThan(10);
    expect(clock.longestMs).toBeLessThan(4);
  },
);
