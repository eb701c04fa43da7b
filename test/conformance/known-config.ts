import { fileURLToPath } from 'node:url';

/** Numbers the scenarios dial; what answers is in {@link knownConfig}. */
export const numbers = {
  /** Every frame comes back at once. */
  echo: '2001',
  /** Speaks for a second as soon as the call is answered. */
  greeting: '2000',
  /** Rings for a second and a half. */
  slow: '2010',
  /** The same with 183 and audio. */
  earlyMedia: '2011',
  /** Rings for two minutes. */
  ringing: '2012',
  /** Refused by its route. */
  refused: '2020',
  /** A flavor that cannot open. */
  broken: '2030',
  /** A flavor that never says whether it has opened. */
  silent: '2031',
  /** An agent that transfers the caller, puts it on hold for a second, hangs up. */
  transferring: '2040',
  holding: '2041',
  /** Of the partner: an agent that asks at the exchange's desk first, and one that stays between the two. */
  consulting: '2042',
  bridging: '2043',
  /** No route has it. */
  unknown: '9999',
} as const;

/** Calls at once that the subject takes. */
export const CALLS_LIMIT = 60;

export const ADMIN_TOKEN = 'token-of-the-conformance-suite';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url)).replace(/\/dist(?=\/test\/)/, '');
const toolUser = file('../sipp/tool-user.mjs');
const agent = file('flavors/agent.mjs');

/** Calls in a second that the partner takes. */
export const PARTNER_CALLS_PER_SECOND = 20;

/** Who is called by a trunk of two targets. */
export const BEHIND_THE_DOORS = '+442071112222';

/** Whom the partner and its exchange know. */
export const accounts = {
  /** May call. */
  caller: { user: 'alice', password: 'caller-password' },
  /** For calls through the exchange. */
  trunk: { user: 'trunk', password: 'trunk-password' },
  /** Password of every extension. */
  extension: 'extension-password',
} as const;

/** Extensions that the partner registers. */
const extensions = ['3001', '3002', '3003'];

/**
 * Sections of a partner. Without `server` it speaks SIP itself, over one transport alone; with, it is the section
 * `signaling` of a driver whose server asks callers for passwords; that of OpenSIPS tells ours as well.
 */
export function partnerConfig(
  transport: string,
  exchange: string,
  server?: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const signaling = server ?? {
    driver: 'embedded',
    embedded: {
      listen: [`${transport}:127.0.0.1:0`],
      allow: ['127.0.0.1/32'],
      auth: { realm: 'conformance', users: { [accounts.caller.user]: accounts.caller.password } },
      register: extensions.map((user) => ({ registrar: exchange, user, password: accounts.extension })),
      ...(transport === 'tls' && { tls: { ...embeddedSignaling.embedded.tls, verifyPeer: false } }),
    },
  };
  const known = knownConfig({ signaling });
  const agent = (target: string) => ({ use: toolUser, tool: 'transfer', arguments: { target } });
  const route = (to: string, flavor: string, target: string) => ({
    match: { to },
    flavor,
    tools: ['transfer'],
    transfer: [target],
  });
  return {
    ...known,
    limits: { ...known.limits, callsPerSecond: PARTNER_CALLS_PER_SECOND },
    trunks: {
      exchange: { targets: [exchange], ...(server?.['driver'] !== 'opensips' && accounts.trunk) },
      // Two doors of one house: the first may be closed.
      doors: { targets: [exchange, `${exchange};door=2`] },
    },
    transfer: {
      targets: {
        ...known.transfer.targets,
        desk: { uri: exchange.replace('sip:', 'sip:desk@'), mode: 'attended' },
        doors: { uri: `tel:${BEHIND_THE_DOORS}`, trunk: 'doors', mode: 'bridge' },
      },
    },
    flavors: { ...known.flavors, consulting: agent('desk'), bridging: agent('doors') },
    routes: [
      route(numbers.consulting, 'consulting', 'desk'),
      route(numbers.bridging, 'bridging', 'doors'),
      ...known.routes,
    ],
    outbound: { allow: ['+4420'], trunk: 'exchange', from: '+442070000000', callsPerMinute: 1_000, calls: 100 },
  };
}

export interface KnownConfigOptions {
  /** Section `signaling`. */
  readonly signaling: Readonly<Record<string, unknown>>;
  /** File for call records; absent where whoever starts the connector decides that. */
  readonly cdrPath?: string;
}

/** The embedded endpoint on ephemeral ports of loopback. */
export const embeddedSignaling = {
  driver: 'embedded',
  embedded: {
    listen: [
      ...['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'tls:127.0.0.1:0', 'ws:127.0.0.1:0'],
      ...['udp:[::1]:0', 'tcp:[::1]:0', 'tls:[::1]:0'],
    ],
    tls: { cert: file('../fixtures/tls/server.crt'), key: file('../fixtures/tls/server.key') },
    allow: ['127.0.0.1/32', '::1/128'],
  },
} as const;

/** The configuration every scenario counts on. */
export function knownConfig({ signaling, cdrPath }: KnownConfigOptions) {
  return {
    signaling,
    media: { bind: '127.0.0.1' },
    limits: { calls: CALLS_LIMIT, callsPerSecond: 1_000, perSourcePerSecond: 1_000, rtpTimeoutSeconds: 120 },
    breaker: { failures: 1_000 },
    admin: { listen: '127.0.0.1:0', token: ADMIN_TOKEN },
    ...(cdrPath === undefined ? {} : { cdr: { path: cdrPath, include: ['dtmf'] } }),
    transfer: { targets: { sales: 'sip:sales@127.0.0.1:9' } },
    flavors: {
      echo: { use: 'echo', mode: 'immediate' },
      greeting: { use: agent, does: 'greet' },
      broken: { use: agent, does: 'fail' },
      silent: { use: agent, does: 'hesitate' },
      transferring: { use: toolUser, tool: 'transfer', arguments: { target: 'sales' } },
      holding: { use: toolUser, tool: 'hold', arguments: { seconds: 1 } },
    },
    routes: [
      { match: { to: numbers.echo }, flavor: 'echo' },
      { match: { to: numbers.greeting }, flavor: 'greeting' },
      { match: { to: numbers.slow }, flavor: 'echo', answer: { delayMs: 1_500 } },
      { match: { to: numbers.earlyMedia }, flavor: 'echo', answer: { delayMs: 1_500, earlyMedia: true } },
      { match: { to: numbers.ringing }, flavor: 'echo', answer: { delayMs: 120_000 } },
      { match: { to: numbers.refused }, reject: 486 },
      { match: { to: numbers.broken }, flavor: 'broken' },
      { match: { to: numbers.silent }, flavor: 'silent' },
      { match: { to: numbers.transferring }, flavor: 'transferring', tools: ['transfer'], transfer: ['sales'] },
      { match: { to: numbers.holding }, flavor: 'holding', tools: ['hold'] },
      { match: { any: true }, reject: 404 },
    ],
  };
}
