import { beforeEach, describe, expect, test } from 'vitest';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { brokenWire, TurnScene } from './turn-scene.js';

let scene: TurnScene;

function begun(options: ConstructorParameters<typeof TurnScene>[0] = {}): TurnScene {
  const made = new TurnScene(options);
  made.send({ type: 'started' });
  return made;
}

beforeEach(() => {
  scene = begun();
});

describe('the end of a turn', () => {
  test('comes a tenth of a second after a complete sentence', () => {
    scene.say('Yes.');
    scene.pass(99);
    expect(scene.of('turn')).toEqual([]);
    scene.pass(1);
    expect(scene.of('turn')).toMatchObject([{ turn: 1, text: 'Yes.', voicedUntilMs: 1_000 }]);
    expect(scene.of('begin')).toEqual([{ type: 'begin', id: 1, request: { kind: 'reply', to: 'caller' } }]);
    expect(scene.of('transcript').at(-1)).toEqual({ type: 'transcript', turn: 1, text: 'Yes.', final: true });
  });

  test('comes later where the words ask for more', () => {
    scene.say('I would like a table for');
    scene.pass(900);
    expect(scene.of('turn')).toEqual([]);
    scene.pass(200);
    expect(scene.of('turn')).toHaveLength(1);
  });

  test('does not come between the groups of a number', () => {
    for (const group of ['My number is 079.', '946.', '0123.']) {
      scene.say(group);
      scene.pass(800);
    }
    expect(scene.of('turn')).toEqual([]);
    scene.pass(1_000);
    expect(scene.of('turn')).toMatchObject([{ text: 'My number is 079. 946. 0123.' }]);
  });

  test('does not come while the caller is heard, however complete the sentence', () => {
    scene.talk();
    scene.words('Yes.');
    scene.pass(5_000);
    expect(scene.of('turn')).toEqual([]);
  });

  test('waits for a final that can hold the last words', () => {
    scene.talk();
    scene.words('I would like a table.');
    scene.pass(1_000);
    scene.hush();
    expect(scene.types()).toContain('finalize');
    scene.pass(600);
    scene.words('For four.');
    scene.pass(100);
    expect(scene.of('turn')).toMatchObject([{ text: 'I would like a table. For four.' }]);
  });

  test('comes with the words there are where a final never comes, and those count once', () => {
    scene.talk();
    scene.words('a table for four', false);
    scene.hush();
    scene.pass(1_500);
    expect(scene.of('turn')).toMatchObject([{ text: 'a table for four' }]);
    scene.words('A table for four.');
    scene.pass(10_000);
    expect(scene.of('turn')).toHaveLength(1);
    scene.say('Hello?');
    scene.pass(200);
    expect(scene.of('turn').at(-1)).toMatchObject({ text: 'Hello?' });
  });

  test('of a sound without words is none, and holds up nothing for long', () => {
    scene.talk();
    scene.hush();
    scene.send({ type: 'ask', request: { kind: 'reply', to: 'tools' } });
    expect(scene.of('begin')).toEqual([]);
    scene.pass(1_500);
    expect(scene.of('begin')).toHaveLength(1);
    expect(scene.of('turn')).toEqual([]);
  });

  test('comes with words of which no voice was heard', () => {
    scene.words('Hello?');
    scene.pass(100);
    expect(scene.of('turn')).toMatchObject([{ text: 'Hello?', voicedUntilMs: undefined }]);
  });

  test('is the recogniser’s where it knows, whatever the voice', () => {
    scene = begun({ endOfTurn: true });
    scene.talk();
    scene.words('I would like', false);
    scene.send({ type: 'end-of-turn', text: 'I would like a table.' });
    expect(scene.of('turn')).toMatchObject([{ text: 'I would like a table.' }]);
    expect(scene.of('begin')).toHaveLength(1);
  });

  test('comes without the recogniser where that has forgotten it', () => {
    scene = begun({ endOfTurn: true });
    scene.talk();
    scene.words('I would like a table.', false);
    scene.hush();
    scene.pass(6_000);
    expect(scene.of('turn')).toHaveLength(1);
  });
});

