import { compilePattern } from '../route-pattern.js';
import { AVC_TRANSFER_TARGET, readAvcOpenai } from './avc-openai.js';
import { AvcSection, type Environment } from './avc-sections.js';
import { type IniFile, type IniIssue, parseIni } from './ini.js';

/** A configuration of ours made from one of the OpenSIPS AI Voice Connector, and what has to be said about it. */
export interface AvcImport {
  /** As a YAML file would have it; `undefined` where the INI file cannot be used. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** Line 0: of no line, but of the environment or the whole file. */
  readonly issues: readonly IniIssue[];
  /** Where secrets were to be references: the environment variables they refer to, and where each was found. */
  readonly secrets: readonly AvcSecret[];
}

export interface AvcSecret {
  readonly variable: string;
  /** In the file, where it has to be taken from: `[openai] key`; `undefined`: it was in that variable before. */
  readonly option: string | undefined;
}

/** Flavors of the Python connector that this version has no counterpart for. */
const notBuilt = ['deepgram', 'deepgram_native', 'azure'] as const;
/** It had the key before, where the file had none. */
const KEY_VARIABLE = 'OPENAI_API_KEY';

const known: ReadonlySet<string> = new Set(['engine', 'opensips', 'rtp', 'openai', ...notBuilt]);

/**
 * Reads an INI file of the Python connector, with the environment variables it knows. Numbers that no `match` names, and
 * that are no flavor's name, are answered 404 by the result: the Python connector chose any agent for them.
 *
 * @param secrets `references`: the result has `${NAME}` in the place of keys, for a file that may be shown to others.
 */
export function importAvc(text: string, env: Environment, secrets: 'values' | 'references' = 'values'): AvcImport {
  const { file, issues: read } = parseIni(text);
  const issues = [...read];
  const warn = (message: string, line = 0): void => void issues.push({ severity: 'warning', line, message });
  const fail = (message: string, line = 0): void => void issues.push({ severity: 'error', line, message });
  for (const name of file.keys()) {
    if (!known.has(name)) warn(`the section [${name}] means nothing, as before`);
  }
  for (const name of notBuilt) warnOfFlavor(new AvcSection(name, file, env), warn);
  const openai = new AvcSection('openai', file, env);
  if (openai.getBoolean('disabled', 'OPENAI_DISABLE') || !(openai.present || env['OPENAI_API_KEY'] !== undefined)) {
    fail('there is no agent left: of its flavors this version has openai only');
  }
  if (issues.some(({ severity }) => severity === 'error')) return { config: undefined, issues, secrets: [] };
  const agent = readOpenai(openai, warn, fail);
  const config: Config = { ...readHost(file, env), ...agent, routes: readRoutes(openai, file, env, agent, warn, fail) };
  if (issues.some(({ severity }) => severity === 'error')) return { config: undefined, issues, secrets: [] };
  const values: Config = escaped(config);
  if (secrets === 'values') return { config: values, issues, secrets: [] };
  const written = openai.has(['key', 'openai_key']);
  return {
    config: { ...values, flavors: { openai: { ...values.flavors.openai, apiKey: `\${${KEY_VARIABLE}}` } } },
    issues,
    secrets: [{ variable: KEY_VARIABLE, option: written === undefined ? undefined : `[openai] ${written}` }],
  };
}

function warnOfFlavor(section: AvcSection, warn: (message: string) => void): void {
  const disabled = section.getBoolean('disabled', `${section.name.toUpperCase()}_DISABLE`);
  if (!section.present || disabled) return;
  warn(`[${section.name}]: this flavor is not in this version; its numbers are answered 404, the rest works`);
}

function readHost(file: IniFile, env: Environment): Readonly<Record<string, unknown>> {
  const engine = new AvcSection('engine', file, env);
  const opensips = new AvcSection('opensips', file, env);
  const rtp = new AvcSection('rtp', file, env);
  const advertise = rtp.get('ip', 'RTP_IP');
  const first = rtp.getNumber('min_port', 'RTP_MIN_PORT') ?? 35_000;
  const end = rtp.getNumber('max_port', 'RTP_MAX_PORT') ?? 65_000;
  return {
    signaling: {
      driver: 'opensips',
      opensips: {
        mi: `udp:${opensips.get('ip', 'MI_IP') ?? '127.0.0.1'}:${opensips.get('port', 'MI_PORT') ?? '8080'}`,
        events: `udp:${engine.get('event_ip', 'EVENT_IP') ?? '127.0.0.1'}:${engine.get('event_port', 'EVENT_PORT') ?? '0'}`,
      },
    },
    media: {
      bind: rtp.get('bind_ip', 'RTP_BIND_IP') ?? '0.0.0.0',
      ...(advertise !== undefined && { advertise }),
      // Its upper limit was left out.
      ports: `${first}-${end - 1}`,
    },
  };
}

