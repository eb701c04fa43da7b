import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHarness, PEER, settle } from '../../support/embedded-harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { newBranch, requestText, SDP } from '../../support/sip-text.js';
import { addressOf, startSocketDriver } from '../../support/socket-driver.js';
import { UdpPeer } from '../../support/socket-peer.js';

const folder = 'test/fixtures/sip-torture/rfc4475';

const bases: readonly Buffer[] = [
  ...readdirSync(folder)
    .filter((name) => name.endsWith('.sip'))
    .map((name) => readFileSync(`${folder}/${name}`)),
  ...[...Array(10).fill('INVITE'), 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'REFER'].map((method) =>
    Buffer.from(
      requestText({ method, body: method === 'INVITE' ? SDP : '', extra: ['Record-Route: <sip:p.example;lr>'] }),
    ),
  ),
  Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nCSeq: 1 INVITE\r\n\r\n'),
];

const morsels = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\0',
    '%00',
    '"',
    '<',
    '>',
    ';',
    ',',
    ':',
    '@',
    '\\',
    '\t',
    ' ',
    '=',
    '[',
    ']',
    '::',
    '?',
    '%',
  ],
  ...[
    'z9hG4bK',
    ';tag=',
    ';tag=a',
    ';rport',
    ';maddr=255.255.255.255',
    ':99999',
    ':0',
    '-1',
    '4294967296',
    '\ufeff',
    'é',
  ],
  ...[
    'INVITE',
    'ACK',
    'CANCEL',
    'SIP/2.0',
    'SIP/9.9',
    'Content-Length: 99999999999',
    'Content-Length: -1',
    '__proto__',
  ],
  ...['Via: ', 'To: ', 'From: ', 'CSeq: 1 INVITE', 'Require: x', 'a'.repeat(5000), ';'.repeat(3000), '"'.repeat(3000)],
];

/** One to four small injuries to a message that is no retransmission of another. */
function mutate(random: SeededRandom): Buffer {
  const base = bases[random.integer(bases.length)] ?? Buffer.alloc(0);
  const own = random.hex(4);
  const text = base
    .toString('latin1')
    .replaceAll('z9hG4bK', `z9hG4bK${own}`)
    .replace(/^(Call-ID|i): /im, `$&${own}`);
  // Half of them without Content-Length, or nearly every injury would be a 400 for that reason alone.
  const plain = random.integer(2) === 0 ? text.replace(/^(Content-Length|l) ?:.*\r\n/im, '') : text;
  let bytes = Buffer.from(plain, 'latin1');
  for (let count = 1 + random.integer(4); count > 0 && bytes.length > 0; count -= 1) {
    const at = random.integer(bytes.length);
    const head = bytes.subarray(0, at);
    const tail = bytes.subarray(at);
    const far = random.integer(bytes.length);
    const kinds: readonly (() => Buffer)[] = [
      () => Buffer.concat([head, Buffer.from(morsels[random.integer(morsels.length)] ?? ''), tail]),
      () => Buffer.concat([head, Buffer.from([random.integer(256)]), tail.subarray(1)]),
      () => Buffer.concat([head, tail.subarray(random.integer(40))]),
      () => head,
      () => Buffer.concat([head, bytes.subarray(Math.min(at, far), Math.max(at, far)), tail]),
      () => swapLines(bytes, random),
    ];
    bytes = Buffer.from(kinds[random.integer(kinds.length)]?.() ?? bytes);
  }
  return bytes.subarray(0, 65_000);
}

function swapLines(bytes: Buffer, random: SeededRandom): Buffer {
  const lines = bytes.toString('latin1').split('\r\n');
  const first = random.integer(lines.length);
  const second = random.integer(lines.length);
  const line = lines[first] ?? '';
  lines[first] = lines[second] ?? '';
  lines[second] = line;
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

test('4,000 mutated messages: nothing throws, every call ends, no timer stays', async () => {
  const random = new SeededRandom(4475);
  const h = await createHarness({
    lookup: async () => {
      throw new Error('ENOTFOUND');
    },
  });
  h.udp.strict = false;
  h.tcp.strict = false;
  for (let index = 0; index < 4000; index += 1) {
    const bytes = mutate(random);
    const transport = index % 4 === 0 ? h.tcp : h.udp;
    transport.receive(PEER, bytes);
    h.udp.take();
    h.tcp.take();
    h.clock.advance(random.integer(40));
  }
  h.send({ method: 'OPTIONS', callId: 'alive' });
  expect(h.statuses()).toContain(200);
  for (let second = 0; second < 45; second += 1) {
    h.clock.advance(1000);
    await settle();
  }
  expect(h.legs.length).toBeGreaterThan(100);
  expect(h.legs.filter(({ events }) => events.at(-1)?.type !== 'ended')).toEqual([]);
  h.clock.advance(100_000);
  expect(h.clock.pendingTimers).toBe(0);
  expect(h.warnings).toEqual([]);
}, 60_000);

test('2,000 mutated messages over a real socket, with a sign of life after every 50', async () => {
  const random = new SeededRandom(5118);
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP));
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  for (let index = 1; index <= 2000; index += 1) {
    peer.send(mutate(random));
    if (index % 50 !== 0) continue;
    const callId = `alive-${index}`;
    peer.send(
      requestText({ method: 'OPTIONS', callId, via: `UDP 127.0.0.1:${peer.port};branch=${newBranch()};rport` }),
    );
    await peer.next(({ headers }) => headers.get('Call-ID') === callId);
    peer.received.length = 0;
  }
  expect(endpoint.warnings).toEqual([]);
  peer.close();
}, 60_000);
