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

it.each([
  ['http://127.0.0.1:8000/bots', ['127.0.0.1']],
  ['https://[fd00::5]/bots', ['fd00::5']],
  ['http://8.8.8.8/bots', undefined],
  ['http://api:8000/bots', ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1', 'fc00::/7']],
  ['nonsense', undefined],
])('an API at %s may be asked as before', (url, allow) => {
  const { config } = importAvc(`${KEY}[engine]\napi_url = ${url}\n`, {});
  expect(Object(config)['http']).toEqual(allow && { allow });
});

it('a flavor that is disabled is left out; without any there is no configuration', () => {
  const text = `${KEY}[azure]\nkey = x\ndisabled = yes\n[deepgram]\ndisabled = yes\n`;
  expect(Object.keys(Object(importAvc(text, {}).config)['flavors'])).toEqual(['openai']);
  expect(importAvc('[azure]\nkey = x\n', {}).config).toBeUndefined();
  expect(importAvc(KEY, { OPENAI_DISABLE: '1' }).config).toBeUndefined();
});

it('azure becomes azure, with the model of OpenAI that it asked; a region that is missing is named', () => {
  const text = '[azure]\nkey = az\nregion = westeurope\nopenai_key = sk\nlanguage = de-DE\nmatch = 4\n';
  const { config, issues } = importAvc(text, {});
  expect(config).toMatchObject({
    flavors: {
      azure: {
        use: 'azure',
        speech: { key: 'az', region: 'westeurope' },
        stt: { languages: ['de-DE'] },
        llm: { provider: 'openai', apiKey: 'sk', model: 'gpt-4o' },
        tts: { voice: 'en-US-AriaNeural' },
        greeting: '',
      },
    },
    routes: [{ match: { toHeader: '4.*' }, flavor: 'azure' }, { flavor: 'azure' }],
  });
  expect(issues).toEqual([]);
  expect(importAvc(text, {}, 'references').secrets.map(({ variable }) => variable)).toEqual([
    'AZURE_KEY',
    'OPENAI_API_KEY',
  ]);
  const { config: none, issues: missing } = importAvc('[azure]\nkey = az\nopenai_key = sk\n', {});
  expect(none).toBeUndefined();
  expect(missing.map(({ message }) => message).join()).toContain('AZURE_REGION');
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

it('deepgram becomes deepgram, with the model of OpenAI that it asked', () => {
  const text = '[deepgram]\nkey = dg\nchatgpt_key = sk\nvoice = aura-2-orion-en\nmatch = 1\nwelcome_message = Hi!\n';
  const { config, issues } = importAvc(text, {});
  expect(config).toMatchObject({
    flavors: {
      deepgram: {
        use: 'deepgram',
        apiKey: 'dg',
        stt: { model: 'nova-3', language: 'en-US' },
        llm: { provider: 'openai', apiKey: 'sk', model: 'gpt-4o' },
        tts: { model: 'aura-2-orion-en' },
        greeting: 'Hi!',
      },
    },
    routes: [{ match: { toHeader: '1.*' }, flavor: 'deepgram' }, { flavor: 'deepgram' }],
  });
  expect(issues).toEqual([]);
  expect(Object.keys(Object(config)['flavors'])).toEqual(['deepgram']);
});

it('deepgram_native becomes deepgram-agent; what its section does not say, that of deepgram does', () => {
  const text =
    '[deepgram_native]\nllm_url = https://llm.example.com/v1\nllm_key = k\nllm_model = m\n[deepgram]\nkey = dg\nvoice = aura-2-orion-en\ndisabled = yes\n';
  expect(importAvc(text, {}).config).toMatchObject({
    flavors: {
      deepgram_native: {
        use: 'deepgram-agent',
        apiKey: 'dg',
        listen: { model: 'nova-3' },
        think: {
          provider: 'open_ai',
          model: 'm',
          endpoint: { url: 'https://llm.example.com/v1', headers: { authorization: 'Bearer k' } },
        },
        speak: { model: 'aura-2-orion-en' },
      },
    },
  });
});

it('agents are tried in the order of the file, and their names after that', () => {
  const text = `[deepgram]\nkey = dg\nopenai_key = sk\nmatch = 2\n${KEY}match = 3\n`;
  const routes = Object(importAvc(text, {}).config)['routes'] as { flavor: string; match: { toHeader: string } }[];
  expect(routes.map(({ flavor, match }) => `${flavor} ${match.toHeader}`)).toEqual([
    'deepgram 2.*',
    'openai 3.*',
    'deepgram [dD][eE][eE][pP][gG][rR][aA][mM]',
    'openai [oO][pP][eE][nN][aA][iI]',
  ]);
});

it('keys of Deepgram can be left out for environment variables as well', () => {
  const text = `[deepgram]\nkey = dg-secret\nchatgpt_key = sk-secret\ninstructions = Pay \${x}\n`;
  const { config, secrets } = importAvc(text, {}, 'references');
  expect(JSON.stringify(config)).not.toContain('secret');
  expect(config).toMatchObject({
    flavors: {
      deepgram: { apiKey: `$\{DEEPGRAM_API_KEY}`, llm: { apiKey: `$\{OPENAI_API_KEY}` }, instructions: 'Pay $${x}' },
    },
  });
  expect(secrets).toEqual([
    { variable: 'DEEPGRAM_API_KEY', option: '[deepgram] key' },
    { variable: 'OPENAI_API_KEY', option: '[deepgram] chatgpt_key' },
  ]);
});

it('a deepgram without a key is a mistake', () => {
  expect(importAvc('[deepgram]\nkey = dg\n', {}).config).toBeUndefined();
  expect(words('[deepgram]\nkey = dg\n')).toContain('llm.apiKey');
});
