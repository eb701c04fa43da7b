import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Agent, fetch, type Response } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { ModalBackend } from '../../../../src/cascade/engines/chatterbox/modal.js';
import { modalSchema } from '../../../../src/cascade/engines/chatterbox/modal-config.js';
import { OpenAiSpeechBackend, openAiSpeechSchema } from '../../../../src/cascade/engines/openai-speech/index.js';
import { StreamItems } from '../../../../src/cascade/engines/runpod/stream-items.js';
import type { SpeechBackend } from '../../../../src/cascade/engines/speech-server/backend.js';
import { hear, never } from '../../../cascade/engines/speech-server/hear.js';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = join(repository, 'flavors/chatterbox-custom/deploy');
const stubs = join(repository, 'test/flavors/chatterbox-custom/deploy/stubs');

const scratch = mkdtempSync(join(tmpdir(), 'deploy-'));
mkdirSync(join(scratch, 'voices'));
writeFileSync(join(scratch, 'voices', 'amy.wav'), '');
writeFileSync(join(scratch, 'secret.wav'), '');
afterAll(() => rmSync(scratch, { recursive: true }));

/**
 * By name: which of the two that a process may have answers the global `fetch` depends on who came first, and the one that
 * comes with Node 20 takes an answer that breaks off for whole where the connection was to be closed behind it.
 */
const dispatcher = new Agent();
afterAll(() => dispatcher.close());

/** Three pieces: the first sentence alone, then short ones together. */
const TEXT = 'Good morning. Your order left us today. It comes by train, so give it two days.';
const RATE = 24_000;
/** The stub speaks 50 characters a second, and 20 where it is told to be slow. */
const samplesOf = (text: string): number => Math.floor((text.length * RATE) / 50);

