import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { createFlavors, prepareFlavor } from '../../../src/connector/flavors/flavor-factory.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const deps = { log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }, now: () => 0 };

/** What the modules under test leave behind, since they run as files of their own. */
const seen: Record<string, unknown[]> = {};
Object.assign(globalThis, { flavorFactoryTest: seen });

/** A configuration whose flavors are modules; each value is the body of `create`. */
function configOf(flavors: Readonly<Record<string, string>>): { config: Config; calls: unknown[] } {
  const directory = temporaryDirectory();
  const key = directory;
  const calls: unknown[] = [];
  seen[key] = calls;
  for (const [name, body] of Object.entries(flavors)) {
    writeFileSync(
      join(directory, `${name}.mjs`),
      `const seen = globalThis.flavorFactoryTest[${JSON.stringify(key)}];
      const format = { encoding: 'mulaw', sampleRate: 8000 };
      const flavor = (changes = {}) => ({
        capabilities: { input: [format], output: [format] },
        open() {}, async [Symbol.asyncDispose]() { seen.push('closed ${name}'); }, ...changes });
      const validate = (options) => options.bad
        ? { issues: [{ message: 'must be good', path: ['bad', { key: 0 }] }] }
        : { value: { ...options, filledIn: true } };
      export default {
        manifest: { id: '${name}', displayName: '', apiVersion: 1, configSchema: { '~standard': { validate } } },
        create(options, deps) { ${body} },
      };\n`,
    );
  }
  const config = {
    file: join(directory, 'connector.yaml'),
    flavors: Object.fromEntries(Object.keys(flavors).map((name) => [name, { use: `./${name}.mjs`, options: {} }])),
  };
  // The factory looks at nothing else.
  return { config: config as unknown as Config, calls };
}

test('makes every flavor with its options, defaults filled in', async () => {
  const { config, calls } = configOf({
    one: 'seen.push(options, deps.now()); return flavor();',
    two: 'return Promise.resolve(flavor());',
  });
  expect([...(await createFlavors(config, deps, new FakeClock())).keys()]).toEqual(['one', 'two']);
  expect(calls).toEqual([{ filledIn: true }, 0]);
});

test('a flavor that cannot be made closes those that were', async () => {
  const { config, calls } = configOf({
    one: 'return flavor();',
    two: "return flavor({ [Symbol.asyncDispose]() { throw new Error('stuck'); } });",
    three: "throw new Error('no model');",
  });
  await expect(createFlavors(config, deps, new FakeClock())).rejects.toMatchObject({
    code: 'ERR_FLAVOR_INVALID',
    message: 'the flavor "three" cannot be made: no model',
  });
  expect(calls).toEqual(['closed one']);
});

test('the code of a flavor is kept, and its name added', async () => {
  const { config } = configOf({
    salon: "throw Object.assign(new Error('the voice is unknown'), { code: 'ERR_FLAVOR_CONFIG', retryable: false });",
  });
  await expect(createFlavors(config, deps, new FakeClock())).rejects.toMatchObject({
    code: 'ERR_FLAVOR_CONFIG',
    message: 'the flavor "salon" cannot be made: the voice is unknown',
  });
});

test('a code of somebody else says nothing about flavors', async () => {
  const { config } = configOf({ salon: "throw Object.assign(new Error('no model'), { code: 'ENOENT' });" });
  await expect(createFlavors(config, deps, new FakeClock())).rejects.toMatchObject({ code: 'ERR_FLAVOR_INVALID' });
});

