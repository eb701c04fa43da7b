import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCli } from '../../src/cli/run-cli.js';
import { editorSchema } from '../../src/config/json-schema.js';
import { createFakeIo } from '../cli/fake-io.js';
import { tlsFile } from '../support/tls-files.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Beside the prices, which are no configuration. */
const examples = readdirSync(`${repository}sip-config`).filter(
  (name) => name.endsWith('.yaml') && !name.startsWith('prices'),
);

/** What an operator has to set for each; everything else has a default. */
const environment: Readonly<Record<string, readonly string[]>> = {
  'assistant.yaml': ['OPENAI_API_KEY', 'TRUNK_PASSWORD'],
  'behind-opensips.yaml': [],
  'browser-phone.yaml': [],
  'connector.yaml': [],
  'openai-realtime.yaml': ['OPENAI_API_KEY'],
  'deepgram.yaml': ['DEEPGRAM_API_KEY', 'OPENAI_API_KEY'],
  'azure.yaml': ['AZURE_SPEECH_KEY', 'OPENAI_API_KEY'],
  'chatterbox-laptop.yaml': [],
  'chatterbox-hybrid.yaml': [
    'DEEPGRAM_API_KEY',
    'ANTHROPIC_API_KEY',
    'RUNPOD_API_KEY',
    'RENTED_VOICE_URL',
    'RENTED_VOICE_TOKEN',
  ],
  'chatterbox-private.yaml': [],
  'fail-over.yaml': ['OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_RESOURCE'],
  'many-numbers.yaml': ['OPENAI_API_KEY', 'SETTINGS_API_TOKEN'],
  'tls-and-browsers.yaml': ['SIP_TLS_CERT', 'SIP_TLS_KEY'],
  'extension.yaml': ['EXTENSION_PASSWORD', 'PBX_PASSWORD'],
  'outbound.yaml': ['TRUNK_PASSWORD'],
  'tools.yaml': ['OPENAI_API_KEY', 'WEBHOOK_SECRET', 'CALENDAR_TOKEN'],
};

/** Variables that must name a file, or an address. */
const values: ReadonlyMap<string, string> = new Map([
  ['SIP_TLS_CERT', tlsFile('server.crt')],
  ['SIP_TLS_KEY', tlsFile('server.key')],
  ['RENTED_VOICE_URL', 'http://198.51.100.4:8004'],
]);

/** What an editor makes of a file. Compiled once: that takes longer than all files do. */
const validate = new Ajv({ strict: false, validateFormats: false }).compile(editorSchema());

async function check(name: string, env: Record<string, string>) {
  const io = createFakeIo(repository, { env });
  const code = await runCli(['check', '--config', `sip-config/${name}`], io);
  return { code, out: io.out(), err: io.err() };
}

test('each example is known here', () => {
  expect(examples.sort()).toEqual(Object.keys(environment).sort());
});

test.each(examples)('%s is right, the options of its flavors included, once its variables are set', async (name) => {
  const valueFor = (variable: string) => values.get(variable) ?? 'value-of-a-variable';
  const env = Object.fromEntries((environment[name] ?? []).map((variable) => [variable, valueFor(variable)]));
  expect(await check(name, env)).toEqual({ code: 0, err: '', out: expect.stringContaining(`${name}: ok\n`) });
});

test.each(examples)('%s needs exactly these variables', async (name) => {
  const { err } = await check(name, {});
  const missing = new Set(Array.from(err.matchAll(/the environment variable (\w+) is not set/g), ([, found]) => found));
  expect([...missing].sort()).toEqual([...(environment[name] ?? [])].sort());
});

test.each(examples)('%s looks right to an editor, which knows the JSON Schema alone', (name) => {
  validate(parse(readFileSync(`${repository}sip-config/${name}`, 'utf8')));
  expect(validate.errors).toBeNull();
});

test.each([
  ['greeting: 7', { greeting: 7 }],
  ['a misspelt key of a saying', { greeting: { txt: 'a' } }],
  ['an unknown tool list', { tools: 'hang_up' }],
])('an editor sees %s', (_name, keys) => {
  expect(validate({ routes: [{ match: { any: true }, flavor: 'a' }] })).toBe(true);
  expect(validate({ routes: [{ match: { any: true }, flavor: 'a', ...keys }] })).toBe(false);
});

test.each(examples)('%s names the JSON Schema beside it', (name) => {
  expect(readFileSync(`${repository}sip-config/${name}`, 'utf8')).toMatch(
    /^# yaml-language-server: \$schema=connector\.schema\.json\n/,
  );
});
