import { readAvcAzure } from './avc-azure.js';
import { readAvcDeepgram, readAvcDeepgramNative } from './avc-deepgram.js';
import { readAvcOpenai } from './avc-openai.js';
import type { AvcOptions } from './avc-options.js';
import { AvcSection, type Environment } from './avc-sections.js';
import type { IniFile } from './ini.js';

/** A flavor of the Python connector as one of ours. */
export interface AvcAgent {
  /** As it was called: numbers, `extra_params` and `api_url` name it so. */
  readonly name: string;
  /** Its section of our configuration. */
  readonly flavor: Readonly<Record<string, unknown>>;
  /** The same with `${NAME}` in the place of keys, other texts escaped. */
  readonly referring: Readonly<Record<string, unknown>>;
  readonly secrets: readonly { readonly variable: string; readonly option: string | undefined }[];
  readonly match: string | undefined;
  /** URI of its one target of a transfer. */
  readonly transferTo: string | undefined;
}

type Options = Readonly<Record<string, unknown>>;

/** A key of a flavor's: where it stands in our section, and where it came from. */
interface Key {
  readonly path: readonly string[];
  readonly variable: string;
  readonly options: readonly string[];
}

interface Kind {
  readonly name: string;
  /** What it took where nothing was said. */
  readonly defaults: Options;
  readonly instructions: string;
  readonly greeting: string;
  readonly keys: readonly Key[];
  /** What it cannot do without, besides its keys. */
  readonly needs?: readonly Pick<Key, 'path' | 'variable'>[];
  read(section: AvcSection, file: IniFile, env: Environment): AvcOptions;
}

const openaiTurns = { type: 'server_vad', threshold: 0.5, prefixPaddingMs: 200, silenceDurationMs: 200 };

const kinds: readonly Kind[] = [
  {
    name: 'openai',
    // Its model is gone from the service.
    defaults: { use: 'openai-realtime', model: 'gpt-realtime', voice: 'alloy', turnDetection: openaiTurns },
    instructions: 'OPENAI_INSTRUCTIONS',
    greeting: 'OPENAI_WELCOME_MSG',
    keys: [{ path: ['apiKey'], variable: 'OPENAI_API_KEY', options: ['key', 'openai_key'] }],
    read: readAvcOpenai,
  },
  {
    name: 'deepgram',
    defaults: {
      use: 'deepgram',
      stt: { model: 'nova-3', language: 'en-US' },
      llm: { provider: 'openai', model: 'gpt-4o' },
      tts: { model: 'aura-asteria-en' },
    },
    instructions: 'DEEPGRAM_INSTRUCTIONS',
    greeting: 'DEEPGRAM_WELCOME_MSG',
    keys: [
      { path: ['apiKey'], variable: 'DEEPGRAM_API_KEY', options: ['key'] },
      { path: ['llm', 'apiKey'], variable: 'OPENAI_API_KEY', options: ['chatgpt_key', 'openai_key'] },
    ],
    read: readAvcDeepgram,
  },
  {
    name: 'deepgram_native',
    defaults: {
      use: 'deepgram-agent',
      listen: { model: 'nova-3' },
      think: { provider: 'open_ai', model: 'gpt-4o' },
      speak: { model: 'aura-asteria-en' },
    },
    instructions: 'DEEPGRAM_INSTRUCTIONS',
    greeting: 'DEEPGRAM_NATIVE_WELCOME_MSG',
    keys: [
      { path: ['apiKey'], variable: 'DEEPGRAM_API_KEY', options: ['key'] },
      {
        path: ['think', 'endpoint', 'headers', 'authorization'],
        variable: 'DEEPGRAM_LLM_KEY',
        options: ['llm_key', 'llm_auth'],
      },
    ],
    read: (section, file, env) => readAvcDeepgramNative(section, new AvcSection('deepgram', file, env)),
  },
  {
    name: 'azure',
    defaults: {
      use: 'azure',
      stt: { languages: ['en-US'] },
      llm: { provider: 'openai', model: 'gpt-4o' },
      tts: { voice: 'en-US-AriaNeural' },
    },
    instructions: 'AZURE_INSTRUCTIONS',
    greeting: 'AZURE_WELCOME_MSG',
    keys: [
      { path: ['speech', 'key'], variable: 'AZURE_KEY', options: ['key'] },
      { path: ['llm', 'apiKey'], variable: 'OPENAI_API_KEY', options: ['chatgpt_key', 'openai_key'] },
    ],
    needs: [{ path: ['speech', 'region'], variable: 'AZURE_REGION' }],
    read: readAvcAzure,
  },
];

