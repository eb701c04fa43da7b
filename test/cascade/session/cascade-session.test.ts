import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../../src/flavor-api/index.js';
import type { Reply } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt } from '../../fakes/cascade/scripted-stt.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { CascadeScene, type SceneOptions } from './cascade-scene.js';

async function started(options: SceneOptions = {}): Promise<CascadeScene> {
  const scene = await CascadeScene.open(options);
  scene.session.start();
  await scene.settle();
  return scene;
}

const LONG = 'Your order left us this morning, and it will be there on Friday. Is there anything else?';

describe('an answer', () => {
  test('is spoken clause by clause, with the text that was written and the moment each begins', async () => {
    const scene = await started({ script: () => ({ text: 'It costs **$5**. Shall I?' }) });
    await scene.converse('How much?');
    expect(scene.tts.pieces).toEqual(['It costs five dollars.', 'Shall I?']);
    expect(scene.of('text')).toEqual([
      { type: 'text', responseId: 'response-1', text: 'It costs **$5**.', atMs: 0 },
      { type: 'text', responseId: 'response-1', text: ' Shall I?', atMs: 1_320 },
    ]);
    expect(scene.of('audio-done')).toEqual([{ type: 'audio-done', responseId: 'response-1' }]);
    expect(scene.of('transcript').at(-1)).toMatchObject({ role: 'agent', text: 'It costs **$5**. Shall I?' });
  });

  test.each([
    [true, ['[laugh] Oh no, that is four.']],
    [false, ['Oh no, that is four.']],
  ])('has its signs for the voice where that takes them: %s', async (voiceSigns, pieces) => {
    const scene = await started({ tts: { voiceSigns }, script: () => ({ text: '[laugh] Oh no, that is 4.' }) });
    await scene.converse('Five?');
    expect(scene.tts.pieces).toEqual(pieces);
  });

  test('begins before the model has finished', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const scene = await started({ script: () => ({ text: 'Yes. Well, the rest takes a while.', hangs: true }) });
    await scene.converse('Hello?');
    expect(scene.of('audio').length).toBeGreaterThan(0);
    expect(scene.of('audio-done')).toEqual([]);
    open();
    await gate;
  });

  test('follows the words where the voice says when each begins', async () => {
    const scene = await started({ tts: { wordTimes: true }, script: () => ({ text: 'On Friday, sir.' }) });
    await scene.converse('When?');
    expect(scene.of('text').map(({ text }) => text)).toEqual(['On ', 'Friday, ', 'sir.']);
    expect(scene.of('text').map(({ atMs }) => atMs)).toEqual([0, 180, 660]);
  });

  test('is given to an engine of single requests two at a time, and the rest in as few as it takes', async () => {
    const scene = await started({
      tts: { text: 'sentence', manual: true },
      script: () => ({ text: 'One. Two. Three. Four. Five.' }),
    });
    await scene.converse('Count.');
    const [utterance] = scene.tts.utterances;
    expect(utterance?.pieces).toEqual(['One.', 'Two.']);
    utterance?.speakNext();
    utterance?.speakNext();
    await scene.settle();
    expect(utterance?.pieces).toEqual(['One.', 'Two.', 'Three. Four. Five.']);
    utterance?.speakNext();
    await scene.settle();
    expect(scene.said).toEqual(['One. Two. Three. Four. Five.']);
    expect(scene.of('audio-done')).toHaveLength(1);
  });

  test('has its timing reported, from the last voiced sample on', async () => {
    const scene = await started();
    scene.talk();
    await scene.pass(400);
    scene.hush();
    await scene.pass(200);
    scene.hear('Hello.');
    await scene.settle();
    await scene.pass(200);
    expect(scene.of('turn')).toEqual([
      {
        type: 'turn',
        turnId: 'turn-1',
        timing: { transcriptMs: 200, endOfTurnMs: 300, firstTokenMs: 300, firstAudioMs: 300 },
      },
    ]);
  });

  test('reports what was used', async () => {
    const scene = await started();
    await scene.converse('Hello.');
    scene.controller.abort();
    await scene.settle();
    expect(scene.of('usage').map(({ unit, quantity }) => `${quantity} ${unit}`)).toEqual([
      '7 output-tokens',
      '4 characters',
      '600 audio-ms',
    ]);
    expect(scene.events.at(-1)).toEqual({ type: 'end', reason: 'aborted' });
  });

  test('that the end of the call cuts off has been used as well', async () => {
    const scene = await started({ tts: { manual: true } });
    await scene.converse('Hello.');
    scene.controller.abort();
    await scene.settle();
    expect(scene.of('usage').map(({ unit }) => unit)).toContain('characters');
  });

  test('is not waited for by the end of the call where the recogniser does not say what it has used', async () => {
    const scene = await started();
    await scene.converse('Hello.');
    scene.stream.close = () => {};
    scene.stream.end = () => {};
    scene.controller.abort();
    await scene.settle();
    expect(scene.of('end')).toEqual([]);
    scene.clock.advance(400);
    await scene.settle();
    expect(scene.of('end')).toEqual([{ type: 'end', reason: 'aborted' }]);
    expect(scene.clock.pendingTimers).toBe(0);
  });
});

