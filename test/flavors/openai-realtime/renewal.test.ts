import { expect, test } from 'vitest';
import type { ConversationItem } from '../../../src/flavor-api/index.js';
import { TestCall } from './call.js';

const MINUTE_MS = 60_000;

async function pass(call: TestCall, ms: number): Promise<void> {
  call.clock.advance(ms);
  await call.settle();
}

test('before its longest duration a session moves to another, which knows the dialogue', async () => {
  const history: ConversationItem[] = [{ role: 'caller', turnId: 'turn-1', text: 'On Friday.' }];
  const call = new TestCall({}, { history }).start();
  await pass(call, 55 * MINUTE_MS - 1);
  expect(call.connections).toHaveLength(1);
  await pass(call, 1);
  expect(call.connections).toHaveLength(2);
  expect(call.connections[0]?.closed).toBe(true);
  expect(call.items()).toEqual(['user: On Friday.']);
  expect(await call.warnings()).toEqual([]);
  call.write(1_000).turn('item_1');
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('the move waits until nobody speaks and nothing is under way', async () => {
  const call = new TestCall().start();
  const old = call.service;
  call.turn('item_1').response(100);
  await pass(call, 55 * MINUTE_MS);
  expect(call.connections).toHaveLength(2);
  expect(old.closed).toBe(false);
  call.report('response-1', 'finished', 100);
  // The caller's words are not written down yet.
  expect(old.closed).toBe(false);
  const item = { item_id: 'item_1', transcript: 'On Friday.' };
  old.say('conversation.item.input_audio_transcription.completed', item);
  expect(old.closed).toBe(true);
  expect(call.service.closed).toBe(false);
});

test('a tool that runs, and keys that are being pressed, put the move off', async () => {
  const call = new TestCall({ digitPauseMs: 10_000, transcription: 'off' }).start();
  const old = call.service;
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 100).calls(id, 'call_1').done(id).report('response-1', 'finished', 100);
  await pass(call, 55 * MINUTE_MS);
  expect(old.closed).toBe(false);
  call.session.onDtmf('7');
  call.session.onToolResult({ id: 'call_1', output: {}, reply: false });
  expect(old.closed).toBe(false);
});

test('a session that never found a quiet moment goes on at its end with the one that waits', async () => {
  const call = new TestCall().start();
  const old = call.service;
  call.turn('item_1').response(100);
  await pass(call, 55 * MINUTE_MS);
  expect(call.connections).toHaveLength(2);
  old.say('error', { error: { type: 'invalid_request_error', code: 'session_expired' } });
  await pass(call, 0);
  // The same one: none was made anew.
  expect(call.connections).toHaveLength(2);
  expect(call.service.audio.length).toBeGreaterThan(0);
});

test('what cannot be renewed now is renewed later', async () => {
  const call = new TestCall().start();
  call.reachable = false;
  await pass(call, 55 * MINUTE_MS);
  expect(call.connections).toHaveLength(1);
  call.reachable = true;
  await pass(call, 30_000);
  expect(call.connections).toHaveLength(2);
  expect(await call.of('end')).toEqual([]);
});

test('a connection that came out of the pool has its age from the pool', async () => {
  const call = new TestCall({ renewAfterMinutes: 10 }).start();
  await pass(call, 10 * MINUTE_MS);
  await pass(call, 10 * MINUTE_MS);
  expect(call.connections).toHaveLength(3);
});

test('a replacement that dies while it waits is replaced', async () => {
  const call = new TestCall().start();
  const old = call.service;
  call.turn('item_1').response(100);
  await pass(call, 55 * MINUTE_MS);
  call.service.lose();
  await pass(call, 30_000);
  expect(call.connections).toHaveLength(3);
  expect(old.closed).toBe(false);
  expect(await call.warnings()).toEqual([]);
});

/** A call whose replacement waits for a quiet moment. */
async function renewable(): Promise<TestCall> {
  const call = new TestCall().start();
  call.turn('item_1').response(100);
  await pass(call, 55 * MINUTE_MS);
  return call;
}

test('a replacement that does not take new settings is replaced, and the settings are changed all the same', async () => {
  const call = await renewable();
  const [old, standby] = call.connections;
  if (!old || !standby) throw new Error('no replacement');
  standby.onUpdate = () => Promise.reject(new Error('timeout'));
  await call.session.update({ instructions: 'Be thorough.' });
  expect(standby.closed).toBe(true);
  await pass(call, 30_000);
  expect(call.connections).toHaveLength(3);
  expect(call.setups.at(-1)?.instructions).toBe('Be thorough.');
  expect(old.closed).toBe(false);
});

test('a replacement with settings that the connection refused is replaced', async () => {
  const call = await renewable();
  const [old, standby] = call.connections;
  if (!old || !standby) throw new Error('no replacement');
  old.onUpdate = () => Promise.reject(new Error('no'));
  await expect(call.session.update({ instructions: 'Too long.' })).rejects.toThrow('no');
  expect(standby.closed).toBe(true);
  await pass(call, 30_000);
  expect(call.setups.at(-1)?.instructions).not.toBe('Too long.');
});

test('a call that ends while a replacement waits leaves none of them open', async () => {
  const call = new TestCall().start();
  call.turn('item_1').response(100);
  await pass(call, 55 * MINUTE_MS);
  call.controller.abort();
  expect(call.connections.map(({ closed }) => closed)).toEqual([true, true]);
  expect(call.clock.pendingTimers).toBe(0);
});
