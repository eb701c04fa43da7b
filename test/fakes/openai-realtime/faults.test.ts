import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect, test } from 'vitest';
import type { ProviderFault } from '../../../src/flavor-testkit/harness.js';
import { FakeClock } from '../../support/fake-clock.js';
import type { FakeOpenAiRealtime, FaultName } from './index.js';
import { type JsonObject, memberAt } from './json-value.js';
import { phoneSession, RawClient } from './raw-client.js';
import { eventually, useScene } from './scene.js';

const { start, connect } = useScene();

const line = 'one two three four five six seven eight nine ten';
const say: JsonObject = { type: 'response.create', response: { instructions: `Say exactly: "${line}"` } };

/** What the upgrade of a new connection was answered with. */
function upgradeAnswer(
  fake: FakeOpenAiRealtime,
): Promise<{ status: number | undefined; retryAfter: string | undefined }> {
  const { socket } = RawClient.start(fake.origin);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => {
      resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] });
      socket.terminate();
    });
  });
}

/** A client that has asked for speech from a fake with a fault. */
async function speakingClient(fault: FaultName, fake?: FakeOpenAiRealtime): Promise<RawClient> {
  const faulty = fake ?? (await start());
  faulty.fail(fault);
  const client = await connect(faulty);
  client.send(say);
  return client;
}

test.each([
  ['upgrade-401', 401, undefined],
  ['upgrade-429', 429, '7'],
  ['upgrade-500', 500, undefined],
  ['upgrade-503', 503, undefined],
] as const)('%s is answered with HTTP, until the fake is well again', async (fault, status, retryAfter) => {
  const fake = await start();
  fake.fail(fault, { retryAfterSeconds: 7 });
  expect(await upgradeAnswer(fake)).toEqual({ status, retryAfter });
  await fake.recover();
  await connect(fake);
});

test('a refused connection is refused by the system; connections that are up stay', async () => {
  const fake = await start();
  const client = await connect(fake);
  fake.fail('connect-refused');
  const tcp = connectTcp(fake.port, '127.0.0.1');
  const [error] = await once(tcp, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  client.send(say);
  await client.next('response.done');
  const { origin } = fake;
  await fake.recover();
  expect(fake.origin).toBe(origin);
  await connect(fake);
});

test('a connection that hangs is accepted and never upgraded', async () => {
  const fake = await start();
  fake.fail('connect-hang');
  const client = RawClient.start(fake.origin);
  const tcp = connectTcp(fake.port, '127.0.0.1');
  await once(tcp, 'connect');
  tcp.destroy();
  expect(client.socket.readyState).toBe(client.socket.CONNECTING);
  client.socket.terminate();
  await client.ending;
});

test('a key can be made invalid', async () => {
  const fake = await start();
  fake.fail('invalid-api-key');
  const client = RawClient.start(fake.origin);
  expect(await client.nextError()).toMatchObject({ code: 'invalid_api_key' });
  expect(await client.ending).toMatchObject({ code: 3000 });
});

test.each([
  ['close-1000', 1000],
  ['close-1006', 1006],
  ['close-1011', 1011],
] as const)('%s comes in the middle of speech', async (fault, code) => {
  const fake = await start({ audioRate: 1 });
  const client = await speakingClient(fault, fake);
  await client.next('response.output_audio.delta');
  expect(await client.ending).toMatchObject({ code });
  expect(client.types()).not.toContain('response.done');
  await eventually(() => fake.timeline.open).toHaveLength(0);
});

test('a close while nobody speaks comes at once to a connection that is up', async () => {
  const fake = await start();
  const client = await connect(fake);
  fake.fail('close-1011', { when: 'idle', to: 'open' });
  expect(await client.ending).toMatchObject({ code: 1011 });
  await connect(fake);
});

test('a close while nobody speaks comes to a new connection once it is configured', async () => {
  const fake = await start();
  fake.fail('close-1011', { when: 'idle' });
  const client = await connect(fake);
  expect(await client.ending).toMatchObject({ code: 1011 });
});

test('an error event in the middle of speech changes nothing else', async () => {
  const client = await speakingClient('error-continue');
  expect(await client.nextError()).toMatchObject({ type: 'server_error' });
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
  client.send(say);
  await client.next('response.done');
  expect(client.members('error')).toHaveLength(1);
});

test.each([
  ['error-close', 1011, { type: 'server_error' }],
  ['session-expired', 1001, { code: 'session_expired' }],
] as const)('%s is an error event and the end', async (fault, code, error) => {
  const client = await speakingClient(fault);
  expect(await client.nextError()).toMatchObject(error);
  expect(await client.ending).toMatchObject({ code });
});

test('a session ends by itself when its time is up', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock, sessionLimitMs: 60_000 });
  const client = await connect(fake);
  clock.advance(59_999);
  client.send({ type: 'input_audio_buffer.clear' });
  await client.next('input_audio_buffer.cleared');
  clock.advance(1);
  expect(await client.nextError()).toMatchObject({ code: 'session_expired' });
  expect(await client.ending).toMatchObject({ code: 1001 });
});

