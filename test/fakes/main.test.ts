import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { RawClient as DeepgramClient } from './deepgram/raw-client.js';
import type { Timeline } from './openai-realtime/index.js';
import { RawClient } from './openai-realtime/raw-client.js';

const main = fileURLToPath(new URL('../../dist/test/fakes/main.js', import.meta.url));

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
const children: Child[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** `npm run fake -- ...`, without npm and the build before it. */
function fake(...args: readonly string[]): Child {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function firstLine(stream: Readable): Promise<string> {
  const [line] = await once(createInterface({ input: stream }), 'line');
  return String(line);
}

/** The origin of a fake that prints JSON. */
async function originOf(child: Child): Promise<string> {
  const { url } = JSON.parse(await firstLine(child.stdout)) as { readonly url: string };
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/realtime$/);
  return url.replace('/v1/realtime', '');
}

test('the fake says where it listens, greets who dials it, and ends at SIGTERM', async () => {
  const child = fake('openai-realtime', '--json', '--key', 'secret');
  const client = await RawClient.open(await originOf(child), undefined, {
    headers: { authorization: 'Bearer secret' },
  });
  client.send({ type: 'response.create' });
  expect(await client.next('response.output_audio_transcript.done')).toMatchObject({
    transcript: 'Hello, this is the salon. How can I help you?',
  });
  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
  expect(await client.ending).toMatchObject({ code: 1006 });
});

test('the fake begins with the fault it is told, and can be told others', async () => {
  const child = fake('openai-realtime', '--json', '--fault', 'invalid-api-key');
  const origin = await originOf(child);
  expect(await RawClient.start(origin).nextError()).toMatchObject({ code: 'invalid_api_key' });
  child.stdin.write('recover\nno-such-fault\n');
  expect(await firstLine(child.stderr)).toBe('no fault is called no-such-fault');
  const client = await RawClient.open(origin);
  child.stdin.write('close-1011\n');
  client.send({ type: 'response.create' });
  expect(await client.ending).toMatchObject({ code: 1011 });
});

test.each([
  ['openai-text', ['--variant', 'ollama'], '/v1/models'],
  ['anthropic', [], '/v1/models'],
  ['chatterbox', ['--variant', 'devnen'], '/api/model-info'],
  ['openai-speech', [], '/v1/models'],
])('a provider over HTTP can be dialled by hand: %s', async (name, options, path) => {
  const child = fake(name, '--json', ...options);
  const { url } = JSON.parse(await firstLine(child.stdout)) as { readonly url: string };
  const response = await fetch(new URL(path, url), { headers: { 'anthropic-version': '2023-06-01' } });
  expect(response.status).toBe(200);
  child.stdin.write('timeline\n');
  const { timeline } = JSON.parse(await firstLine(child.stdout)) as {
    readonly timeline: { readonly requests: object[] };
  };
  expect(timeline.requests).toMatchObject([{ method: 'GET', path }]);
});

test('the fake tells what it has seen', async () => {
  const child = fake('openai-realtime', '--json');
  const client = await RawClient.open(await originOf(child));
  client.send({ type: 'response.create' });
  await client.next('response.done');
  child.stdin.write('timeline\n');
  const { timeline } = JSON.parse(await firstLine(child.stdout)) as { readonly timeline: Timeline };
  expect(timeline.responses).toMatchObject([{ status: 'completed', text: expect.stringMatching(/salon/) }]);
});

test('the fake of Deepgram says where it listens, and lets its key in', async () => {
  const child = fake('deepgram', '--json', '--key', 'secret');
  const { url } = JSON.parse(await firstLine(child.stdout)) as { readonly url: string };
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  const client = new DeepgramClient(`${url}/v1/agent/converse`, { authorization: 'Token secret' });
  await client.next('Welcome');
  await client.close();
});

test('the fake ends with a parent that has a channel to it', async () => {
  const child = spawn(process.execPath, [main, 'openai-realtime', '--json'], {
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child as unknown as Child);
  if (child.stdout) await firstLine(child.stdout);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test.each([
  ['no name', []],
  ['another name', ['sunshine']],
  ['another variant', ['openai-text', '--variant', 'sunshine']],
  ['another script', ['openai-realtime', '--script', 'opera']],
  ['a script of a fake that has none', ['runpod', '--script', 'assistant']],
  ['an unknown fault', ['openai-realtime', '--fault', 'sunshine']],
  ['an unknown option', ['openai-realtime', '--colour']],
  ['a port that is none', ['openai-realtime', '--port', 'x']],
  ['a port above the last', ['chatterbox', '--port', '65536']],
])('with %s it says how it is used', async (_what, args) => {
  const child = fake(...args);
  expect(await firstLine(child.stderr)).toMatch(/^usage: npm run fake -- NAME/);
  const [status] = await once(child, 'exit');
  expect(status).toBe(2);
});

test.each(['chatterbox', 'openai-realtime', 'azure'])('a port that is taken is named: %s', async (name) => {
  const first = fake('openai-text', '--json');
  const { url } = JSON.parse(await firstLine(first.stdout)) as { readonly url: string };
  const { port } = new URL(url);
  const second = fake(name, '--port', port);
  expect(await firstLine(second.stderr)).toBe(
    `error: port ${port} is taken: give another one, or end what listens there`,
  );
  const [status] = await once(second, 'exit');
  expect(status).toBe(1);
});