describe('a caller who goes on', () => {
  test('before anything of the answer was heard is answered once, on all of it', () => {
    scene.say('I would like a table.');
    scene.pass(200);
    scene.talk();
    expect(scene.of('withdraw')).toEqual([{ type: 'withdraw', id: 1, again: true }]);
    scene.pass(500);
    scene.hush();
    scene.words('For four.');
    scene.pass(2_000);
    expect(scene.of('turn').map(({ text }) => text)).toEqual(['I would like a table.', 'For four.']);
    expect(scene.of('begin')).toHaveLength(2);
  });

  test('is given longer after the next complete sentence', () => {
    scene.say('Yes.');
    scene.pass(200);
    scene.say('And no.');
    scene.pass(200);
    expect(scene.of('turn')).toHaveLength(1);
    scene.pass(400);
    expect(scene.of('turn')).toHaveLength(2);
  });

  test('and whose sentence was the end after all is given less again', () => {
    const patience: number[] = [];
    scene.say('Yes.');
    scene.pass(200);
    for (const text of ['And no.', 'Or both.']) {
      scene.say(text);
      const [before, fromMs] = [scene.of('turn').length, scene.nowMs];
      while (scene.of('turn').length === before) scene.pass(10);
      patience.push(scene.nowMs - fromMs);
      scene.send({ type: 'answer-emitted', id: scene.answering });
      scene.send({ type: 'answer-done', id: scene.answering });
    }
    // A tenth of a second, and 0.9 s by the share of sentences that were not the end: 0.4 of late, then 0.24.
    expect(patience).toEqual([460, 320]);
  });

  test.each([
    { pauseMs: 800, patienceMs: 1_280 },
    { pauseMs: 500, patienceMs: 800 },
    { pauseMs: 200, patienceMs: 600 },
  ])('after pauses of $pauseMs ms is given $patienceMs ms where the words ask for more', ({ pauseMs, patienceMs }) => {
    scene.say('I would like');
    scene.pass(pauseMs);
    scene.say('a table for');
    scene.pass(patienceMs - 1);
    expect(scene.of('turn')).toEqual([]);
    scene.pass(1);
    expect(scene.of('turn')).toMatchObject([{ text: 'I would like a table for' }]);
  });

  test('with a cough is answered all the same', () => {
    scene.say('I would like a table.');
    scene.pass(200);
    scene.talk();
    scene.pass(300);
    scene.hush();
    scene.pass(1_500);
    expect(scene.of('begin')).toHaveLength(2);
    expect(scene.of('turn')).toHaveLength(1);
  });

  test('does not take back an answer that has called a tool: the next one waits for it', () => {
    scene.say('Where is it?');
    scene.pass(200);
    scene.send({ type: 'answer-call', id: 1, call: { id: 'x', name: 'look_up', arguments: {} } });
    scene.say('My order, I mean.');
    scene.pass(500);
    expect(scene.of('withdraw')).toEqual([]);
    expect(scene.of('begin')).toHaveLength(1);
    scene.send({ type: 'answer-done', id: 1 });
    expect(scene.of('begin')).toHaveLength(2);
  });
});

