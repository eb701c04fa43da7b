import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { parseCSeq } from '../../../src/signaling/message/cseq.js';
import { splitList } from '../../../src/signaling/message/lexical.js';
import { parseNameAddr, parseNameAddrList } from '../../../src/signaling/message/name-addr.js';
import type { SipMessage } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { parseSipUri } from '../../../src/signaling/message/sip-uri.js';
import { parseVia } from '../../../src/signaling/message/via.js';
import { invite, soundFields, wire } from './samples.js';

interface OracleAddress {
  readonly uri: string;
  readonly params: Readonly<Record<string, string | undefined>>;
}

interface OracleVia {
  readonly protocol: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Readonly<Record<string, string | undefined>>;
}

interface OracleMessage {
  readonly method?: string;
  readonly uri?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly headers: {
    readonly from: OracleAddress;
    readonly to: OracleAddress;
    readonly contact?: '*' | readonly OracleAddress[];
    readonly via: readonly OracleVia[];
    readonly cseq: { readonly seq: number; readonly method: string };
    readonly 'call-id': string;
    readonly 'max-forwards'?: string;
  };
}

interface OracleUri {
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port: number;
}

// The other reader of SIP in this repository's reach: drachtio-srf's, written by others from the same RFC.
const oracle = createRequire(import.meta.url)('drachtio-srf/lib/sip-parser/parser') as {
  parseSipMessage(text: string): OracleMessage | undefined;
  parseUri(text: string): OracleUri | undefined;
};

const fixtures = new URL('../../fixtures/sip-torture/', import.meta.url);
const torture = ['rfc4475', 'rfc5118'].flatMap((set) =>
  readdirSync(new URL(`${set}/`, fixtures))
    .filter((file) => file.endsWith('.sip'))
    .map((file) => [file, readFileSync(new URL(`${set}/${file}`, fixtures))] as const),
);

const own: readonly (readonly [string, Buffer])[] = [
  ['INVITE', invite()],
  [
    'list of Vias',
    invite({}, ['Via: SIP/2.0/TCP a:5061;branch=z9hG4bKa, SIP/2.0/TLS b;branch=z9hG4bKb;received=10.0.0.1']),
  ],
  [
    'compact',
    wire('BYE sip:2000@host SIP/2.0', [
      'v:SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1',
      'f:sip:a@b;tag=1',
      't:"B, \\"x\\"" <sip:b@c>;tag=2',
      'i:1',
      'CSeq:7 BYE',
      'l:0',
    ]),
  ],
  ['200 OK', wire('SIP/2.0 200 OK', [...soundFields, 'Content-Length: 0'])],
  ['several Contacts', invite({}, ['Contact: "x" <sip:a@b;x=y>;q=0.7;expires=60, <sip:c@d:5070>'])],
];

/** drachtio-srf unescapes the method, so that `RE%47IST%45R` becomes REGISTER: what RFC 4475 section 3.1.1.5 warns of. */
const beyondTheOracle = new Set(['esc02.sip']);

function oracleReads(bytes: Buffer): OracleMessage | undefined {
  try {
    return oracle.parseSipMessage(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const viaText = (via: {
  protocol: string;
  host: string;
  port: number | undefined;
  branch: string | undefined;
}): string => `${via.protocol} ${via.host} ${via.port} ${via.branch}`;

function compare(message: SipMessage, expected: OracleMessage): void {
  const { headers } = message;
  if (message.kind === 'request') expect([message.method, message.uri]).toEqual([expected.method, expected.uri]);
  else expect([message.status, message.phrase]).toEqual([expected.status, expected.reason]);
  for (const name of ['from', 'to'] as const) {
    const ours = parseNameAddr(headers.get(name) ?? '');
    expect([ours?.uri, ours?.tag]).toEqual([expected.headers[name].uri, expected.headers[name].params['tag']]);
  }
  const cseq = parseCSeq(headers.get('CSeq') ?? '');
  expect(cseq).toEqual({ number: expected.headers.cseq.seq, method: expected.headers.cseq.method });
  expect(headers.get('Call-ID')).toBe(expected.headers['call-id'].trim());
  expect(headers.get('Max-Forwards')).toBe(expected.headers['max-forwards']?.trim());
  const vias = headers.getAll('Via').flatMap((value) => splitList(value).map((element) => parseVia(element)));
  // It reads no bracket in a Via.
  if (vias.some((via) => via?.host.includes(':'))) return;
  expect(vias.map((via) => via && viaText({ ...via, protocol: via.transport }))).toEqual(
    expected.headers.via.map((via) => viaText({ ...via, branch: via.params['branch'] })),
  );
  if (!Array.isArray(expected.headers.contact)) return;
  const contacts = headers.getAll('Contact').flatMap((value) => parseNameAddrList(value) ?? []);
  expect(contacts.map(({ uri }) => uri)).toEqual(
    (expected.headers.contact as readonly OracleAddress[]).map(({ uri }) => uri),
  );
}

test('drachtio-srf reads the same out of every message that both accept', () => {
  const compared: string[] = [];
  for (const [title, bytes] of [...torture, ...own]) {
    const parsed = parseMessage(bytes, 'udp');
    const expected = oracleReads(bytes);
    if (parsed.type !== 'message' || expected === undefined || beyondTheOracle.has(title)) continue;
    compare(parsed.message, expected);
    compared.push(title);
  }
  expect(compared.length).toBeGreaterThanOrEqual(40);
});

test('drachtio-srf takes URIs apart in the same way', () => {
  const uris = [
    ...['sip:2000@host', 'sip:host:5070', 'sips:user:pass@192.0.2.1:5061', 'sip:+44%2020@a.b.example.com'],
    ...['sip:user@[2001:db8::1]:5060', "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com"],
  ];
  for (const text of uris) {
    const ours = parseSipUri(text);
    const theirs = oracle.parseUri(text);
    expect(ours).toMatchObject({
      scheme: theirs?.scheme,
      user: theirs?.user,
      password: theirs?.password,
      host: theirs?.host.replace(/^\[|\]$/g, ''),
      port: Number.isNaN(theirs?.port) ? undefined : theirs?.port,
    });
  }
});
