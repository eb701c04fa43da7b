import { expect, test } from 'vitest';
import { TurnLedger } from '../../../src/call/turns/turn-ledger.js';

test('v2v runs from the last voiced packet received to the first audible packet sent', () => {
  const ledger = new TurnLedger(1000);
  ledger.onVoicedFrame(2000);
  ledger.onVoicedFrame(2500);
  ledger.onEndOfTurn(3000);
  ledger.onResponseAudio('a', 3050);
  ledger.onResponseStarted('a', 3060);
  expect(ledger.onResponseVoiced('a', 3080)).toEqual({
    v2vMs: 580,
    stages: { endOfTurnMs: 500, firstAudioMs: 550, playoutMs: 30 },
  });
  ledger.onResponseEnded({ responseId: 'a', atMs: 4060, sentMs: 1000, state: 'finished' }, 'hi');
  expect(ledger.turns()).toEqual([
    {
      v2vMs: 580,
      stages: { endOfTurnMs: 500, firstAudioMs: 550, playoutMs: 30 },
      interrupted: false,
      heardMs: 1000,
      startedMs: 2060,
      endedMs: 3060,
      heardText: 'hi',
    },
  ]);
});

test('a greeting answers nothing and has no latency', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('greeting', 10);
  ledger.onResponseStarted('greeting', 20);
  expect(ledger.onResponseVoiced('greeting', 20)).toBeUndefined();
  ledger.onResponseEnded({ responseId: 'greeting', atMs: 100, sentMs: 80, state: 'finished' });
  expect(ledger.turns()[0]?.v2vMs).toBeUndefined();
});

test('a second response to the same words has no latency of its own', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 200);
  ledger.onResponseAudio('b', 300);
  expect(ledger.onResponseVoiced('a', 210)).toMatchObject({ v2vMs: 110 });
  expect(ledger.onResponseVoiced('b', 310)).toBeUndefined();
});

test('stages the flavor reports stand in the turn they belong to', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onTiming({ endOfTurnMs: 210, transcriptMs: 250, firstTokenMs: 400, speculative: 'hit' });
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onResponseVoiced('a', 610);
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  expect(ledger.turns()[0]?.stages).toEqual({
    endOfTurnMs: 210,
    transcriptMs: 250,
    firstTokenMs: 400,
    firstAudioMs: 500,
    playoutMs: 10,
    speculative: 'hit',
  });
});

test('a response that never reached the wire is no turn', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('a', 10);
  ledger.onResponseEnded({ responseId: 'a', atMs: 20, sentMs: 0, state: 'interrupted' });
  expect(ledger.turns()).toEqual([]);
});

test('a barge-in is timed by acknowledgements, whichever of verdict and silence comes first', () => {
  const ledger = new TurnLedger(0);
  ledger.onSilenceCommanded(1000, 1090);
  expect(ledger.onSilent(1100)).toBeUndefined();
  expect(ledger.onVerdict(false)).toMatchObject({ decisionToSilenceMs: 10, resumed: false });
  expect(ledger.onVerdict(false)).toBeUndefined();
  ledger.onSilenceCommanded(5000, 5080);
  ledger.onVerdict(true);
  expect(ledger.onSilent(5085)).toMatchObject({ decisionToSilenceMs: 5, resumed: true });
  expect(ledger.bargeIns()).toEqual([
    { onsetMs: 1000, onsetToPauseMs: 100, decisionToSilenceMs: 10, resumed: false },
    { onsetMs: 5000, onsetToPauseMs: 85, decisionToSilenceMs: 5, resumed: true },
  ]);
});

test('stages that come after the audio they belong to stand in the same turn', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 600);
  ledger.onTiming({ endOfTurnMs: 210 });
  ledger.onTiming({ endOfTurnMs: 77 });
  ledger.onResponseStarted('a', 610);
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  ledger.onVoicedFrame(1000);
  ledger.onResponseAudio('b', 1500);
  ledger.onResponseStarted('b', 1510);
  ledger.onResponseEnded({ responseId: 'b', atMs: 1900, sentMs: 290, state: 'finished' });
  expect(ledger.turns().map(({ stages }) => stages.endOfTurnMs)).toEqual([210, 77]);
});

test('stages that come only once their answer is heard are its own', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onTiming({ endOfTurnMs: 210 });
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  expect(ledger.turns()[0]?.stages.endOfTurnMs).toBe(210);
});

