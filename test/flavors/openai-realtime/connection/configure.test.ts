import { expect, test } from 'vitest';
import { configured } from '../../../../flavors/openai-realtime/connection/configure.js';
import { objectIn, textIn } from '../../../../flavors/openai-realtime/protocol/json.js';
import { setupOf } from '../../../../flavors/openai-realtime/protocol/session-setup.js';
import { configOf, contextOf } from '../call.js';
import { ScriptedConnection } from '../scripted-connection.js';

const first = setupOf(configOf({ instructions: 'Be brief.' }), contextOf());
const signal = new AbortController().signal;

test('a setup that changes while a connection takes it is told again', async () => {
  const connection = new ScriptedConnection();
  let setup = first;
  connection.onUpdate = async () => {
    setup = { ...first, instructions: 'Be thorough.' };
    connection.onUpdate = () => Promise.resolve();
  };
  expect(await configured(connection, () => setup, 1_000, signal)).toBe(connection);
  const told = connection.ofType('session.update').map((event) => textIn(objectIn(event, 'session'), 'instructions'));
  expect(told).toEqual(['Be brief.', 'Be thorough.']);
  expect(connection.closed).toBe(false);
});

test('a connection that takes no setup is closed, and so is one whose call is over', async () => {
  const refusing = new ScriptedConnection();
  refusing.onUpdate = () => Promise.reject(new Error('no'));
  await expect(configured(refusing, () => first, 1_000, signal)).rejects.toThrow('no');
  expect(refusing.closed).toBe(true);
  const late = new ScriptedConnection();
  const over = new AbortController();
  late.onUpdate = async () => over.abort(new Error('over'));
  await expect(configured(late, () => first, 1_000, over.signal)).rejects.toThrow('over');
  expect(late.closed).toBe(true);
  const never = new ScriptedConnection();
  await expect(configured(never, () => first, 1_000, over.signal)).rejects.toThrow('over');
  expect([never.closed, never.sent.length]).toEqual([true, 0]);
});