interface Config extends Agent {
  readonly routes: readonly object[];
  readonly [section: string]: unknown;
}

interface Agent {
  readonly flavors: { readonly openai: Readonly<Record<string, unknown>> };
  readonly transfer?: { readonly targets: Readonly<Record<string, unknown>> };
}

/** What it took where nothing was said; its model is gone from the service. */
const openaiDefaults = {
  model: 'gpt-realtime',
  voice: 'alloy',
  turnDetection: { type: 'server_vad', threshold: 0.5, prefixPaddingMs: 200, silenceDurationMs: 200 },
} as const;

function readOpenai(section: AvcSection, warn: (message: string) => void, fail: (message: string) => void): Agent {
  const { options, refused, transferTo } = readAvcOpenai(section);
  for (const { option, why } of refused) warn(`[openai] ${option}: ${why}`);
  if (options['apiKey'] === undefined) fail('[openai]: no key, and no OPENAI_API_KEY');
  if (options['dialect'] === 'beta') {
    warn('[openai] url: it is spoken to in the beta dialect, as before; take `dialect` out if it has the present one');
  }
  const { turnDetection } = options;
  const turns = Object(turnDetection)['type'] === 'semantic_vad' ? {} : openaiDefaults.turnDetection;
  const openai = {
    use: 'openai-realtime',
    ...openaiDefaults,
    ...options,
    turnDetection: { ...turns, ...Object(turnDetection) },
    ...optional('instructions', section.get('instructions', 'OPENAI_INSTRUCTIONS')),
    greeting: section.get('welcome_message', 'OPENAI_WELCOME_MSG') ?? '',
  };
  const agent: Agent = { flavors: { openai } };
  return transferTo === undefined ? agent : { ...agent, transfer: { targets: { [AVC_TRANSFER_TARGET]: transferTo } } };
}

function readRoutes(
  openai: AvcSection,
  file: IniFile,
  env: Environment,
  { transfer }: Agent,
  warn: (message: string) => void,
  fail: (message: string) => void,
): readonly object[] {
  const apiUrl = new AvcSection('engine', file, env).get('api_url', 'API_URL');
  const rest = {
    flavor: 'openai',
    tools: transfer === undefined ? ['hang_up'] : ['hang_up', 'transfer'],
    ...(transfer !== undefined && { transfer: [AVC_TRANSFER_TARGET] }),
  };
  const settings = apiUrl === undefined ? {} : { settings: { url: apiUrl, format: 'avc' } };
  const match = openai.get('match');
  const patterns = match === undefined || match === '' ? [] : [prefixPattern(match)];
  for (const pattern of patterns) {
    const compiled = compilePattern(pattern);
    if (!compiled.ok) fail(`[openai] match: ${compiled.problem}`);
  }
  if (patterns.length === 0 && apiUrl === undefined) {
    warn('[openai] has no match: it is reached by the number "openai" and by extra_params alone, any other gets 404');
  }
  const routes = [...patterns, caseless('openai')].map((toHeader) => ({ match: { toHeader }, ...rest, ...settings }));
  if (apiUrl === undefined) return routes;
  // The API may know numbers that the file does not; what neither knows gets 404.
  const asked = { settings: { url: apiUrl, format: 'avc', required: true } };
  return [...routes, { match: { any: true }, ...rest, ...asked }];
}

/** It matched the beginning of the To user, in lower case (`re.match`); our patterns are anchored at both ends. */
function prefixPattern(match: string): string {
  const pattern = /^[\w+.-]*$/.test(match) ? caseless(match) : `(?:${match})`;
  return `${pattern}.*`;
}

function caseless(text: string): string {
  return text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

function optional(key: string, value: string | number | undefined): Readonly<Record<string, unknown>> {
  return value === undefined || value === '' ? {} : { [key]: value };
}

/** Texts of the INI file hold no references of ours. */
function escaped<Value>(value: Value): Value {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${') as Value;
  if (Array.isArray(value)) return value.map(escaped) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)])) as Value;
}