/** The options of one call that a section of this name holds. */
export function readAvcOptions(name: string, section: AvcSection): AvcOptions {
  if (name === 'deepgram') return readAvcDeepgram(section);
  if (name === 'azure') return readAvcAzure(section);
  return name === 'deepgram_native' ? readAvcDeepgramNative(section) : readAvcOpenai(section);
}

/** The flavors of a file, in its order, without those that are disabled. */
export function readAvcAgents(
  file: IniFile,
  env: Environment,
  warn: (message: string) => void,
  fail: (message: string) => void,
): readonly AvcAgent[] {
  const order = [...file.keys()];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return kinds
    .filter(({ name, keys: [key] }) => {
      const section = new AvcSection(name, file, env);
      // A key in the environment was enough for openai.
      const there = section.present || (name === 'openai' && key !== undefined && env[key.variable] !== undefined);
      return there && !section.getBoolean('disabled', `${name.toUpperCase()}_DISABLE`);
    })
    .toSorted((a, b) => place(a.name) - place(b.name))
    .map((kind) => readAgent(kind, file, env, warn, fail));
}

function readAgent(
  kind: Kind,
  file: IniFile,
  env: Environment,
  warn: (message: string) => void,
  fail: (message: string) => void,
): AvcAgent {
  const { name, defaults, keys, needs = [] } = kind;
  const section = new AvcSection(name, file, env);
  const { options, refused, transferTo } = kind.read(section, file, env);
  for (const { option, why } of refused) warn(`[${name}] ${option}: ${why}`);
  if (options['dialect'] === 'beta') {
    warn('[openai] url: it is spoken to in the beta dialect, as before; take `dialect` out if it has the present one');
  }
  const instructions = section.get('instructions', kind.instructions);
  const semantic = Object(options['turnDetection'])['type'] === 'semantic_vad';
  const base = semantic ? { ...defaults, turnDetection: {} } : defaults;
  const flavor = {
    ...merged(withoutLanguage(base, options), options),
    ...(instructions !== undefined && instructions !== '' && { instructions }),
    greeting: section.get('welcome_message', kind.greeting) ?? '',
  };
  for (const { path, variable } of [...keys.slice(0, name === 'deepgram_native' ? 1 : keys.length), ...needs]) {
    if (at(flavor, path) === undefined) fail(`[${name}]: no ${path.join('.')}, and no ${variable}`);
  }
  const held = keys.filter(({ path }) => at(flavor, path) !== undefined);
  return {
    name,
    flavor,
    referring: held.reduce<Options>((all, { path, variable }) => put(all, path, `\${${variable}}`), escaped(flavor)),
    secrets: held.map((key) => ({ variable: key.variable, option: optionOf(section, key) })),
    match: section.get('match'),
    transferTo,
  };
}

function optionOf(section: AvcSection, { options }: Key): string | undefined {
  const written = section.has(options);
  return written === undefined ? undefined : `[${section.name}] ${written}`;
}

/** Flux, which the Python connector did not know, has no language. */
function withoutLanguage(defaults: Options, options: Options): Options {
  const model: unknown = Object(options['stt'])['model'];
  if (typeof model !== 'string' || !model.startsWith('flux-')) return defaults;
  const { language: _none, ...stt } = Object(defaults['stt']) as Record<string, unknown>;
  return { ...defaults, stt };
}

/** Sections one level deep are merged. */
function merged(base: Options, over: Options): Options {
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const [below, above] = [base[key], over[key]];
      const both = typeof below === 'object' && typeof above === 'object';
      return [key, both ? { ...below, ...above } : (above ?? below)];
    }),
  );
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => Object(inner)[key], value);
}

function put(value: Options, [key = '', ...rest]: readonly string[], text: string): Options {
  return { ...value, [key]: rest.length === 0 ? text : put(Object(value[key]), rest, text) };
}

/** Texts of the INI file hold no references of ours. */
export function escaped<Value>(value: Value): Value {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${') as Value;
  if (Array.isArray(value)) return value.map(escaped) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)])) as Value;
}
