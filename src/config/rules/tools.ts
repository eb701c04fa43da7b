import { assertUnreachable } from '../../base/assert.js';
import { isEverybody, isPrivateHost, isWithin } from '../notation/addresses.js';
import { placeholders } from '../notation/template.js';
import { builtInTools, isToolName } from '../notation/tool-names.js';
import { schemaDoubts } from '../notation/tool-parameters.js';
import type { ConfigPath } from '../reading/config-path.js';
import { suggest } from '../reading/suggest.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, type FileNames, unknownTrunk } from './broken-rule.js';
import { checkSipHeaders } from './sip-headers.js';

/** Tools, transfer targets, and the addresses that are asked. */
export function checkTools(config: ParsedConfig, names: FileNames): BrokenRule[] {
  const { http, routes, tools, transfer } = config;
  return [
    ...http.allow.flatMap((block, index) => (isEverybody(block) ? [tooWide(['http', 'allow', index])] : [])),
    ...Object.entries(tools).flatMap(([name, tool]) => [
      ...checkName(['tools', name], name),
      ...checkTool(tool, ['tools', name], http.allow),
    ]),
    ...Object.entries(transfer.targets).flatMap(([name, { announce, headers, mode, trunk, uri }]) => [
      ...checkTargetName(['transfer', 'targets', name], name),
      ...(mode !== 'blind' && trunk === undefined && !/^sips?:/i.test(uri)
        ? [notCallable(['transfer', 'targets', name, 'uri'], mode)]
        : []),
      ...(trunk === undefined ? [] : checkTrunk(['transfer', 'targets', name, 'trunk'], trunk, mode, names)),
      ...(announce === undefined || mode !== 'blind' ? [] : [spokenByPhone(['transfer', 'targets', name, 'announce'])]),
      ...checkSipHeaders(headers, ['transfer', 'targets', name, 'headers']),
    ]),
    ...routes.flatMap(({ settings }, index) =>
      settings === undefined ? [] : checkSettings(settings, ['routes', index, 'settings'], http.allow),
    ),
  ];
}

function tooWide(path: ConfigPath): BrokenRule {
  return {
    severity: 'warning',
    path,
    message: 'requests may reach every address, those of this machine included',
    help: 'name the addresses of your servers',
  };
}

function checkName(path: ConfigPath, name: string): BrokenRule[] {
  if (builtInTools.some((builtIn) => builtIn === name)) {
    return [{ path, atKey: true, message: 'a built-in tool has this name', help: 'give yours another one' }];
  }
  if (isToolName(name)) return [];
  const help = 'use up to 64 letters, digits, "_" and "-", beginning with a letter: models take no others';
  return [{ path, atKey: true, message: 'this name cannot be given to a tool', help }];
}

function checkTargetName(path: ConfigPath, name: string): BrokenRule[] {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(name)) return [];
  const help = 'use up to 64 letters, digits, blanks, ".", "_" and "-", beginning with a letter or a digit';
  return [{ path, atKey: true, message: 'this name cannot be given to a target', help }];
}

function notCallable(path: ConfigPath, mode: string): BrokenRule {
  const help = 'write sip:USER@HOST, name a trunk, or use mode: blind, which leaves the call to the phone';
  return { path, message: `${mode}: the connector itself calls this target, and needs a sip: URI`, help };
}

function spokenByPhone(path: ConfigPath): BrokenRule {
  const help = 'remove announce, or use mode: attended';
  return { path, atKey: true, message: "blind: the caller's phone calls this target, and says nothing to it", help };
}

function checkTrunk(path: ConfigPath, trunk: string, mode: string, names: FileNames): BrokenRule[] {
  if (mode === 'blind') {
    return [{ path, atKey: true, message: "blind: the caller's phone calls this target", help: 'remove the trunk' }];
  }
  return unknownTrunk(path, trunk, names);
}

type ToolOf<Type extends string> = Extract<ParsedConfig['tools'][string], { type: Type }>;

function checkTool(tool: ParsedConfig['tools'][string], path: ConfigPath, allow: readonly string[]): BrokenRule[] {
  switch (tool.type) {
    case 'webhook':
      return checkWebhook(tool, path, allow);
    case 'mcp':
      return [...checkHeaders(tool.headers, path), ...checkServer(tool, path, allow)];
    case 'module':
      return [];
    default:
      return assertUnreachable(tool);
  }
}

