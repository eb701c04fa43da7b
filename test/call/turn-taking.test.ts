import { describe, expect, test } from 'vitest';
import { type TurnDecision, TurnTaking } from '../../src/call/turn-taking.js';

/** Feeds frames of 20 ms; returns the decisions that were not `undefined`, with the frame they came at. */
function feed(turns: TurnTaking, voiced: boolean, ms: number): [number, TurnDecision][] {
  const decisions: [number, TurnDecision][] = [];
  for (let atMs = 20; atMs <= ms; atMs += 20) {
    const decision = turns.onFrame(voiced);
    if (decision) decisions.push([atMs, decision]);
  }
  return decisions;
}

describe('while the agent is silent', () => {
  test('speech is a turn, over when the detector says so', () => {
    const turns = new TurnTaking(true);
    expect(turns.onVoiceStarted(60, 60)).toBeUndefined();
    expect(turns.turnOpen).toBe(true);
    expect(feed(turns, true, 1000)).toEqual([]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
    expect(turns.onVoiceStopped()).toBeUndefined();
  });
});

describe('while the agent speaks', () => {
  function speaking(): TurnTaking {
    const turns = new TurnTaking(true);
    turns.onAgentStarted();
    return turns;
  }

  test('an onset pauses, 250 ms of voice interrupt, and the words become a turn', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60, 60)).toBe('pause');
    expect(feed(turns, true, 400)).toEqual([[200, 'interrupt']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a cough resumes after 500 ms and is no turn', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60, 60)).toBe('pause');
    expect(feed(turns, true, 100)).toEqual([]);
    expect(feed(turns, false, 400)).toEqual([[340, 'resume']]);
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('an onset that ends before its verdict resumes', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    expect(turns.onVoiceStopped()).toBe('resume');
  });

  test('a caller who goes on after a rejected onset does interrupt', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    feed(turns, false, 460);
    expect(turns.pending).toBe(false);
    expect(feed(turns, true, 300)).toEqual([[260, 'late-interrupt']]);
    expect(turns.runAgeMs).toBe(300);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a caller who goes on after a rejected onset, with the agent silent by then, has a turn', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    feed(turns, false, 460);
    expect(turns.onAgentStopped()).toBe(false);
    expect(feed(turns, true, 240)).toEqual([]);
    expect(feed(turns, true, 400)).toEqual([[20, 'late-turn']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('the agent that begins in a late turn is talked over like any other', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    feed(turns, false, 460);
    turns.onAgentStopped();
    feed(turns, true, 300);
    turns.onAgentStarted();
    expect(feed(turns, true, 400)).toEqual([[260, 'talk-over']]);
  });

  test('a run of voice bridges gaps of 120 ms, and its age counts them', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    feed(turns, false, 460);
    feed(turns, true, 200);
    feed(turns, false, 120);
    expect(feed(turns, true, 60)).toEqual([[60, 'late-interrupt']]);
    expect(turns.runAgeMs).toBe(380);
  });

  test('a longer gap begins a new run', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    feed(turns, false, 460);
    feed(turns, true, 200);
    feed(turns, false, 140);
    expect(turns.runAgeMs).toBe(0);
    expect(feed(turns, true, 240)).toEqual([]);
    expect(turns.runAgeMs).toBe(240);
  });

  test('voice that was there before the agent began interrupts only after 250 ms of its own', () => {
    const turns = new TurnTaking(true);
    turns.onVoiceStarted(60, 60);
    feed(turns, true, 1000);
    turns.onAgentStarted();
    expect(feed(turns, true, 260)).toEqual([[260, 'talk-over']]);
  });

  test('an agent that finishes while an onset is pending leaves a plain turn, and says so', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60, 60)).toBe('pause');
    expect(turns.onAgentStopped()).toBe(true);
    expect(turns.onAgentStopped()).toBe(false);
    expect(turns.pending).toBe(false);
    expect(feed(turns, true, 600)).toEqual([]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a bare echo is never interrupted', () => {
    const turns = new TurnTaking(false);
    turns.onAgentStarted();
    expect(turns.onVoiceStarted(60, 60)).toBeUndefined();
    expect(feed(turns, true, 2000)).toEqual([]);
  });

  test('a digit that interrupts ends a pending onset', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    expect(turns.onInterruptedOtherwise()).toBe(true);
    expect(turns.onInterruptedOtherwise()).toBe(false);
    expect(feed(turns, false, 1000)).toEqual([]);
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('speech that goes on after a digit is a turn after all', () => {
    const turns = speaking();
    turns.onVoiceStarted(60, 60);
    turns.onInterruptedOtherwise();
    expect(feed(turns, true, 400)).toEqual([[260, 'late-turn']]);
  });
});
