import { expect, test } from 'vitest';
import { TurnLedger } from '../../src/call/turn-ledger.js';

test('v2v runs from the last voiced packet received to the first audible packet sent', () => {
  const ledger = new TurnLedger(1000);
  ledger.onVoicedFrame(2000);
  ledger.onVoicedFrame(2500);
  ledger.onEndOfTurn(3000);
  ledger.onResponseAudio('a', 3050);
  ledger.onResponseStarted('a', 3060);
  expect(ledger.onResponseVoiced('a', 3080)).toBe(580);
  ledger.onResponseEnded('a', 4060, 1000, false, 'hi');
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
  ledger.onResponseEnded('greeting', 100, 80, false);
  expect(ledger.turns()[0]?.v2vMs).toBeUndefined();
});

test('a second response to the same words has no latency of its own', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onResponseAudio('a', 200);
  ledger.onResponseAudio('b', 300);
  expect(ledger.onResponseVoiced('a', 210)).toBe(110);
  expect(ledger.onResponseVoiced('b', 310)).toBeUndefined();
});

test('stages the flavor reports stand in the turn they belong to', () => {
  const ledger = new TurnLedger(0);
  ledger.onVoicedFrame(100);
  ledger.onTiming({ endOfTurnMs: 210, transcriptMs: 250, firstTokenMs: 400 });
  ledger.onResponseAudio('a', 600);
  ledger.onResponseStarted('a', 610);
  ledger.onResponseVoiced('a', 610);
  ledger.onResponseEnded('a', 900, 290, false);
  expect(ledger.turns()[0]?.stages).toEqual({
    endOfTurnMs: 210,
    transcriptMs: 250,
    firstTokenMs: 400,
    firstAudioMs: 500,
    playoutMs: 10,
  });
});

test('a response that never reached the wire is no turn', () => {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('a', 10);
  ledger.onResponseEnded('a', 20, 0, true);
  expect(ledger.turns()).toEqual([]);
});

test('a barge-in is timed by acknowledgements, whichever of verdict and silence comes first', () => {
  const ledger = new TurnLedger(0);
  ledger.onSilenceCommanded(1000, 1090);
  expect(ledger.onSilent(1100)).toBe(10);
  ledger.onVerdict(false);
  ledger.onSilenceCommanded(5000, 5080);
  ledger.onVerdict(true);
  ledger.onSilent(5085);
  expect(ledger.bargeIns()).toEqual([
    { onsetMs: 1000, onsetToPauseMs: 100, decisionToSilenceMs: 10, resumed: false },
    { onsetMs: 5000, onsetToPauseMs: 85, decisionToSilenceMs: 5, resumed: true },
  ]);
});
