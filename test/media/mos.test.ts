import { expect, test } from 'vitest';
import { type CallQuality, estimateMos, estimateR, mosOfR } from '../../src/media/mos.js';

const perfect: CallQuality = { lossRatio: 0, jitterMs: 0, delayMs: 0 };

// G.107 Annex B, table B.1: lower limits of R and their MOS.
test.each([
  [90, 4.34],
  [80, 4.03],
  [70, 3.6],
  [60, 3.1],
  [50, 2.58],
])('R %d is MOS %d', (r, mos) => {
  expect(mosOfR(r)).toBeCloseTo(mos, 1);
  expect(Math.abs(mosOfR(r) - mos)).toBeLessThan(0.011);
});

test('the ends of the scale', () => {
  expect([mosOfR(-5), mosOfR(0), mosOfR(100), mosOfR(120)]).toEqual([1, 1, 4.5, 4.5]);
  expect(mosOfR(3)).toBe(1);
});

test('nothing lost and nothing late is the default of G.107: R 93.2, MOS 4.41', () => {
  expect(estimateR(perfect)).toBeCloseTo(93.2, 1);
  expect(estimateMos(perfect)).toBeCloseTo(4.41, 2);
});

// G.113 Appendix I: Ie,eff = 95 * Ppl / (Ppl + Bpl) with Bpl 25.1 (concealed).
test.each([
  [0.01, 3.64],
  [0.05, 15.78],
])('loss of %d, concealed, costs %d', (lossRatio, impairment) => {
  expect(estimateR(perfect) - estimateR({ ...perfect, lossRatio })).toBeCloseTo(impairment, 1);
});

test('delay costs little up to 150 ms and much beyond 300 ms', () => {
  const at = (delayMs: number): number => estimateR({ ...perfect, delayMs });
  expect(at(150)).toBeGreaterThan(86);
  expect(at(400)).toBeLessThan(70);
  for (let delayMs = 0; delayMs < 1000; delayMs += 10) expect(at(delayMs + 10)).toBeLessThanOrEqual(at(delayMs) + 1e-9);
});

test('jitter counts twice as delay', () => {
  expect(estimateR({ ...perfect, delayMs: 100, jitterMs: 50 })).toBe(estimateR({ ...perfect, delayMs: 200 }));
});

test('figures beyond reason stay on the scale', () => {
  for (const lossRatio of [-1, 0, 0.5, 1, 7]) {
    for (const delayMs of [-5, 0, 1e6]) {
      const mos = estimateMos({ ...perfect, lossRatio, delayMs, jitterMs: 1e4 });
      expect(mos).toBeGreaterThanOrEqual(1);
      expect(mos).toBeLessThanOrEqual(4.5);
    }
  }
});