test.each([
  ['return undefined;', 'create() gave back no flavor'],
  ['return flavor({ open: undefined });', 'it has no open()'],
  ['return flavor({ [Symbol.asyncDispose]: undefined });', 'it has no [Symbol.asyncDispose]()'],
  ['return flavor({ capabilities: undefined });', 'capabilities.input names no format'],
  ['return flavor({ capabilities: { input: [format], output: [] } });', 'capabilities.output names no format'],
  [
    "return flavor({ capabilities: { input: [format, { encoding: 'opus', sampleRate: 48000 }], output: [format] } });",
    'capabilities.input names {"encoding":"opus","sampleRate":48000}, which is no format (encoding: pcm16, mulaw, alaw; sampleRate: 8000, 16000, 24000, 48000)',
  ],
  [
    "return flavor({ capabilities: { input: [format], output: [{ encoding: 'pcm16', sampleRate: 44100 }] } });",
    'capabilities.output names {"encoding":"pcm16","sampleRate":44100}, which is no format (encoding: pcm16, mulaw, alaw; sampleRate: 8000, 16000, 24000, 48000)',
  ],
  [
    'return flavor({ capabilities: { input: [null], output: [format] } });',
    'capabilities.input names null, which is no format (encoding: pcm16, mulaw, alaw; sampleRate: 8000, 16000, 24000, 48000)',
  ],
  [
    "return flavor({ capabilities: { input: [format], output: [format], turnTaking: 'both' } });",
    'capabilities.turnTaking is "both": "host" or "flavor"',
  ],
])('what is no flavor is refused before a call meets it: %s', async (body, problem) => {
  const { config, calls } = configOf({ partner: body });
  await expect(createFlavors(config, deps, new FakeClock())).rejects.toMatchObject({
    code: 'ERR_FLAVOR_INVALID',
    message: `the flavor "partner" cannot be used: ${problem}`,
  });
  // What it may have opened is closed, where it can be.
  expect(calls).toEqual(/undefined;|asyncDispose\]: undefined/.test(body) ? [] : ['closed partner']);
});

test('options that do not fit are named from the top of the file', async () => {
  const { config } = configOf({ salon: 'return flavor();' });
  const bad = { ...config, flavors: { salon: { use: './salon.mjs', options: { bad: true } } } };
  expect(await prepareFlavor(bad, 'salon')).toEqual({
    issues: [{ path: ['flavors', 'salon', 'bad', 0], message: 'must be good' }],
  });
  await expect(createFlavors(bad, deps, new FakeClock())).rejects.toMatchObject({
    code: 'ERR_CONFIG_INVALID',
    message: expect.stringContaining('connector.yaml: flavors.salon.bad.0: must be good'),
  });
  await expect(prepareFlavor(config, 'nosuch')).rejects.toMatchObject({ code: 'ERR_FLAVOR_NOT_FOUND' });
});

test('a flavor that is never made ends the start with its name, and is closed when it comes after all', async () => {
  const { config, calls } = configOf({
    one: 'return flavor();',
    two: 'return new Promise((resolve) => seen.push(() => resolve(flavor())));',
  });
  const clock = new FakeClock();
  const made = createFlavors(config, deps, clock);
  made.catch(() => undefined);
  await expect.poll(() => calls.length).toBe(1);
  clock.advance(30_000);
  await expect(made).rejects.toMatchObject({
    code: 'ERR_FLAVOR_TIMEOUT',
    message: 'the flavor "two" was not made within 30 s',
  });
  expect(calls.slice(1)).toEqual(['closed one']);
  (calls[0] as () => void)();
  await expect.poll(() => calls.slice(1)).toEqual(['closed one', 'closed two']);
  expect(clock.pendingTimers).toBe(0);
});

test('one that does not close does not hide why another could not be made', async () => {
  const { config, calls } = configOf({
    one: 'return flavor({ [Symbol.asyncDispose]: () => new Promise(() => seen.push("closing")) });',
    two: "throw new Error('no model');",
  });
  const clock = new FakeClock();
  const made = createFlavors(config, deps, clock);
  made.catch(() => undefined);
  await expect.poll(() => calls).toEqual(['closing']);
  clock.advance(5_000);
  await expect(made).rejects.toMatchObject({ message: 'the flavor "two" cannot be made: no model' });
});