function checkWebhook(tool: ToolOf<'webhook'>, path: ConfigPath, allow: readonly string[]): BrokenRule[] {
  const broken: BrokenRule[] = [
    ...checkHeaders(tool.headers, path),
    ...checkArguments(tool, path),
    ...schemaDoubts(tool.parameters, [...path, 'parameters']).map(
      (doubt): BrokenRule => ({ severity: 'warning', atKey: true, ...doubt }),
    ),
    ...checkUrl(tool.url, [...path, 'url'], allow),
  ];
  if (tool.method === 'GET' && tool.body !== undefined) {
    const help = 'put {{name}} into the url, or use another method';
    broken.push({ path: [...path, 'body'], atKey: true, message: 'a GET has no body', help });
  }
  return broken;
}

/** An MCP server: one that is started here, or one that runs elsewhere. */
function checkServer(tool: ToolOf<'mcp'>, path: ConfigPath, allow: readonly string[]): BrokenRule[] {
  const { command, url } = tool;
  if ((command === undefined) === (url === undefined)) {
    const message = 'an MCP server has either a command or a url';
    const help = 'command: starts it here and speaks over stdio; url: asks one that runs, over streamable HTTP';
    return [{ path: url === undefined ? path : [...path, 'url'], atKey: true, message, help }];
  }
  const kind = url === undefined ? 'command' : 'url';
  const others = url === undefined ? (['headers'] as const) : (['args', 'env'] as const);
  const broken = others.flatMap((key): BrokenRule[] => {
    if (Object.keys(tool[key]).length === 0) return [];
    const message = `a server with a ${kind} has no use for ${key}`;
    return [{ path: [...path, key], atKey: true, message, help: 'remove it' }];
  });
  if (url === undefined) return broken;
  if (url.includes('{{')) {
    broken.push({
      path: [...path, 'url'],
      message: 'a template, and the server is the same for all calls',
      help: 'write the address itself',
    });
  }
  return [...broken, ...checkUrl(url, [...path, 'url'], allow)];
}

/** What a template takes from the arguments must be among them. */
function checkArguments({ body = '', headers, parameters, url }: ToolOf<'webhook'>, path: ConfigPath): BrokenRule[] {
  const known = Object.keys(Object(parameters['properties']));
  const templates: readonly (readonly [string, ConfigPath])[] = [
    [url, ['url']],
    [body, ['body']],
    ...Object.entries(headers).map(([name, value]) => [value, ['headers', name]] as const),
  ];
  return templates.flatMap(([text, place]) =>
    placeholders(text).flatMap((placeholder) => {
      const [, name] = /^args\.([^.]+)/.exec(placeholder) ?? [];
      if (name === undefined || known.includes(name)) return [];
      const meant = suggest(name, known);
      const help = meant === undefined ? `add ${name} to the properties of parameters` : `did you mean "${meant}"?`;
      return [
        { severity: 'warning' as const, path: [...path, ...place], message: `the tool has no argument ${name}`, help },
      ];
    }),
  );
}

/** Field names of RFC 9110 section 5.1; and those that the connector sets itself. */
function checkHeaders(headers: Readonly<Record<string, string>>, path: ConfigPath): BrokenRule[] {
  const own = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade']);
  return Object.keys(headers).flatMap((name) => {
    const place = { path: [...path, 'headers', name], atKey: true } as const;
    if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name)) {
      return [{ ...place, message: 'this is no name of an HTTP header field', help: 'write it without the colon' }];
    }
    return own.has(name.toLowerCase())
      ? [{ ...place, message: 'this header field is set by the connector', help: 'remove it' }]
      : [];
  });
}

/** A private address needs leave. Names are looked up when a request is made; here only literals can be judged. */
function checkUrl(template: string, path: ConfigPath, allow: readonly string[]): BrokenRule[] {
  const { hostname } = new URL(template.replace(/\{\{[^{}]*\}\}/g, 'x'));
  if (!isPrivateHost(hostname) || isWithin(hostname, allow)) return [];
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return [
    {
      path,
      message: 'this is a private address, which requests do not reach without leave',
      help: `write http: { allow: ["${/localhost\.?$/i.test(address) ? '127.0.0.1", "::1' : address}"] }`,
    },
  ];
}

function checkSettings(
  { token, url }: NonNullable<ParsedConfig['routes'][number]['settings']>,
  path: ConfigPath,
  allow: readonly string[],
): BrokenRule[] {
  const broken = checkUrl(url, [...path, 'url'], allow);
  const { hostname, protocol } = new URL(url.replace(/\{\{[^{}]*\}\}/g, 'x'));
  if (token !== undefined && protocol === 'http:' && !isPrivateHost(hostname)) {
    broken.push({
      severity: 'warning',
      path: [...path, 'url'],
      message: 'the token would cross the network for everybody to read',
      help: 'use https:',
    });
  }
  return broken;
}
