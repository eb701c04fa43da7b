import { getEventListeners } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import type { Announcement, Announcer } from '../../src/call/speech/announcement.js';
import type { Config } from '../../src/config/config.js';
import { openGeneration } from '../../src/connector/generation-opening.js';
import type { Flavor } from '../../src/flavor-api/index.js';
import { FakeClock } from '../support/fake-clock.js';
import { warningsOf } from '../support/process-warnings.js';
import { createKeptLog, type KeptLog } from '../support/silent-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { setUp } from './connector-setup.js';

/** A voice whose announcements are not made before it is told to, or is closed. */
class SlowVoice implements Announcer, AsyncDisposable {
  #fail: (error: Error) => void = () => {};

  prepare(): Promise<Announcement> {
    return new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
  }

  fail(): void {
    this.#fail(new Error('no such file'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Error('the voice was closed'));
  }
}

function generationDeps(log: KeptLog, voice: SlowVoice) {
  return {
    clock: new FakeClock(0),
    random: createSystemRandom(),
    log,
    createFlavors: async () => new Map(),
    createAnnouncer: () => voice,
    onDisposeError: () => {},
  };
}

async function opened() {
  const { config } = await setUp();
  const log = createKeptLog();
  const voice = new SlowVoice();
  const generation = await openGeneration(config, generationDeps(log, voice), new AbortController().signal);
  const complaints = () => log.lines.filter((line) => line.includes('an announcement cannot be made')).length;
  return { generation, voice, complaints };
}

test('an announcement that cannot be made is complained of', async () => {
  const { voice, complaints } = await opened();
  voice.fail();
  await expect.poll(complaints).toBe(1);
});

test('those of a generation that is closed before they are made, as after a start that failed, are not', async () => {
  const { generation, complaints } = await opened();
  await generation.retire();
  await new Promise((resolve) => setImmediate(resolve));
  expect(complaints()).toBe(0);
});

test('a start that is stopped waits for no flavor that warms up', async () => {
  const { config } = await setUp();
  const stop = new AbortController();
  const log = createKeptLog();
  let given: AbortSignal | undefined;
  const slow: Partial<Flavor> = {
    warmup: (signal) => {
      given = signal;
      stop.abort();
      return new Promise(() => {});
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const deps = {
    clock: new FakeClock(0),
    random: createSystemRandom(),
    log,
    createFlavors: async () => new Map([['slow', slow as Flavor]]),
    createAnnouncer: () => new SlowVoice(),
    onDisposeError: () => {},
  };
  await openGeneration(config, deps, stop.signal);
  expect(given?.aborted).toBe(true);
  expect(log.lines.filter((line) => line.includes('did not warm up'))).not.toEqual([]);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});

test('Node.js takes a dozen flavors that warm up for no leak', async () => {
  const { config } = await setUp();
  const warmup = () => new Promise<void>((resolve) => setImmediate(resolve));
  const flavor: Partial<Flavor> = { warmup, [Symbol.asyncDispose]: async () => {} };
  const flavors = new Map(Array.from({ length: 12 }, (_, index) => [`f${index}`, flavor as Flavor]));
  const deps = { ...generationDeps(createKeptLog(), new SlowVoice()), createFlavors: async () => flavors };
  const warnings = await warningsOf(() => openGeneration(config, deps, new AbortController().signal));
  expect(warnings).toEqual([]);
});

test('recordings that cannot be kept are told before the first call', async () => {
  const { config } = await setUp();
  const log = createKeptLog();
  const path = join(temporaryDirectory(), 'file');
  writeFileSync(path, '');
  const open = (recording: Config['recording']) =>
    openGeneration({ ...config, recording }, generationDeps(log, new SlowVoice()), new AbortController().signal);
  await open({ ...config.recording, mode: 'stereo', path: `${path}s/today` });
  expect(statSync(`${path}s/today`).isDirectory()).toBe(true);
  await open({ ...config.recording, mode: 'off', path });
  expect(log.lines.join()).not.toContain('ERR_RECORDING_WRITE');
  await open({ ...config.recording, mode: 'stereo', path });
  expect(log.lines.join()).toMatch(/see recording\.path.*ERR_RECORDING_WRITE.*what should be its directory is a file/);
});
