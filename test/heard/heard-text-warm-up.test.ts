import { afterEach, expect, test, vi } from 'vitest';
import { HeardText } from '../../src/heard/heard-text.js';
import { heardTextSlices, warmUpHeardText } from '../../src/heard/heard-text-warm-up.js';
import { SpeechAligner } from '../../src/heard/speech-alignment.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is read while something is done: at which tempos, and how often words were placed by it. */
function watchReadings() {
  const { read } = SpeechAligner.prototype;
  const seen = { read: 0, placed: 0 };
  vi.spyOn(SpeechAligner.prototype, 'read').mockImplementation(function (this: SpeechAligner, lasts) {
    const reading = read.call(this, lasts);
    seen.read += 1;
    return (
      reading && {
        evidence: reading.evidence,
        ends: () => {
          const ends = reading.ends();
          if (ends !== undefined) seen.placed += 1;
          return ends;
        },
      }
    );
  });
  return seen;
}

test('each slice places words as a call does: of what is complete, and of what is still coming at several tempos', () => {
  for (const [index, slice] of [...heardTextSlices()].entries()) {
    const seen = watchReadings();
    slice();
    expect(seen.read).toBeGreaterThanOrEqual(index % 2 === 0 ? 1 : 3);
    expect(seen.placed).toBe(1);
    vi.restoreAllMocks();
  }
});

test('of longer texts something is told, and not all', () => {
  for (const slice of [...heardTextSlices()].slice(-8)) {
    const added = vi.spyOn(HeardText.prototype, 'addText');
    const chars = slice();
    expect(chars).toBeGreaterThan(0);
    expect(chars).toBeLessThan(added.mock.calls[0]?.[0].length ?? 0);
    added.mockRestore();
  }
});

test('a slice is one short text told once, and the first of them are the shortest', () => {
  const [added, told] = [vi.spyOn(HeardText.prototype, 'addText'), vi.spyOn(HeardText.prototype, 'heardAt')];
  const slices = [...heardTextSlices()];
  for (const slice of slices) slice();
  const lengths = added.mock.calls.map(([text]) => text.length);
  expect(told).toHaveBeenCalledTimes(slices.length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(80);
  expect(Math.max(...lengths.slice(0, 4))).toBeLessThanOrEqual(12);
});

test('whatever else there is to do gets its turn between two slices', async () => {
  const told = vi.spyOn(HeardText.prototype, 'heardAt');
  const most = { slices: 0, before: 0 };
  let turn: NodeJS.Immediate | undefined;
  const count = (): void => {
    most.slices = Math.max(most.slices, told.mock.calls.length - most.before);
    most.before = told.mock.calls.length;
    turn = setImmediate(count);
  };
  turn = setImmediate(count);
  await warmUpHeardText(new AbortController().signal);
  clearImmediate(turn);
  expect(told.mock.calls.length).toBeGreaterThan(50);
  expect(most.slices).toBe(1);
});

test('it ends when the connector stops', async () => {
  const told = vi.spyOn(HeardText.prototype, 'heardAt');
  const stop = new AbortController();
  const warm = warmUpHeardText(stop.signal);
  stop.abort();
  await warm;
  expect(told.mock.calls.length).toBe(1);
});
