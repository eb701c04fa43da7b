import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { MEDIA_NICE } from '../../src/media/thread-nice.js';
import { createWorkerEngine } from '../../src/media/worker/worker-engine.js';

/** proc_pid_stat(5), fields 3 and following: what stands before them may contain blanks. */
const NICE_FIELD = 16;

const niceOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICE_FIELD]);

/** What a thread has that asked for `nice`. */
async function threadWith(nice: number): Promise<number> {
  const module = new URL('../../dist/src/media/thread-nice.js', import.meta.url).href;
  const worker = new Worker(
    `import(${JSON.stringify(module)}).then(({ setThreadNice }) => {
      setThreadNice(${nice});
      require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/stat', 'latin1'));
    });`,
    { eval: true },
  );
  const [stat] = await once(worker, 'message');
  await worker.terminate();
  return niceOf(stat);
}

test.runIf(process.platform === 'linux')(
  'a thread is made nicer alone; what is not granted stays as it is',
  async () => {
    const own = (): number => niceOf(readFileSync('/proc/thread-self/stat', 'latin1'));
    const before = own();

    expect(await threadWith(before + 3)).toBe(before + 3);
    expect([before, before - 10]).toContain(await threadWith(before - 10));

    expect(own()).toBe(before);
  },
);

test.runIf(process.platform === 'linux')(
  'a media thread comes before the threads that share its core, where that is granted',
  async () => {
    const granted = (await threadWith(MEDIA_NICE)) === MEDIA_NICE;
    const isPreferred = (task: string): boolean => {
      try {
        return niceOf(readFileSync(`/proc/self/task/${task}/stat`, 'latin1')) === MEDIA_NICE;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    };
    const preferred = (): number => readdirSync('/proc/self/task').filter(isPreferred).length;
    const before = preferred();
    await using engine = createWorkerEngine(
      {
        bind: '127.0.0.1',
        ports: { min: 31_000, max: 31_001 },
        portRestSeconds: 0,
        jitter: { minMs: 20, maxMs: 120 },
        latching: { nat: false, strict: false },
        rtpTimeoutMs: 30_000,
      },
      { clock: createSystemClock(), random: createSystemRandom(), startsAtOnce: true },
    );
    await engine.ready?.();
    expect(preferred()).toBe(before + (granted ? 1 : 0));
  },
);
