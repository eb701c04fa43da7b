import { expect, test } from 'vitest';
import { SpeechMeasure } from '../../../src/call/turns/speech-measure.js';

function push(measure: SpeechMeasure, voiced: boolean, ms: number): void {
  for (let elapsed = 0; elapsed < ms; elapsed += 20) measure.push(voiced);
}

test('short gaps belong to what is active, long ones end a run', () => {
  const measure = new SpeechMeasure(160);
  measure.begin(60);
  push(measure, true, 100);
  push(measure, false, 160);
  push(measure, true, 40);
  expect(measure).toMatchObject({ voicedMs: 200, activeMs: 360, runMs: 140, runAgeMs: 300, gapMs: 0 });
  push(measure, false, 180);
  push(measure, true, 20);
  expect(measure).toMatchObject({ voicedMs: 220, activeMs: 380, runMs: 20, runAgeMs: 20 });
});

test('a stretch is at least as long as its detector says', () => {
  const measure = new SpeechMeasure(160);
  measure.begin(0);
  push(measure, true, 40);
  measure.atLeast(120);
  expect(measure).toMatchObject({ voicedMs: 120, activeMs: 120 });
  measure.atLeast(80);
  expect(measure).toMatchObject({ voicedMs: 120, activeMs: 120 });
});
