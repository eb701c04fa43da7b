import { expect, test } from 'vitest';
import { EnergyGate, levelDb } from '../../src/audio/energy-gate.js';

const FRAME_MS = 20;

function tone(amplitude: number): Int16Array {
  return Int16Array.from({ length: 160 }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * 300 * i) / 8_000)));
}

/** How many of `frames` frames of that amplitude are let through. */
function passed(gate: EnergyGate, amplitude: number, frames: number): number {
  let count = 0;
  for (let i = 0; i < frames; i += 1) if (gate.process(tone(amplitude), FRAME_MS)) count += 1;
  return count;
}

test('levels are in dBFS', () => {
  expect(levelDb(new Int16Array(160))).toBe(-100);
  expect(levelDb(new Int16Array(160).fill(-32_768))).toBeCloseTo(0, 5);
  expect(levelDb(tone(3_277))).toBeCloseTo(-23, 0);
});

test('digital silence and the hum of a line are kept out, a voice is let through at once', () => {
  const gate = new EnergyGate();
  expect(passed(gate, 0, 100)).toBe(0);
  expect(passed(gate, 20, 200)).toBe(0);
  expect(passed(gate, 1_500, 10)).toBe(10);
  expect(passed(gate, 20, 10)).toBe(0);
});

test('steady noise is learnt, and a voice above it still heard', () => {
  const gate = new EnergyGate();
  passed(gate, 400, 320);
  expect(passed(gate, 400, 300)).toBe(0);
  expect(passed(gate, 3_000, 20)).toBe(20);
});

test('an open gate stays open for what is a little quieter', () => {
  const gate = new EnergyGate({ aboveNoiseDb: 12, minLevelDb: -60 });
  passed(gate, 100, 320);
  expect(passed(gate, 250, 5)).toBe(0);
  expect(passed(gate, 600, 5)).toBe(5);
  expect(passed(gate, 250, 5)).toBe(5);
});