/** Python with stand-ins for the model and the hosts' SDKs. */
function python(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn('python3', args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONPATH: `${stubs}:${folder}`,
      PYTHONPYCACHEPREFIX: join(scratch, 'cache'),
      CHATTERBOX_VOICES: join(scratch, 'voices'),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const told: string[] = [];
  createInterface(child.stderr).on('line', (line) => told.push(line));
  return { child, told, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

type Program = ReturnType<typeof python>;

/** The next line a program writes; what it said instead when it is over. */
async function nextLine({ lines, told }: Program): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`the program is over: ${told.join('\n')}`);
  return String(value);
}

function sentencesSaid({ told }: Program): number {
  return told.filter((line) => line.startsWith('{"said"')).length;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

test('every Python file of the folder is Python', async () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.py'));
  expect(files.sort()).toEqual(['chatterbox_speech.py', 'modal_app.py', 'runpod_handler.py', 'speech_app.py']);
  const { child, told } = python(['-m', 'py_compile', ...files]);
  expect([await ended(child), told]).toEqual([0, []]);
});

test('texts are cut into sentences, the first one alone, none longer than Chatterbox likes', async () => {
  const long = `${'one, two and three '.repeat(40)}end.`;
  const program = python([
    '-c',
    'import json, sys; from chatterbox_speech import pieces; print(json.dumps([pieces(t) for t in json.load(sys.stdin)]))',
  ]);
  program.child.stdin.end(JSON.stringify([TEXT, 'Hi.', long, 'x'.repeat(700), ' \n ']));
  const [sentences, one, cut, solid, empty] = JSON.parse(await nextLine(program)) as readonly (readonly string[])[];
  expect(sentences).toEqual(['Good morning.', 'Your order left us today. It comes by train, so give it two days.']);
  expect(one).toEqual(['Hi.']);
  expect(cut?.join(' ')).toBe(long.trim());
  expect(cut?.every((piece) => piece.length <= 300)).toBe(true);
  expect(solid?.map(({ length }) => length)).toEqual([300, 300, 100]);
  expect(empty).toEqual([]);
});

describe('the handler at RunPod', () => {
  let program: Program;
  beforeAll(() => {
    program = python(['runpod_handler.py']);
  });
  afterAll(() => {
    program.child.kill('SIGKILL');
  });

  interface Item {
    readonly index: number;
    readonly sample_rate?: number;
    readonly audio?: string;
    readonly done?: boolean;
    readonly samples?: number;
    readonly machine_ms?: number;
    readonly refused?: string;
  }

  interface Job {
    readonly status: string;
    readonly items: readonly Item[];
    /** What the model was told. */
    readonly said: readonly Readonly<Record<string, unknown>>[];
  }

  async function job(input: object): Promise<Job> {
    program.child.stdin.write(`${JSON.stringify({ id: 'job-1', input })}\n`);
    const { status, stream, said } = JSON.parse(await nextLine(program)) as Pick<Job, 'status' | 'said'> & {
      readonly stream: readonly { readonly output: Item }[];
    };
    return { status, items: stream.map(({ output }) => output), said };
  }

  const bytesOf = ({ audio = '' }: Item): number => Buffer.from(audio, 'base64').length;

  test('yields each piece as an item that counts itself, and says at the end what there was', async () => {
    const { items } = await job({ text: TEXT, voice: 'amy', seed: 7 });
    const last = items.at(-1);
    expect(items.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(items.slice(0, -1).every(({ sample_rate }) => sample_rate === RATE)).toBe(true);
    expect(bytesOf(items[0] ?? { index: 0 })).toBe(2 * samplesOf('Good morning.'));
    const bytes = items.reduce((sum, item) => sum + bytesOf(item), 0);
    expect(last).toEqual({ index: 2, done: true, samples: bytes / 2, machine_ms: expect.any(Number) });
  });

  test('our backend reads all of it', async () => {
    const { items } = await job({ text: TEXT });
    const reader = new StreamItems('RunPod', TEXT);
    const chunks = items.flatMap((item) => reader.push(item));
    reader.end();
    expect(chunks[0]).toEqual({ type: 'format', sampleRate: RATE });
    expect(reader).toMatchObject({
      satisfied: true,
      samples: samplesOf('Good morning.') + samplesOf(TEXT.slice('Good morning. '.length)),
      machineMs: expect.any(Number),
    });
  });

  test('no item is longer than ten seconds, nor larger than RunPod passes on', async () => {
    const { items } = await job({ text: `[slow] ${'word '.repeat(55)}end.` });
    expect(items.length).toBeGreaterThan(2);
    for (const { audio = '' } of items) expect(audio.length).toBeLessThan(1_000_000);
    const seconds = items.map((item) => bytesOf(item) / 2 / RATE);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(10);
  });

  test('samples louder than there is room for do not wrap around', async () => {
    const { items } = await job({ text: 'Loud.' });
    const bytes = Buffer.from(items[0]?.audio ?? '', 'base64');
    const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(Math.max(...samples)).toBe(32_767);
    const steps = samples.slice(1).map((sample, index) => Math.abs(sample - (samples[index] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(2_500);
  });

  test('a wake-up loads the model and says nothing', async () => {
    expect(await job({ wake: true })).toEqual({
      status: 'COMPLETED',
      items: [{ index: 0, done: true, samples: 0, machine_ms: expect.any(Number) }],
      said: [],
    });
  });

  test.each([
    [{}, 'text'],
    [{ text: ' ' }, 'text'],
    [{ text: 'x'.repeat(3_001) }, 'text'],
    [{ text: 'Hi.', voice: 'nobody' }, 'voice'],
    [{ text: 'Hi.', voice: '../secret' }, 'voice'],
    [{ text: 'Hi.', voice_url: 'http://169.254.169.254/' }, 'voice_url'],
    [{ text: 'Hi.', temperature: 'hot' }, 'temperature'],
    [{ text: 'Hi.', temperature: true }, 'temperature'],
    [{ text: 'Hi.', exaggeration: 9 }, 'exaggeration'],
    [{ text: 'Hi.', language: 'e; n' }, 'language'],
  ])('%j is refused by name', async (input, member) => {
    expect(await job(input)).toEqual({ status: 'COMPLETED', items: [{ index: 0, refused: member }], said: [] });
  });

  test('what the model raises fails the job', async () => {
    expect((await job({ text: 'A [break] now.' })).status).toBe('FAILED');
  });

  test('a voice is listened to once, and the one that is built in comes back; Turbo is told nothing of feelings', async () => {
    const named = await job({ text: TEXT, voice: 'amy.wav', exaggeration: 1, temperature: 0.6 });
    const plain = await job({ text: 'Hi.' });
    expect([...named.said, ...plain.said]).toMatchObject([
      { voice: 'amy.wav', exaggeration: 0.5, temperature: 0.6 },
      { voice: 'amy.wav' },
      { voice: 'built in', text: 'Hi.' },
    ]);
  });
});

describe.each(['modal', 'own host'] as const)('the speech app at %s', (kind) => {
  const token = 'a-token-of-its-own';
  let program: Program;
  let url = '';
  beforeAll(async () => {
    program = python([join(stubs, 'serve.py'), kind], kind === 'modal' ? {} : { SPEECH_TOKEN: token });
    url = `http://127.0.0.1:${await nextLine(program)}`;
  });
  afterAll(() => {
    program.child.kill('SIGKILL');
  });

  const headers = { authorization: `Bearer ${token}` };
  const post = (body: string, more: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', body, headers: { ...headers, ...more }, dispatcher });

  const heardSamples = samplesOf('Good morning.') + samplesOf(TEXT.slice('Good morning. '.length));

  async function expectHeard(backend: SpeechBackend): Promise<void> {
    const { samples, rates, error } = await hear(backend.synthesize(TEXT, never));
    await backend[Symbol.asyncDispose]();
    expect([error, rates, samples.length]).toEqual([undefined, [RATE], heardSamples]);
  }

  if (kind === 'modal') {
    test('our backend hears all of it, as events, behind a proxy that asks for credentials', async () => {
      const config = { url, api: 'json', voice: 'amy', key: 'wk-1', secret: 'ws-2' };
      await expectHeard(new ModalBackend(modalSchema.parse(config)));
      expect(program.told.join('\n')).toContain('"auth": true');
    });
  } else {
    test.each(['pcm', 'wav', 'events'] as const)(
      'our backend for OpenAI’s API hears all of it as %s',
      async (answer) => {
        const config = { baseUrl: `${url}/v1`, apiKey: token, model: 'chatterbox', voice: 'default', answer };
        await expectHeard(new OpenAiSpeechBackend(openAiSpeechSchema.parse(config)));
      },
    );

    test('who has not the token is refused before anything is made', async () => {
      for (const authorization of ['', 'Bearer wrong', `bearer ${token}`]) {
        expect((await post('{"text":"Hi."}', { authorization })).status).toBe(401);
      }
      expect((await fetch(`${url}/health`, { dispatcher })).status).toBe(401);
      expect(await (await fetch(`${url}/health`, { headers, dispatcher })).json()).toEqual({
        status: 'ok',
        sample_rate: RATE,
      });
    });
  }

  test('a WAV says that its length is not known', async () => {
    const answer = await post('{"text":"Hi."}', { accept: 'audio/wav' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('content-type')).toBe('audio/wav');
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(24), bytes.readUInt32LE(40)]).toEqual([
      2 ** 32 - 1,
      RATE,
      2 ** 32 - 1,
    ]);
    expect(bytes.length).toBe(44 + 2 * samplesOf('Hi.'));
  });

  test.each([
    ['{"text":', 400],
    ['[]', 400],
    ['{"text":""}', 422],
    ['{"text":"Hi.","voice":"../secret"}', 422],
    ['{"text":"Hi.","response_format":"mp3"}', 422],
    ['{"text":"Hi.","response_format":["wav"]}', 422],
    [`{"text":"${'x'.repeat(70_000)}"}`, 413],
    [`${'['.repeat(20_000)}`, 400],
  ])('%j is refused with %d', async (body, status) => {
    const answer = await post(body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/json']);
  });

  test('a GET is told to POST: it wakes a machine and makes nothing', async () => {
    expect((await fetch(url, { headers, dispatcher })).status).toBe(405);
  });

  test('a failure before the first sentence is an error, one after it breaks the answer off', async () => {
    await expect(post('{"text":"A [break] now."}')).rejects.toThrow();
    const broken = await post('{"text":"Hello. A [break] now."}');
    expect(broken.status).toBe(200);
    await expect(broken.text()).rejects.toThrow();
  });

  test('when the caller has gone, no further sentence is made', async () => {
    const before = sentencesSaid(program);
    const text = Array.from({ length: 15 }, (_, index) => `Sentence ${index} ${'is long '.repeat(18)}.`).join(' ');
    const abort = new AbortController();
    const { signal } = abort;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ text }), headers, signal, dispatcher });
    expect(answer.status).toBe(200);
    abort.abort();
    await expect.poll(() => program.told.join('')).toContain('"gone"');
    const after = await settled(() => sentencesSaid(program));
    expect(after - before).toBeLessThan(15);
  });
});

/** The value once it has stayed the same for a while. */
async function settled(read: () => number): Promise<number> {
  let value = read();
  for (let same = 0; same < 5; same++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (read() !== value) same = 0;
    value = read();
  }
  return value;
}

test('the compose file publishes on loopback alone, and does not start without a token', () => {
  const text = readFileSync(join(folder, 'compose.yaml'), 'utf8');
  const { services } = parse(text) as { services: { chatterbox: Record<string, unknown> } };
  expect(services.chatterbox).toMatchObject({ build: { target: 'server' }, ports: ['127.0.0.1:8004:8004'] });
  expect(text).toMatch(/SPEECH_TOKEN: "\$\{SPEECH_TOKEN:\?/);
});

test('the compose file says nothing that Compose does not know', () => {
  // Of the Compose specification, what the file uses: a key that is spelt wrong would be refused, or do nothing.
  const duration = z.string().regex(/^\d+s$/);
  const device = z.strictObject({ driver: z.string(), count: z.int(), capabilities: z.array(z.string()) });
  const service = z.strictObject({
    build: z.strictObject({ context: z.string(), target: z.string() }),
    environment: z.record(z.string().regex(/^[A-Z_]+$/), z.string()),
    ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)),
    volumes: z.array(z.string().regex(/^[\w./]+:\/\w+(:ro)?$/)),
    deploy: z.strictObject({
      resources: z.strictObject({ reservations: z.strictObject({ devices: z.array(device) }) }),
    }),
    healthcheck: z.strictObject({ test: z.array(z.string()), interval: duration, start_period: duration }),
    restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
    security_opt: z.array(z.string()),
    cap_drop: z.array(z.string()),
  });
  const file = z.strictObject({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) });
  const compose = file.parse(parse(readFileSync(join(folder, 'compose.yaml'), 'utf8')));
  const named = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.filter((name) => !name.startsWith('.')),
  );
  expect(named.map((name) => name.split(':')[0])).toEqual(Object.keys(compose.volumes));
  const target = compose.services['chatterbox']?.build.target;
  expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'));
});

test('what a page or a file of the folder names is there', () => {
  const docker = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const copied = [...docker.matchAll(/^COPY (\w+\.py)/gm)].map(([, name]) => name);
  const linked = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, name]) => name);
  for (const name of [...copied, ...linked]) expect(() => readFileSync(join(folder, name ?? ''))).not.toThrow();
  expect(copied).toEqual(['chatterbox_speech.py', 'speech_app.py', 'runpod_handler.py']);
});
