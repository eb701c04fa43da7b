import { expect, test } from 'vitest';
import { ConnectionPool } from '../../../../flavors/openai-realtime/connection/pool.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { ScriptedConnection } from '../scripted-connection.js';

const calm = AbortSignal.timeout(2 ** 31 - 1);

interface Scene {
  readonly pool: ConnectionPool;
  readonly made: ScriptedConnection[];
  readonly clock: FakeClock;
  /** What each connection was made with. */
  readonly signals: AbortSignal[];
  reachable: boolean;
  /** Lets promises settle. */
  settle(): Promise<void>;
}

function sceneOf(size: number): Scene {
  const clock = new FakeClock();
  const made: ScriptedConnection[] = [];
  const scene: Scene = {
    made,
    clock,
    signals: [],
    reachable: true,
    pool: new ConnectionPool(
      { size, maxIdleMs: 60_000 },
      async (signal) => {
        scene.signals.push(signal);
        signal.throwIfAborted();
        if (!scene.reachable) throw new Error('unreachable');
        const connection = new ScriptedConnection(clock.now());
        made.push(connection);
        return connection;
      },
      clock,
    ),
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
  return scene;
}

test('a pool of none opens nothing', async () => {
  const { pool, made, clock } = sceneOf(0);
  await pool.fill(calm);
  expect(pool.take()).toBeUndefined();
  expect(made).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a pool hands out what is ready and opens another in its place', async () => {
  const { pool, made, clock, settle } = sceneOf(2);
  await pool.fill(calm);
  expect(pool.ready).toBe(2);
  // The youngest has the longest to live.
  expect(pool.take()).toBe(made[1]);
  await settle();
  expect(pool.ready).toBe(2);
  expect(made).toHaveLength(3);
  // What was taken does not grow old here any more.
  expect(clock.pendingTimers).toBe(2);
});

test('connections in place of others share a signal: one for each would stay in memory as long as the pool', async () => {
  const { pool, signals, settle } = sceneOf(1);
  await pool.fill(calm);
  for (let call = 0; call < 3; call += 1) {
    pool.take();
    await settle();
  }
  expect(signals).toHaveLength(4);
  expect(new Set(signals.slice(1)).size).toBe(1);
});

test('filled twice it is not filled double', async () => {
  const { pool, made } = sceneOf(2);
  await Promise.all([pool.fill(calm), pool.fill(calm)]);
  await pool.fill(calm);
  expect(made).toHaveLength(2);
});

test('a connection that has waited too long is closed and replaced', async () => {
  const { pool, made, clock, settle } = sceneOf(1);
  await pool.fill(calm);
  clock.advance(60_000);
  await settle();
  expect(made.map(({ closed }) => closed)).toEqual([true, false]);
  expect(pool.ready).toBe(1);
});

test('a connection that dies while it waits is replaced, after a while', async () => {
  const { pool, made, clock, settle } = sceneOf(1);
  await pool.fill(calm);
  made[0]?.lose();
  await settle();
  expect(pool.ready).toBe(0);
  expect(made).toHaveLength(1);
  clock.advance(5_000);
  await settle();
  expect(pool.ready).toBe(1);
});

test('a connection that died unnoticed is not handed out', async () => {
  const { pool, made } = sceneOf(2);
  await pool.fill(calm);
  const [first, second] = made;
  if (second) second.alive = false;
  expect(pool.take()).toBe(first);
});

test('a service that cannot be reached is told once, and tried again until it can', async () => {
  const scene = sceneOf(1);
  scene.reachable = false;
  await expect(scene.pool.fill(calm)).rejects.toThrow('unreachable');
  scene.clock.advance(5_000);
  await scene.settle();
  scene.reachable = true;
  expect(scene.pool.ready).toBe(0);
  scene.clock.advance(5_000);
  await scene.settle();
  expect(scene.pool.ready).toBe(1);
});

test('a pool that nobody has warmed up opens nothing by itself', async () => {
  const { pool, made, settle } = sceneOf(2);
  expect(pool.take()).toBeUndefined();
  await settle();
  expect(made).toEqual([]);
});

test('disposed, a pool closes what waits and opens no more', async () => {
  const { pool, made, clock, settle } = sceneOf(2);
  await pool.fill(calm);
  await pool[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
  expect(made.map(({ closed }) => closed)).toEqual([true, true]);
  await pool.fill(calm);
  clock.advance(600_000);
  await settle();
  expect(made).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
});

test('a connection that is made while the pool is disposed is closed', async () => {
  const clock = new FakeClock();
  const connection = new ScriptedConnection();
  let finish = (): void => undefined;
  const pool = new ConnectionPool(
    { size: 1, maxIdleMs: 1_000 },
    () =>
      new Promise((resolve) => {
        finish = () => resolve(connection);
      }),
    clock,
  );
  const filling = pool.fill(calm);
  await pool[Symbol.asyncDispose]();
  finish();
  await filling;
  expect(connection.closed).toBe(true);
});
