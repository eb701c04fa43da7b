import { describe, expect, test } from 'vitest';
import type { TurnDecision } from '../../../src/call/turns/turn-decision.js';
import { defaultTurnTakingTimes, type InterruptionOptions, TurnTaking } from '../../../src/call/turns/turn-taking.js';
import { defaultInterruptionOptions } from '../../support/call-policies.js';

/** Feeds frames of 20 ms; returns the decisions that were not `undefined`, with the frame they came at. */
function feed(turns: TurnTaking, voiced: boolean, ms: number, stirring = false): [number, TurnDecision][] {
  const decisions: [number, TurnDecision][] = [];
  for (let atMs = 20; atMs <= ms; atMs += 20) {
    const decision = turns.onFrame(voiced, stirring);
    if (decision) decisions.push([atMs, decision]);
  }
  return decisions;
}

/** By length alone. */
const lengthAlone: Partial<InterruptionOptions> = { backchannels: [] };

function silent(options: Partial<InterruptionOptions> = lengthAlone): TurnTaking {
  const turns = new TurnTaking({ ...defaultInterruptionOptions, ...options });
  turns.setInterruptible(true);
  return turns;
}

function speaking(options: Partial<InterruptionOptions> = lengthAlone): TurnTaking {
  const turns = silent(options);
  turns.onAgentStarted();
  return turns;
}

/** A session that is known to transcribe while the caller speaks. */
function transcribing(options: Partial<InterruptionOptions> = {}): TurnTaking {
  const turns = silent(options);
  turns.onVoiceStarted(60);
  turns.onWords({ count: 1, backChannel: false, final: false });
  turns.onVoiceStopped();
  turns.onAgentStarted();
  return turns;
}

const said = (count: number, final = false) => ({ count, backChannel: false, final });
const murmured = (final = false) => ({ count: 1, backChannel: true, final });