test.each(['malformed', 'binary', 'oversized'] as const)('%s frames come between good ones', async (fault) => {
  const client = await speakingClient(fault);
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
  if (fault === 'oversized') expect(client.members('response.output_audio.delta', 'delta').some(isHuge)).toBe(true);
  else expect(client.oddFrames).toHaveLength(1);
});

function isHuge(delta: unknown): boolean {
  return String(delta).length > 30_000_000;
}

test('malformNext breaks one message of a connection that is up, and it stays', async () => {
  const fake = await start();
  const client = await connect(fake);
  fake.malformNext();
  client.send(say);
  await client.next('response.done');
  expect(client.oddFrames).toHaveLength(1);
});

test('malformNext without a connection breaks a message of the next one', async () => {
  const fake = await start();
  fake.malformNext();
  const first = await connect(fake);
  const second = await connect(fake);
  expect(first.oddFrames).toHaveLength(1);
  expect(second.oddFrames).toHaveLength(0);
});

test('a silent connection takes everything and says nothing', async () => {
  const fake = await start();
  fake.fail('silent');
  const client = RawClient.start(fake.origin);
  await once(client.socket, 'open');
  client.send(say);
  await eventually(() => fake.timeline.responses.at(-1)?.status).toBe('completed');
  expect(client.events).toEqual([]);
  client.socket.terminate();
});

test('a connection can fall silent in the middle of speech', async () => {
  const fake = await start();
  const client = await speakingClient('fall-silent', fake);
  await client.next('response.output_audio.delta');
  await eventually(() => fake.timeline.responses.at(-1)?.status).toBe('completed');
  expect(client.types().at(-1)).toBe('response.output_audio.delta');
});

test('a trickle brings a byte a second', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock });
  fake.fail('trickle');
  const { socket } = RawClient.start(fake.origin);
  const received: Buffer[] = [];
  const [response] = await once(socket, 'upgrade');
  response.socket.on('data', (bytes: Buffer) => received.push(bytes));
  const bytes = (): number => received.reduce((sum, { length }) => sum + length, 0);
  await eventually(bytes).toBeLessThanOrEqual(1);
  clock.advance(10_000);
  await eventually(bytes).toBeGreaterThanOrEqual(10);
  expect(bytes()).toBeLessThanOrEqual(11);
  socket.terminate();
});

test('a slow session begins late', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock });
  fake.fail('slow-session', { delayMs: 5000 });
  const client = RawClient.start(fake.origin);
  await once(client.socket, 'open');
  await eventually(() => fake.connections()).toBe(1);
  clock.advance(4999);
  expect(client.events).toEqual([]);
  clock.advance(1);
  await client.next('session.created');
  await client.close();
});

test('slow audio comes late, after the response was created', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock });
  fake.fail('slow-audio', { delayMs: 5000 });
  const client = await connect(fake);
  client.send(say);
  await client.next('response.content_part.added');
  await eventually(() => fake.timeline.responses[0]?.dueAtMs).toBe(5000);
  expect(client.types()).not.toContain('response.output_audio.delta');
  await clock.advanceAsync(5000);
  await client.next('response.done');
});

test('a late close leaves the close frame of the client unanswered', async () => {
  const fake = await start();
  fake.fail('late-close');
  const client = await connect(fake);
  client.socket.close(1000);
  // What was sent after the close frame has come back: an answer to it would have come before.
  const other = await connect(fake);
  other.send(say);
  await other.next('response.done');
  expect(client.socket.readyState).toBe(client.socket.CLOSING);
  expect(fake.connections()).toBe(2);
  client.socket.terminate();
});