describe('what the caller heard', () => {
  test('is what the model is told of an interrupted answer', async () => {
    const scene = await started({ script: (_, number) => ({ text: number === 0 ? LONG : 'Sure.' }) });
    await scene.converse('Where is it?');
    scene.interrupt();
    await scene.settle();
    scene.hear('Stop.');
    await scene.pass(300);
    expect(scene.llm.requests).toHaveLength(1);
    scene.report('response-1', 'Your order left us '.length);
    await scene.settle();
    expect(scene.llm.requests.at(-1)?.messages).toEqual([
      { role: 'user', text: 'Where is it?' },
      { role: 'assistant', text: 'Your order left us', toolCalls: [] },
      { role: 'user', text: 'Stop.' },
    ]);
  });

  test('by an interruption that was no caller’s leaves nothing owed; by a caller’s, what was not begun is', async () => {
    for (const cause of ['api', 'speech'] as const) {
      const scene = await started({ tts: { manual: true } });
      await scene.converse('Where is it?');
      scene.interrupt(cause);
      await scene.pass(500);
      expect(scene.llm.requests).toHaveLength(cause === 'api' ? 1 : 2);
    }
  });

  test('stops the voice and the model at once', async () => {
    const scene = await started({ script: () => ({ text: LONG, hangs: true }) });
    await scene.converse('Where is it?');
    const before = scene.events.length;
    scene.interrupt();
    await scene.pass(500);
    expect(scene.tts.utterances[0]?.cancelled).toBe(true);
    expect(scene.llm.running).toBe(0);
    expect(scene.events.slice(before).filter(({ type }) => type === 'audio' || type === 'text')).toEqual([]);
  });

  test('of an answer that had been made to its end is cut as well', async () => {
    const scene = await started({ script: (_, number) => ({ text: number === 0 ? LONG : 'Sure.' }) });
    await scene.converse('Where is it?');
    expect(scene.of('audio-done')).toHaveLength(1);
    scene.interrupt();
    scene.report('response-1', 5);
    await scene.converse('What?');
    expect(scene.prompt).toContain('"Your"');
  });

  test('is at most what the host was given, where it never says', async () => {
    const scene = await started({
      script: (_, number) => (number === 0 ? { text: 'Your order left. It will', hangs: true } : { text: 'Sure.' }),
    });
    await scene.converse('Where is it?');
    scene.interrupt();
    scene.hear('Stop.');
    await scene.pass(1_500);
    expect(scene.llm.requests).toHaveLength(2);
    expect(scene.llm.requests.at(-1)?.messages[1]).toMatchObject({ text: 'Your order left.' });
  });

  test('is told to the letter, wherever the answer is interrupted', async () => {
    const random = new SeededRandom(7);
    const answer = 'It costs **$5**. That is, e.g. Dr. Who (the 2nd) paid 12.50, and so will you. Fine?';
    const scene = await started({ script: () => ({ text: answer }) });
    for (let turn = 1; turn <= 60; turn += 1) {
      await scene.converse(`Question ${turn}?`);
      const heardChars = random.integer(answer.length + 1);
      scene.interrupt();
      scene.report(`response-${turn}`, heardChars);
      await scene.settle();
      await scene.converse('Go on?');
      const told = JSON.stringify(scene.llm.requests.at(-1)?.messages.slice(-2));
      const heard = answer.slice(0, heardChars).trimEnd();
      if (heard === '') expect(told).toContain(`Question ${turn}?\\nGo on?`);
      else expect(scene.llm.requests.at(-1)?.messages.at(-2)).toMatchObject({ role: 'assistant', text: heard });
      turn += 1;
      scene.report(`response-${turn}`, 'all');
    }
  });

  test('of an answer that was about to begin is nothing: the host reports on none that it was not given', async () => {
    const scene = await started({ tts: { manual: true } });
    await scene.converse('Where is it?');
    scene.interrupt('api');
    await scene.converse('Hello?');
    expect(scene.llm.requests.at(-1)?.messages).toEqual([{ role: 'user', text: 'Where is it?\nHello?' }]);
  });

  test('leaves no trace of an answer that nobody heard', async () => {
    const scene = await started({ script: (_, number) => ({ text: number === 0 ? LONG : 'Sure.' }) });
    await scene.converse('Where is it?');
    scene.interrupt();
    scene.report('response-1', 0);
    await scene.converse('My order.');
    expect(scene.llm.requests.at(-1)?.messages).toEqual([{ role: 'user', text: 'Where is it?\nMy order.' }]);
  });

  test('reaches the model that takes a call over', async () => {
    const scene = await started({
      call: { history: [{ role: 'caller', turnId: 't', text: 'I am Ada.' }] },
    });
    await scene.converse('Who am I?');
    expect(scene.prompt).toContain('I am Ada.');
  });
});

