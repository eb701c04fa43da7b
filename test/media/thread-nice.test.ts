import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { MEDIA_NICE } from '../../src/media/thread-nice.js';
import { createWorkerEngine } from '../../src/media/worker/worker-engine.js';
import { nativeAddon } from '../support/native-addon.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** proc_pid_stat(5), fields 3 and following: what stands before them may contain blanks. */
const NICE_FIELD = 16;
const POLICY_FIELD = 38;

const fieldOf = (stat: string, field: number): number =>
  Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field]);
const niceOf = (stat: string): number => fieldOf(stat, NICE_FIELD);
const compiled = (path: string): string => JSON.stringify(new URL(`../../dist/src/${path}`, import.meta.url).href);

/** What a thread has that asked for `nice`. */
async function threadWith(nice: number): Promise<number> {
  const worker = new Worker(
    `import(${compiled('media/thread-nice.js')}).then(({ setThreadNice }) => {
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

test.runIf(process.platform === 'linux')('the process of a model is nobody to come before others', async () => {
  const told = join(temporaryDirectory(), 'stat');
  const model = join(temporaryDirectory(), 'model.onnx');
  writeFileSync(model, '');
  const module = `data:text/javascript,import { readFileSync, writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(told)}, readFileSync('/proc/self/stat')); export class Vad {}`;
  const worker = new Worker(
    `Promise.all([
      import(${compiled('media/thread-nice.js')}),
      import(${compiled('media/silero/silero-service.js')}),
      import(${compiled('base/clock.js')}),
    ]).then(([{ MEDIA_NICE, setThreadNice }, { SileroService }, { createSystemClock }]) => {
      setThreadNice(MEDIA_NICE);
      const options = { model: ${JSON.stringify(model)}, module: ${JSON.stringify(module)} };
      const service = new SileroService(options, { clock: createSystemClock(), onUnavailable: () => {} });
      service.open();
      require('node:worker_threads').parentPort.once('message', () => service.close());
    });`,
    { eval: true },
  );
  await expect.poll(() => existsSync(told) && readFileSync(told, 'latin1').includes(')')).toBe(true);
  worker.postMessage('over');
  await once(worker, 'exit');
  expect(niceOf(readFileSync(told, 'latin1'))).toBe(niceOf(readFileSync('/proc/self/stat', 'latin1')));
});

test.runIf(process.platform === 'linux')('what a real-time thread starts is ordinary', async () => {
  const worker = new Worker(
    `const native = new (require(${JSON.stringify(nativeAddon())}).Datagrams)(false);
    native.realtime(1);
    const { stdout } = require('node:child_process').spawnSync('cat', ['/proc/self/stat'], { encoding: 'latin1' });
    native.realtime(0);
    native.dispose();
    require('node:worker_threads').parentPort.postMessage(stdout);`,
    { eval: true },
  );
  const [stat] = await once(worker, 'message');
  await worker.terminate();
  expect(fieldOf(stat, POLICY_FIELD)).toBe(0);
});