test('in the wrong order, audio comes before what announces it', async () => {
  const client = await speakingClient('wrong-order');
  await client.next('response.done');
  const types = client.types();
  expect(types.indexOf('response.output_audio.delta')).toBeLessThan(types.indexOf('response.created'));
  for (const announced of ['response.created', 'response.content_part.added']) {
    expect(types.indexOf(announced)).toBeGreaterThan(0);
    expect(types.indexOf(announced)).toBeLessThan(types.indexOf('response.done'));
  }
});

test('duplicated audio comes twice, delta by delta', async () => {
  const client = await speakingClient('duplicate-audio');
  await client.next('response.done');
  const deltas = client.members('response.output_audio.delta', 'delta');
  expect(deltas.length).toBeGreaterThan(4);
  expect(deltas.every((delta, at) => delta === deltas[at - (at % 2)])).toBe(true);
});

test('a flood of audio is ten minutes long', async () => {
  const client = await speakingClient('audio-flood');
  const done = await client.next('response.done');
  expect(client.audioOf(memberAt(done, ['response', 'id'])).length).toBeGreaterThan(600_000 * 8);
});

test('late deltas of a cancelled response come after its end', async () => {
  const fake = await start({ audioRate: 1 });
  const client = await speakingClient('late-deltas', fake);
  await client.next('response.output_audio.delta');
  client.send({ type: 'response.cancel' });
  const done = await client.next('response.done');
  const late = await client.next('response.output_audio.delta');
  expect(late['response_id']).toBe(memberAt(done, ['response', 'id']));
});

test.each(['insufficient-quota', 'rate-limit-exceeded'] as const)('%s fails the response', async (fault) => {
  const client = await speakingClient(fault);
  const code = fault.replaceAll('-', '_');
  expect(await client.next('response.done')).toMatchObject({
    response: { status: 'failed', status_details: { type: 'failed', error: { type: code, code } }, output: [] },
  });
});

test('a key that is revoked ends connections that are up', async () => {
  const fake = await start();
  const client = await connect(fake);
  fake.fail('invalid-api-key');
  expect(await client.nextError()).toMatchObject({ code: 'invalid_api_key' });
  expect(await client.ending).toMatchObject({ code: 3000 });
});

/** What the contract tests call a fault, for a new connection and for one that is up. */
test.each([
  ['rate-limited', 429, 'rate_limit_exceeded'],
  ['server-error', 500, 'server_error'],
] as const)("the contract tests' %s fails upgrades and responses", async (fault: ProviderFault, status, code) => {
  const fake = await start();
  const client = await connect(fake);
  fake.fail(fault);
  expect(await upgradeAnswer(fake)).toMatchObject({ status });
  client.send(say);
  expect(await client.next('response.done')).toMatchObject({ response: { status_details: { error: { code } } } });
});

test("the contract tests' hang silences connections that are up, until the fake is well again", async () => {
  const fake = await start();
  const client = await connect(fake);
  fake.fail('hang');
  client.send(say);
  await eventually(() => fake.timeline.responses.at(-1)?.status).toBe('completed');
  expect(client.types()).not.toContain('response.created');
  await fake.recover();
  client.send(say);
  await client.next('response.done');
});

test('a fault for one connection is gone with it', async () => {
  const fake = await start();
  fake.fail('upgrade-503', { once: true });
  expect(await upgradeAnswer(fake)).toMatchObject({ status: 503 });
  await connect(fake);
});

test('a fault of a probability strikes some, and the same ones with the same seed', async () => {
  const struck = async (seed: number): Promise<readonly boolean[]> => {
    const fake = await start({ seed });
    fake.fail('invalid-api-key', { probability: 0.5 });
    const outcomes: boolean[] = [];
    for (let i = 0; i < 16; i += 1) {
      const client = RawClient.start(fake.origin);
      await eventually(() => client.events.length).toBe(1);
      outcomes.push(client.types()[0] === 'error');
      client.socket.terminate();
    }
    return outcomes;
  };
  const outcomes = await struck(5);
  expect(outcomes).toContain(true);
  expect(outcomes).toContain(false);
  expect(await struck(5)).toEqual(outcomes);
});

test('dropAll breaks every connection, or ends it with a code', async () => {
  const fake = await start();
  const first = await connect(fake);
  fake.dropAll();
  expect(await first.ending).toMatchObject({ code: 1006 });
  const second = await connect(fake, { ...phoneSession });
  fake.dropAll(1001, 'going away');
  expect(await second.ending).toEqual({ code: 1001, reason: 'going away' });
});
