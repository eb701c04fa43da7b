import { expect, test } from 'vitest';
import {
  asFlavorError,
  closeFailure,
  phraseFailure,
  socketFailure,
  statusError,
} from '../../../../src/cascade/engines/azure/errors.js';
import { azureListenSchema, azureSpeakSchema } from '../../../../src/cascade/engines/azure/index.js';
import { serviceUrl } from '../../../../src/cascade/engines/azure/resource.js';

const key = 'secret';

test.each([
  ['westeurope', 'stt', 'wss://westeurope.stt.speech.microsoft.com/stt/speech/universal/v2'],
  ['westeurope', 'tts', 'wss://westeurope.tts.speech.microsoft.com/tts/cognitiveservices/websocket/v1'],
  ['chinaeast2', 'stt', 'wss://chinaeast2.stt.speech.azure.cn/stt/speech/universal/v2'],
  ['usgovvirginia', 'tts', 'wss://usgovvirginia.tts.speech.azure.us/tts/cognitiveservices/websocket/v1'],
] as const)('in %s, %s is where its cloud has it', (region, service, url) => {
  expect(serviceUrl({ key, region }, service).href).toBe(url);
});

test('an endpoint keeps its path, and is spoken to over a WebSocket', () => {
  const endpoint = 'https://name.cognitiveservices.azure.com/gateway/';
  expect(serviceUrl({ key, endpoint }, 'stt').href).toBe(
    'wss://name.cognitiveservices.azure.com/gateway/stt/speech/universal/v2',
  );
  expect(serviceUrl({ key, endpoint: 'http://127.0.0.1:5000' }, 'tts').href).toMatch(
    /^ws:\/\/127\.0\.0\.1:5000\/tts\//,
  );
});

test('a resource is somewhere, and in one place', () => {
  const config = expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG' });
  expect(() => serviceUrl({ key }, 'stt')).toThrow(config);
  expect(() => serviceUrl({ key, region: 'eastus', endpoint: 'https://x.test' }, 'stt')).toThrow(config);
});

test.each([
  [1000, '', 'ERR_FLAVOR_NETWORK', true],
  [1006, '', 'ERR_FLAVOR_NETWORK', true],
  [1011, '', 'ERR_FLAVOR_NETWORK', true],
  [1013, 'ResourceExhausted', 'ERR_FLAVOR_NETWORK', true],
  [1002, '', 'ERR_FLAVOR_PROTOCOL', true],
  [4000, '', 'ERR_FLAVOR_PROTOCOL', true],
  [1007, 'Unsupported voice x.', 'ERR_FLAVOR_CONFIG', false],
  [1007, 'Quota exceeded.', 'ERR_FLAVOR_QUOTA', false],
  [4429, '', 'ERR_FLAVOR_QUOTA', true],
  [4000, 'The request is throttled', 'ERR_FLAVOR_QUOTA', true],
  [4401, '', 'ERR_FLAVOR_AUTH', false],
] as const)('close %i (%s) means %s', (code, reason, flavorCode, retryable) => {
  expect(closeFailure(code, reason)).toMatchObject({ code: flavorCode, retryable });
});

test('what the service says of a failure is not repeated: it may quote a caller', () => {
  const error = closeFailure(1007, 'Unsupported voice. my number is 5551234');
  expect(error.message).not.toContain('5551234');
});

test.each([
  [400, 'ERR_FLAVOR_CONFIG'],
  [404, 'ERR_FLAVOR_CONFIG'],
  [408, 'ERR_FLAVOR_TIMEOUT'],
  [502, 'ERR_FLAVOR_NETWORK'],
] as const)('HTTP %i means %s', (status, code) => {
  expect(statusError(status).code).toBe(code);
});

test.each([
  ['Error', 'ERR_FLAVOR_NETWORK'],
  ['TooManyRequests', 'ERR_FLAVOR_QUOTA'],
  ['Forbidden', 'ERR_FLAVOR_QUOTA'],
  ['BadRequest', 'ERR_FLAVOR_CONFIG'],
  ['Success', undefined],
] as const)('a phrase of status %s means %s', (status, code) => {
  expect(phraseFailure(status)?.code).toBe(code);
});

test('failures below the protocol have the code of the system, and nothing else of it', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' });
  expect(socketFailure(refused).message).toBe('the connection to Azure failed (ECONNREFUSED)');
  expect(socketFailure(Object.assign(new Error(), { code: 'ETIMEDOUT' })).code).toBe('ERR_FLAVOR_TIMEOUT');
  expect(socketFailure(Object.assign(new Error(), { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' })).code).toBe(
    'ERR_FLAVOR_PROTOCOL',
  );
  expect(asFlavorError(new Error('odd')).code).toBe('ERR_FLAVOR_NETWORK');
});

test.each([
  [azureListenSchema, { languages: ['english'] }],
  [azureListenSchema, { languages: [] }],
  [azureListenSchema, { segmentation: { silenceMs: 99 } }],
  [azureListenSchema, { unknown: true }],
  [azureSpeakSchema, { voice: 'x"><break/>' }],
  [azureSpeakSchema, { rate: '1" volume="100' }],
  [azureSpeakSchema, { lexicon: 'http://example.com/plain' }],
  [azureSpeakSchema, { styleDegree: 3 }],
])('a section that cannot work is refused (%#)', (schema, section) => {
  expect(schema.safeParse(section).success).toBe(false);
});
