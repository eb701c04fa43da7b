import { expect, test } from 'vitest';
import { TurnGate } from '../../../../flavors/openai-realtime/caller/turn-gate.js';

/** A gate that has heard a stretch from `fromMs` to `untilMs` and not its item. */
function heard(fromMs: number, untilMs: number, gate = new TurnGate()): TurnGate {
  gate.onSpeechStarted('item', fromMs);
  gate.onSpeechStopped('item', untilMs);
  return gate;
}

test('an onset belongs to a stretch that it touches, within a quarter of a second', () => {
  for (const [onsetMs, endMs, type] of [
    [500, 740, 'answer'],
    [500, 760, 'discard'],
    [2_240, 2_400, 'discard'],
    [2_260, 2_400, 'answer'],
  ] as const) {
    const gate = heard(1_000, 2_000);
    gate.onVoice('started', onsetMs);
    gate.onVoice('stopped', endMs);
    gate.onOnset('rejected', onsetMs);
    // Outside of it, it was no part of the stretch, which nobody has rejected then.
    expect(gate.onPresent('item', 2_500), `${onsetMs} to ${endMs}`).toEqual([{ type, itemId: 'item' }]);
  }
});

test('an onset that has not ended goes on', () => {
  const gate = heard(5_000, 6_000);
  gate.onVoice('started', 100);
  gate.onOnset('rejected', 100);
  expect(gate.onPresent('item', 6_500)).toEqual([{ type: 'discard', itemId: 'item' }]);
});

test('a verdict on an onset that was never announced counts', () => {
  const gate = heard(1_000, 2_000);
  gate.onOnset('rejected', 1_100);
  expect(gate.onPresent('item', 2_500)).toEqual([{ type: 'discard', itemId: 'item' }]);
});

test('a rejected onset that becomes a turn is one', () => {
  const gate = heard(1_000, 2_000);
  gate.onVoice('started', 1_000);
  gate.onOnset('rejected', 1_000);
  gate.onVoice('stopped', 1_500);
  gate.onVoice('started', 1_500);
  gate.onOnset('accepted', 1_500);
  expect(gate.onPresent('item', 2_500)).toEqual([{ type: 'answer', itemId: 'item' }]);
});

test('an item that was committed without a word about where it lies is a turn that ends there', () => {
  const gate = new TurnGate();
  gate.onVoice('started', 1_000);
  gate.onVoice('stopped', 2_400);
  gate.onOnset('rejected', 1_000);
  expect(gate.onPresent('other', 2_500)).toEqual([{ type: 'discard', itemId: 'other' }]);
});

test('speech is undecided from its beginning until it is complete and judged', () => {
  const gate = new TurnGate();
  expect(gate.undecided).toBe(false);
  heard(1_000, 2_000, gate);
  expect(gate.undecided).toBe(true);
  gate.onPresent('item', 2_500);
  expect(gate.undecided).toBe(false);
});
