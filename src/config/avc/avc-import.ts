import { isIP } from 'node:net';
import { withoutBrackets } from '../../base/ip-text.js';
import { isPrivateHost } from '../notation/addresses.js';
import { compilePattern } from '../notation/route-pattern.js';
import { type AvcAgent, escaped, readAvcAgents } from './avc-agents.js';
import { AVC_TRANSFER_TARGET } from './avc-options.js';
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

const known: ReadonlySet<string> = new Set([
  'engine',
  'opensips',
  'rtp',
  'openai',
  'deepgram',
  'deepgram_native',
  'azure',
]);

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
  const agents = readAvcAgents(file, env, warn, fail);
  if (agents.length === 0)
    fail(
      'there is no agent left: none of the sections openai, deepgram, deepgram_native and azure is there and enabled',
    );
  if (issues.some(({ severity }) => severity === 'error')) return { config: undefined, issues, secrets: [] };
  const reachable = apiNets(new AvcSection('engine', file, env).get('api_url', 'API_URL'));
  const transferTo = agents.find((agent) => agent.transferTo !== undefined)?.transferTo;
  const config: Readonly<Record<string, unknown>> = {
    ...readHost(file, env),
    ...(reachable.length > 0 && { http: { allow: reachable } }),
    flavors: Object.fromEntries(agents.map(({ name, flavor }) => [name, escaped(flavor)])),
    ...(transferTo !== undefined && { transfer: { targets: { [AVC_TRANSFER_TARGET]: escaped(transferTo) } } }),
    routes: escaped(readRoutes(agents, file, env, warn, fail)),
  };
  if (issues.some(({ severity }) => severity === 'error')) return { config: undefined, issues, secrets: [] };
  if (secrets === 'values') return { config, issues, secrets: [] };
  const named = new Map(agents.flatMap((agent) => agent.secrets).map((secret) => [secret.variable, secret]));
  return {
    config: {
      ...config,
      flavors: Object.fromEntries(agents.map(({ name, referring }) => [name, referring])),
    },
    issues,
    secrets: [...named.values()],
  };
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

/** Loopback and the private networks (RFC 1918, RFC 4193); not link-local, where clouds keep what nobody should ask for. */
const PRIVATE_NETS = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1', 'fc00::/7'];

/**
 * What `http.allow` has to say for `api_url` to be asked as it was: our requests go to the public internet alone, and that API
 * is most often next door. A name may mean any address of a private network; nobody but the operator has written it.
 */
function apiNets(apiUrl: string | undefined): readonly string[] {
  if (apiUrl === undefined || !URL.canParse(apiUrl)) return [];
  const { hostname } = new URL(apiUrl);
  const host = withoutBrackets(hostname);
  if (isIP(host) === 0) return PRIVATE_NETS;
  return isPrivateHost(hostname) ? [host] : [];
}

function readRoutes(
  agents: readonly AvcAgent[],
  file: IniFile,
  env: Environment,
  warn: (message: string) => void,
  fail: (message: string) => void,
): readonly object[] {
  const apiUrl = new AvcSection('engine', file, env).get('api_url', 'API_URL');
  const settings = apiUrl === undefined ? {} : { settings: { url: apiUrl, format: 'avc' } };
  const restOf = ({ name, transferTo }: AvcAgent): object => ({
    flavor: name,
    tools: transferTo === undefined ? ['hang_up'] : ['hang_up', 'transfer'],
    ...(transferTo !== undefined && { transfer: [AVC_TRANSFER_TARGET] }),
  });
  // Sections were tried in the order of the file; a name of a flavor counted only where none matched.
  const matched = agents.flatMap((agent) => {
    const { name, match } = agent;
    if (match === undefined || match === '') {
      if (apiUrl === undefined) {
        warn(`[${name}] has no match: it is reached by the number "${name}" and by extra_params alone`);
      }
      return [];
    }
    const toHeader = prefixPattern(match);
    const compiled = compilePattern(toHeader);
    if (!compiled.ok) fail(`[${name}] match: ${compiled.problem}`);
    return [{ match: { toHeader }, ...restOf(agent), ...settings }];
  });
  const named = agents.map((agent) => ({ match: { toHeader: caseless(agent.name) }, ...restOf(agent), ...settings }));
  const [first] = agents;
  if (apiUrl === undefined || first === undefined) return [...matched, ...named];
  // The API may know numbers that the file does not; what neither knows gets 404.
  const asked = { settings: { url: apiUrl, format: 'avc', required: true } };
  return [...matched, ...named, { match: { any: true }, ...restOf(first), ...asked }];
}

/** It matched the beginning of the To user, in lower case (`re.match`); our patterns are anchored at both ends. */
function prefixPattern(match: string): string {
  const pattern = /^[\w+.-]*$/.test(match) ? caseless(match) : `(?:${match})`;
  return `${pattern}.*`;
}

function caseless(text: string): string {
  return text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
