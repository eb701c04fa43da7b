import { expect, test } from 'vitest';
import { FakeTurns } from '../../src/flavor-testkit/fake-turns.js';

function turns(agentSpeaks: boolean): { readonly said: string[]; step(voiced: boolean, frames: number): void } {
  const said: string[] = [];
  const fake = new FakeTurns({
    onStarted(onsetMs) {
      said.push(`started ${onsetMs}`);
      return agentSpeaks;
    },
    onStopped: (endMs) => said.push(`stopped ${endMs}`),
    onVerdict: (verdict, onsetMs, interrupts) => said.push(`${verdict} ${onsetMs}${interrupts ? ' interrupts' : ''}`),
    onEndOfTurn: () => said.push('end of turn'),
  });
  let positionMs = 0;
  return {
    said,
    step(voiced, frames) {
      for (let count = 0; count < frames; count += 1) {
        fake.step(voiced, positionMs);
        positionMs += 20;
      }
    },
  };
}

test('positions name the first and the last voiced sample, not the moment of the decision', () => {
  const { said, step } = turns(false);
  step(false, 5);
  step(true, 50);
  step(false, 50);
  expect(said).toEqual(['started 100', 'accepted 100', 'stopped 1100', 'end of turn']);
});

test('a pause within a turn does not end it', () => {
  const { said, step } = turns(false);
  step(true, 20);
  step(false, 20);
  step(true, 20);
  step(false, 40);
  expect(said.filter((each) => each === 'end of turn')).toHaveLength(1);
  expect(said.filter((each) => each.startsWith('started'))).toHaveLength(2);
});

test('speech over the agent is accepted after 250 ms', () => {
  const { said, step } = turns(true);
  step(true, 12);
  expect(said).toEqual(['started 0']);
  step(true, 1);
  expect(said).toEqual(['started 0', 'accepted 0 interrupts']);
});

test('a short sound over the agent is rejected and ends no turn', () => {
  const { said, step } = turns(true);
  step(true, 7);
  step(false, 60);
  expect(said).toEqual(['started 0', 'stopped 140', 'rejected 0 interrupts']);
});

test('a click is no onset', () => {
  const { said, step } = turns(false);
  step(true, 2);
  step(false, 60);
  expect(said).toEqual([]);
});
