import { expect, test } from 'vitest';
import type { FlavorEvent } from '../../../src/flavor-api/index.js';
import { eventually } from '../../fakes/deepgram/scene.js';
import { callOf, Peer } from './peer.js';

function callOfTool(args: unknown, id = 'a'): object {
  return { type: 'FunctionCallRequest', functions: [{ id, name: 'f', arguments: args, client_side: true }] };
}

function textsOf(events: readonly FlavorEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'text' ? [event.text] : []));
}

test('settings that are said to be taken before they were sent are sent all the same', async () => {
  const peer = new Peer();
  peer.early = [{ type: 'SettingsApplied' }];
  await peer.listen();
  const { events } = await callOf(peer);
  expect(peer.ofType('Settings')).toHaveLength(1);
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'Hello.' });
  await eventually(() => textsOf(events)).toEqual(['Hello.']);
});

test('settings are sent once, however often a connection is welcomed', async () => {
  const peer = await new Peer().listen();
  peer.takes = false;
  const opening = callOf(peer);
  await eventually(() => peer.ofType('Settings').length).toBe(1);
  peer.say({ type: 'Welcome', request_id: 'r' });
  peer.say({ type: 'SettingsApplied' });
  const { session } = await opening;
  session.speak({ text: 'One moment please.' });
  await eventually(() => peer.ofType('InjectAgentMessage').length).toBe(1);
  expect(peer.ofType('Settings')).toHaveLength(1);
});

test('a goodbye that is still being said when its call wants no word is heard to its end, and nothing behind it', async () => {
  const peer = await new Peer().listen();
  const { session, events } = await callOf(peer);
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'Goodbye.' });
  peer.sound(800);
  peer.say(callOfTool('{}'));
  await eventually(() => events.some(({ type }) => type === 'tool-call')).toBe(true);
  session.onToolResult({ id: 'a', output: 'done', reply: false });
  peer.sound(160);
  peer.say({ type: 'AgentAudioDone' });
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'I hung up.' });
  peer.sound(480);
  peer.say({ type: 'AgentAudioDone' });
  peer.say({ type: 'ConversationText', role: 'user', content: 'Wait!' });
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'Yes?' });
  await eventually(() => textsOf(events)).toEqual(['Goodbye.', 'Yes?']);
  const heard = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length : 0), 0);
  expect(heard).toBe(960);
});

test('words that are refused while somebody speaks are told again', async () => {
  const peer = await new Peer().listen();
  const { session, events } = await callOf(peer);
  session.speak({ text: 'One moment please.' });
  await eventually(() => peer.ofType('InjectAgentMessage').length).toBe(1);
  peer.say({ type: 'InjectionRefused', message: 'The user is speaking.' });
  peer.say({ type: 'Warning', code: 'INJECT_AGENT_MESSAGE_DURING_USER_SPEECH', description: '' });
  await eventually(() => peer.ofType('InjectAgentMessage').length).toBe(2);
  expect(events).toEqual([]);
  peer.say({ type: 'Warning', code: 'PROMPT_TOO_LONG', description: '' });
  await eventually(() => events.map(({ type }) => type)).toEqual(['warning']);
});

test('arguments that come as the object they stand for are those of the call; of anything else the model is told', async () => {
  const peer = await new Peer().listen();
  const { events } = await callOf(peer);
  peer.say(callOfTool({ order: 7 }, 'a'));
  peer.say(callOfTool(7, 'b'));
  peer.say(callOfTool(undefined, 'c'));
  const called = (): readonly unknown[] =>
    events.flatMap((event) => (event.type === 'tool-call' ? [[event.id, event.arguments]] : []));
  await eventually(called).toEqual([
    ['a', { order: 7 }],
    ['c', {}],
  ]);
  await eventually(() => peer.ofType('FunctionCallResponse')).toMatchObject([
    { id: 'b', content: expect.stringContaining('no JSON object') },
  ]);
});

test('what the protocol does not have is a warning each, and the session lives', async () => {
  const peer = await new Peer().listen();
  const { events } = await callOf(peer);
  const wrong = [
    { type: 'ConversationText', role: 'system', content: 'Who am I?' },
    { type: 'ConversationText', role: 'user', content: 7 },
    { type: 'FunctionCallRequest', functions: {} },
    { type: 'FunctionCallRequest', functions: [{ id: '', name: 'f', arguments: '{}' }] },
    { type: 'FunctionCallCancelled' },
    { type: 'Unheard-of' },
    { no: 'type' },
  ];
  for (const message of wrong) peer.say(message);
  peer.sockets[0]?.send('[1');
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'Hello.' });
  await eventually(() => textsOf(events)).toEqual(['Hello.']);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.error.code] : []));
  // Empty words are none, and no fault.
  expect(warnings).toEqual(Array.from({ length: wrong.length }, () => 'ERR_FLAVOR_PROTOCOL'));
  expect(events.some(({ type }) => type === 'end')).toBe(false);
});