test.each([
  ['not heard yet they are its own, the later ones', false, [77]],
  ['heard they are those of the turn after it', true, [210, 77]],
])('stages that come twice, before a response and in it: where it is %s', (_, heard, expected) => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onTiming({ endOfTurnMs: 210 });
  ledger.onResponseAudio('a', 600);
  if (heard) ledger.onResponseStarted('a', 610);
  ledger.onTiming({ endOfTurnMs: 77 });
  if (!heard) ledger.onResponseStarted('a', 610);
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  if (heard) {
    ledger.onVoicedFrame(1000);
    ledger.onResponseAudio('b', 1500);
    ledger.onResponseStarted('b', 1510);
    ledger.onResponseEnded({ responseId: 'b', atMs: 1900, sentMs: 290, state: 'finished' });
  }
  expect(ledger.turns().map(({ stages }) => stages.endOfTurnMs)).toEqual(expected);
});

test('stages that come while a greeting plays wait for the answer', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('greeting', 10);
  ledger.onResponseStarted('greeting', 20);
  ledger.onVoicedFrame(100);
  ledger.onTiming({ endOfTurnMs: 210 });
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  expect(ledger.turns()[0]?.stages.endOfTurnMs).toBe(210);
});

test('an end of turn that came after its answer had begun is not that of the next turn', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 300);
  ledger.onEndOfTurn(600);
  ledger.onVoicedFrame(5000);
  ledger.onResponseAudio('b', 5400);
  ledger.onResponseStarted('b', 5410);
  ledger.onResponseEnded({ responseId: 'b', atMs: 5900, sentMs: 490, state: 'finished' });
  expect(ledger.turns()[0]?.stages).toEqual({ firstAudioMs: 400 });
});

test('times count from the answer', () => {
  const ledger = new TurnLedger(0);
  ledger.onAnswered(1000);
  ledger.onResponseAudio('a', 1100);
  ledger.onResponseStarted('a', 1200);
  ledger.onResponseEnded({ responseId: 'a', atMs: 1900, sentMs: 700, state: 'finished' });
  expect(ledger.turns()[0]).toMatchObject({ startedMs: 200, endedMs: 900 });
});

test('what is flushed after the pause ended at the pause', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('a', 0);
  ledger.onResponseStarted('a', 10);
  ledger.onSilenceCommanded(500, 580);
  ledger.onSilent(585);
  ledger.onVerdict(false);
  ledger.onResponseEnded({ responseId: 'a', atMs: 760, sentMs: 575, state: 'interrupted' });
  expect(ledger.turns()[0]).toMatchObject({ endedMs: 585, interrupted: true });
});

test('what is flushed after a pause that was no interruption ended at the flush', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('a', 0);
  ledger.onResponseStarted('a', 10);
  ledger.onSilenceCommanded(500, 580);
  ledger.onVerdict(true);
  ledger.onSilent(585);
  ledger.onResponseEnded({ responseId: 'a', atMs: 760, sentMs: 575, state: 'interrupted' });
  expect(ledger.turns()[0]).toMatchObject({ endedMs: 760 });
});

test('a second command to be silent belongs to the first', () => {
  const ledger = new TurnLedger(0);
  ledger.onSilenceCommanded(1000, 1090);
  ledger.onSilenceCommanded(1200, 1290);
  ledger.onSilent(1100);
  expect(ledger.onVerdict(false)).toMatchObject({ onsetMs: 1000, decisionToSilenceMs: 10 });
});

test('stages of an answer that is over already wait for the next', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onResponseEnded({ responseId: 'a', atMs: 900, sentMs: 290, state: 'finished' });
  ledger.onTiming({ endOfTurnMs: 77 });
  ledger.onVoicedFrame(1000);
  ledger.onResponseAudio('b', 1500);
  ledger.onResponseStarted('b', 1510);
  ledger.onResponseEnded({ responseId: 'b', atMs: 1900, sentMs: 290, state: 'finished' });
  expect(ledger.turns()[1]?.stages.endOfTurnMs).toBe(77);
});

test('only the first audio of a response counts', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onVoicedFrame(620);
  ledger.onResponseAudio('a', 700);
  expect(ledger.onResponseVoiced('a', 640)).toMatchObject({ v2vMs: 540 });
  expect(ledger.onResponseVoiced('a', 660)).toBeUndefined();
});