describe('the host’s verdict', () => {
  beforeEach(() => {
    scene.say('Hi.');
    scene.pass(200);
    scene.send({ type: 'answer-emitted', id: 1 });
    scene.send({ type: 'answer-done', id: 1 });
    scene.send({ type: 'voice-started', positionMs: scene.nowMs });
    scene.words('mm-hm', false);
  });

  const reject = () => scene.send({ type: 'onset', verdict: 'rejected', positionMs: scene.nowMs });

  test('rejected: the words are told, so that it can be judged, and never answered', () => {
    scene.hush();
    reject();
    scene.words('Mm-hm.');
    scene.pass(4_000);
    expect(scene.of('transcript').at(-1)).toMatchObject({ turn: 2, final: false });
    expect(scene.of('turn')).toHaveLength(1);
    expect(scene.of('begin')).toHaveLength(1);
  });

  test('rejected: the words are no part of the next turn', () => {
    scene.hush();
    reject();
    scene.pass(1_000);
    scene.talk();
    scene.words('Mm-hm. What about Monday?');
    scene.hush();
    scene.words('');
    scene.pass(2_000);
    expect(scene.of('turn').at(-1)).toMatchObject({ turn: 3, text: 'What about Monday?' });
  });

  test('taken back: what was withheld counts', () => {
    const positionMs = scene.nowMs;
    scene.pass(300);
    scene.hush();
    reject();
    scene.words('Stop it, please.');
    scene.send({ type: 'voice-started', positionMs });
    scene.send({ type: 'onset', verdict: 'accepted', positionMs });
    scene.hush();
    scene.pass(2_000);
    expect(scene.of('turn').at(-1)).toMatchObject({ text: 'Stop it, please.' });
  });

  test('taken back: a turn that the recogniser has ended meanwhile is not waited for once more', () => {
    const ending = new TurnScene({ endOfTurn: true });
    ending.send({ type: 'started' });
    ending.send({ type: 'voice-started', positionMs: 0 });
    ending.pass(300);
    ending.hush();
    ending.pass(500);
    ending.send({ type: 'onset', verdict: 'rejected', positionMs: 0 });
    ending.words('Stop.');
    ending.send({ type: 'end-of-turn', text: 'Stop.' });
    // The host tells the whole stretch again.
    ending.send({ type: 'voice-started', positionMs: 0 });
    ending.send({ type: 'onset', verdict: 'accepted', positionMs: 0 });
    ending.send({ type: 'voice-stopped', positionMs: 300, voicedUntilMs: 300 });
    ending.pass(200);
    expect(ending.of('turn')).toMatchObject([{ text: 'Stop.' }]);
    expect(ending.of('begin')).toHaveLength(1);
  });

  test('taken back while the caller goes on: what the recogniser says next does not take the place of it', () => {
    const ending = new TurnScene({ endOfTurn: true });
    ending.send({ type: 'started' });
    ending.send({ type: 'voice-started', positionMs: 0 });
    ending.send({ type: 'onset', verdict: 'rejected', positionMs: 0 });
    ending.words('Stop.');
    ending.send({ type: 'end-of-turn', text: 'Stop.' });
    ending.send({ type: 'onset', verdict: 'accepted', positionMs: 0 });
    ending.pass(500);
    ending.words('I mean it.');
    ending.send({ type: 'end-of-turn', text: 'I mean it.' });
    expect(ending.of('turn')).toMatchObject([{ text: 'Stop. I mean it.' }]);
  });

  test('open: the turn that the recogniser has ended waits for it', () => {
    const { positionMs } = { positionMs: scene.nowMs };
    scene.send({ type: 'end-of-turn', text: 'Stop.' });
    expect(scene.of('turn')).toHaveLength(1);
    scene.send({ type: 'onset', verdict: 'accepted', positionMs });
    expect(scene.of('turn')).toHaveLength(2);
  });
});

describe('an interruption', () => {
  beforeEach(() => {
    scene.say('Hi.');
    scene.pass(200);
  });

  test('ends the answer, and nothing is asked for before it is known what was heard', () => {
    scene.send({ type: 'answer-emitted', id: 1 });
    scene.send({ type: 'interrupt', owed: true, unsettled: true });
    expect(scene.of('withdraw')).toEqual([{ type: 'withdraw', id: 1, again: false }]);
    scene.words('Stop.');
    scene.pass(200);
    expect(scene.of('begin')).toHaveLength(1);
    scene.send({ type: 'settled' });
    expect(scene.of('begin')).toHaveLength(2);
  });

  test('whose report never comes holds up the next answer for a second', () => {
    scene.send({ type: 'answer-emitted', id: 1 });
    scene.send({ type: 'interrupt', owed: true, unsettled: true });
    scene.words('Stop.');
    scene.pass(999);
    expect(scene.of('begin')).toHaveLength(1);
    scene.pass(1);
    expect(scene.of('begin')).toHaveLength(2);
  });

  test('by the host drops what waits', () => {
    scene.send({ type: 'ask', request: { kind: 'words', text: 'One moment.' } });
    scene.send({ type: 'interrupt', owed: false, unsettled: false });
    scene.pass(3_000);
    expect(scene.of('begin')).toHaveLength(1);
    expect(scene.state.active).toBeUndefined();
  });
});