describe('while the agent is silent', () => {
  test('speech is a turn, over when the detector says so', () => {
    const turns = silent();
    expect(turns.onVoiceStarted(60)).toBe('accept');
    expect(turns.turnOpen).toBe(true);
    expect(feed(turns, true, 1000)).toEqual([]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('a first sign of speech is nothing', () => {
    expect(feed(silent(), false, 200, true)).toEqual([]);
  });
});

describe('a first sign of speech while the agent speaks', () => {
  test('pauses; speech makes an onset of it, without a second pause', () => {
    const turns = speaking();
    expect(feed(turns, false, 40, true)).toEqual([[20, 'pause']]);
    expect(turns.pending).toBe(false);
    expect(turns.onVoiceStarted(80)).toBeUndefined();
    expect(turns.pending).toBe(true);
    expect(feed(turns, true, 300, true)).toEqual([[180, 'interrupt']]);
  });

  test('releases when the sound is over', () => {
    const turns = speaking();
    expect(feed(turns, false, 100, true)).toEqual([[20, 'pause']]);
    expect(feed(turns, false, 100)).toEqual([[20, 'release']]);
  });

  test('releases after 500 ms of sound that is no speech, and does not pause for the same sound again', () => {
    expect(feed(speaking(), false, 3000, true)).toEqual([
      [20, 'pause'],
      [520, 'release'],
    ]);
  });

  test('pauses no more where it came to nothing twice, until that was a while ago', () => {
    const turns = speaking();
    const knock = () => [...feed(turns, false, 40, true), ...feed(turns, false, 960)].map(([, decision]) => decision);
    expect(knock()).toEqual(['pause', 'release']);
    expect(knock()).toEqual(['pause', 'release']);
    expect(knock()).toEqual([]);
    feed(turns, false, 4000);
    expect(knock()).toEqual(['pause', 'release']);
  });

  test('is forgotten when the agent falls silent, the caller is cut off, or a digit comes', () => {
    const ends = [
      (turns: TurnTaking) => turns.onAgentStopped(),
      (turns: TurnTaking) => turns.onCutOff(),
      (turns: TurnTaking) => (turns.onInterruptedOtherwise() ? undefined : 'release'),
    ];
    for (const end of ends) {
      const turns = speaking();
      feed(turns, false, 40, true);
      expect(end(turns)).toBe('release');
      expect(feed(turns, false, 1000)).toEqual([]);
    }
  });

  test('pauses nothing that cannot be interrupted', () => {
    const turns = speaking();
    turns.setInterruptible(false);
    expect(feed(turns, false, 200, true)).toEqual([]);
  });
});

describe('an onset while the agent speaks, judged by its length', () => {
  test('pauses; 250 ms of voice interrupt, and the words become a turn', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60)).toBe('pause');
    expect(feed(turns, true, 400)).toEqual([[200, 'interrupt']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a short sound resumes 500 ms after its onset, not before 360 ms without voice', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    expect(feed(turns, false, 600)).toEqual([[440, 'resume']]);
  });

  test('a cough resumes after 500 ms and is no turn', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60)).toBe('pause');
    expect(feed(turns, true, 100)).toEqual([]);
    expect(feed(turns, false, 400)).toEqual([[360, 'resume']]);
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('an onset that ends before its verdict resumes', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    expect(turns.onVoiceStopped()).toBe('resume');
  });

  test('voice that goes on is not rejected while it does', () => {
    const turns = speaking({ minSpeechMs: 800, backchannels: [] });
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 600)).toEqual([]);
    expect(feed(turns, false, 600)).toEqual([[360, 'resume']]);
  });

  test('a sound as long as "okay" resumes; a longer one interrupts', () => {
    const turns = speaking({});
    turns.onVoiceStarted(60);
    feed(turns, true, 500);
    expect(feed(turns, false, 600)).toEqual([[360, 'resume']]);
    turns.onVoiceStopped();
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 800)).toEqual([[560, 'interrupt']]);
  });

  test('the stops inside words count, the pauses between sounds do not', () => {
    const turns = speaking({});
    turns.onVoiceStarted(60);
    feed(turns, true, 240);
    feed(turns, false, 160);
    expect(feed(turns, true, 400)).toEqual([[160, 'interrupt']]);
    const other = speaking({});
    other.onVoiceStarted(60);
    feed(other, true, 240);
    feed(other, false, 180);
    expect(feed(other, true, 400)).toEqual([[320, 'interrupt']]);
  });

  test('nor does what stirred before the onset lengthen that', () => {
    const turns = speaking({ minSpeechMs: 60_000 });
    expect(feed(turns, false, 140, true)).toEqual([[20, 'pause']]);
    turns.onVoiceStarted(60);
    // Held since the first of seven frames: 120 ms, of which the onset knows 60.
    expect(feed(turns, true, 9000)).toEqual([[defaultTurnTakingTimes.undecidedMs - 120, 'resume']]);
  });

  test('nothing stays undecided for longer than 3 s, and a sound without end pauses once', () => {
    const turns = speaking({ minSpeechMs: 60_000 });
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 9000)).toEqual([[defaultTurnTakingTimes.undecidedMs - 60, 'resume']]);
    feed(turns, false, 200);
    expect(feed(turns, true, 100)).toEqual([[60, 'renew']]);
  });

  test('a caller who goes on after a rejected onset has a new one, and what was said before counts', () => {
    const turns = speaking({});
    turns.onVoiceStarted(60);
    feed(turns, true, 240);
    expect(feed(turns, false, 460)).toEqual([[360, 'resume']]);
    expect(feed(turns, true, 60)).toEqual([[60, 'renew']]);
    expect(turns.runAgeMs).toBe(60);
    expect(feed(turns, true, 400)).toEqual([[260, 'interrupt']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a caller who goes on after a rejected onset, with the agent silent by then, has a turn', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    feed(turns, false, 460);
    expect(turns.onAgentStopped()).toBeUndefined();
    expect(feed(turns, true, 240)).toEqual([]);
    expect(feed(turns, true, 400)).toEqual([[20, 'late-turn']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('the agent that begins in a late turn is talked over like any other', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    feed(turns, false, 460);
    turns.onAgentStopped();
    feed(turns, true, 300);
    turns.onAgentStarted();
    expect(feed(turns, true, 400)).toEqual([[260, 'talk-over']]);
  });

  test('voice that was there before the agent began interrupts only after 250 ms of its own', () => {
    const turns = silent();
    turns.onVoiceStarted(60);
    feed(turns, true, 1000);
    turns.onAgentStarted();
    expect(feed(turns, true, 260)).toEqual([[260, 'talk-over']]);
  });

  test('a run of voice bridges gaps of 160 ms, a longer gap begins a new one', () => {
    const bridged = silent();
    bridged.onVoiceStarted(60);
    bridged.onAgentStarted();
    feed(bridged, true, 200);
    feed(bridged, false, 160);
    expect(feed(bridged, true, 100)).toEqual([[60, 'talk-over']]);
    const broken = silent();
    broken.onVoiceStarted(60);
    broken.onAgentStarted();
    feed(broken, true, 200);
    feed(broken, false, 180);
    expect(broken.runAgeMs).toBe(0);
    expect(feed(broken, true, 240)).toEqual([]);
    expect(broken.runAgeMs).toBe(240);
  });

  test('an agent that finishes while an onset is pending leaves a plain turn, and says so', () => {
    const turns = speaking();
    expect(turns.onVoiceStarted(60)).toBe('pause');
    expect(turns.onAgentStopped()).toBe('accept-resumed');
    expect(turns.onAgentStopped()).toBeUndefined();
    expect(turns.pending).toBe(false);
    expect(feed(turns, true, 600)).toEqual([]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('what cannot be interrupted is not, and the caller has a turn', () => {
    const turns = speaking();
    turns.setInterruptible(false);
    expect(turns.onVoiceStarted(60)).toBe('accept');
    expect(feed(turns, true, 2000)).toEqual([]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('a digit that interrupts ends a pending onset', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    expect(turns.onInterruptedOtherwise()).toBe(true);
    expect(turns.onInterruptedOtherwise()).toBe(false);
    expect(feed(turns, false, 1000)).toEqual([]);
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('speech that goes on after a digit is a turn after all', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    turns.onInterruptedOtherwise();
    expect(feed(turns, true, 400)).toEqual([[260, 'late-turn']]);
  });
});

describe('an onset that is transcribed while it lasts', () => {
  test('words that are no back-channel interrupt at once', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 100);
    expect(turns.onWords(said(1))).toBe('interrupt');
    expect(turns.turnOpen).toBe(true);
  });

  test('a back-channel resumes once it is over, however long it took', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 500);
    expect(turns.onWords(murmured())).toBeUndefined();
    expect(feed(turns, true, 500)).toEqual([]);
    expect(feed(turns, false, 200)).toEqual([[180, 'resume']]);
  });

  test('a back-channel that is known to be all resumes at once', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 300);
    feed(turns, false, 180);
    expect(turns.onWords(murmured(true))).toBe('resume');
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('"okay" with more behind it is an interruption', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 500);
    turns.onWords(murmured());
    expect(turns.onWords(said(3))).toBe('interrupt');
  });

  test('speech that goes on for long after the back-channel in it interrupts without more words', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 300);
    turns.onWords(murmured());
    expect(feed(turns, true, 800)).toEqual([[620, 'interrupt']]);
  });

  test('words are waited for until 500 ms after the sound', () => {
    const turns = transcribing();
    turns.onVoiceStarted(60);
    feed(turns, true, 300);
    expect(feed(turns, false, 480)).toEqual([]);
    expect(feed(turns, false, 60)).toEqual([[20, 'resume']]);
  });

  test('with a minimum of words, length alone interrupts nobody', () => {
    const turns = transcribing({ minWords: 2 });
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 1000)).toEqual([]);
    expect(turns.onWords(said(1))).toBeUndefined();
    expect(turns.onWords(said(2))).toBe('interrupt');
  });

  test('a minimum of words means nothing to a session that never transcribes in time', () => {
    const turns = speaking({ minWords: 2 });
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 1000)).toEqual([[560, 'interrupt']]);
  });

  test('a transcript without words says nothing', () => {
    const turns = speaking({});
    turns.onVoiceStarted(60);
    expect(turns.onWords(said(0, true))).toBeUndefined();
    feed(turns, true, 300);
    expect(feed(turns, false, 400)).toEqual([[360, 'resume']]);
  });
});

