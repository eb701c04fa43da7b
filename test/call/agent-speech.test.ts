import { expect, test } from 'vitest';
import { AgentSpeech } from '../../src/call/agent-speech.js';

const speech = () => new AgentSpeech(8); // mu-law: 8 bytes a millisecond

test('late audio of a flushed response is dropped', () => {
  const agent = speech();
  expect(agent.onAudio('a', 160)).toBe(true);
  expect(agent.onEnded('a', 'interrupted', 20)?.state).toBe('interrupted');
  expect(agent.onAudio('a', 160)).toBe(false);
  agent.onText('a', 'too late', 0);
  expect(agent.onEnded('a', 'finished', 40)).toBeUndefined();
});

test('audio after audio-done is dropped', () => {
  const agent = speech();
  agent.onAudio('a', 160);
  expect(agent.onDone('a')).toEqual({ play: true });
  expect(agent.onAudio('a', 160)).toBe(false);
});

test('a response of text alone is reported unheard', () => {
  const agent = speech();
  agent.onText('a', 'never spoken', 0);
  expect(agent.onDone('a')).toEqual({
    play: false,
    report: { responseId: 'a', state: 'interrupted', heardMs: 0, heardText: '', heardChars: 0 },
  });
});

test('what was announced and never queued is settled exactly once', () => {
  const agent = speech();
  agent.onText('a', 'announced', 0);
  agent.onAudio('b', 160);
  expect(agent.closeUnplayed().map((report) => report.responseId)).toEqual(['a']);
  expect(agent.closeUnplayed()).toEqual([]);
});

test('heard text follows the milliseconds that left the socket', () => {
  const agent = speech();
  agent.onText('a', 'one ', 0);
  agent.onText('a', 'two', 500);
  agent.onAudio('a', 8000);
  agent.onDone('a');
  expect(agent.onEnded('a', 'interrupted', 600)).toEqual({
    responseId: 'a',
    state: 'interrupted',
    heardMs: 600,
    heardText: 'one',
    heardChars: 3,
  });
});