describe('tools', () => {
  const toolThenText = (calls: number): SceneOptions => ({
    script: ({ messages }) =>
      messages.at(-1)?.role === 'tool'
        ? { text: 'On its way.' }
        : {
            text: 'One moment.',
            calls: Array.from({ length: calls }, (_, order) => ({
              id: 'call_0',
              name: 'look_up',
              arguments: { order },
            })),
          },
  });

  test('are called with an id of their own, and answered once when the last result is there', async () => {
    const scene = await started(toolThenText(2));
    await scene.converse('Where is it?');
    const ids = scene.of('tool-call').map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(scene.of('tool-call')[0]).toMatchObject({ responseId: 'response-1', arguments: { order: 0 } });
    scene.session.onToolResult({ id: ids[0] ?? '', output: { at: 'depot' }, reply: true });
    await scene.settle();
    expect(scene.llm.requests).toHaveLength(1);
    scene.session.onToolResult({ id: ids[1] ?? '', output: 'gone', reply: false });
    await scene.settle();
    expect(scene.llm.requests).toHaveLength(2);
    expect(scene.said).toEqual(['One moment.', 'On its way.']);
  });

  test('whose results want no reply get none', async () => {
    const scene = await started(toolThenText(1));
    await scene.converse('Goodbye.');
    scene.session.onToolResult({ id: scene.of('tool-call')[0]?.id ?? '', output: {}, reply: false });
    await scene.pass(3_000);
    expect(scene.llm.requests).toHaveLength(1);
  });

  test('whose result comes after an interruption are answered when the caller has finished', async () => {
    const scene = await started(toolThenText(1));
    await scene.converse('Where is it?');
    scene.interrupt();
    scene.report('response-1', 3);
    scene.talk();
    scene.session.onToolResult({ id: scene.of('tool-call')[0]?.id ?? '', output: 'depot', reply: true });
    await scene.pass(500);
    expect(scene.llm.requests).toHaveLength(1);
    scene.hush();
    scene.hear('Hurry up.');
    await scene.pass(300);
    expect(scene.llm.requests).toHaveLength(2);
    expect(scene.prompt).toContain('depot');
    expect(scene.prompt).toContain('Hurry up.');
  });

  test('whose result comes while the agent still speaks, and the caller has spoken, are told of once', async () => {
    const scene = await started({ ...toolThenText(1), tts: { manual: true } });
    await scene.converse('Where is it?');
    await scene.converse('And hurry.');
    await scene.pass(2_000);
    scene.session.onToolResult({ id: scene.of('tool-call')[0]?.id ?? '', output: 'depot', reply: true });
    scene.tts.utterances[0]?.speakNext();
    await scene.pass(500);
    expect(scene.prompt).toContain('depot');
    expect(scene.prompt).not.toContain('still running');
    const calls = scene.llm.requests.at(-1)?.messages.flatMap((one) => (one.role === 'assistant' ? one.toolCalls : []));
    expect(calls).toHaveLength(1);
  });

  test('with arguments that are none are not called, and the model is told', async () => {
    const scene = await started({
      script: (_, number) =>
        number === 0 ? { calls: [{ name: 'look_up', arguments: '{"order":' }] } : { text: 'Oh.' },
    });
    await scene.converse('Where is it?');
    expect(scene.of('tool-call')).toEqual([]);
    expect(scene.of('warning')).toHaveLength(1);
    expect(scene.prompt).toContain('no JSON object');
    expect(scene.said).toEqual(['Oh.']);
  });

  test('do not run for an answer that was only guessed at', async () => {
    const scene = await started({
      ...toolThenText(1),
      stt: { endOfTurn: true, eagerEndOfTurn: true },
      options: { turns: { ...eager } },
    });
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'Where is it?' });
    await scene.settle();
    expect(scene.llm.requests).toHaveLength(1);
    expect(scene.events.filter(({ type }) => type !== 'usage')).toEqual([]);
    scene.stream.emit({ type: 'end-of-turn', text: 'Where is it?' });
    await scene.settle();
    expect(scene.of('tool-call')).toHaveLength(1);
    expect(scene.of('turn')).toMatchObject([{ timing: { speculative: 'hit' } }]);
    expect(scene.said).toEqual(['One moment.']);
  });

  test('run for an answer that was begun early and says nothing else', async () => {
    const scene = await started({
      script: ({ messages }) =>
        messages.at(-1)?.role === 'tool' ? { text: 'On its way.' } : { calls: [{ name: 'look_up', arguments: {} }] },
      stt: { endOfTurn: true, eagerEndOfTurn: true },
    });
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'Where is it?' });
    await scene.settle();
    scene.stream.emit({ type: 'end-of-turn', text: 'Where is it?' });
    await scene.settle();
    const [call] = scene.of('tool-call');
    scene.session.onToolResult({ id: call?.id ?? '', output: 'gone', reply: true });
    await scene.settle();
    expect(scene.of('warning')).toEqual([]);
    expect(scene.said).toEqual(['On its way.']);
  });

  test('cannot be called round and round', async () => {
    const scene = await started({ script: () => ({ calls: [{ name: 'look_up', arguments: {} }] }) });
    await scene.converse('Where is it?');
    for (let round = 0; round < 12; round += 1) {
      const last = scene.of('tool-call').at(-1);
      if (last) scene.session.onToolResult({ id: last.id, output: round, reply: true });
      await scene.settle();
    }
    expect(scene.llm.requests.at(-1)?.mayCallTools).toBe(false);
  });

  test('may be called again in the next turn, also where its answer is begun early', async () => {
    const scene = await started({
      script: () => ({ calls: [{ name: 'look_up', arguments: {} }] }),
      stt: { endOfTurn: true, eagerEndOfTurn: true },
    });
    scene.stream.emit({ type: 'end-of-turn', text: 'Where is it?' });
    await scene.settle();
    for (let round = 0; round < 12; round += 1) {
      const last = scene.of('tool-call').at(-1);
      if (last) scene.session.onToolResult({ id: last.id, output: round, reply: true });
      await scene.settle();
    }
    expect(scene.llm.requests.at(-1)?.mayCallTools).toBe(false);
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'And the other?' });
    await scene.settle();
    expect(scene.llm.requests.at(-1)?.mayCallTools).toBe(true);
  });
});

