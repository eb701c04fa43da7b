import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SrvRecord } from '../../../src/signaling/dns/dns-client.js';
import {
  type SipTarget,
  TargetResolver,
  type TargetResolverOptions,
} from '../../../src/signaling/dns/target-resolver.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeDns, type FakeZone } from '../../support/fake-dns.js';
import { SeededRandom } from '../../support/seeded-random.js';

function setUp(zone: FakeZone = {}, options: Partial<TargetResolverOptions> = {}) {
  const clock = new FakeClock();
  const dns = new FakeDns(zone);
  const resolver = new TargetResolver({ clock, random: new SeededRandom(5), dns }, options);
  return { clock, dns, resolver, resolve: (uri: string) => resolver.resolveTargets(uri) };
}

const srv = (name: string, port: number, priority = 10, weight = 0): SrvRecord => ({ name, port, priority, weight });
const naptr = (service: string, replacement: string, order: number, preference = 10, flags = 's') => ({
  ...{ order, preference, flags, service, replacement },
});
const text = ({ protocol, address, port, serverName }: SipTarget): string =>
  `${protocol} ${address} ${port}${serverName === undefined ? '' : ` ${serverName}`}`;

describe('a URI that needs no SRV (RFC 3263 section 4)', () => {
  test.each([
    ['sip:192.0.2.7', ['udp 192.0.2.7 5060']],
    ['sip:192.0.2.7;transport=tls', ['tls 192.0.2.7 5061 192.0.2.7']],
    ['sip:u@[2001:db8::7]:5070;transport=tcp', ['tcp 2001:db8::7 5070']],
    ['sips:192.0.2.7', ['tls 192.0.2.7 5061 192.0.2.7']],
    ['sips:192.0.2.7;transport=tcp', ['tls 192.0.2.7 5061 192.0.2.7']],
    ['sip:proxy.example:5080', ['udp 203.0.113.1 5080', 'udp 2001:db8::1 5080']],
    ['sips:proxy.example:5080', ['tls 203.0.113.1 5080 proxy.example', 'tls 2001:db8::1 5080 proxy.example']],
    ['sip:x@other.example;maddr=192.0.2.9', ['udp 192.0.2.9 5060']],
  ])('%s', async (uri, expected) => {
    const { dns, resolve } = setUp({ addresses: { 'proxy.example': ['203.0.113.1', '2001:db8::1'] } });
    expect((await resolve(uri)).map(text)).toEqual(expected);
    expect(dns.asked.filter((question) => !question.startsWith('A '))).toEqual([]);
  });

  test.each(['sips:192.0.2.7;transport=udp', 'sip:192.0.2.7;transport=sctp', 'sip:192.0.2.7;transport=ws'])(
    '%s leads nowhere',
    async (uri) => {
      expect(await setUp().resolve(uri)).toEqual([]);
    },
  );

  test.each(['tel:+442079460000', 'mailto:x@y', 'sip:', ''])('"%s" is refused', async (uri) => {
    await expect(setUp().resolve(uri)).rejects.toMatchObject({ code: 'ERR_SIP_MESSAGE' });
  });
});

test('NAPTR chooses the transport, by order and preference, among those that are spoken', async () => {
  const { dns, resolve } = setUp({
    naptr: {
      'pbx.example': [
        naptr('SIP+D2U', '_sip._udp.pbx.example', 50),
        naptr('SIPS+D2T', '_sips._tcp.pbx.example', 40, 20),
        naptr('SIP+D2S', '_sip._sctp.pbx.example', 10),
        naptr('SIP+D2T', '_sip._tcp.pbx.example', 40, 10),
        naptr('SIP+D2T', 'regexp.pbx.example', 1, 1, 'u'),
      ],
    },
    srv: {
      '_sips._tcp.pbx.example': [srv('a.example', 5061)],
      '_sip._udp.pbx.example': [srv('a.example', 5060)],
      '_sip._tcp.pbx.example': [srv('a.example', 5062)],
    },
    addresses: { 'a.example': ['203.0.113.1'] },
  });
  expect((await resolve('sip:pbx.example')).map(text)).toEqual([
    'tcp 203.0.113.1 5062',
    'tls 203.0.113.1 5061 pbx.example',
    'udp 203.0.113.1 5060',
  ]);
  expect(dns.asked).not.toContain('SRV _sip._sctp.pbx.example');
  expect((await resolve('sips:pbx.example')).map(text)).toEqual(['tls 203.0.113.1 5061 pbx.example']);
});

