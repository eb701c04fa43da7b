import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoResult, runDemo } from '../../src/demo/demo.js';
import { lastAudibleMs, readStereoRecording } from '../../src/demo/recording.js';
import { realtimeScenario } from '../../src/demo/scenarios/realtime.js';

/** `npm run demo -- --flavor openai-realtime`, with the fake that the build has made. */
const fakes = new URL('../../dist/test/fakes/main.js', import.meta.url);

/** The greeting, an answer to each of the caller's lines but "mm-hm", and words while the free times are looked up. */
const TURNS = 7;
const SLACK_MS = 150;

let directory = '';
let result: DemoResult;
const lines: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'demo-openai-test-'));
  const scenario = realtimeScenario({ model: undefined, voice: undefined, fakes });
  const tell = (line: string): void => void lines.push(line);
  const play = () => runDemo({ scenario, directory: 'out', cwd: directory, env: {}, tell });
  result = await play();
  // A machine that stalls for half a second in a sentence of the caller's has made two turns of it.
  if (!result.ok || result.record.turns.length !== TURNS) result = await play();
}, 240_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const wav = () => readStereoRecording(join(directory, 'out', 'call.wav'));
const cutOff = () => {
  const turn = result.record.turns.find(({ interrupted }) => interrupted);
  if (!turn) throw new Error('nothing was interrupted');
  return turn;
};

test('a haircut is booked: "mm-hm" lets the agent go on, an interruption stops it, and the agent hangs up', () => {
  expect(result.ok).toBe(true);
  expect(result.record).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' }, error: null });
  expect(result.record.bargeIns.map(({ resumed }) => resumed)).toEqual([true, false]);
  expect(result.record.turns.filter(({ interrupted }) => interrupted)).toHaveLength(1);
  expect(result.record.turns.filter(({ v2vMs }) => v2vMs !== undefined).length).toBeGreaterThanOrEqual(5);
});

test('free times are looked up, with words for the wait', () => {
  expect(result.record.tools).toMatchObject([
    { name: 'find_slots', ok: true },
    { name: 'hang_up', ok: true },
  ]);
  const said = result.record.transcript?.filter(({ role }) => role === 'agent').map(({ text }) => text) ?? [];
  const filler = said.indexOf('Let me look that up for you.');
  expect(filler).toBeGreaterThan(0);
  expect(said[filler + 1]).toContain('three thirty');
});

test('the caller’s murmur stands in nobody’s memory, and everything else does', () => {
  const heard = result.record.transcript?.filter(({ role }) => role === 'caller').map(({ text }) => text);
  expect(heard).toEqual([
    'Hello, I would like to book a haircut.',
    'On Friday afternoon, please.',
    'What does a haircut include?',
    'Three thirty is fine. My name is Alice Brown.',
    'Goodbye, and thank you.',
  ]);
});

test('the interrupted sentence was heard up to a word, and what the model was told agrees with the record', () => {
  const { heardMs, heardText = '' } = cutOff();
  expect(heardText).toMatch(/^A haircut with us takes about forty five minutes/);
  expect(heardText).not.toContain('students and pensioners');
  const told = new Map(result.figures).get('   and what the model was told (audio_end_ms)');
  const toldMs = Number.parseInt(told ?? '', 10);
  // The model's clock counts the silence at the beginning of its sound, which is not played.
  expect(toldMs).toBeGreaterThanOrEqual(Math.floor(heardMs));
  expect(toldMs - heardMs).toBeLessThan(1000);
});

test('the recording agrees with the record: audible up to the cut, silent after it', async () => {
  const { agent } = await wav();
  const { endedMs } = cutOff();
  // A recording begins when the 200 is written, the record when it is sent: on a busy machine that is some while.
  expect(lastAudibleMs(agent, endedMs + SLACK_MS)).toBeGreaterThan(endedMs - 700);
  expect(lastAudibleMs(agent, endedMs + 1000)).toBeLessThan(endedMs + SLACK_MS);
});

test('the goodbye was heard to its end before the BYE', async () => {
  const last = result.record.turns.at(-1);
  expect(last).toMatchObject({ interrupted: false, heardText: 'Thank you for calling. Goodbye!' });
  const { agent } = await wav();
  const lastSoundMs = lastAudibleMs(agent, result.record.durationMs) ?? 0;
  expect(lastSoundMs).toBeGreaterThan((last?.startedMs ?? 0) + 800);
  expect(result.record.durationMs - lastSoundMs).toBeGreaterThanOrEqual(190);
});

test('it leaves its files and a configuration without a secret, and tells what it measured', async () => {
  for (const file of ['call.wav', 'call.json', 'timeline.svg', 'timeline.png']) {
    expect((await stat(join(directory, 'out', file))).size).toBeGreaterThan(1000);
    expect(lines.join('\n')).toContain(file);
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration file
  expect(await readFile(join(directory, 'out', 'connector.yaml'), 'utf8')).toContain('apiKey: ${OPENAI_API_KEY:-none}');
  const figures = new Map(result.figures);
  for (const name of ['ACK to the greeting’s first packet', '“Mm-hm”: pause until the agent goes on', 'Tools']) {
    expect(figures.get(name), name).toMatch(/\d ms/);
  }
});

test('the fake has ended with the demo', async () => {
  const config = await readFile(join(directory, 'out', 'connector.yaml'), 'utf8');
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(config)?.[1]);
  const socket = connect(port, '127.0.0.1');
  const [error] = await once(socket, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