describe('words that come after their onset was rejected', () => {
  function rejected(): TurnTaking {
    const turns = speaking({});
    turns.onVoiceStarted(60);
    feed(turns, true, 240);
    feed(turns, false, 500);
    return turns;
  }

  test('interrupt', () => {
    const turns = rejected();
    turns.onVoiceStopped();
    feed(turns, false, 1000);
    expect(turns.onWords(said(1, true))).toBe('missed-interrupt');
    expect(turns.onWords(said(1, true))).toBeUndefined();
    expect(turns.turnOpen).toBe(false);
  });

  test('are a turn when the agent is silent by then', () => {
    const turns = rejected();
    turns.onVoiceStopped();
    turns.onAgentStopped();
    expect(turns.onWords(said(2, true))).toBe('missed-turn');
  });

  test('interrupt where the caller is speaking still, and end with that', () => {
    const turns = rejected();
    expect(turns.onWords(said(1))).toBe('late-interrupt');
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('are nothing if they are a back-channel, too few, or late by more than 5 s', () => {
    const turns = rejected();
    turns.onVoiceStopped();
    expect(turns.onWords(murmured(true))).toBeUndefined();
    const few = speaking({ minWords: 3 });
    few.onVoiceStarted(60);
    feed(few, true, 240);
    feed(few, false, 500);
    few.onVoiceStopped();
    expect(few.onWords(said(2, true))).toBeUndefined();
    feed(turns, false, 5000);
    expect(turns.onWords(said(2, true))).toBeUndefined();
  });

  test('are nothing for speech that was accepted', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    feed(turns, true, 300);
    turns.onVoiceStopped();
    turns.onAgentStarted();
    expect(turns.onWords(said(4, true))).toBeUndefined();
  });
});

describe("a flavor's own onset", () => {
  test('pauses like the host\u2019s; the host\u2019s detector, when it follows, judges', () => {
    const turns = speaking();
    expect(turns.onFlavorHeard()).toBe('pause');
    expect(turns.heardByFlavorAlone).toBe(true);
    expect(feed(turns, true, 60)).toEqual([]);
    expect(turns.onVoiceStarted(120)).toBeUndefined();
    expect(turns.heardByFlavorAlone).toBe(false);
    expect(feed(turns, true, 200)).toEqual([[140, 'interrupt']]);
  });

  test('is rejected after 500 ms in which the host heard no voice, and is over with that', () => {
    const turns = speaking();
    feed(turns, false, 1000);
    turns.onFlavorHeard();
    expect(feed(turns, false, 600)).toEqual([[500, 'resume']]);
    expect(turns.callerSpeaking).toBe(false);
  });

  test('is a turn while the agent is silent', () => {
    const turns = silent();
    expect(turns.onFlavorHeard()).toBe('accept');
    expect(turns.onVoiceStopped()).toBe('end-turn');
  });

  test('that comes after the host\u2019s is nothing new', () => {
    const turns = speaking();
    turns.onVoiceStarted(60);
    expect(turns.onFlavorHeard()).toBeUndefined();
    expect(turns.heardByFlavorAlone).toBe(false);
  });
});

describe('the echo guard', () => {
  const guarded = { backchannels: [], echoGuardMs: 400 };

  test('a sound that ends within it after the agent began interrupts nobody and is no turn', () => {
    const turns = speaking(guarded);
    expect(turns.onVoiceStarted(60)).toBeUndefined();
    expect(turns.pending).toBe(true);
    expect(feed(turns, true, 200, true)).toEqual([]);
    expect(feed(turns, false, 300)).toEqual([[200, 'dismiss']]);
    expect(turns.onVoiceStopped()).toBeUndefined();
  });

  test('a sound that outlasts it pauses then, and interrupts', () => {
    const turns = speaking(guarded);
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 600)).toEqual([
      [400, 'pause'],
      [420, 'interrupt'],
    ]);
  });

  test('after the agent has stopped, a sound that outlasts it is a turn, and one that does not is none', () => {
    const turns = speaking(guarded);
    feed(turns, false, 1000);
    turns.onAgentStopped();
    turns.onVoiceStarted(60);
    expect(feed(turns, true, 600)).toEqual([[400, 'accept']]);
    expect(turns.onVoiceStopped()).toBe('end-turn');
    turns.onAgentStarted();
    turns.onAgentStopped();
    turns.onVoiceStarted(60);
    feed(turns, true, 100);
    expect(turns.onVoiceStopped()).toBe('dismiss');
  });

  test('a first sign of speech pauses nothing within it', () => {
    const turns = speaking(guarded);
    expect(feed(turns, false, 300, true)).toEqual([]);
    feed(turns, false, 100);
    expect(feed(turns, false, 40, true)).toEqual([[20, 'pause']]);
  });

  test('voice that was there before the agent began waits for its end', () => {
    const turns = silent(guarded);
    turns.onVoiceStarted(60);
    turns.onAgentStarted();
    expect(feed(turns, true, 500)).toEqual([[400, 'talk-over']]);
  });
});
