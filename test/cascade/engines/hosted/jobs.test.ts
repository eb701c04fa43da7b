import { expect, test } from 'vitest';
import type { JobProvider, JobState, JobView } from '../../../../src/cascade/engines/hosted/job.js';
import { type JobAudience, Jobs } from '../../../../src/cascade/engines/hosted/jobs.js';
import { BusyError } from '../../../../src/cascade/engines/speech-server/failures.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const timeouts = { startTimeoutMs: 20_000, workTimeoutMs: 5_000 };

function view(state: JobState, more: Partial<JobView> = {}): JobView {
  return { id: 'job', state, items: [], output: undefined, ...more };
}

/** A provider that says what it is told to say, and remembers when it was asked. */
class ScriptedProvider implements JobProvider {
  readonly lookedAtMs: number[] = [];
  readonly cancelled: string[] = [];
  orders = 0;
  order: JobProvider['order'] = async () => {
    this.orders += 1;
    return this.onOrder();
  };
  onOrder: () => JobView | Promise<JobView> = () => view('queued');
  onLook: (count: number) => JobView = () => view('queued');

  constructor(readonly clock: FakeClock) {}

  async look(): Promise<JobView> {
    this.lookedAtMs.push(this.clock.now());
    return this.onLook(this.lookedAtMs.length);
  }

  async cancel(id: string): Promise<void> {
    this.cancelled.push(id);
  }
}

interface Following {
  readonly states: JobState[];
  error?: unknown;
  over: boolean;
}

class Scene {
  readonly clock = new FakeClock();
  readonly provider = new ScriptedProvider(this.clock);
  readonly abort = new AbortController();
  lost = 0;
  readonly jobs: Jobs;

  constructor(looksPerSecond = 1_000) {
    this.jobs = new Jobs({
      who: 'the provider',
      provider: this.provider,
      looksPerSecond,
      ...timeouts,
      retries: 2,
      clock: this.clock,
      random: new SeededRandom(1),
    });
  }

  follow(audience: Partial<JobAudience> = {}): Following {
    const following: Following = { states: [], over: false };
    const signal = AbortSignal.any([this.abort.signal]);
    const full = { satisfied: false, lost: () => (this.lost += 1), ...audience };
    void (async () => {
      try {
        for await (const { state } of this.jobs.follow({}, full, signal)) following.states.push(state);
      } catch (error) {
        following.error = error;
      }
      following.over = true;
    })();
    return following;
  }
}

test('a job is looked at soon, then less and less often, and again soon when something happens', async () => {
  const { provider, clock, follow } = sceneOf();
  provider.onLook = (count) => view(count < 15 ? 'queued' : 'working');
  follow();
  await clock.advanceAsync(14_000, 10);
  const gaps = provider.lookedAtMs.map((atMs, i) => atMs - (provider.lookedAtMs[i - 1] ?? 0));
  expect(gaps[0]).toBeLessThan(200);
  expect(Math.max(...gaps.slice(0, 15))).toBeLessThanOrEqual(1_210);
  expect(Math.min(...gaps.slice(8, 14))).toBeGreaterThan(600);
  expect(gaps[15]).toBeLessThan(150);
});

