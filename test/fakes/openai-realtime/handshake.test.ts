import { expect, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { eventually, useScene } from './scene.js';

const { start } = useScene();

const bearer = { authorization: 'Bearer right' };

/** The HTTP status that an upgrade was refused with. */
function refusedWith(client: RawClient): Promise<number | undefined> {
  return new Promise((resolve) => {
    client.socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode);
      client.socket.terminate();
    });
  });
}

test.each([
  ["OpenAI's address", '/v1/realtime?model=gpt-realtime', bearer],
  ["Azure's address", '/openai/v1/realtime?model=my-deployment', { 'api-key': 'right' }],
  ["Azure's address with a bearer token", '/openai/v1/realtime?model=my-deployment', bearer],
  ["Azure's older address", '/openai/realtime?api-version=2025-04-01-preview&deployment=d', { 'api-key': 'right' }],
])('%s is served', async (_name, path, headers) => {
  const fake = await start({ apiKey: 'right' });
  const client = RawClient.start(fake.origin, { path, headers });
  const { session } = await client.next('session.created');
  expect(session).toMatchObject({ type: 'realtime', object: 'realtime.session', output_modalities: ['audio'] });
  await client.close();
});

test("a browser's key in a subprotocol is let in", async () => {
  const fake = await start({ apiKey: 'right' });
  const protocols = ['realtime', 'openai-insecure-api-key.right'];
  const client = RawClient.start(fake.origin, { headers: {}, protocols });
  await client.next('session.created');
  expect(client.socket.protocol).toBe('realtime');
  await client.close();
});

test.each([
  ['a wrong key', { authorization: 'Bearer wrong' }, 'gpt-realtime', 3000, 'invalid_api_key'],
  ['no key', {}, 'gpt-realtime', 3000, 'invalid_api_key'],
  [
    'the header of the beta',
    { ...bearer, 'openai-beta': 'realtime=v1' },
    'gpt-realtime',
    4000,
    'beta_api_shape_disabled',
  ],
  ['no model', bearer, '', 4000, 'missing_model'],
  ['a model that does not speak', bearer, 'gpt-4o-mini', 4000, 'invalid_model'],
  ['an unknown model', bearer, 'no-such-model', 4004, 'model_not_found'],
])('%s is answered inside the connection, which then ends', async (_name, headers, model, closeCode, code) => {
  const fake = await start({ apiKey: 'right' });
  const client = RawClient.start(fake.origin, { path: `/v1/realtime?model=${model}`, headers: { ...headers } });
  expect(await client.nextError()).toMatchObject({ type: 'invalid_request_error', code });
  expect(await client.ending).toEqual({ code: closeCode, reason: `invalid_request_error.${code}` });
  expect(client.types()).toEqual(['error']);
  await eventually(() => fake.connections()).toBe(0);
});

test.each([
  ['a wrong key on Azure', '/openai/v1/realtime?model=d', { 'api-key': 'wrong' }, 401],
  ['another path', '/v1/other?model=gpt-realtime', bearer, 404],
  ["Azure's older address without a version", '/openai/realtime?deployment=d', { 'api-key': 'right' }, 404],
])('%s is refused before the upgrade', async (_name, path, headers, status) => {
  const fake = await start({ apiKey: 'right' });
  expect(await refusedWith(RawClient.start(fake.origin, { path, headers: { ...headers } }))).toBe(status);
});
