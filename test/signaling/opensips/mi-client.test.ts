import { expect, it } from 'vitest';
import { MiClient, type MiOutcome, miClientDefaults } from '../../../src/signaling/opensips/mi/mi-client.js';
import { FakeClock } from '../../support/fake-clock.js';

interface SentCommand {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A client whose commands stay where they are until the test answers them. */
async function createScene(maxWaiting: number = miClientDefaults.maxWaiting) {
  const clock = new FakeClock();
  const sent: SentCommand[] = [];
  let receive = (_text: string): void => {};
  const link = {
    address: undefined,
    open: async (onAnswer: (text: string) => void) => {
      receive = onAnswer;
    },
    send: (text: string) => sent.push(JSON.parse(text)),
    close: async () => {},
  };
  const client = new MiClient(link, clock, { ...miClientDefaults, maxWaiting });
  await client.open();
  const answer = (id: number): void => receive(JSON.stringify({ jsonrpc: '2.0', id, result: 'OK' }));
  const end = (key: string): Promise<MiOutcome> => client.call('ua_session_terminate', { key }, true);
  const keys = (): readonly unknown[] => sent.map(({ params }) => params['key']);
  return { clock, client, sent, answer, end, keys };
}

const { atOnce, attemptMs, turnMs } = miClientDefaults;
const lostMs = attemptMs.reduce((sum, each) => sum + each, 0);

it('of a thousand sessions that end at once, so many are told of as the socket of OpenSIPS holds; the next with each answer', async () => {
  const { sent, answer, end, keys } = await createScene();
  const all = Array.from({ length: 1_000 }, (_, call) => `key-${call}`);
  const outcomes = Promise.all(all.map(end));
  expect(keys()).toEqual(all.slice(0, atOnce.ending));
  answer(sent[0]?.id ?? 0);
  expect(keys()).toEqual(all.slice(0, atOnce.ending + 1));
  for (let at = 1; at < sent.length; at += 1) answer(sent[at]?.id ?? 0);
  expect(keys()).toEqual(all);
  expect((await outcomes).every(({ type }) => type === 'done')).toBe(true);
});

it('a call that rings is answered, and a sign of life asked for, while a thousand others are being ended', async () => {
  const { client, sent, end } = await createScene();
  for (let call = 0; call < 1_000; call += 1) void end(`key-${call}`);
  // A BYE with header fields goes another way, and is an end all the same.
  void client.call('ua_session_update', { key: 'bye', method: 'BYE', extra_headers: 'Reason: Q.850;cause=16' }, false);
  const before = sent.length;
  void client.call('ua_session_reply', { key: 'rings', method: 'INVITE', code: 200 }, true);
  void client.call('ua_session_update', { key: 'talks', method: 'INFO' }, false);
  void client.call('uptime', {}, true);
  expect(sent.slice(before).map(({ method }) => method)).toEqual(['ua_session_reply', 'ua_session_update', 'uptime']);
});

it('a command that OpenSIPS does not answer makes room for the next when it is lost', async () => {
  const { clock, sent, end, keys } = await createScene();
  const first = Array.from({ length: atOnce.ending }, (_, call) => end(`key-${call}`));
  await clock.advanceAsync(lostMs - turnMs + 2_000, 250);
  const next = end('next');
  expect(keys()).not.toContain('next');
  await clock.advanceAsync(lostMs, 250);
  expect((await Promise.all(first)).every(({ type }) => type === 'lost')).toBe(true);
  expect(keys()).toContain('next');
  await clock.advanceAsync(lostMs, 250);
  expect(await next).toEqual({ type: 'lost' });
  expect([sent.length, clock.pendingTimers]).toEqual([(atOnce.ending + 1) * attemptMs.length, 0]);
});

it('a command whose turn does not come is lost, and is not sent after that', async () => {
  const { clock, end, keys } = await createScene();
  // Twice as many as there are turns before its time is over.
  const calls = Array.from({ length: 3 * atOnce.ending }, (_, call) => end(`key-${call}`));
  await clock.advanceAsync(turnMs, 250);
  expect(await calls.at(-1)).toEqual({ type: 'lost' });
  await clock.advanceAsync(10_000, 250);
  expect(new Set(keys()).size).toBe(2 * atOnce.ending);
  expect(clock.pendingTimers).toBe(0);
});

it('more commands than may wait are lost at once', async () => {
  const { end, keys } = await createScene(2);
  const calls = Array.from({ length: atOnce.ending + 3 }, (_, call) => end(`key-${call}`));
  expect(await calls.at(-1)).toEqual({ type: 'lost' });
  expect(keys()).toHaveLength(atOnce.ending);
});

it('a client that gives up sends none of the commands that wait for their turn, and keeps no timer', async () => {
  const { clock, client, end, keys } = await createScene();
  const calls = Array.from({ length: 2 * atOnce.ending }, (_, call) => end(`key-${call}`));
  client.giveUp();
  expect((await Promise.all(calls)).every(({ type }) => type === 'lost')).toBe(true);
  expect([keys().length, clock.pendingTimers]).toEqual([atOnce.ending, 0]);
});