const eager = {
  eager: true,
  fullStopMs: 100,
  openMs: 1_000,
  digitsMs: 1_500,
  mostMs: 2_500,
  finalTimeoutMs: 1_500,
  digitPauseMs: 1_500,
};

describe('an early answer', () => {
  const flux: SceneOptions = { stt: { endOfTurn: true, eagerEndOfTurn: true }, options: { turns: eager } };

  test('that was guessed wrong is never heard, and is told of as a miss', async () => {
    const scene = await started({
      ...flux,
      script: ({ messages }) => ({ text: JSON.stringify(messages).includes('four') ? 'Four.' : 'How many?' }),
    });
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'A table.' });
    await scene.settle();
    scene.stream.emit({ type: 'turn-resumed' });
    scene.stream.emit({ type: 'end-of-turn', text: 'A table for four.' });
    await scene.settle();
    expect(scene.said).toEqual(['Four.']);
    expect(scene.of('turn')).toMatchObject([{ timing: { speculative: 'miss' } }]);
    expect(scene.prompt).not.toContain('How many');
  });

  test('is begun by itself where the recogniser says that a turn is probably over, and not after another took over', async () => {
    const scene = await started({ stt: { endOfTurn: true, eagerEndOfTurn: true } });
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'A table.' });
    await scene.settle();
    expect(scene.llm.requests).toHaveLength(1);
    scene.stream.emit({
      type: 'taken-over',
      identity: scene.stt.identity,
      capabilities: new ScriptedStt().capabilities,
    });
    scene.talk();
    await scene.pass(400);
    scene.hush();
    scene.hear('A table for');
    await scene.pass(300);
    expect(scene.llm.requests).toHaveLength(1);
  });

  test('is not begun where only silence and words tell of the end, unless it is asked for', async () => {
    for (const [turns, requests] of [
      [undefined, 0],
      [eager, 1],
    ] as const) {
      const scene = await started({ options: turns ? { turns } : {} });
      scene.talk();
      await scene.pass(400);
      scene.hush();
      scene.hear('A table for');
      await scene.pass(300);
      expect(scene.llm.requests, `eager: ${turns?.eager ?? 'auto'}`).toHaveLength(requests);
    }
  });

  test('that failed leaves no trace, and the turn is answered all the same', async () => {
    const scene = await started({
      ...flux,
      script: (_, number) => (number === 0 ? { text: 'Gone. Or', error: dropped } : { text: 'Here.' }),
    });
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'A table.' });
    await scene.settle();
    scene.stream.emit({ type: 'end-of-turn', text: 'A table.' });
    await scene.pass(500);
    expect(scene.said).toEqual(['Here.']);
    expect(scene.llm.requests.at(-1)?.messages).toEqual([{ role: 'user', text: 'A table.' }]);
  });

  test('has the first word of its timing before the end of the turn', async () => {
    const scene = await started(flux);
    scene.talk();
    await scene.pass(400);
    scene.hush();
    await scene.pass(100);
    scene.hear('A table.', false);
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'A table.' });
    await scene.pass(300);
    scene.stream.emit({ type: 'end-of-turn', text: 'A table.' });
    await scene.settle();
    const timing = { transcriptMs: 120, firstTokenMs: 120, endOfTurnMs: 400, firstAudioMs: 400, speculative: 'hit' };
    expect(scene.of('turn')).toEqual([{ type: 'turn', turnId: 'turn-1', timing }]);
  });

  test('leaves the dialogue as if it had never been begun early', async () => {
    const scene = await started(flux);
    scene.stream.emit({ type: 'eager-end-of-turn', text: 'A table.' });
    await scene.settle();
    scene.stream.emit({ type: 'end-of-turn', text: 'A table.' });
    await scene.settle();
    scene.stream.emit({ type: 'end-of-turn', text: 'For four.' });
    await scene.settle();
    expect(scene.llm.requests.at(-1)?.messages).toEqual([
      { role: 'user', text: 'A table.' },
      { role: 'assistant', text: 'Yes.', toolCalls: [] },
      { role: 'user', text: 'For four.' },
    ]);
  });
});

