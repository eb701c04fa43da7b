import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { directory, readScript, readTable, switchOn, textOf } from './cfg-text.js';

const proxy = readScript(textOf('opensips.cfg'));
const b2b = readScript(textOf('opensips-b2b.cfg'));
const everything = readScript(['browsers', 'tls'].reduce(switchOn, textOf('opensips.cfg')));
const scripts = { 'opensips.cfg': proxy, 'opensips.cfg with browsers and TLS': everything, 'opensips-b2b.cfg': b2b };

/** Modules of the package `opensips`; the others are in packages of their own, and a script that needs one does not start without. */
const inBasePackage = new Set(
  (
    'proto_udp proto_tcp proto_ws signaling sl tm rr maxfwd sipmsgops nathelper dialog db_text dispatcher permissions pike ratelimit ' +
    'mi_datagram mi_script event_datagram b2b_entities rtpengine rtp_relay cfgutils uac_auth'
  ).split(' '),
);

/** What a script calls, and the module that has it. */
const functionsOf = {
  tm: [
    't_relay',
    't_reply',
    't_check_trans',
    't_on_failure',
    't_on_reply',
    't_was_cancelled',
    't_check_status',
    't_local_replied',
  ],
  rr: ['record_route', 'loose_route'],
  maxfwd: ['mf_process_maxfwd_header'],
  signaling: ['send_reply'],
  sipmsgops: ['remove_hf', 'append_hf', 'append_to_reply', 'is_present_hf', 'has_totag', 'is_method'],
  nathelper: ['fix_nated_contact'],
  dialog: ['create_dialog', 'set_dlg_profile', 'get_profile_size'],
  dispatcher: ['ds_select_dst', 'ds_next_dst', 'ds_mark_dst', 'ds_is_in_list', 'ds_count'],
  permissions: ['check_source_address'],
  pike: ['pike_check_req'],
  ratelimit: ['rl_check'],
  mi_script: ['mi'],
  b2b_entities: ['ua_session_server_init'],
  rtp_relay: ['rtp_relay_engage'],
};
const builtIn = new Set(['route', 'xlog', 'strip', 'prefix', 'T_reply_code', 'socket_in']);