describe('an early start', () => {
  const call = { id: 'x', name: 'look_up', arguments: {} };

  test('on the recogniser’s word: used where the words are the same', () => {
    scene = begun({ endOfTurn: true, eager: true });
    scene.talk();
    scene.send({ type: 'eager-end-of-turn', text: 'A table.' });
    expect(scene.of('begin')).toMatchObject([{ on: 'A table.' }]);
    scene.send({ type: 'answer-call', id: 1, call });
    expect(scene.of('run-tool')).toEqual([]);
    scene.send({ type: 'end-of-turn', text: 'A table.' });
    expect(scene.types().slice(-2)).toEqual(['turn', 'confirm']);
    expect(scene.of('confirm')).toEqual([{ type: 'confirm', id: 1, calls: [call] }]);
    expect(scene.of('turn')).toMatchObject([{ speculative: 'hit' }]);
    expect(scene.of('begin')).toHaveLength(1);
  });

  test('is withdrawn when the caller goes on, its tools with it', () => {
    scene = begun({ endOfTurn: true, eager: true });
    scene.talk();
    scene.send({ type: 'eager-end-of-turn', text: 'A table.' });
    scene.send({ type: 'answer-call', id: 1, call });
    scene.send({ type: 'turn-resumed' });
    expect(scene.of('withdraw')).toEqual([{ type: 'withdraw', id: 1, again: true }]);
    scene.send({ type: 'end-of-turn', text: 'A table for four.' });
    expect(scene.of('turn')).toMatchObject([{ speculative: 'miss' }]);
    expect(scene.of('begin').at(-1)).toEqual({ type: 'begin', id: 2, request: { kind: 'reply', to: 'caller' } });
    expect(scene.of('run-tool')).toEqual([]);
  });

  test('is off unless it is asked for', () => {
    scene = begun({ endOfTurn: true });
    scene.send({ type: 'eager-end-of-turn', text: 'A table.' });
    expect(scene.of('begin')).toEqual([]);
  });

  test('uses the time of patience where the recogniser knows of no end', () => {
    scene = begun({ eager: true });
    scene.say('I would like');
    expect(scene.of('begin')).toMatchObject([{ on: 'I would like' }]);
    scene.say('a table.');
    scene.pass(100);
    expect(scene.of('turn')).toMatchObject([{ text: 'I would like a table.', speculative: 'hit' }]);
    expect(scene.of('confirm')).toEqual([{ type: 'confirm', id: 2, calls: [] }]);
  });

  test('gives way to what the host asks for', () => {
    scene = begun({ endOfTurn: true, eager: true });
    scene.send({ type: 'eager-end-of-turn', text: 'A table.' });
    scene.send({ type: 'ask', request: { kind: 'words', text: 'One moment.' } });
    expect(scene.of('withdraw')).toHaveLength(1);
    expect(scene.state.active?.request.kind).toBe('words');
  });
});

describe('requests', () => {
  test('wait for the call to be answered', () => {
    scene = new TurnScene();
    scene.send({ type: 'ask', request: { kind: 'words', text: 'Hello!' } });
    expect(scene.of('begin')).toEqual([]);
    scene.send({ type: 'started' });
    expect(scene.of('begin')).toHaveLength(1);
  });

  test('are made one after the other', () => {
    scene.send({ type: 'ask', request: { kind: 'words', text: 'One.' } });
    scene.send({ type: 'ask', request: { kind: 'words', text: 'Two.' } });
    expect(scene.of('begin')).toHaveLength(1);
    scene.send({ type: 'answer-done', id: 1 });
    expect(scene.of('begin')).toHaveLength(2);
  });

  test('keys are one number, ended by a pause or #', () => {
    for (const key of '12') {
      scene.send({ type: 'keys', keys: key });
      scene.pass(500);
    }
    scene.pass(1_000);
    scene.send({ type: 'keys', keys: '3#' });
    expect(scene.of('keys').map(({ keys }) => keys)).toEqual(['12', '3#']);
  });
});

describe('a failure', () => {
  test('that may pass is tried again, from where the answer broke off', () => {
    scene.say('Hi.');
    scene.pass(200);
    scene.send({ type: 'answer-failed', id: 1, error: brokenWire });
    scene.pass(250);
    expect(scene.of('begin').at(-1)?.request).toEqual({ kind: 'reply', to: 'caller' });
    scene.send({ type: 'answer-emitted', id: 2 });
    scene.send({ type: 'answer-failed', id: 2, error: brokenWire });
    scene.pass(250);
    expect(scene.of('begin').at(-1)?.request).toEqual({ kind: 'go-on' });
    scene.send({ type: 'answer-failed', id: 3, error: brokenWire });
    expect(scene.types().at(-1)).toBe('fail');
  });

  test('to read one answer does not end it: a page of a proxy is not the last word of a server', () => {
    scene.say('Hi.');
    scene.pass(200);
    const error = new FlavorError('ERR_FLAVOR_PROTOCOL', 'a page', false);
    for (const id of [1, 2, 3]) {
      expect(scene.of('fail')).toEqual([]);
      scene.send({ type: 'answer-failed', id, error });
      scene.pass(250);
    }
    expect(scene.of('fail')).toEqual([{ type: 'fail', error }]);
  });

  test('that will not pass ends it', () => {
    scene.say('Hi.');
    scene.pass(200);
    const error = new FlavorError('ERR_FLAVOR_AUTH', 'no', false);
    scene.send({ type: 'answer-failed', id: 1, error });
    expect(scene.of('fail')).toEqual([{ type: 'fail', error }]);
  });
});
