import { evenPorts, isEverybody, isLoopback } from './addresses.js';
import type { IssueOptions } from './config-document.js';
import type { ConfigPath } from './config-issue.js';
import type { ParsedConfig } from './schema.js';
import { suggest } from './suggest.js';
import { placeholders } from './template.js';

/** A rule that the file breaks. */
export interface BrokenRule extends IssueOptions {
  readonly path: ConfigPath;
  readonly message: string;
}

/**
 * Everything that no single key can be blamed for.
 *
 * @param flavorNames Names of all flavors in the file, those with mistakes included.
 */
export function checkRules(config: ParsedConfig, flavorNames: readonly string[]): BrokenRule[] {
  return [
    ...checkSignaling(config),
    ...checkMedia(config),
    ...checkAdmin(config),
    ...config.routes.flatMap((route, index) => checkRoute(route, index, flavorNames)),
    ...checkReachable(config.routes),
  ];
}

/** Whether peers on other machines can call in at all. */
function hasRemotePeers({ signaling }: ParsedConfig): boolean {
  const { allow, listen } = signaling.embedded;
  return listen.some(({ host }) => !isLoopback(host)) && allow.some((block) => !isLoopback(block));
}

function checkSignaling(config: ParsedConfig): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { embedded } = config.signaling;
  if (embedded.advertise !== undefined && isLoopback(embedded.advertise) && hasRemotePeers(config)) {
    broken.push({
      path: ['signaling', 'embedded', 'advertise'],
      message: 'peers on other machines may call in, and would be told to answer to themselves',
      help: 'advertise an address that they reach, or allow loopback only',
    });
  }
  for (const [index, block] of embedded.allow.entries()) {
    if (!isEverybody(block)) continue;
    broken.push({
      severity: 'warning',
      path: ['signaling', 'embedded', 'allow', index],
      message: 'anybody on the network may call in',
      help: 'name the networks of your PBX and trunks',
    });
  }
  const seen = new Set<string>();
  for (const [index, { protocol, host, port }] of embedded.listen.entries()) {
    const address = `${protocol}:${host}:${port}`;
    if (port !== 0 && seen.has(address)) {
      broken.push({ path: ['signaling', 'embedded', 'listen', index], message: 'this address is listed twice' });
    }
    seen.add(address);
  }
  return broken;
}

function checkMedia(config: ParsedConfig): BrokenRule[] {
  const { limits, media } = config;
  const broken: BrokenRule[] = [];
  const sdpAddress = media.advertise ?? media.bind;
  if (isLoopback(sdpAddress) && hasRemotePeers(config)) {
    broken.push({
      path: ['media', media.advertise === undefined ? 'bind' : 'advertise'],
      message: 'peers on other machines may call in, and would be told to send their audio to themselves',
      help: 'give an address that they reach, or let signaling.embedded.allow name loopback only',
    });
  }
  if (
    media.advertise !== undefined &&
    media.bind !== '::' &&
    media.advertise.includes(':') !== media.bind.includes(':')
  ) {
    broken.push({
      path: ['media', 'advertise'],
      message: 'the address is of another family than media.bind',
      help: 'bind and advertise IPv4, or both IPv6; bind "::" takes both',
    });
  }
  if (media.jitter.minMs !== media.jitter.maxMs) {
    broken.push({
      path: ['media', 'jitter'],
      message: 'a jitter buffer that adapts is not in this version',
      help: 'give minMs and maxMs the same value',
    });
  }
  for (const [index, codec] of media.codecs.entries()) {
    if (media.codecs.indexOf(codec) === index) continue;
    broken.push({ path: ['media', 'codecs', index], message: 'this codec is listed twice' });
  }
  const pairs = evenPorts(media.ports.min, media.ports.max);
  if (pairs < limits.calls) {
    broken.push({
      severity: 'warning',
      path: ['media', 'ports'],
      message: `the range has ports for ${pairs} calls, and limits.calls is ${limits.calls}`,
      help: 'widen the range, since ports also rest between calls, or lower limits.calls',
    });
  }
  return broken;
}