test('without NAPTR, or where its server fails, SRV is asked for every transport spoken', async () => {
  const { dns, resolve } = setUp({
    naptr: { 'pbx.example': new Error('NOTIMP') },
    srv: { '_sip._tcp.pbx.example': [srv('a.example', 5062)] },
    addresses: { 'a.example': ['203.0.113.1'] },
  });
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(['tcp 203.0.113.1 5062']);
  expect(dns.asked.filter((question) => question.startsWith('SRV'))).toEqual([
    'SRV _sip._udp.pbx.example',
    'SRV _sip._tcp.pbx.example',
    'SRV _sips._tcp.pbx.example',
  ]);
});

test('a name server that never answers NAPTR is left with half the time; SRV and addresses get the other', async () => {
  const { clock, dns, resolve } = setUp({
    srv: { '_sip._udp.pbx.example': [srv('a.example', 5062)] },
    addresses: { 'a.example': ['203.0.113.1'] },
  });
  dns.naptr = () => new Promise(() => {});
  const found = resolve('sip:pbx.example');
  clock.advance(999);
  expect(dns.asked).toEqual([]);
  clock.advance(1);
  expect((await found).map(text)).toEqual(['udp 203.0.113.1 5062']);
  expect(clock.pendingTimers).toBe(0);
});

test('a failure at the SRV of one transport leaves the others; where nothing else is found it is one of all', async () => {
  const refused = new Error('SERVFAIL');
  const { dns, resolve } = setUp({
    srv: { '_sip._udp.pbx.example': refused, '_sips._tcp.pbx.example': [srv('a.example', 5061)] },
    addresses: { 'a.example': ['203.0.113.1'], 'pbx.example': ['203.0.113.9'], 'other.example': ['203.0.113.9'] },
  });
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(['tls 203.0.113.1 5061 pbx.example']);
  dns.zone = { ...dns.zone, srv: { '_sip._tcp.other.example': refused } };
  await expect(resolve('sip:other.example')).rejects.toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
});

test('a transport in the URI leaves NAPTR and the other transports alone', async () => {
  const { dns, resolve } = setUp({
    srv: { '_sip._tcp.pbx.example': [srv('a.example', 5062)] },
    addresses: { 'a.example': ['203.0.113.1'] },
  });
  expect((await resolve('sip:pbx.example;transport=tcp')).map(text)).toEqual(['tcp 203.0.113.1 5062']);
  expect(dns.asked).toEqual(['SRV _sip._tcp.pbx.example', 'A a.example']);
});

test('neither NAPTR nor SRV: the addresses of the name, UDP and port 5060', async () => {
  const { resolve } = setUp({ addresses: { 'pbx.example': ['203.0.113.1'] } });
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(['udp 203.0.113.1 5060']);
});

test('a service that says it is not there (target ".") is not tried by address', async () => {
  const { resolve } = setUp({
    srv: { '_sip._udp.pbx.example': [srv('.', 0)] },
    addresses: { 'pbx.example': ['203.0.113.1'] },
  });
  expect(await resolve('sip:pbx.example')).toEqual([]);
});