describe.each(Object.entries(scripts))('%s', (_name, script) => {
  it('loads what it configures, and defines the routes that it calls', () => {
    expect(script.configured.filter((name) => !script.modules.includes(name))).toEqual([]);
    expect(script.usedRoutes.filter((name) => !script.definedRoutes.includes(name))).toEqual([]);
    expect(new Set(script.definedRoutes).size).toBe(script.definedRoutes.length);
    expect(script.includes.filter((file) => !existsSync(`${directory}/${file}`))).toEqual([]);
  });

  it('loads the module of every function that it calls', () => {
    const unknown = [...script.text.matchAll(/(?<![\w$"[])([a-z]\w*)\(/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => {
        const module = Object.entries(functionsOf).find(([, names]) => names.includes(name))?.[0];
        return module
          ? !script.modules.includes(module)
          : !builtIn.has(name) && !['if', 'while', 'switch', 'modparam'].includes(name);
      });
    expect(unknown).toEqual([]);
  });

  // Others serve the modules beside them too.
  it.each(['maxfwd', 'permissions', 'pike', 'ratelimit', 'mi_script'] as const)('loads %s to call it', (module) => {
    const calls = functionsOf[module].some((name) => new RegExp(`\\b${name}\\(`).test(script.text));
    expect(calls).toBe(script.modules.includes(module));
  });

  it('offers its management to this machine alone, and holds no secret', () => {
    expect(script.text).toMatch(/"mi_datagram", "socket_name", "udp:127\.0\.0\.1:\d+"/);
    expect(script.text).not.toMatch(/password|secret|:\/\/\w+:\w+@/i);
  });
});

it('both scripts start with the package `opensips` alone', () => {
  expect([...proxy.modules, ...b2b.modules].filter((name) => !inBasePackage.has(name))).toEqual([]);
  expect(everything.modules.filter((name) => !inBasePackage.has(name))).toEqual([
    'tls_mgm',
    'tls_openssl',
    'proto_tls',
  ]);
});

it('a caller cannot forge X-Flavor: the proxy takes it away first, the B2B script refuses it', () => {
  expect(proxy.text).toMatch(/remove_hf\("X-Flavor"\);\s+append_hf\("X-Flavor: \$var\(flavor\)\\r\\n"\)/);
  expect(b2b.text.indexOf('is_present_hf("X-Flavor")')).toBeGreaterThan(0);
  expect(b2b.text.indexOf('is_present_hf("X-Flavor")')).toBeLessThan(b2b.text.indexOf('ua_session_server_init'));
});

it('rtpengine has the role in DTLS that it takes by itself: with another one Chromium hears nothing', () => {
  expect(everything.text).toMatch(/\$rtp_relay_peer = "UDP\/TLS\/RTP\/SAVPF /);
  expect(everything.text).not.toMatch(/DTLS=/);
});

it('an INVITE that cannot be sent on does not look like a connector that is dead', () => {
  // Over UDP it is its length that fails, whichever connector is next: over TCP nobody answers the call.
  const marks = [...proxy.text.matchAll(/(.*)\s+ds_mark_dst\("p"\)/g)].map((match) => match[1]?.trim());
  expect(marks).toEqual(['if ($avp(connector) =~ "transport=t") {', expect.stringContaining('xlog("L_WARN"')]);
  for (const { text } of [proxy, b2b]) {
    const refusal = text.search(/if \(!\(\$ru =~ "\^\(sips\?\|tel\):"\)\) \{\s+send_reply\(416/);
    expect(refusal).toBeGreaterThan(0);
    expect(refusal).toBeLessThan(text.indexOf('rl_check('));
  }
});

it('a connector that has just taken its subscription back is none', () => {
  const source = /\$var\(subscribers\) =~ "(.*?[^\\])"/.exec(b2b.text)?.[1] ?? '';
  // POSIX has no need to escape the bracket.
  const taken = new RegExp(source.replaceAll('\\"', '"').replace('[^]]', '[^\\]]'));
  const list = (event: string, ttl: string): string =>
    `{"name":"${event}","id":6,"Subscribers":[{"socket":"udp:127.0.0.1:9999","expire":90,"ttl":${ttl}}]}`;
  expect(taken.test(list('E_UA_SESSION', '90'))).toBe(true);
  expect(taken.test(list('E_UA_SESSION', '"expired"'))).toBe(false);
  expect(taken.test(`[${list('E_UA_SESSION', '"expired"')},${list('E_OTHER', '90')}]`)).toBe(false);
});

it('what a caller sends over TCP may come in many pieces', () => {
  for (const { text } of [proxy, b2b]) expect(text).toMatch(/^modparam\("proto_tcp", "tcp_max_msg_chunks", 64\)$/m);
});

it('two sessions of b2b_entities are not taken for each other: its tables are larger than by default', () => {
  for (const table of ['server_hsize', 'client_hsize']) {
    const bits = new RegExp(`^modparam\\("b2b_entities", "${table}", (\\d+)\\)`, 'm').exec(b2b.text)?.[1];
    expect(Number(bits)).toBeGreaterThanOrEqual(16);
  }
});

it('what b2b_entities does not survive is refused before it is handed over', () => {
  const before = b2b.text.slice(b2b.text.indexOf('route {'), b2b.text.indexOf('ua_session_server_init('));
  for (const name of ['To', 'From', 'Call-ID', 'CSeq']) expect(before).toContain(`!is_present_hf("${name}")`);
  const pattern = /\$hdr\(Contact\) =~ "(.+?)"/.exec(before)?.[1]?.replace('[[:space:]]', '\\s') ?? '$';
  const refused = ['*', ' *', '<sip:*@example.com>'].map((contact) => new RegExp(pattern).test(contact));
  expect(refused).toEqual([true, true, false]);
});

it('the flags of create_dialog mean the same to 3.4, which reads letters, and to 4.0, which reads words', () => {
  const flags = /create_dialog\("(.*?)"\)/.exec(proxy.text)?.[1] ?? '';
  expect(
    [...flags]
      .filter((letter) => 'BPpRrE'.includes(letter))
      .filter((letter, index, all) => all.indexOf(letter) === index),
  ).toEqual(['B', 'p']);
  expect(flags.toLowerCase().split(',')).toEqual(['bye-on-timeout', 'options-ping-callee']);
});

it.each(['dispatcher', 'address'])('db/%s has a value for every column, and its version is known', (table) => {
  const { columns, rows } = readTable(`db/${table}`);
  expect(rows.length).toBeGreaterThan(1);
  for (const row of rows) {
    expect(row).toHaveLength(columns.length);
  }
  expect(readTable('db/version').rows.map(([name]) => name)).toContain(table);
});

describe('the compose file', () => {
  const compose: {
    services: Record<
      string,
      { environment?: Record<string, string>; command?: string[]; volumes?: string[]; image: string }
    >;
  } = parse(textOf('compose.yaml'), { merge: true });
  const connectors = Object.entries(compose.services).filter(([name]) => name.startsWith('connector'));

  it('starts the connectors that the dispatcher knows', () => {
    const ports = connectors.map(([, service]) => service.environment?.['VOICE_CONNECTOR_SIP_PORT']);
    const known = readTable('db/dispatcher').rows.map(([, , destination]) => /:(\d+)$/.exec(destination ?? '')?.[1]);
    expect(ports).toEqual(known);
  });

  it('gives each connector ports and a volume of its own', () => {
    for (const key of ['VOICE_CONNECTOR_SIP_PORT', 'VOICE_CONNECTOR_ADMIN_PORT', 'VOICE_CONNECTOR_RTP_PORTS']) {
      const values = connectors.map(([, service]) => service.environment?.[key]);
      expect(values).not.toContain(undefined);
      expect(new Set(values).size).toBe(connectors.length);
    }
    expect(new Set(connectors.map(([, service]) => service.volumes?.join())).size).toBe(connectors.length);
  });

  it('names a configuration that the image has', () => {
    for (const [, service] of connectors) {
      const file = service.command?.at(-1)?.replace('/opt/voice-connector/', '');
      expect(file && existsSync(file), file).toBe(true);
    }
  });
});

it('every flavor that a number may have has a route in behind-opensips.yaml', () => {
  const config: { routes: { match: { header?: Record<string, string> } }[] } = parse(
    readFileSync('sip-config/behind-opensips.yaml', 'utf8'),
  );
  const routed = config.routes.flatMap((route) => route.match.header?.['X-Flavor'] ?? []);
  const given = [...textOf('numbers.cfg').matchAll(/\$var\(flavor\) = "(.+?)"/g)].map((match) => match[1]);
  expect(given.length).toBeGreaterThan(2);
  expect([...new Set(given)].filter((flavor) => !routed.includes(flavor ?? ''))).toEqual([]);
});

describe('the Dockerfile', () => {
  const text = readFileSync('Dockerfile', 'utf8');

  it('copies what is there and what .dockerignore lets through', () => {
    const sources = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
    const letThrough = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(source) || !letThrough.includes(source))).toEqual([]);
  });

  it('runs without root, on the oldest Node.js that must work or a newer one, and with a health check', () => {
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^HEALTHCHECK /m);
    const { engines }: { engines: { node: string } } = JSON.parse(readFileSync('package.json', 'utf8'));
    const oldest = Number(/(\d+)\./.exec(engines.node)?.[1]);
    for (const [, major] of text.matchAll(/^FROM node:(\d+)/gm)) {
      expect(Number(major)).toBeGreaterThanOrEqual(oldest);
    }
  });
});

it('docs/10-opensips.md says what each file is', () => {
  const page = readFileSync('docs/10-opensips.md', 'utf8');
  const files = readdirSync(directory).filter((file) => file !== 'db');
  expect(files.filter((file) => !page.includes(file))).toEqual([]);
});
