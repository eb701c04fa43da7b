import { expect, it } from 'vitest';
import { importAvc } from '../../../src/config/avc/avc-import.js';

const KEY = '[openai]\nkey = sk-test\n';
const words = (text: string, env = {}) =>
  importAvc(text, env)
    .issues.map(({ message }) => message)
    .join('\n');

it('the host is found in the file first, then in the environment, then where it always was', () => {
  const text = `${KEY}[opensips]\nport = 9090\n[rtp]\nip = 203.0.113.7\nmin_port = 40000\n`;
  const { config } = importAvc(text, { MI_IP: '10.0.0.1', MI_PORT: '1', RTP_MAX_PORT: '41000', EVENT_PORT: '50060' });
  expect(config).toMatchObject({
    signaling: { driver: 'opensips', opensips: { mi: 'udp:10.0.0.1:9090', events: 'udp:127.0.0.1:50060' } },
    media: { bind: '0.0.0.0', advertise: '203.0.113.7', ports: '40000-40999' },
  });
});

it('openai becomes openai-realtime, with the settings that still mean something', () => {
  const text = `${KEY}voice = echo\nwelcome_message = Hello!\ninstructions = Be kind: \${x}\nturn_detection_silence_ms = 300\nmax_tokens = 500\ntransfer_to = sip:desk@example.com\n`;
  expect(importAvc(text, {}).config).toMatchObject({
    flavors: {
      openai: {
        use: 'openai-realtime',
        apiKey: 'sk-test',
        model: 'gpt-realtime',
        voice: 'echo',
        greeting: 'Hello!',
        instructions: 'Be kind: $${x}',
        turnDetection: { type: 'server_vad', silenceDurationMs: 300, threshold: 0.5, prefixPaddingMs: 200 },
        maxOutputTokens: 500,
      },
    },
    transfer: { targets: { transfer_to: 'sip:desk@example.com' } },
  });
});

it('match was a prefix of the To user in lower case; a number that nothing names gets no route', () => {
  const routes = (match: string) => Object(importAvc(`${KEY}match = ${match}\n`, {}).config)['routes'];
  expect(routes('store')[0].match).toEqual({ toHeader: '[sS][tT][oO][rR][eE].*' });
  expect(routes('1|2$')[0].match).toEqual({ toHeader: '(?:1|2$).*' });
  expect(routes('1')).toHaveLength(2);
});

it('api_url is asked for every number, and what it does not know is not taken', () => {
  const { config } = importAvc(`${KEY}[engine]\napi_url = http://api.example.com/bots\n`, {});
  expect(Object(config)['routes'].at(-1)).toMatchObject({
    match: { any: true },
    settings: { url: 'http://api.example.com/bots', format: 'avc', required: true },
  });
});

it('flavors that are not here yet are named, and the rest works', () => {
  const text = `${KEY}[azure]\nkey = x\n[deepgram]\ndisabled = yes\n`;
  expect(words(text)).toContain('[azure]');
  expect(words(text)).not.toContain('[deepgram]');
  expect(importAvc(text, {}).config).toBeDefined();
  expect(importAvc('[azure]\nkey = x\n', {}).config).toBeUndefined();
  expect(importAvc(KEY, { OPENAI_DISABLE: '1' }).config).toBeUndefined();
});

it('what is gone from the service, and Python files, are named', () => {
  const text = `${KEY}model = gpt-4o-realtime-preview-2024-10-01\ntemperature = 0.7\ntools = /app/f.py\ntransfer_by = sip:a@b\n`;
  for (const option of ['model', 'temperature', 'tools', 'transfer_by'])
    expect(words(text)).toContain(`[openai] ${option}`);
  expect(words(text)).not.toContain('sk-test');
});

it('keys can be left out for environment variables, which are named', () => {
  const { config, secrets } = importAvc(`${KEY}instructions = Pay \${x}\n`, {}, 'references');
  expect(config).toMatchObject({ flavors: { openai: { apiKey: `$\{OPENAI_API_KEY}`, instructions: 'Pay $${x}' } } });
  expect(secrets).toEqual([{ variable: 'OPENAI_API_KEY', option: '[openai] key' }]);
  expect(JSON.stringify(importAvc(KEY, {}, 'references'))).not.toContain('sk-test');
  const fromEnvironment = importAvc('[openai]\nvoice = echo\n', { OPENAI_API_KEY: 'sk-env' }, 'references');
  expect(fromEnvironment.secrets).toEqual([{ variable: 'OPENAI_API_KEY', option: undefined }]);
  expect(JSON.stringify(fromEnvironment)).not.toContain('sk-env');
});

it('a url of another host is spoken to in the beta dialect, as before, which is told', () => {
  const text = `${KEY}url = wss://realtime.example.com/v1?model=m\ntemperature = 0.7\n`;
  const dialect = { dialect: 'beta', url: 'wss://realtime.example.com/v1', temperature: 0.7 };
  expect(importAvc(text, {}).config).toMatchObject({ flavors: { openai: dialect } });
  expect(words(text)).toContain('[openai] url');
});