describe('the host', () => {
  test('has the greeting said when the call is answered, word for word, and not before', async () => {
    const scene = await CascadeScene.open({ options: { greeting: 'Hello! This is Acme.' } });
    await scene.pass(500);
    expect(scene.events).toEqual([]);
    scene.session.start();
    await scene.settle();
    expect(scene.said).toEqual(['Hello! This is Acme.']);
  });

  test('remembers what it was saying when the caller spoke before what they said', async () => {
    const scene = await started({ tts: { manual: true }, options: { greeting: 'This is the shop.' } });
    scene.tts.utterances[0]?.speakNext(0.5);
    await scene.settle();
    await scene.converse('A table, please.');
    await scene.pass(1_000);
    scene.tts.utterances[0]?.speakNext();
    await scene.pass(200);
    expect(scene.llm.requests.at(-1)?.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', text: 'This is the shop.' },
      { role: 'user', text: 'A table, please.' },
    ]);
  });

  test('has words said, and replies along its lines, which are no part of the dialogue', async () => {
    const scene = await started();
    scene.session.speak({ text: 'Please hold.' });
    scene.session.speak({ instructions: 'Ask whether they are still there.' });
    await scene.settle();
    expect(scene.said).toEqual(['Please hold.', 'Yes.']);
    expect(scene.prompt).toContain('still there');
    await scene.converse('I am.');
    expect(scene.prompt).not.toContain('still there');
    expect(scene.prompt).toContain('Please hold. Yes.');
  });

  test('asks for what takes a tool: the answer to its result knows what for, until the caller speaks', async () => {
    const report: Reply = { calls: [{ name: 'look_up', arguments: {} }] };
    const scene = await started({ script: (_, number) => (number === 0 ? report : { text: 'Goodbye.' }) });
    scene.session.speak({ instructions: 'Report that nobody speaks, then say goodbye.' });
    await scene.settle();
    const order = { role: 'user', text: expect.stringContaining('then say goodbye') };
    const [call] = scene.of('tool-call');
    scene.session.onToolResult({ id: call?.id ?? '', output: 'done', reply: true });
    await scene.settle();
    expect(scene.llm.requests.map(({ messages }) => messages)).toEqual([
      [order],
      [
        order,
        { role: 'assistant', text: '', toolCalls: [expect.anything()] },
        { role: 'tool', results: [expect.anything()] },
      ],
    ]);
    expect(scene.said).toEqual(['Goodbye.']);
    await scene.converse('Wait, I am here.');
    expect(scene.prompt).toContain('done');
    expect(scene.prompt).not.toContain('then say goodbye');
  });

  test('asks for something that breaks off: the rest is made in the knowledge of it', async () => {
    const script = (_: unknown, number: number): Reply =>
      number === 0 ? { text: 'Goodbye. ', error: dropped } : { calls: [{ name: 'look_up', arguments: {} }] };
    const scene = await started({ script });
    scene.session.speak({ instructions: 'Say goodbye, then report.' });
    await scene.pass(500);
    expect(scene.llm.requests).toHaveLength(2);
    expect(scene.llm.requests.at(-1)?.messages).toMatchObject([
      { role: 'user', text: expect.stringContaining('then report') },
      { role: 'assistant', text: 'Goodbye.' },
      { role: 'user', text: expect.stringContaining('cut off') },
    ]);
    expect(scene.of('tool-call')).toHaveLength(1);
  });

  test('has words said aside, which nobody remembers', async () => {
    const scene = await started({ script: (_, number) => (number === 0 ? { hangs: true } : { text: 'So.' }) });
    await scene.converse('Where is it?');
    scene.session.speak({ text: 'One moment.', aside: true });
    await scene.settle();
    expect(scene.said).toEqual(['One moment.']);
    scene.interrupt('api');
    scene.report('aside-1', 'all');
    await scene.converse('Hello?');
    expect(scene.prompt).not.toContain('One moment');
  });

  test('is not needed to bridge a slow answer: a filler is said once its time has come, and nobody remembers it', async () => {
    const options = { filler: { text: 'Let me see.', afterMs: 1_000 } };
    const scene = await started({ options, script: (_, number) => (number === 0 ? { hangs: true } : { text: 'So.' }) });
    await scene.converse('Where is it?');
    await scene.pass(700);
    expect(scene.said).toEqual([]);
    await scene.pass(400);
    expect(scene.said).toEqual(['Let me see.']);
    scene.report('aside-1', 'all');
    await scene.converse('Hello?');
    await scene.pass(2_000);
    expect(scene.said).toEqual(['Let me see.', 'So.']);
    expect(scene.prompt).not.toContain('Let me see');
  });

  test('says no filler into what the agent is saying already', async () => {
    const options = { greeting: 'This is the shop. It is open.', filler: { text: 'Let me see.', afterMs: 1_000 } };
    const scene = await started({ options, tts: { manual: true }, script: () => ({ hangs: true }) });
    scene.tts.utterances[0]?.speakNext(0.5);
    await scene.settle();
    await scene.converse('A table, please.');
    await scene.pass(2_500);
    expect(scene.tts.utterances).toHaveLength(1);
    scene.tts.utterances[0]?.speakNext();
    scene.tts.utterances[0]?.speakNext();
    await scene.pass(2_500);
    expect(scene.tts.pieces.at(-1)).toBe('Let me see.');
  });

  test('says it behind an answer that was still being said when the caller went on', async () => {
    const options = { filler: { text: 'Let me see.', afterMs: 1_000 } };
    const script: SceneOptions['script'] = (_, number) => (number === 0 ? { text: LONG } : { hangs: true });
    const scene = await started({ options, tts: { manual: true }, script });
    await scene.converse('Where is it?');
    scene.tts.utterances[0]?.speakNext(0.5);
    await scene.settle();
    await scene.converse('And a table, please.');
    for (let pieces = 0; pieces < 4; pieces += 1) scene.tts.utterances[0]?.speakNext();
    await scene.pass(2_500);
    expect(scene.tts.pieces.at(-1)).toBe('Let me see.');
  });

  test('says no filler behind a reply that says nothing', async () => {
    const options = { filler: { text: 'Let me see.', afterMs: 1_000 } };
    const scene = await started({ options, script: () => ({ text: '' }) });
    await scene.converse('Goodbye.');
    await scene.pass(3_000);
    expect(scene.said).toEqual([]);
  });

  test('bridges the wait for tools itself, and an answer in time needs no filler', async () => {
    const options = { filler: { text: 'Let me see.', afterMs: 1_000 } };
    const scene = await started({ options, script: () => ({ calls: [{ name: 'look_up', arguments: {} }] }) });
    await scene.converse('Where is it?');
    await scene.pass(3_000);
    const other = await started({ options });
    await other.converse('Where is it?');
    await other.pass(3_000);
    expect([scene.said, other.said]).toEqual([[], ['Yes.']]);
  });

  test('drops an aside that has nothing left to bridge', async () => {
    const scene = await started({ tts: { manual: true } });
    scene.talk();
    await scene.pass(400);
    scene.hush();
    scene.hear('Hello?');
    await scene.pass(200);
    scene.session.speak({ text: 'One moment.', aside: true });
    scene.tts.utterances[0]?.speakNext();
    await scene.settle();
    expect(scene.tts.utterances[1]?.cancelled).toBe(true);
    expect(scene.said).toEqual(['Yes.']);
  });

  test('passes keys on as one number', async () => {
    const scene = await started();
    for (const key of '42') scene.session.onDtmf(key);
    await scene.pass(1_600);
    expect(scene.prompt).toContain('42');
    expect(scene.said).toEqual(['Yes.']);
  });

  test('changes the instructions; the beginning of the requests stays the same otherwise', async () => {
    const scene = await started({ options: { instructions: 'Be kind.' } });
    await scene.converse('One.');
    await scene.converse('Two.');
    expect(scene.llm.requests.map(({ system }) => system)).toEqual(['Be kind.', 'Be kind.']);
    await scene.session.update({ instructions: 'Be brief.', context: 'The caller is in arrears.' });
    await scene.converse('Three.');
    expect(scene.llm.requests.at(-1)?.system).toBe('Be brief.');
    expect(scene.prompt).toContain('arrears');
  });

  test('ends the session: everything is closed', async () => {
    const scene = await started({ script: () => ({ text: LONG, hangs: true }) });
    await scene.converse('Hello?');
    scene.controller.abort();
    await scene.settle();
    expect(scene.events.at(-1)).toEqual({ type: 'end', reason: 'aborted' });
    expect(scene.stt.listening).toEqual([]);
    expect(scene.tts.sessions).toBe(0);
    expect(scene.llm.running).toBe(0);
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('ends the session in the middle of a turn: nothing waits any more', async () => {
    const scene = await started();
    scene.hear('I would like a');
    scene.session.onDtmf('4');
    await scene.settle();
    scene.controller.abort();
    await scene.settle();
    expect(scene.clock.pendingTimers).toBe(0);
  });
});

describe('a stage that fails', () => {
  test('while the model speaks: the rest is asked for again, and what was said stands', async () => {
    const scene = await started({
      script: (_, number) =>
        number === 0 ? { text: 'Your order left. It will', error: dropped } : { text: 'It comes on Friday.' },
    });
    await scene.converse('Where is it?');
    await scene.pass(500);
    expect(scene.said).toEqual(['Your order left.', 'It comes on Friday.']);
    expect(scene.prompt).toContain('cut off');
    expect(scene.prompt).not.toContain('It will');
    expect(scene.of('warning')).toHaveLength(1);
  });

  test('before the model speaks: the same is asked again', async () => {
    const scene = await started();
    scene.llm.nextError = dropped;
    await scene.converse('Where is it?');
    await scene.pass(500);
    expect(scene.said).toEqual(['Yes.']);
    expect(scene.llm.requests[0]).toEqual(scene.llm.requests[1]);
  });

  test('for good: the session ends and says why', async () => {
    const scene = await started();
    scene.llm.nextError = new FlavorError('ERR_FLAVOR_AUTH', 'no', false);
    await scene.converse('Where is it?');
    expect(scene.events.at(-1)).toMatchObject({ type: 'end', reason: 'failed', error: { code: 'ERR_FLAVOR_AUTH' } });
  });

  test('by saying nothing: it is given up after its time, and once more, and then the session ends', async () => {
    const scene = await started({ script: () => ({ hangs: true }) });
    await scene.converse('Where is it?');
    await scene.pass(30_000);
    expect(scene.llm.requests).toHaveLength(3);
    expect(scene.events.at(-1)).toMatchObject({ reason: 'failed', error: { code: 'ERR_FLAVOR_TIMEOUT' } });
  });

  test('in the middle of speech: the voice says the rest', async () => {
    const scene = await started({ tts: { manual: true }, script: () => ({ text: 'One. Two. Three.' }) });
    await scene.converse('Count.');
    const [first] = scene.tts.utterances;
    first?.speakNext();
    first?.end(dropped);
    await scene.settle();
    const second = scene.tts.utterances[1];
    expect(second?.pieces).toEqual(['Two.', 'Three.']);
    second?.speakNext();
    second?.speakNext();
    await scene.settle();
    expect(scene.said).toEqual(['One. Two. Three.']);
    expect(scene.of('text').map(({ atMs }) => atMs)).toEqual([0, 240, 480]);
    expect(scene.of('audio-done')).toHaveLength(1);
  });

  test('behind all that it was given: while the model thinks, nothing is owed', async () => {
    const scene = await started({ tts: { manual: true }, script: () => ({ text: 'One. ', hangs: true }) });
    await scene.converse('Count.');
    scene.tts.utterances[0]?.speakNext();
    scene.tts.utterances[0]?.end(dropped);
    await scene.pass(6_000);
    expect(scene.of('warning').map(({ error }) => error)).toEqual([dropped]);
  });

  test('in the middle of words that were given, again and again: they are said to their end, and no model is asked', async () => {
    const scene = await started({ tts: { manual: true } });
    scene.session.speak({ text: 'This call is recorded. Press one for sales. Press two for help.' });
    await scene.settle();
    scene.tts.utterances[0]?.speakNext();
    scene.tts.utterances[0]?.end(dropped);
    await scene.settle();
    scene.tts.utterances[1]?.end(dropped);
    await scene.pass(400);
    expect(scene.tts.utterances[2]?.pieces.join(' ')).toBe('Press one for sales. Press two for help.');
    expect(scene.llm.requests).toEqual([]);
  });

  test('in the middle of a clause: the voice goes on with the word that was under way', async () => {
    const clause = 'The parcel left the depot in Leicester on Tuesday.';
    const scene = await started({ tts: { manual: true }, script: () => ({ text: `Well then. ${clause} Good.` }) });
    await scene.converse('Where is it?');
    const [first] = scene.tts.utterances;
    first?.speakNext();
    first?.speakNext(0.5);
    first?.end(dropped);
    await scene.settle();
    const [rest = '', ...more] = scene.tts.utterances[1]?.pieces ?? [];
    expect(more).toEqual(['Good.']);
    expect(clause.endsWith(rest)).toBe(true);
    // Half of it was said: nothing of the other half is lost, and little of the first is said again.
    expect(rest.length).toBeGreaterThanOrEqual(clause.length / 2);
    expect(rest.length).toBeLessThan(clause.length * 0.75);
    scene.tts.utterances[1]?.speakNext();
    scene.tts.utterances[1]?.speakNext();
    await scene.settle();
    expect(scene.said).toEqual([`Well then. ${clause} Good.`]);
  });

  test('in the middle of speech whose words are timed: they go on where they were', async () => {
    const scene = await started({
      tts: { manual: true, wordTimes: true },
      script: () => ({ text: 'One two. Three four.' }),
    });
    await scene.converse('Count.');
    scene.tts.utterances[0]?.speakNext();
    scene.tts.utterances[0]?.end(dropped);
    await scene.settle();
    scene.tts.utterances[1]?.speakNext();
    await scene.settle();
    expect(scene.of('text').map(({ text, atMs }) => `${atMs} ${text.trim()}`)).toEqual([
      '0 One',
      '240 two.',
      '480 Three',
      '840 four.',
    ]);
  });

  test('to hear: what was said meanwhile is kept, in memory of its own', async () => {
    const scene = await started({ stt: { manual: false, understands: () => 'Hello?' } });
    scene.stt.fault = 'server-error';
    scene.stream.end(dropped);
    await scene.settle();
    const data = new Uint8Array(160);
    for (let frame = 0; frame < 30; frame += 1) {
      data.fill(0x20);
      scene.session.write({ data, positionMs: frame * 20, concealed: false });
      data.fill(0xff);
    }
    scene.stt.fault = undefined;
    await scene.pass(1_500);
    expect(scene.of('transcript').at(-2)).toMatchObject({ role: 'caller', text: 'Hello?' });
  });

  test('to hear: it is opened again, and what was said meanwhile is heard', async () => {
    const scene = await started();
    scene.stream.end(dropped);
    await scene.settle();
    const frames = scene.stt.streams[0]?.frames;
    await scene.pass(100);
    expect(scene.stt.streams).toHaveLength(2);
    expect(scene.stt.streams[0]?.frames).toBe(frames);
    expect(scene.stream.frames).toBe(5);
    expect(scene.of('warning')).toHaveLength(1);
    await scene.converse('Hello?');
    expect(scene.said).toEqual(['Yes.']);
  });

  test('to hear: words that were told stand, and what the next stream says follows them', async () => {
    const scene = await started();
    scene.talk();
    await scene.pass(300);
    scene.hear('I would like', false);
    await scene.settle();
    scene.stream.end(dropped);
    await scene.pass(100);
    scene.hear('a table', false);
    scene.hush();
    scene.hear('a table for two.');
    await scene.pass(500);
    const [turn] = scene.of('transcript').filter(({ final }) => final);
    expect(turn?.text).toBe('I would like a table for two.');
    expect(scene.said).toEqual(['Yes.']);
  });

  test('to hear, where the recogniser ends turns: what it had told is of the turn that the next stream ends', async () => {
    const scene = await started({ stt: { endOfTurn: true } });
    scene.talk();
    await scene.pass(300);
    scene.hear('I would like', false);
    await scene.settle();
    scene.stream.end(dropped);
    await scene.pass(100);
    scene.hush();
    scene.hear('a table for two.');
    scene.stream.emit({ type: 'end-of-turn', text: 'a table for two.' });
    await scene.settle();
    expect(scene.of('transcript').find(({ final }) => final)?.text).toBe('I would like a table for two.');
  });

  test('to hear, where one that ends turns itself takes over: segments that were final are of the turn that it ends', async () => {
    const scene = await started();
    const { identity, capabilities } = scene.stt;
    scene.talk();
    await scene.pass(300);
    scene.hear('I would like');
    scene.hear('a', false);
    scene.stream.emit({ type: 'taken-over', identity, capabilities: { ...capabilities, endOfTurn: true } });
    scene.hear('a table for two.', false);
    scene.hush();
    scene.stream.emit({ type: 'end-of-turn', text: 'A table for two.' });
    await scene.settle();
    expect(scene.of('transcript').find(({ final }) => final)?.text).toBe('I would like A table for two.');
  });

  test('to hear, after another engine had taken over: turns end as the first engine ends them', async () => {
    const scene = await started();
    const { identity, capabilities } = scene.stt;
    scene.stream.emit({ type: 'taken-over', identity, capabilities: { ...capabilities, endOfTurn: true } });
    await scene.settle();
    scene.stream.end(dropped);
    await scene.pass(100);
    await scene.converse('Hello?');
    expect(scene.said).toEqual(['Yes.']);
  });

  test('to hear, again and again, ends the session', async () => {
    const scene = await started();
    scene.stt.fault = 'server-error';
    scene.stream.end(dropped);
    await scene.pass(3_000);
    expect(scene.events.at(-1)).toMatchObject({ reason: 'failed', error: { code: 'ERR_FLAVOR_NETWORK' } });
  });
});

describe('a long call', () => {
  test('has its oldest turns dropped, and summed up where that is wished', async () => {
    const scene = await started({
      options: { history: { maxTokens: 500, summarise: true } },
      script: ({ system }) => ({ text: system.includes('notes') ? 'Ada wants a table.' : 'Well, '.repeat(20) }),
    });
    for (let turn = 0; turn < 8; turn += 1)
      await scene.converse(`I am Ada, and this is number ${turn}. ${'Well? '.repeat(40)}`);
    await scene.pass(1_000);
    const dialogue = scene.llm.requests.filter(({ tools }) => tools.length > 0).at(-1);
    const told = JSON.stringify(dialogue?.messages);
    expect(told).not.toContain('number 0');
    expect(told).toContain('number 7');
    expect(told).toContain('in short: Ada wants a table.');
  });
});

test('a model that writes without end is stopped, and the call goes on', async () => {
  const scene = await started({
    tts: { msPerCharacter: 1 },
    script: (_, number) => ({ text: number === 0 ? 'x'.repeat(100_000) : 'Sure.' }),
  });
  await scene.converse('Hello.');
  for (let turn = 0; turn < 100 && scene.of('audio-done').length === 0; turn += 1) await scene.settle();
  expect(scene.said.join('').length).toBeLessThanOrEqual(40_000);
  expect(scene.of('warning').map(({ error }) => error.message)).toEqual(['the model writes without end']);
  expect(scene.llm.running).toBe(0);
  expect(scene.of('audio-done')).toHaveLength(1);
  scene.interrupt();
  scene.report('response-1', 10);
  await scene.converse('Stop.');
  expect(scene.said.at(-1)).toBe('Sure.');
});

test.each([
  ['length', 'ERR_FLAVOR_CONFIG', 'maxTokens'],
  ['refused', 'ERR_FLAVOR_PROTOCOL', 'declined'],
] as const)(
  'an answer that ends for "%s" is heard, and the operator learns why it is short',
  async (end, code, word) => {
    for (const text of ['Your order left us on', '']) {
      const scene = await started({ script: () => ({ text, end }) });
      await scene.converse('Where is it?');
      expect(scene.said.join('')).toBe(text);
      expect(scene.of('warning').map(({ error }) => error)).toMatchObject([
        { code, message: expect.stringContaining(word) },
      ]);
      expect(scene.of('end')).toEqual([]);
    }
  },
);

test('a voice that says that all was said, and made no sound, is asked twice for each of three answers', async () => {
  const scene = await started({ tts: { manual: true } });
  await scene.converse('Where is it?');
  for (let turn = 0; turn < 20; turn += 1) {
    scene.tts.utterances.at(-1)?.end();
    await scene.pass(500);
  }
  expect(scene.tts.utterances).toHaveLength(6);
  expect(scene.llm.requests).toHaveLength(3);
  expect(scene.of('text')).toEqual([]);
  expect(scene.events.at(-1)).toMatchObject({ reason: 'failed', error: { code: 'ERR_FLAVOR_PROTOCOL' } });
});

test('a voice that throws where it must not ends its session, and nothing else', async () => {
  const scene = await started();
  const broken = {
    push: (): never => {
      throw new Error('a fault of its own');
    },
  };
  Object.assign(scene.tts.utterances, broken);
  expect(() => scene.session.speak({ text: 'Hello.' })).not.toThrow();
  await scene.settle();
  expect(scene.events.at(-1)).toMatchObject({ type: 'end', reason: 'failed', error: { code: 'ERR_FLAVOR_PROTOCOL' } });
  expect(scene.clock.pendingTimers).toBe(0);
});
