import { expect, test } from 'vitest';
import { memberAt } from '../openai-realtime/json-value.js';
import { RawClient } from './raw-client.js';
import { agentPath, fluxPath, novaPath, speakPath, useScene } from './scene.js';

const { start, connect } = useScene();

test.each([novaPath, fluxPath, speakPath, agentPath])('%s is served', async (path) => {
  const client = await connect(await start(), path);
  await client.close();
});

test.each([
  ['another path', '/v1/other', 404],
  ['v1 settings beside v2', `${fluxPath}&interim_results=true`, 400],
  ['a language beside v2', `${fluxPath}&language=en`, 400],
  ['hints for one language', `${fluxPath}&language_hint=en`, 400],
  ['an eager threshold above the other', fluxPath.replace('eager_eot_threshold=0.4', 'eager_eot_threshold=0.8'), 400],
  ['an eager threshold out of range', fluxPath.replace('eager_eot_threshold=0.4', 'eager_eot_threshold=0.2'), 400],
  ['v1 with a v2 model', novaPath.replace('nova-3', 'flux-general-en'), 400],
  ['v2 with a v1 model', fluxPath.replace('flux-general-en', 'nova-3'), 400],
  ['the end of utterances without interim results', novaPath.replace('interim_results=true', ''), 400],
  ['utterances that end too soon', novaPath.replace('utterance_end_ms=1000', 'utterance_end_ms=500'), 400],
  ['keyterms for an older model', `${novaPath.replace('nova-3', 'nova-2')}&keyterm=Acme`, 400],
  ['raw audio without a rate', '/v1/listen?model=nova-3&encoding=mulaw', 400],
  ['an unknown encoding', '/v1/listen?model=nova-3&encoding=mp4&sample_rate=8000', 400],
  ['a container of speech', `${speakPath}&container=wav`, 400],
  ['speech in mp3', '/v1/speak?model=aura-2-thalia-en&encoding=mp3', 400],
  ['speech at a rate that there is not', '/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=24000', 400],
])('%s is refused before the upgrade', async (_name, path, status) => {
  const fake = await start();
  const { body, ...refusal } = await new RawClient(`${fake.url}${path}`).refusal();
  expect(refusal.status).toBe(status);
  expect(body).toMatchObject({ err_code: expect.any(String), err_msg: expect.any(String) });
});

test.each([
  ['a key', { authorization: 'Token right' }, [], true],
  ["a browser's key", {}, ['token', 'right'], true],
  ['a wrong key', { authorization: 'Token wrong' }, [], false],
  ['a key as if it had been granted', { authorization: 'Bearer right' }, [], false],
  ['no key', {}, [], false],
])('%s is let in or not', async (_name, headers, protocols, admitted) => {
  const fake = await start({ apiKey: 'right' });
  const client = new RawClient(`${fake.url}${speakPath}`, { ...headers }, protocols);
  expect(await client.opened).toBe(admitted);
  await client.close();
});

test('a token that was granted connects', async () => {
  const fake = await start({ apiKey: 'right' });
  const http = fake.url.replace('ws:', 'http:');
  const granted = await fetch(`${http}/v1/auth/grant`, { method: 'POST', headers: { authorization: 'Token right' } });
  const grant: unknown = await granted.json();
  expect(grant).toMatchObject({ expires_in: 30 });
  const token = String(memberAt(grant, ['access_token']));
  const client = new RawClient(`${fake.url}${speakPath}`, { authorization: `Bearer ${token}` });
  expect(await client.opened).toBe(true);
  await client.close();
  const asKey = new RawClient(`${fake.url}${speakPath}`, { authorization: `Token ${token}` });
  expect(await asKey.opened).toBe(false);
  const refused = await fetch(`${http}/v1/auth/grant`, { method: 'POST', headers: { authorization: 'Token wrong' } });
  expect(refused.status).toBe(401);
});

test.each([
  ['upgrade-401', 401, 'INVALID_AUTH'],
  ['upgrade-402', 402, 'ASR_PAYMENT_REQUIRED'],
  ['upgrade-429', 429, 'TOO_MANY_REQUESTS'],
  ['upgrade-503', 503, 'SERVICE_UNAVAILABLE'],
] as const)('%s refuses connections, of one part if wanted, until the fake is well', async (fault, status, code) => {
  const fake = await start();
  fake.fail(fault, { part: 'speak' });
  const refusal = await new RawClient(`${fake.url}${speakPath}`).refusal();
  expect(refusal).toMatchObject({ status, body: { err_code: code } });
  await connect(fake, novaPath);
  fake.recover('speak');
  await connect(fake, speakPath);
});