test('the lowest priority comes first; among equals the weights decide how often', async () => {
  const { resolve } = setUp({
    srv: {
      '_sip._udp.pbx.example': [
        srv('spare.example', 5060, 20, 100),
        srv('small.example', 5060, 10, 10),
        srv('big.example', 5060, 10, 90),
        srv('never.example', 5060, 10, 0),
      ],
    },
    addresses: {
      'spare.example': ['203.0.113.9'],
      'small.example': ['203.0.113.1'],
      'big.example': ['203.0.113.2'],
      'never.example': ['203.0.113.3'],
    },
  });
  const firsts = new Map<string, number>();
  for (let call = 0; call < 1_000; call += 1) {
    const targets = await resolve('sip:pbx.example;transport=udp');
    expect(targets).toHaveLength(4);
    expect(targets[3]?.address).toBe('203.0.113.9');
    const first = targets[0]?.address ?? '';
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  expect(firsts.get('203.0.113.2')).toBeGreaterThan(850);
  expect(firsts.get('203.0.113.1')).toBeGreaterThan(50);
  expect(firsts.get('203.0.113.3') ?? 0).toBeLessThan(30);
});

test('one server whose name does not resolve leaves the others', async () => {
  const { resolve } = setUp({
    srv: { '_sip._udp.pbx.example': [srv('bad.example', 5060, 1), srv('good.example', 5060, 2)] },
    addresses: { 'bad.example': new Error('SERVFAIL'), 'good.example': ['203.0.113.2'] },
  });
  expect((await resolve('sip:pbx.example;transport=udp')).map(text)).toEqual(['udp 203.0.113.2 5060']);
});

test('a server whose name nobody answers for is left out in time, and the others are tried (section 4.2)', async () => {
  const { clock, dns, resolve } = setUp({
    srv: { '_sip._udp.pbx.example': [srv('dead.example', 5060, 1), srv('good.example', 5060, 2)] },
    addresses: { 'good.example': ['203.0.113.2'] },
  });
  dns.unanswered.add('A dead.example');
  const targets = resolve('sip:pbx.example;transport=udp');
  await turn();
  clock.advance(1_950);
  expect((await targets).map(text)).toEqual(['udp 203.0.113.2 5060']);
  expect(clock.pendingTimers).toBe(0);
});

test.each(['A dead.example', 'SRV _sip._udp.pbx.example'])(
  'while nobody answers %s the other transports are asked for, and tried in time',
  async (question) => {
    const { clock, dns, resolve } = setUp({
      srv: {
        '_sip._udp.pbx.example': [srv('dead.example', 5060)],
        '_sip._tcp.pbx.example': [srv('good.example', 5060)],
      },
      addresses: { 'good.example': ['203.0.113.2'] },
    });
    dns.unanswered.add(question);
    const targets = resolve('sip:pbx.example');
    await turn();
    expect(dns.asked).toContain('A good.example');
    clock.advance(1_900);
    expect((await targets).map(text)).toEqual(['tcp 203.0.113.2 5060']);
    expect(clock.pendingTimers).toBe(0);
  },
);

test('what a slow name server says in the end is for whoever asks next', async () => {
  const { clock, dns, resolve } = setUp({ addresses: { 'pbx.example': ['203.0.113.1'] } });
  const answer = dns.delay('A pbx.example');
  const late = resolve('sip:pbx.example:5070').catch((error: unknown) => error);
  await turn();
  clock.advance(2_000);
  expect(await late).toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
  answer();
  await turn();
  expect((await resolve('sip:pbx.example:5070')).map(text)).toEqual(['udp 203.0.113.1 5070']);
  expect(dns.asked).toEqual(['A pbx.example']);
});

test('a question without an answer is asked once, however often and for whatever URI its name is wanted', async () => {
  const { clock, dns, resolve } = setUp();
  dns.silent = true;
  for (const port of [5070, 5071, 5070, 5071]) {
    const outcome = resolve(`sip:pbx.example:${port}`).catch((error: unknown) => error);
    await turn();
    clock.advance(2_000);
    expect(await outcome).toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
  }
  expect(dns.asked).toEqual(['A pbx.example']);
});

test('one question for all who ask at once, and for 60 s; then a new one', async () => {
  const { clock, dns, resolve } = setUp({ addresses: { 'pbx.example': ['203.0.113.1'] } });
  await Promise.all([resolve('sip:pbx.example:5070'), resolve('sip:bob@PBX.example:5070')]);
  clock.advance(59_000);
  await resolve('sip:pbx.example:5070');
  expect(dns.asked).toEqual(['A pbx.example']);
  clock.advance(2_000);
  await resolve('sip:pbx.example:5070');
  expect(dns.asked).toEqual(['A pbx.example', 'A pbx.example']);
});

test('a name server that is silent is waited for two seconds', async () => {
  const { clock, dns, resolve } = setUp();
  dns.silent = true;
  const outcome = resolve('sip:pbx.example:5070').catch((error: unknown) => error);
  clock.advance(1_999);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(1);
  expect(await outcome).toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
  expect(clock.pendingTimers).toBe(0);
});

test('when DNS fails, the last answer serves for an hour', async () => {
  const { clock, dns, resolve } = setUp({ addresses: { 'pbx.example': ['203.0.113.1'] } });
  await resolve('sip:pbx.example:5070');
  dns.zone = { addresses: { 'pbx.example': new Error('SERVFAIL') } };
  clock.advance(3_599_000);
  expect((await resolve('sip:pbx.example:5070')).map(text)).toEqual(['udp 203.0.113.1 5070']);
  clock.advance(2_000);
  await expect(resolve('sip:pbx.example:5070')).rejects.toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
});

test('the last answer serves also where SRV is answered, and the addresses of all its servers fail', async () => {
  const [one, other] = ['_sip._udp.pbx.example', '_sip._tcp.pbx.example'];
  const { clock, dns, resolve } = setUp({
    srv: { [one]: [srv('a.example', 5060)], [other]: [srv('b.example', 5060)] },
    addresses: { 'a.example': ['203.0.113.1'], 'b.example': ['203.0.113.2'] },
  });
  const both = ['udp 203.0.113.1 5060', 'tcp 203.0.113.2 5060'];
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(both);
  const failing = new Error('EAI_AGAIN');
  dns.zone = { ...dns.zone, addresses: { 'a.example': failing, 'b.example': failing } };
  clock.advance(61_000);
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(both);
  dns.zone = { ...dns.zone, addresses: { 'a.example': failing, 'b.example': [] } };
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(both);
  dns.zone = { ...dns.zone, addresses: { 'a.example': failing, 'b.example': ['203.0.113.3'] } };
  expect((await resolve('sip:pbx.example')).map(text)).toEqual(['tcp 203.0.113.3 5060']);
});

test('a name that does not exist is asked for again after ten seconds', async () => {
  const { clock, dns, resolve } = setUp();
  expect(await resolve('sip:pbx.example:5070')).toEqual([]);
  clock.advance(9_000);
  await resolve('sip:pbx.example:5070');
  expect(dns.asked).toHaveLength(1);
  clock.advance(2_000);
  await resolve('sip:pbx.example:5070');
  expect(dns.asked).toHaveLength(2);
});

test('who gives up does not wait for DNS', async () => {
  const { dns, resolver } = setUp();
  dns.silent = true;
  const controller = new AbortController();
  const outcome = resolver.resolveTargets('sip:pbx.example', controller.signal).catch((error: unknown) => error);
  controller.abort(new Error('hung up'));
  expect(await outcome).toMatchObject({ message: 'hung up' });
});

test('records beyond measure: few names are looked up, few targets come out', async () => {
  const records = Array.from({ length: 500 }, (_, index) => srv(`h${index}.example`, 5060));
  const { dns, resolve } = setUp({
    srv: { '_sip._udp.pbx.example': records },
    addresses: Object.fromEntries(records.map(({ name }) => [name, ['203.0.113.1', '203.0.113.2', '203.0.113.3']])),
  });
  expect(await resolve('sip:pbx.example;transport=udp')).toHaveLength(32);
  expect(dns.asked.length).toBeLessThan(20);
});

test('no more than 256 names are remembered', async () => {
  const { dns, resolve } = setUp();
  for (let index = 0; index < 300; index += 1) await resolve(`sip:h${index}.example:5060`);
  await resolve('sip:h299.example:5060');
  expect(dns.asked).toHaveLength(300);
  await resolve('sip:h0.example:5060');
  expect(dns.asked).toHaveLength(301);
});
