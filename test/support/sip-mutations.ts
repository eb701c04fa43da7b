import { readdirSync, readFileSync } from 'node:fs';
import type { SeededRandom } from './seeded-random.js';
import { requestText, SDP } from './sip-text.js';

/** Hostile SIP: injured messages, and fields that overflow. Run from the repository's root. */

const folder = 'test/fixtures/sip-torture';

const bases: readonly Buffer[] = [
  ...['rfc4475', 'rfc5118'].flatMap((set) =>
    readdirSync(`${folder}/${set}`)
      .filter((name) => name.endsWith('.sip'))
      .map((name) => readFileSync(`${folder}/${set}/${name}`)),
  ),
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
export function mutatedMessage(random: SeededRandom): Buffer {
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
  return bytes.subarray(0, MAX_BYTES);
}

/** What fits into a datagram, and into the head of a message over a stream. */
const MAX_BYTES = 65_000;

function swapLines(bytes: Buffer, random: SeededRandom): Buffer {
  const lines = bytes.toString('latin1').split('\r\n');
  const first = random.integer(lines.length);
  const second = random.integer(lines.length);
  const line = lines[first] ?? '';
  lines[first] = lines[second] ?? '';
  lines[second] = line;
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** An INVITE whose every part between `{` and `}` is a place for an anomaly. */
const template = [
  '{INVITE} {sip:2001@127.0.0.1} {SIP}/{2.0}',
  'Via: {SIP/2.0}/{UDP} {127.0.0.1}:{5070};branch={z9hG4bKown};{rport}',
  '{Via}: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bKother',
  'Max-Forwards: {70}',
  'From: {"Overflow"} <{sip}:{peer}@{127.0.0.1}>;tag={own}{;x=y}',
  'To: {Callee} <sip:{2001}@127.0.0.1{:5060}{;user=phone}>{;x=y}',
  'Call-ID: {own}@{127.0.0.1}',
  'CSeq: {1} {INVITE}',
  'Contact: {<sip:peer@127.0.0.1:9>}{;expires=3600}',
  'Record-Route: {<sip:127.0.0.1:9;lr>}',
  'Expires: {120}',
  'Session-Expires: {1800};refresher={uac}',
  'Supported: {timer}',
  'Accept: {application/sdp}',
  'Subject: {overflow}',
  'Authorization: {Digest} username="{peer}",realm="{here}",nonce="{1}",uri="sip:127.0.0.1",response="{0}",nc={1}',
  'Content-Type: {application}/{sdp}',
  '{Content-Length}: {LENGTH}',
  '',
  '{v}={0}',
  'o={peer} {1} {1} {IN} {IP4} {127.0.0.1}',
  's={-}',
  'c=IN IP4 {127.0.0.1}',
  't={0} 0',
  'm={audio} {40000} {RTP/AVP} {0} {101}',
  'a=rtpmap:{101} {telephone-event}/{8000}',
  'a=fmtp:101 {0-15}',
  'a={ptime}:{20}',
  '',
].join('\r\n');

const place = /\{([^{}]*)\}/g;
const places = [...template.matchAll(place)].length;

/** Lengths that overflow buffers of fixed size, up to what a datagram holds. */
const lengths = [16, 64, 128, 255, 256, 257, 512, 1023, 1024, 1025, 2048, 4096, 8192, 16_384, 32_768, 60_000] as const;

const fillers = [
  'a',
  '%s%n',
  ' ',
  '\t',
  '<',
  '"',
  '\\',
  ',',
  ';',
  '\xff',
  '\0',
  '/',
  '9',
  '[',
  '@',
  '\r\n ',
  '%00',
] as const;

const oddValues = [
  ...[
    '',
    '0',
    '-1',
    '00000000000000000001',
    '2147483647',
    '2147483648',
    '4294967295',
    '4294967296',
    '1e9',
    '0x7f',
    '1.5',
  ],
  ...[
    '18446744073709551616',
    '99999999999999999999999999',
    '%',
    '%0',
    '\r',
    '\n',
    '\r\n\r\n',
    '\xfe\xff',
    '::',
    '[::1]',
  ],
  ...['[', '256.256.256.256', '0.0.0.0', '255.255.255.255', '__proto__', 'constructor', 'sip:', 'tel:+1', 'sips:a@b'],
] as const;

/** How many {@link overflow} there are, in the manner of PROTOS c07-sip: every field with every anomaly. */
export const overflowCount = places * (lengths.length * fillers.length + oddValues.length);

/** The message of that number. */
export function overflow(index: number): Buffer {
  const where = index % places;
  const what = Math.floor(index / places);
  const own = `o${index.toString(36)}`;
  let seen = -1;
  const text = template.replaceAll(place, (_match, usual: string) => {
    seen += 1;
    return seen === where ? anomaly(what) : usual.replace('own', own);
  });
  const body = Math.max(0, text.length - text.indexOf('\r\n\r\n') - 4);
  return Buffer.from(text.replace('LENGTH', String(body)), 'latin1').subarray(0, MAX_BYTES);
}

function anomaly(what: number): string {
  const odd = oddValues[what];
  if (odd !== undefined) return odd;
  const filled = what - oddValues.length;
  const filler = fillers[filled % fillers.length] ?? 'a';
  const length = lengths[Math.floor(filled / fillers.length)] ?? 16;
  return filler.repeat(Math.ceil(length / filler.length)).slice(0, length);
}