function checkAdmin({ admin }: ParsedConfig): BrokenRule[] {
  if (admin.token === undefined && !isLoopback(admin.listen.host)) {
    return [
      {
        path: ['admin', 'listen'],
        message: 'listening beyond loopback needs a token',
        help: `add admin.token: "\${ADMIN_TOKEN}", or listen on 127.0.0.1`,
      },
    ];
  }
  if (admin.token !== undefined && admin.token.length < 16) {
    return [
      {
        severity: 'warning',
        path: ['admin', 'token'],
        message: 'the token has fewer than 16 characters',
        help: 'make one with: openssl rand -hex 24',
      },
    ];
  }
  return [];
}

function checkRoute(
  route: ParsedConfig['routes'][number],
  index: number,
  flavorNames: readonly string[],
): BrokenRule[] {
  const path: ConfigPath = ['routes', index];
  const broken: BrokenRule[] = [];
  const { header, ...others } = route.match;
  const conditions = [...Object.keys(others), ...Object.keys(header ?? {})];
  if (conditions.length === 0) {
    broken.push({ path: [...path, 'match'], message: 'no condition', help: 'write any: true to match every call' });
  }
  if (route.match.any && conditions.length > 1) {
    broken.push({
      path: [...path, 'match', 'any'],
      message: 'any: true with other conditions',
      help: 'remove any; all other conditions must hold',
    });
  }
  if (route.flavor !== undefined && route.reject !== undefined) {
    broken.push({ path: [...path, 'reject'], atKey: true, message: 'a route has a flavor or a reject, not both' });
  }
  if (route.flavor === undefined && route.reject === undefined) {
    broken.push({
      path,
      message: 'a route needs a flavor to answer, or a reject',
      help: 'add flavor: NAME or reject: 404',
    });
  }
  if (route.flavor === undefined && route.reject !== undefined && route.greeting !== undefined) {
    broken.push({ path: [...path, 'greeting'], atKey: true, message: 'a call that is refused is not greeted' });
  }
  if (route.flavor !== undefined && !flavorNames.includes(route.flavor)) {
    const meant = suggest(route.flavor, flavorNames);
    const known = flavorNames.length === 0 ? 'flavors is empty' : `the flavors are ${flavorNames.join(', ')}`;
    broken.push({
      path: [...path, 'flavor'],
      message: 'no flavor has this name',
      help: meant === undefined ? known : `did you mean "${meant}"?`,
    });
  }
  return [...broken, ...checkVariables(route, path)];
}

function checkVariables(route: ParsedConfig['routes'][number], path: ConfigPath): BrokenRule[] {
  const broken: BrokenRule[] = [];
  for (const name of Object.keys(route.variables)) {
    if (/^[A-Za-z_][\w-]*$/.test(name) && name !== 'from' && name !== 'to') continue;
    broken.push({
      path: [...path, 'variables', name],
      atKey: true,
      message: 'this name cannot be given to a variable',
      help: 'use letters, digits, "_" and "-"; from, to and sip.Header-Name are set by the call',
    });
  }
  const known = [...Object.keys(route.variables), 'from', 'to'];
  for (const name of placeholders(route.greeting ?? '')) {
    if (known.includes(name) || /^sip\./i.test(name)) continue;
    const meant = suggest(name, known);
    broken.push({
      severity: 'warning',
      path: [...path, 'greeting'],
      message: `{{${name}}} has no value and will be left out`,
      help: meant === undefined ? `add ${name} to the variables of this route` : `did you mean "{{${meant}}}"?`,
    });
  }
  return broken;
}

function checkReachable(routes: ParsedConfig['routes']): BrokenRule[] {
  const catchAll = routes.findIndex((route) => route.match.any);
  if (catchAll < 0 || catchAll === routes.length - 1) return [];
  return [
    {
      severity: 'warning',
      path: ['routes', catchAll + 1],
      message: `no call gets here: routes[${catchAll}] matches every call`,
      help: 'move the route with any: true to the end',
    },
  ];
}
