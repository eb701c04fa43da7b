import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPhrase, writePhrase } from '../../../../flavors/chatterbox-custom/phrases/phrase-file.js';
import { PhraseFolder } from '../../../../flavors/chatterbox-custom/phrases/phrase-folder.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { createKeptLog } from '../../../support/silent-log.js';
import { sayAll, setUp } from '../support/bench.js';
import { ofType } from '../support/simulation.js';

const GREETING = 'Good morning, how can I help?';
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phrases-'));
});
// A phrase may be on its way to the disk still.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

const sound = (seed: number, length = 1_000) => ({
  samples: Int16Array.from({ length }, (_, i) => (i * seed) % 30_000),
  sampleRate: 24_000,
});
const name = (digit: number): string => digit.toString(16).repeat(64).slice(0, 64);
const bench = (more: object = {}) => setUp([{}, {}], { cache: { folder, phrases: [GREETING], ...more } });
const written = async (count: number): Promise<readonly string[]> => {
  for (let look = 0; look < 3_000; look += 1) {
    const files = await readdir(folder);
    if (files.length >= count && !files.some((file) => file.startsWith('.new'))) return files;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return readdir(folder);
};

/** Renders what is to be rendered, at simulated time. The disk has its own: from some steps on it is waited for. */
async function warm({ voice, clock }: ReturnType<typeof bench>): Promise<void> {
  let over = false;
  void voice.warmup?.(new AbortController().signal).then(() => {
    over = true;
  });
  for (let step = 0; step < 5_000 && !over; step += 1) {
    clock.advance(10);
    await new Promise((resolve) => (step < 500 ? setImmediate(resolve) : setTimeout(resolve, 2)));
  }
  expect(over).toBe(true);
}

test('what is said at every call is rendered at start, once for a voice, and said at once', async () => {
  const made = bench();
  await warm(made);
  expect(made.backends.map(({ requests }) => requests.length)).toEqual([1, 0]);
  const beganMs = made.clock.now();
  const events = await sayAll(await made.open(), made.clock, GREETING);
  expect(events.find(({ event }) => event.type === 'audio')?.atMs).toBe(beganMs);
  expect(ofType(events, 'tier')).toEqual([{ type: 'tier', tier: 'laptop', reason: 'cache' }]);
  expect(ofType(events, 'audio').reduce((sum, { data }) => sum + data.length, 0)).toBe(GREETING.length * 400);
  expect(made.backends[0]?.requests.length).toBe(1);
});

test('a phrase is kept for the voice, the parameters and the model that it was said with', async () => {
  const tiers = [
    { tier: { voice: 'sophie' } },
    { tier: { voice: 'tom' } },
    { tier: { voice: 'tom', sound: 'tom, excited' } },
  ];
  const made = setUp(tiers, { cache: { folder, phrases: [GREETING] } });
  await warm(made);
  expect(made.backends.map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  await written(3);
  const others = setUp([{ backend: { model: 'another' } }], { cache: { folder, phrases: [GREETING] } });
  await warm(others);
  expect(others.backends[0]?.requests.length).toBe(1);
});

test('a tier that cannot speak its phrases is named at start, not by the first caller', async () => {
  const log = createKeptLog();
  const made = setUp([{}], { cache: { phrases: [GREETING] }, log });
  const [laptop] = made.backends;
  if (laptop) laptop.fault = new FlavorError('ERR_FLAVOR_CONFIG', 'no such voice', false);
  await warm(made);
  expect(log.lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'warn', message: expect.any(String), tier: 'laptop', code: 'ERR_FLAVOR_CONFIG', detail: 'no such voice' },
  ]);
});

test('phrases outlive a restart; their files are private and named by a hash', async () => {
  await warm(bench());
  const [file = ''] = await written(1);
  expect(file).toMatch(/^[0-9a-f]{64}\.phrase$/);
  expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await readFile(join(folder, file))).includes('Good morning')).toBe(false);
  const again = bench();
  await warm(again);
  const events = await sayAll(await again.open(), again.clock, GREETING);
  expect(ofType(events, 'tier')[0]?.reason).toBe('cache');
  expect(again.backends[0]?.requests).toEqual([]);
});

