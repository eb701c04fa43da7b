import { expect, test } from 'vitest';
import { AgentSpeech } from '../../../src/call/speech/agent-speech.js';

const speech = () => new AgentSpeech({ encoding: 'mulaw', sampleRate: 8000 });

test('late audio of a flushed response is dropped', () => {
  const agent = speech();
  expect(agent.onAudio('a', new Uint8Array(160))).toBe(true);
  expect(agent.onEnded('a', 'interrupted', 20)?.report.state).toBe('interrupted');
  expect(agent.onAudio('a', new Uint8Array(160))).toBe(false);
  agent.onText('a', 'too late', 0);
  expect(agent.onEnded('a', 'finished', 40)).toBeUndefined();
});

test('audio-done for what was never announced, or a second one, is nothing', () => {
  const agent = speech();
  expect(agent.onDone('a')).toBe(false);
  agent.onAudio('a', new Uint8Array(160));
  expect(agent.onDone('a')).toBe(true);
  expect(agent.onDone('a')).toBe(false);
});

test('the start of a response is reported while it is open, and of no other', () => {
  const agent = speech();
  expect(agent.onStarted('a')).toBeUndefined();
  agent.onAudio('a', new Uint8Array(160));
  expect(agent.onStarted('a')).toMatchObject({ responseId: 'a', state: 'started', heardMs: 0 });
  agent.onEnded('a', 'finished', 20);
  expect(agent.onStarted('a')).toBeUndefined();
});

test('audio after audio-done is dropped', () => {
  const agent = speech();
  agent.onAudio('a', new Uint8Array(160));
  expect(agent.onDone('a')).toBe(true);
  expect(agent.onAudio('a', new Uint8Array(160))).toBe(false);
});

const unheard = (responseId: string) => ({
  responseId,
  state: 'interrupted',
  heardMs: 0,
  heardText: '',
  heardChars: 0,
});

test('a response of text alone is reported unheard', () => {
  const agent = speech();
  agent.onText('a', 'never spoken', 0);
  expect(agent.takeUnheard()).toEqual([]);
  expect(agent.onDone('a')).toBe(false);
  expect(agent.takeUnheard()).toEqual([{ report: unheard('a'), text: 'never spoken', current: true }]);
  expect(agent.takeUnheard()).toEqual([]);
  expect(agent.isOver('a')).toBe(true);
});

test('a response of empty audio was never played', () => {
  const agent = speech();
  expect(agent.onAudio('a', new Uint8Array(0))).toBe(false);
  expect(agent.onDone('a')).toBe(false);
  expect(agent.takeUnheard()).toEqual([{ report: unheard('a'), text: '', current: true }]);
});

test('an unheard response is reported after those that were announced before it', () => {
  const agent = speech();
  agent.onAudio('a', new Uint8Array(160));
  agent.onText('b', 'never spoken', 0);
  agent.onDone('b');
  expect(agent.takeUnheard()).toEqual([]);
  agent.onEnded('a', 'finished', 20);
  expect(agent.takeUnheard().map(({ report }) => report.responseId)).toEqual(['b']);
});

test('a flush leaves nothing of what was announced: its audio, should it come, is dropped', () => {
  const agent = speech();
  agent.onText('a', 'announced', 0);
  agent.dropUnplayed();
  expect(agent.onAudio('a', new Uint8Array(160))).toBe(false);
  expect(agent.takeUnheard().map(({ report }) => report.responseId)).toEqual(['a']);
  expect(agent.onAudio('b', new Uint8Array(160))).toBe(true);
});

test('at the end whatever has no report gets it, exactly once', () => {
  const agent = speech();
  agent.onText('a', 'announced', 0);
  agent.onAudio('b', new Uint8Array(160));
  expect(agent.closeAll().map(({ report }) => report)).toEqual([unheard('a'), unheard('b')]);
  expect(agent.closeAll()).toEqual([]);
  expect(agent.onEnded('b', 'interrupted', 20)).toBeUndefined();
});

test('an id is remembered for a thousand responses', () => {
  const agent = speech();
  for (let index = 0; index <= 1000; index += 1) {
    agent.onAudio(`r${index}`, new Uint8Array(160));
    agent.onEnded(`r${index}`, 'finished', 20);
  }
  expect(agent.onAudio('r1', new Uint8Array(160))).toBe(false);
  expect(agent.onAudio('r0', new Uint8Array(160))).toBe(true);
});

test('heard text follows the milliseconds that left the socket', () => {
  const agent = speech();
  agent.onText('a', 'one ', 0);
  agent.onText('a', 'two', 500);
  agent.onAudio('a', new Uint8Array(8000));
  agent.onDone('a');
  expect(agent.onEnded('a', 'interrupted', 600)).toEqual({
    report: { responseId: 'a', state: 'interrupted', heardMs: 600, heardText: 'one', heardChars: 3 },
    text: 'one two',
    current: true,
  });
});

test('a finished response was heard to its last word, whatever rounding says', () => {
  const agent = speech();
  agent.onText('a', 'one two', 0);
  agent.onAudio('a', new Uint8Array(8000));
  agent.onDone('a');
  expect(agent.onEnded('a', 'finished', 999)?.report).toMatchObject({ heardMs: 999, heardText: 'one two' });
});

test('a session that takes over ends what its forerunner said, and hears nothing of it', () => {
  const agent = speech();
  agent.onAudio('a', new Uint8Array(160));
  agent.onText('b', 'announced', 0);
  agent.onAudio('c', new Uint8Array(160));
  agent.onDone('c');
  expect(agent.beginSession({ encoding: 'pcm16', sampleRate: 24_000 })).toEqual(['a']);
  expect(agent.onAudio('a', new Uint8Array(160))).toBe(false);
  agent.onAudio('d', new Uint8Array(4800));
  agent.onText('d', 'one two', 0);
  agent.onDone('d');
  expect(agent.onStarted('a')).toBeUndefined();
  expect(agent.onEnded('a', 'finished', 20)).toMatchObject({ current: false });
  expect(agent.takeUnheard()).toMatchObject([{ report: unheard('b'), current: false }]);
  expect(agent.onEnded('c', 'finished', 20)).toMatchObject({ current: false });
  expect(agent.onStarted('d')).toMatchObject({ responseId: 'd' });
  expect(agent.onEnded('d', 'interrupted', 99)).toMatchObject({ report: { heardText: 'one' }, current: true });
});

test('what others say just now is history for a session, its own words are not', () => {
  const speech = new AgentSpeech({ encoding: 'mulaw', sampleRate: 8000 });
  speech.onText('own', 'Hello.', undefined);
  speech.onAudio('own', new Uint8Array(800));
  speech.onHostSpeech('host/1', 'One moment.', new Uint8Array(800));
  expect(speech.saidByOthers()).toMatchObject([{ responseId: 'host/1', heardText: 'One moment.' }]);
  speech.beginSession({ encoding: 'mulaw', sampleRate: 8000 });
  expect(speech.saidByOthers().map((item) => item.role === 'agent' && item.text)).toEqual(['Hello.', 'One moment.']);
});
