import type { AudioFormat } from '../../flavor-api/index.js';
import { type CheckContext, type ContractCheck, expect } from '../check.js';
import type { ContractHarness } from '../harness.js';
import { outcome } from '../pacer.js';
import { isRecord, kindsOf, rejection, requireCode } from './support.js';

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Names that only secrets have: `apiKey`, `token`, `authToken`, `client_secret`, `password`. */
const secretName = /^(?:api|access|auth|bearer|client|private|secret)?[-_]?(?:key|token|secret|password)$/i;

/** What the package says about itself, and how a flavor is made of it. */
export const packageChecks: readonly ContractCheck[] = [
  {
    id: 1,
    title: 'the manifest is valid and its schema accepts its own defaults',
    needs: [],
    async run(harness) {
      const { manifest } = harness.module;
      expect(kebabCase.test(manifest.id), `manifest.id must be kebab-case, not '${manifest.id}'`);
      expect(manifest.displayName.trim().length > 0, 'manifest.displayName is empty');
      expect(manifest.apiVersion === 1, `manifest.apiVersion must be 1, not ${String(manifest.apiVersion)}`);
      const schema = configJsonSchema(harness);
      requireMarkedSecrets(schema);
      const minimal = await validate(harness, minimalConfig(harness, schema));
      await validate(harness, harness.validConfig);
      await validate(harness, minimal);
    },
  },
  {
    id: 2,
    title: 'create works with schema defaults and bad configs are refused',
    needs: [],
    async run(harness, context) {
      const schema = configJsonSchema(harness);
      const flavor = await context.create(await validate(harness, minimalConfig(harness, schema)));
      requireCapabilities(flavor.capabilities);
      expect(typeof flavor.open === 'function', 'the flavor has no open()');
      expect(typeof flavor.check === 'function', 'the flavor has no check()');
      for (const [why, config] of badConfigs(harness, schema)) await expectRefused(harness, context, config, why);
    },
  },
  {
    id: 3,
    title: 'check() resolves on good credentials and rejects with ERR_FLAVOR_AUTH on bad ones',
    needs: [],
    async run(_harness, context) {
      const flavor = await context.flavor();
      await context.within(flavor.check(AbortSignal.timeout(context.deadlines.faultMs)), 'check()');
      const providers = context.providers();
      if (providers.length === 0) context.note('no bad credentials to try: the harness brings no provider');
      for (const provider of providers) {
        await provider.fail('unauthorized');
        const signal = AbortSignal.timeout(context.deadlines.faultMs);
        const error = await rejection(flavor.check(signal), `check() with ${provider.name} refusing`, context);
        requireCode(error, 'ERR_FLAVOR_AUTH', `check() with ${provider.name} refusing the credentials`);
        await provider.recover();
      }
    },
  },
  {
    id: 33,
    title: 'warmup and dispose may be repeated',
    needs: [],
    async run(_harness, context) {
      const flavor = await context.flavor();
      for (let round = 0; round < 2; round += 1) {
        const warming = Promise.resolve(flavor.warmup?.(AbortSignal.timeout(context.deadlines.faultMs)));
        await context.within(warming, `warmup() number ${round + 1}`, context.deadlines.faultMs);
      }
      const { host, action } = await context.open('conversation', { flavor });
      host.start();
      await host.untilQuiet();
      await host.converse(action);
      await host.close();
      for (let round = 0; round < 2; round += 1) {
        await context.within(Promise.resolve(flavor[Symbol.asyncDispose]()), `dispose number ${round + 1}`);
      }
    },
  },
];

function configJsonSchema(harness: ContractHarness): Record<string, unknown> {
  const schema = harness.module.manifest.configSchema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  expect(schema['type'] === 'object', 'the JSON Schema of configSchema does not describe an object');
  JSON.stringify(schema);
  return schema;
}

function propertiesOf(schema: Record<string, unknown>): Record<string, unknown> {
  return isRecord(schema['properties']) ? schema['properties'] : {};
}

