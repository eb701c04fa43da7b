import { expect, test } from 'vitest';
import { SpeakPool } from '../../../../src/cascade/engines/deepgram/speak-pool.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { ScriptedSocket, settle } from './scripted-socket.js';

const format = { encoding: 'mulaw', sampleRate: 8000 } as const;
const nobody = { onMessage: () => {}, onAudio: () => {}, onFault: () => {}, onLost: () => {} };
const { signal } = new AbortController();

function poolOf(limit: number) {
  const clock = new FakeClock();
  const sockets: ScriptedSocket[] = [];
  const pool = new SpeakPool({
    limit,
    share: true,
    clock,
    dial: async (_, listener) => {
      const socket = new ScriptedSocket(listener, clock);
      sockets.push(socket);
      return socket;
    },
  });
  return { clock, pool, sockets, lease: () => pool.lease(format, nobody, signal) };
}

test('closing ends what is idle, with a word to the service, and what is given back later', async () => {
  const { clock, pool, sockets, lease } = poolOf(2);
  const [one, other] = [await lease(), await lease()];
  one.release(true);
  expect(sockets.map(({ closed }) => closed)).toEqual([false, false]);
  pool.close();
  expect(sockets.map(({ closed }) => closed)).toEqual([true, false]);
  expect(clock.pendingTimers).toBe(0);
  other.release(true);
  expect(sockets.map((socket) => socket.types())).toEqual([['Close'], ['Close']]);
  expect(clock.pendingTimers).toBe(0);
});

test('a call that waits when the pool is closed still gets its turn, and leaves nothing behind', async () => {
  const { clock, pool, sockets, lease } = poolOf(1);
  const first = await lease();
  const waiting = lease();
  await settle();
  pool.close();
  first.release(true);
  const second = await waiting;
  expect(sockets.map(({ closed }) => closed)).toEqual([true, false]);
  second.release(true);
  expect(sockets.map(({ closed }) => closed)).toEqual([true, true]);
  expect(clock.pendingTimers).toBe(0);
});

test('what was given back and is wanted by nobody is closed after half a minute, and makes room', async () => {
  const { clock, sockets, lease } = poolOf(1);
  (await lease()).release(true);
  clock.advance(29_999);
  expect(sockets[0]?.closed).toBe(false);
  clock.advance(1);
  expect(sockets[0]?.types()).toEqual(['Close']);
  await lease();
  expect(sockets).toHaveLength(2);
});
