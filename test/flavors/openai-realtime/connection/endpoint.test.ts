import { expect, test } from 'vitest';
import { endpointOf } from '../../../../flavors/openai-realtime/connection/endpoint.js';
import realtime from '../../../../flavors/openai-realtime/index.js';
import { configOf } from '../call.js';

function hrefOf(config: Readonly<Record<string, unknown>>): string {
  return endpointOf(configOf(config)).url.href;
}

test('the model goes into the address, unless it is there already', () => {
  expect(hrefOf({})).toBe('wss://api.openai.com/v1/realtime?model=gpt-realtime');
  expect(hrefOf({ url: 'ws://127.0.0.1:9/v1/realtime?model=mine&x=1' })).toBe(
    'ws://127.0.0.1:9/v1/realtime?model=mine&x=1',
  );
});

test('an http address means its WebSocket', () => {
  expect(hrefOf({ url: 'http://gateway/v1/realtime' })).toBe('ws://gateway/v1/realtime?model=gpt-realtime');
  expect(hrefOf({ url: 'https://gateway/v1/realtime' })).toBe('wss://gateway/v1/realtime?model=gpt-realtime');
});

test('the key goes along as a bearer token, and headers of the configuration with it', () => {
  expect(endpointOf(configOf({ safetyIdentifier: 'tenant-7', headers: { 'X-Gateway': 'a' } })).headers).toEqual({
    Authorization: 'Bearer key',
    'OpenAI-Safety-Identifier': 'tenant-7',
    'X-Gateway': 'a',
  });
});

test.each([
  ['a header with a line break', { headers: { 'X-Gateway': 'secret\n' } }, 'X-Gateway'],
  ['an identifier with a typographic quote', { safetyIdentifier: '“tenant”' }, 'OpenAI-Safety-Identifier'],
])('%s is a mistake of the configuration, and not repeated', (_what, config, name) => {
  const make = (): unknown => endpointOf(configOf(config));
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG', message: expect.stringContaining(name) }));
  expect(make).not.toThrow(/secret|tenant/);
});

test('the fragment of an address is left out', () => {
  expect(hrefOf({ url: 'ws://127.0.0.1:9/v1/realtime#top' })).toBe('ws://127.0.0.1:9/v1/realtime?model=gpt-realtime');
});

test('the beta dialect is asked for by its header, general availability by none', () => {
  expect(endpointOf(configOf({ dialect: 'beta' })).headers['OpenAI-Beta']).toBe('realtime=v1');
  expect(endpointOf(configOf()).headers).not.toHaveProperty('OpenAI-Beta');
});

const azureCases: readonly (readonly [what: string, azure: object, href: string])[] = [
  ['a resource', { resource: 'acme' }, 'wss://acme.openai.azure.com/openai/v1/realtime?model=phone'],
  [
    'an endpoint',
    { endpoint: 'https://acme.openai.azure.us/' },
    'wss://acme.openai.azure.us/openai/v1/realtime?model=phone',
  ],
  [
    'an endpoint with the path of the v1 API',
    { endpoint: 'https://a.b/openai/v1/' },
    'wss://a.b/openai/v1/realtime?model=phone',
  ],
  ['an endpoint behind a gateway', { endpoint: 'ws://gw/azure' }, 'ws://gw/azure/openai/v1/realtime?model=phone'],
  [
    'a preview version',
    { resource: 'acme', apiVersion: '2025-04-01-preview' },
    'wss://acme.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=phone',
  ],
];

test.each(azureCases)('Azure is addressed by %s', (_what, azure, href) => {
  const endpoint = endpointOf(configOf({ azure: { deployment: 'phone', ...azure } }));
  expect(endpoint.url.href).toBe(href);
  expect(endpoint.headers).toEqual({ 'api-key': 'key' });
});

test.each([
  ['both a resource and an endpoint', { azure: { resource: 'a', endpoint: 'https://b', deployment: 'c' } }],
  ['neither', { azure: { deployment: 'c' } }],
  ['a temperature, which only the beta dialect has', { temperature: 0.8 }],
])('a configuration with %s is refused', async (_what, config) => {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const create = async (): Promise<unknown> => realtime.create(configOf(config), { log, now: () => 0 });
  await expect(create()).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
});
