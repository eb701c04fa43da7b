import { expect, test } from 'vitest';
import type { FakeAzure } from './index.js';
import { RawClient } from './raw-client.js';
import { eventually, spoken, sttPath, ttsPath, useScene } from './scene.js';

const { start, connect } = useScene();

const first = '0'.repeat(32);
const second = '1'.repeat(32);
const config = { context: { system: { name: 'test' } } };
const context = { synthesis: { audio: { outputFormat: 'raw-8khz-8bit-mono-mulaw' } } };
const header = Buffer.from(
  '524946460000000057415645666d74201000000007000100401f0000401f0000010008006461746100000000',
  'hex',
);

function ssml(text: string, voice = 'en-US-AriaNeural'): string {
  return `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US"><voice name="${voice}">${text}</voice></speak>`;
}

/** A recogniser that has heard the head of its audio. */
async function listening(fake: FakeAzure): Promise<RawClient> {
  const client = await connect(fake, sttPath);
  client.text('speech.config', first, config);
  client.text('speech.context', first, {});
  client.audio(first, header, 'audio/x-wav');
  await client.next('turn.start');
  return client;
}

test.each([
  ['another path', '/speech', { 'Ocp-Apim-Subscription-Key': 'right' }, 404],
  ['no key', sttPath, {}, 401],
  ['a wrong key', ttsPath, { 'Ocp-Apim-Subscription-Key': 'wrong' }, 401],
  ['an unknown token', sttPath, { authorization: 'Bearer token-9' }, 401],
  ['a language that is none', '/stt/speech/universal/v2?language=xx-XX', { 'Ocp-Apim-Subscription-Key': 'right' }, 400],
  [
    'an old path without a language',
    '/speech/recognition/conversation/cognitiveservices/v1',
    { 'Ocp-Apim-Subscription-Key': 'right' },
    400,
  ],
])('%s is refused', async (_what, path, headers, status) => {
  const fake = await start({ key: 'right' });
  expect(await new RawClient(`${fake.url}${path}`, { ...headers }).refusal()).toBe(status);
});

test('a token is good for ten minutes', async () => {
  let nowMs = 0;
  const clock = { now: () => nowMs, wallTime: () => 0, setTimeout: () => 0, clearTimeout: () => undefined };
  const fake = await start({ key: 'right', clock });
  const issued = await fetch(`${fake.url.replace('ws', 'http')}/sts/v1.0/issueToken`, {
    method: 'POST',
    headers: { 'Ocp-Apim-Subscription-Key': 'right' },
  });
  const headers = { authorization: `Bearer ${await issued.text()}` };
  await connect(fake, sttPath, headers);
  expect(fake.timeline.connections[0]?.credential).toBe('token');
  nowMs = 600_001;
  expect(await new RawClient(`${fake.url}${sttPath}`, headers).refusal()).toBe(401);
});

test.each<[string, string, (client: RawClient) => void, number]>([
  ['a frame without a header', sttPath, (client) => client.socket.send('{}'), 1002],
  ['half a header', sttPath, (client) => client.socket.send(Buffer.from([1, 0, 80])), 1002],
  ['a request id that is none', sttPath, (client) => client.text('speech.config', 'abc', config), 1002],
  ['an unknown message', sttPath, (client) => client.text('speech.banana', first, {}), 1002],
  ['audio before the configuration', sttPath, (client) => client.audio(first, header, 'audio/x-wav'), 1002],
  ['JSON that is none', sttPath, (client) => client.text('speech.config', first, '{'), 1007],
  ['text in a binary frame', ttsPath, (client) => client.audio(first, header), 1002],
  ['SSML before its context', ttsPath, (client) => client.text('ssml', first, ssml('x'), 'application/ssml+xml'), 1002],
])('%s ends the connection', async (_what, path, send, code) => {
  const client = await connect(await start(), path);
  send(client);
  expect((await client.ending).code).toBe(code);
});

test.each([
  ['no header', Buffer.alloc(44)],
  ['two channels', Buffer.from(header.toString('hex').replace('07000100', '07000200'), 'hex')],
  ['Opus', Buffer.from(header.toString('hex').replace('07000100', '4f700100'), 'hex')],
])('audio with %s is no audio that is taken', async (_what, wave) => {
  const client = await connect(await start(), sttPath);
  client.text('speech.config', first, config);
  client.text('speech.context', first, {});
  client.audio(first, wave, 'audio/x-wav');
  expect(await client.ending).toEqual({ code: 1007, reason: 'Unsupported audio format.' });
});

