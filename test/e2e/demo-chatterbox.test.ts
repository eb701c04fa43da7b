import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoResult, runDemo } from '../../src/demo/demo.js';
import { readStereoRecording } from '../../src/demo/recording.js';
import { chatterboxScenario } from '../../src/demo/scenarios/chatterbox.js';

/** `npm run demo -- --flavor chatterbox-custom`, with the fakes that the build has made. */
const fakes = new URL('../../dist/test/fakes/main.js', import.meta.url);

/** How the picture marks it. */
const DEATH = 'ERR_FLAVOR_NETWORK: another goes on';

let directory = '';
let result: DemoResult;
const lines: string[] = [];

const picture = () => readFile(join(directory, 'out', 'timeline.svg'), 'utf8');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'demo-chatterbox-test-'));
  const tell = (line: string): void => void lines.push(line);
  const play = () => {
    lines.length = 0;
    return runDemo({ scenario: chatterboxScenario({ fakes }), directory: 'out', cwd: directory, env: {}, tell });
  };
  result = await play();
  // A machine that stalls for half a second in a sentence of the caller's has made two turns of it. One that is slower
  // still has given up the first tier before it could die: it did not begin in its time.
  for (let again = 0; again < 2 && !(result.ok && (await picture()).includes(DEATH)); again += 1) result = await play();
}, 600_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('a haircut is booked by a voice whose first tier dies in the middle of a sentence', () => {
  expect(result.ok).toBe(true);
  expect(result.record).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' }, error: null });
  expect(result.record.tools).toMatchObject([
    { name: 'find_slots', ok: true },
    { name: 'hang_up', ok: true },
  ]);
});

test('the record names both tiers, by the time of their machines', () => {
  const machines = result.record.usage.filter(({ unit }) => unit === 'machine-ms').map(({ model }) => model);
  expect(machines).toEqual(expect.arrayContaining(['laptop', 'rack']));
});

test('the sentence goes on: its words are heard in their order, past the place where the tier died', async () => {
  const answer = result.record.turns.find(({ interrupted }) => interrupted);
  expect(answer?.heardText).toMatch(/^A haircut with us takes about forty five minutes\. First we wash/);
  // Audible on both sides of the death.
  const { agent } = await readStereoRecording(join(directory, 'out', 'call.wav'));
  const from = Math.round((answer?.startedMs ?? 0) * 8);
  const to = Math.round((answer?.endedMs ?? 0) * 8);
  const loud = agent.slice(from, to).filter((sample) => Math.abs(sample) > 500).length;
  expect(loud).toBeGreaterThan(8_000);
});

test('the death is marked in the picture', async () => {
  expect(await picture()).toContain(DEATH);
  expect(lines.join('\n')).toContain('breaks off from here on');
  for (const file of ['call.wav', 'call.json', 'timeline.svg', 'timeline.png']) {
    expect((await stat(join(directory, 'out', file))).size).toBeGreaterThan(1000);
  }
});