test('a sentence is kept when it is said again; those of private calls not on disk, unless that is wanted', async () => {
  for (const { isPrivate, keepPrivate, files } of [
    { isPrivate: false, keepPrivate: false, files: 1 },
    { isPrivate: true, keepPrivate: false, files: 0 },
    { isPrivate: true, keepPrivate: true, files: 1 },
  ]) {
    const made = bench({ phrases: [], keepPrivate });
    await warm(made);
    const session = await made.open(isPrivate);
    for (let time = 0; time < 3; time += 1) await sayAll(session, made.clock, 'Your bill is four pounds.');
    expect(made.backends[0]?.requests.length).toBe(2);
    expect(await written(files)).toHaveLength(files);
    for (const file of await readdir(folder)) await rm(join(folder, file));
  }
});

test('files that are cut short, changed or foreign are not played: they are deleted, and the phrase is rendered again', async () => {
  const whole = writePhrase(sound(3));
  const phrases = await PhraseFolder.open(folder, 1e6, new SeededRandom(1));
  for (const digit of [1, 2, 3]) await phrases.write(name(digit), sound(digit));
  await truncate(join(folder, `${name(1)}.phrase`), 500);
  const changed = Buffer.from(whole);
  changed[700] = (changed[700] ?? 0) ^ 1;
  await writeFile(join(folder, `${name(2)}.phrase`), changed);
  await rm(join(folder, `${name(3)}.phrase`));
  await symlink('/etc/passwd', join(folder, `${name(3)}.phrase`));
  await writeFile(join(folder, '.new-half'), 'half');
  await writeFile(join(folder, 'notes.txt'), 'not ours');
  const opened = await PhraseFolder.open(folder, 1e6, new SeededRandom(1));
  for (const digit of [1, 2, 3]) expect(await opened.read(name(digit), 0)).toBeUndefined();
  expect(await readdir(folder)).toEqual([`${name(3)}.phrase`, 'notes.txt']);
  expect(readPhrase(whole)?.samples).toEqual(sound(3).samples);
});

test('a file whose head is not one of ours is no phrase', () => {
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = writePhrase(sound(3));
    change(bytes);
    return bytes;
  };
  for (const bytes of [
    Buffer.alloc(0),
    writePhrase(sound(3)).subarray(0, 16),
    changed((head) => head.write('WAVE')),
    changed((head) => head.writeUInt32LE(7_999, 4)),
    changed((head) => head.writeUInt32LE(96_001, 4)),
    changed((head) => head.writeUInt32LE(999, 8)),
    changed((head) => head.writeUInt32LE(4_000_000_000, 8)),
  ]) {
    expect(readPhrase(bytes)).toBeUndefined();
  }
});

test('files that others may read are made private at start', async () => {
  const file = join(folder, `${name(1)}.phrase`);
  await writeFile(file, writePhrase(sound(1)));
  await chmod(file, 0o644);
  await PhraseFolder.open(folder, 1e6, new SeededRandom(1));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a phrase that cannot be written leaves nothing behind, and may be written later', async () => {
  const phrases = await PhraseFolder.open(folder, 1e6, new SeededRandom(1));
  const file = join(folder, `${name(1)}.phrase`);
  await mkdir(file);
  await phrases.write(name(1), sound(1));
  expect([phrases.has(name(1)), phrases.bytes]).toEqual([false, 0]);
  expect(await readdir(folder)).toEqual([`${name(1)}.phrase`]);
  await rm(file, { recursive: true });
  await phrases.write(name(1), sound(1));
  expect((await phrases.read(name(1), 0))?.samples).toEqual(sound(1).samples);
});

test('the least recently used leave when there are too many bytes, also at the next start', async () => {
  const phrases = await PhraseFolder.open(folder, 6_500, new SeededRandom(1));
  for (const digit of [1, 2, 3]) await phrases.write(name(digit), sound(digit));
  await phrases.read(name(1), Date.UTC(2030, 0, 1));
  await phrases.write(name(4), sound(4));
  expect([1, 2, 3, 4].filter((digit) => phrases.has(name(digit)))).toEqual([1, 3, 4]);
  expect(phrases.bytes).toBeLessThanOrEqual(6_500);
  const smaller = await PhraseFolder.open(folder, 2_500, new SeededRandom(1));
  expect([1, 3, 4].filter((digit) => smaller.has(name(digit)))).toEqual([1]);
  expect(await readdir(folder)).toHaveLength(1);
});

test('a folder that cannot be written to costs phrases, not calls', async () => {
  const made = setUp([{}], { cache: { folder: join(folder, 'file', 'below'), phrases: [GREETING] } });
  await writeFile(join(folder, 'file'), '');
  await warm(made);
  const events = await sayAll(await made.open(), made.clock, GREETING);
  expect(ofType(events, 'tier')[0]?.reason).toBe('cache');
  await chmod(folder, 0o700);
});