test('a turn begins with its own context, and only behind the one before it', async () => {
  const fake = await start();
  const client = await listening(fake);
  client.audio(second, header, 'audio/x-wav');
  expect((await client.ending).reason).toContain('over');
  const other = await listening(fake);
  other.audio(first, new Uint8Array(0));
  await other.next('turn.end');
  other.audio(second, header, 'audio/x-wav');
  expect((await other.ending).reason).toContain('speech.context');
});

test('the end of the audio brings the phrase, then the end of the turn; times are ticks of 100 ns', async () => {
  const fake = await start({ lines: ['Yes.'] });
  const client = await listening(fake);
  client.audio(first, await spoken('Yes', 100));
  client.audio(first, new Uint8Array(0));
  expect(await client.nextJson('speech.startDetected')).toEqual({ Offset: 0 });
  const phrase = await client.nextJson('speech.phrase');
  expect(phrase).toMatchObject({ RecognitionStatus: 'Success', DisplayText: 'Yes.', Offset: 0 });
  expect(await client.nextJson('speech.phrase')).toMatchObject({ RecognitionStatus: 'EndOfDictation' });
  const end = await client.next('turn.end');
  expect(end.headers['X-RequestId']).toBe(first);
});

test('silence at the beginning of a turn ends it', async () => {
  const client = await listening(await start({ initialSilenceMs: 500 }));
  client.audio(first, new Uint8Array(8 * 600).fill(0xff));
  expect(await client.nextJson('speech.phrase')).toMatchObject({ RecognitionStatus: 'InitialSilenceTimeout' });
  await client.next('turn.end');
});

test('a connection over which nothing goes is closed', async () => {
  const client = await connect(await start({ idleMs: 50 }), ttsPath);
  expect((await client.ending).code).toBe(1000);
});

test.each([
  ['an unknown voice', ssml('x', 'en-US-Nobody'), 'Unsupported voice en-US-Nobody.'],
  ['an element that is not closed', ssml('<prosody rate="slow">x'), 'not closed'],
  ['a bare ampersand', ssml('salt & pepper'), 'entity'],
  ['a control character', ssml('a\u0001b'), 'character'],
  ['a prefix that is not bound', ssml('<mstts:silence type="Leading" value="0ms"/>x'), 'mstts'],
  ['no voice', '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">x</speak>', 'voice'],
  ['plain text', 'hello', 'one element'],
])('SSML with %s is refused', async (_what, document, reason) => {
  const client = await connect(await start(), ttsPath);
  client.text('speech.config', first, config);
  client.text('synthesis.context', first, context);
  client.text('ssml', first, document, 'application/ssml+xml');
  const ending = await client.ending;
  expect(ending.code).toBe(1007);
  expect(ending.reason).toContain(reason);
});

test('an output format that nobody makes is refused, and one with a RIFF header has it once', async () => {
  const fake = await start();
  const client = await connect(fake, ttsPath);
  client.text('speech.config', first, config);
  client.text('synthesis.context', first, { synthesis: { audio: { outputFormat: 'raw-9khz' } } });
  expect((await client.ending).code).toBe(1007);
  const riff = await connect(fake, ttsPath);
  riff.text('speech.config', first, config);
  riff.text('synthesis.context', first, { synthesis: { audio: { outputFormat: 'riff-8khz-8bit-mono-mulaw' } } });
  riff.text('ssml', first, ssml('Hello.'), 'application/ssml+xml');
  expect((await riff.next('audio')).body.toString('latin1', 0, 4)).toBe('RIFF');
});

test('a stop ends the turn at once, and another may begin', async () => {
  const fake = await start({ audioRate: 1 });
  const client = await connect(fake, ttsPath);
  client.text('speech.config', first, config);
  client.text('synthesis.context', first, context);
  client.text('ssml', first, ssml('A sentence of some length.'), 'application/ssml+xml');
  await client.next('audio');
  client.text('synthesis.control', first, { action: 'stop' });
  await client.next('turn.end');
  client.text('synthesis.context', second, context);
  client.text('ssml', second, ssml('Next.'), 'application/ssml+xml');
  await client.next('turn.end', ({ headers }) => headers['X-RequestId'] === second);
  await eventually(() => fake.timeline.speeches.map(({ stopped }) => stopped)).toEqual([true, false]);
});

test('two documents at once are one too many', async () => {
  const client = await connect(await start({ audioRate: 1 }), ttsPath);
  client.text('speech.config', first, config);
  for (const id of [first, second]) {
    client.text('synthesis.context', id, context);
    client.text('ssml', id, ssml('A sentence of some length.'), 'application/ssml+xml');
  }
  expect((await client.ending).code).toBe(1002);
});