test('fifty jobs together ask no more often than the provider allows', async () => {
  const scene = new Scene(20);
  for (let i = 0; i < 50; i += 1) scene.follow();
  await scene.clock.advanceAsync(10_000, 5);
  const { lookedAtMs } = scene.provider;
  expect(lookedAtMs.length).toBeGreaterThan(100);
  for (const atMs of lookedAtMs) {
    const window = lookedAtMs.filter((other) => other >= atMs && other < atMs + 2_000).length;
    expect(window).toBeLessThanOrEqual(60);
  }
  scene.abort.abort();
  await scene.clock.advanceAsync(10);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('whoever is interrupted while the order is under way still cancels the job, once', async () => {
  const { provider, clock, follow, abort } = sceneOf();
  let taken: (() => void) | undefined;
  provider.onOrder = () =>
    new Promise((resolve) => {
      taken = () => resolve(view('working'));
    });
  const following = follow();
  await clock.advanceAsync(5);
  abort.abort(new Error('the caller speaks'));
  await clock.advanceAsync(5);
  expect(following.over).toBe(true);
  expect(provider.cancelled).toEqual([]);
  taken?.();
  await clock.advanceAsync(5);
  expect(provider.cancelled).toEqual(['job']);
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  ['working', true],
  ['done', false],
] as const)('a job that is left while it is %s is cancelled: %s', async (state, cancelled) => {
  const { provider, clock, jobs } = sceneOf();
  provider.onOrder = () => view(state, { items: ['a'] });
  for await (const _ of jobs.follow({}, { satisfied: false, lost: () => {} }, new AbortController().signal)) break;
  await clock.advanceAsync(5);
  expect(provider.cancelled).toEqual(cancelled ? ['job'] : []);
});

test('a job whose audience has all that it wants ends by itself', async () => {
  const { provider, clock, jobs } = sceneOf();
  provider.onOrder = () => view('working');
  for await (const _ of jobs.follow({}, { satisfied: true, lost: () => {} }, new AbortController().signal)) break;
  await clock.advanceAsync(5);
  expect(provider.cancelled).toEqual([]);
});

test('what is yielded together with the end is handed over, and then it is looked once more', async () => {
  const { provider, clock, follow } = sceneOf();
  provider.onOrder = () => view('working');
  provider.onLook = (count) => view('done', count === 1 ? { items: ['a'] } : {});
  const following = follow();
  await clock.advanceAsync(1_000);
  expect(following).toMatchObject({ over: true, states: ['working', 'done', 'done'] });
});

test('an order that is refused because there are too many is given again when it is said to be', async () => {
  const { provider, clock, follow } = sceneOf();
  provider.onOrder = () => {
    if (provider.orders === 1) throw new BusyError('ERR_FLAVOR_QUOTA', 'busy', true, 1_500);
    return view('done');
  };
  const following = follow();
  await clock.advanceAsync(1_400);
  expect(provider.orders).toBe(1);
  await clock.advanceAsync(200);
  expect(following).toMatchObject({ over: true, states: ['done'] });
});

test('whoever wants to be left alone for a minute is not waited for', async () => {
  const { provider, clock, follow } = sceneOf();
  provider.onOrder = () => {
    throw new BusyError('ERR_FLAVOR_QUOTA', 'busy', true, 60_000);
  };
  const following = follow();
  await clock.advanceAsync(5);
  expect(following.error).toMatchObject({ code: 'ERR_FLAVOR_QUOTA' });
});

test('an order that may have been taken is not given a second time', async () => {
  const { provider, clock, follow } = sceneOf();
  provider.onOrder = () => {
    throw new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true);
  };
  const following = follow();
  await clock.advanceAsync(30_000, 100);
  expect(following.error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  expect(provider.orders).toBe(1);
});

test('looks that fail are repeated, and the audience learns what may be lost; too many in a row end it', async () => {
  const { provider, clock, follow } = sceneOf();
  const scene = follow.scene;
  provider.onLook = (count) => {
    if (count === 2) return view('working');
    throw new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true);
  };
  const following = follow();
  await clock.advanceAsync(10_000, 20);
  expect(following.error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  expect(provider.lookedAtMs).toHaveLength(6);
  expect(scene.lost).toBe(4);
  expect(provider.cancelled).toEqual(['job']);
});

test.each([
  ['never starts', 'queued', timeouts.startTimeoutMs],
  ['starts and says nothing', 'working', timeouts.workTimeoutMs],
] as const)('a job that %s is given up in time, and cancelled', async (_name, state, withinMs) => {
  const { provider, clock, follow } = sceneOf();
  provider.onOrder = () => view(state);
  provider.onLook = () => view(state);
  const following = follow();
  await clock.advanceAsync(withinMs - 100, 50);
  expect(following.over).toBe(false);
  await clock.advanceAsync(2_000, 50);
  expect(following.error).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', retryable: true });
  expect(provider.cancelled).toEqual(['job']);
  expect(clock.pendingTimers).toBe(0);
});

test('a cancellation that fails is tried once more', async () => {
  const { provider, clock, follow, abort } = sceneOf();
  let tries = 0;
  provider.cancel = async (id) => {
    tries += 1;
    if (tries === 1) throw new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true);
    provider.cancelled.push(id);
  };
  follow();
  await clock.advanceAsync(50);
  abort.abort();
  await clock.advanceAsync(2_000, 20);
  expect(provider.cancelled).toEqual(['job']);
});

test('a cancellation that is refused for good is not tried again', async () => {
  const { provider, clock, follow, abort } = sceneOf();
  let tries = 0;
  provider.cancel = async () => {
    tries += 1;
    throw new FlavorError('ERR_FLAVOR_AUTH', 'no', false);
  };
  const following = follow();
  await clock.advanceAsync(50);
  abort.abort();
  await clock.advanceAsync(5_000, 20);
  expect([tries, following.over]).toEqual([1, true]);
});

test('being disposed of waits for cancellations, but not for ever', async () => {
  const { provider, clock, follow, abort, jobs } = sceneOf();
  provider.cancel = () => new Promise(() => {});
  follow();
  await clock.advanceAsync(50);
  abort.abort();
  let gone = false;
  void jobs[Symbol.asyncDispose]().then(() => {
    gone = true;
  });
  await clock.advanceAsync(1_000, 20);
  expect(gone).toBe(false);
  await clock.advanceAsync(3_000, 20);
  expect(gone).toBe(true);
});

test('being disposed of cancels the jobs that somebody still follows', async () => {
  const { provider, clock, follow, jobs } = sceneOf();
  const following = follow();
  await clock.advanceAsync(50);
  void jobs[Symbol.asyncDispose]();
  await clock.advanceAsync(50);
  expect(following.over).toBe(true);
  expect(provider.cancelled).toEqual(['job']);
  expect(clock.pendingTimers).toBe(0);
});

function sceneOf() {
  const scene = new Scene();
  const follow = Object.assign((audience: Partial<JobAudience> = {}) => scene.follow(audience), { scene });
  return { provider: scene.provider, clock: scene.clock, jobs: scene.jobs, abort: scene.abort, follow };
}