/** Wherever a text has the name of a secret, in whatever kinds, lists and maps, the schema must say that it is one. */
function requireMarkedSecrets(schema: unknown, path = ''): void {
  if (!isRecord(schema)) return;
  for (const kind of kindsOf(schema)) requireMarkedSecrets(kind, path);
  requireMarkedSecrets(schema['items'], `${path}[]`);
  requireMarkedSecrets(schema['additionalProperties'], `${path}.<name>`);
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const place = path === '' ? name : `${path}.${name}`;
    const marked = !secretName.test(name) || isMarked(property);
    expect(marked, `config property '${place}' names a secret and lacks writeOnly: true`);
    requireMarkedSecrets(property, place);
  }
}

function isMarked(property: unknown): boolean {
  return isRecord(property) && (property['writeOnly'] === true || kindsOf(property).some(isMarked));
}

/** The valid config, cut down to what the schema requires: everything else is left to defaults. */
function minimalConfig(harness: ContractHarness, schema: Record<string, unknown>): Record<string, unknown> {
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.fromEntries(Object.entries(harness.validConfig).filter(([name]) => required.includes(name)));
}

async function validate(harness: ContractHarness, config: unknown): Promise<unknown> {
  const result = await harness.module.manifest.configSchema['~standard'].validate(config);
  if (!result.issues) return result.value;
  throw new Error(`configSchema refuses a good config: ${result.issues.map(({ message }) => message).join('; ')}`);
}

function badConfigs(harness: ContractHarness, schema: Record<string, unknown>): readonly [string, unknown][] {
  const bad: [string, unknown][] = [
    ['with an unknown key', { ...harness.validConfig, 'contract-kit-unknown': 1 }],
    ['that is a string', 'contract-kit'],
  ];
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const type = isRecord(property) ? property['type'] : undefined;
    if (typeof type !== 'string') continue;
    const value = type === 'object' ? 'contract-kit' : { 'contract-kit': [] };
    bad.push([`with a value of the wrong type for '${name}'`, { ...harness.validConfig, [name]: value }]);
  }
  const given = harness.badConfigs ?? [];
  for (const [index, config] of given.entries()) bad.push([`badConfigs[${index}]`, config]);
  return bad;
}

async function expectRefused(
  harness: ContractHarness,
  context: CheckContext,
  config: unknown,
  why: string,
): Promise<void> {
  const result = await harness.module.manifest.configSchema['~standard'].validate(config);
  if (result.issues) return;
  const created = await outcome(context.create(result.value), context.deadlines.answerMs);
  expect(created.state === 'rejected', `a config ${why} is accepted`);
  requireCode(created.error, 'ERR_FLAVOR_CONFIG', `create() with a config ${why}`);
}

function requireCapabilities(capabilities: unknown): void {
  expect(isRecord(capabilities), 'the flavor has no capabilities');
  for (const name of ['truncation', 'tools', 'verbatimSpeech', 'needsVad', 'interruptible']) {
    expect(typeof capabilities[name] === 'boolean', `capabilities.${name} must be true or false`);
  }
  for (const name of ['parallelTools', 'dtmf', 'updatable', 'greets', 'instructions']) {
    const value = capabilities[name];
    expect(value === undefined || typeof value === 'boolean', `capabilities.${name} must be true, false or absent`);
  }
  expect(['flavor', 'host'].includes(String(capabilities['turnTaking'])), `capabilities.turnTaking is not legal`);
  expect(['cascade', 'speech-to-speech'].includes(String(capabilities['kind'])), 'capabilities.kind is not legal');
  for (const name of ['input', 'output']) {
    const formats = capabilities[name];
    expect(Array.isArray(formats) && formats.length > 0, `capabilities.${name} names no format`);
    const unknown = formats.find((format: unknown) => !isFormat(format));
    expect(unknown === undefined, `capabilities.${name} names ${JSON.stringify(unknown)}, which is no format`);
  }
  const { endOfTurnMs } = capabilities;
  const isWait = endOfTurnMs === undefined || (Number.isFinite(endOfTurnMs) && Number(endOfTurnMs) > 0);
  expect(isWait, `capabilities.endOfTurnMs is ${String(endOfTurnMs)}, which is no time to wait`);
}

const encodings: ReadonlySet<unknown> = new Set<AudioFormat['encoding']>(['pcm16', 'mulaw', 'alaw']);
const sampleRates: ReadonlySet<unknown> = new Set<AudioFormat['sampleRate']>([8000, 16_000, 24_000, 48_000]);

function isFormat(format: unknown): boolean {
  return isRecord(format) && encodings.has(format['encoding']) && sampleRates.has(format['sampleRate']);
}