test('an onset that is found more exactly while the agent is paused replaces the first guess, and no later one does', () => {
  const ledger = new TurnLedger(0);
  ledger.onOnsetFound(100);
  ledger.onSilenceCommanded(1000, 1005);
  ledger.onSilent(1010);
  ledger.onOnsetFound(960);
  expect(ledger.onVerdict(false)).toMatchObject({ onsetMs: 960, onsetToPauseMs: 50 });
  ledger.onSilenceCommanded(3000, 3005);
  ledger.onVerdict(true);
  ledger.onOnsetFound(2000);
  expect(ledger.onSilent(3010)).toMatchObject({ onsetMs: 3000 });
});

test('a voice that begins after the agent was paused for a first sign of it leaves no time below 0', () => {
  const ledger = new TurnLedger(0);
  ledger.onSilenceCommanded(1000, 1005);
  ledger.onSilent(1010);
  ledger.onOnsetFound(1090);
  expect(ledger.onVerdict(true)).toMatchObject({ onsetMs: 1005, onsetToPauseMs: 5, decisionToSilenceMs: 5 });
});

test('who made the audio of an answer, or was asked in vain, and why, stands in its turn, as often as that changed', () => {
  const ledger = new TurnLedger(0);
  const say = (id: string): void => {
    ledger.onResponseAudio(id, 10);
    ledger.onResponseStarted(id, 20);
  };
  ledger.onTier('a', { tier: 'desk', reason: 'first', left: 'ERR_FLAVOR_NETWORK' });
  ledger.onTier('a', { tier: 'laptop', reason: 'health' });
  say('a');
  ledger.onTier('a', { tier: 'gpu', reason: 'fail-over' });
  ledger.onResponseEnded({ responseId: 'a', atMs: 100, sentMs: 80, state: 'finished' });
  say('b');
  ledger.onResponseEnded({ responseId: 'b', atMs: 100, sentMs: 80, state: 'finished' });
  expect(ledger.turns().map(({ tiers }) => tiers)).toEqual([
    [
      { tier: 'desk', reason: 'first', left: 'ERR_FLAVOR_NETWORK' },
      { tier: 'laptop', reason: 'health' },
      { tier: 'gpu', reason: 'fail-over' },
    ],
    undefined,
  ]);
});

test('a flavor that names tiers without end fills no memory', () => {
  const ledger = new TurnLedger(0);
  for (let id = 0; id < 100; id += 1) ledger.onTier(`silent-${id}`, { tier: 'laptop', reason: 'first' });
  ledger.onResponseAudio('silent-0', 10);
  ledger.onResponseStarted('silent-0', 10);
  for (let change = 0; change < 100; change += 1)
    ledger.onTier('silent-0', { tier: 'x'.repeat(1_000), reason: 'load' });
  ledger.onResponseEnded({ responseId: 'silent-0', atMs: 100, sentMs: 80, state: 'finished' });
  const [turn] = ledger.turns();
  expect(turn?.tiers).toHaveLength(20);
  expect(turn?.tiers?.[0]?.tier).toHaveLength(64);
});

test('stages of a turn that got no answer stand in no later one', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  // The caller goes on before anything is heard, and one answer covers both turns.
  ledger.onTiming({ endOfTurnMs: 77 });
  for (const [id, atMs, endOfTurnMs] of [
    ['a', 1_000, 210],
    ['b', 3_000, 220],
  ] as const) {
    ledger.onVoicedFrame(atMs - 400);
    ledger.onResponseAudio(id, atMs);
    ledger.onTiming({ endOfTurnMs });
    ledger.onResponseStarted(id, atMs + 10);
    ledger.onResponseEnded({ responseId: id, atMs: atMs + 900, sentMs: 890, state: 'finished' });
  }
  expect(ledger.turns().map(({ stages }) => stages.endOfTurnMs)).toEqual([210, 220]);
});

test('what a flavor says of its times and is no time does not spoil the record', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  const wrong = { endOfTurnMs: Number.NaN, transcriptMs: -40, firstTokenMs: '400', speculative: 'perhaps' };
  ledger.onTiming(wrong as unknown as Parameters<TurnLedger['onTiming']>[0]);
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  expect(ledger.onResponseVoiced('a', 610)?.stages).toEqual({ transcriptMs: 0, firstAudioMs: 500, playoutMs: 10 });
});
