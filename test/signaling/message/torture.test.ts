import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseNameAddr } from '../../../src/signaling/message/name-addr.js';
import { createResponse } from '../../../src/signaling/message/response-builder.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';
import { decodedUser, parseSipUri } from '../../../src/signaling/message/sip-uri.js';
import { parseVia, topVia } from '../../../src/signaling/message/via.js';
import { mustParse, verdict } from './samples.js';

interface TortureCase {
  readonly file: string;
  readonly title: string;
  readonly best: readonly string[];
  readonly bytes: number;
  readonly sha256?: string;
}

const fixtures = new URL('../../fixtures/sip-torture/', import.meta.url);

function readCases(set: string): readonly TortureCase[] {
  const { cases } = JSON.parse(readFileSync(new URL(`${set}/expected.json`, fixtures), 'utf8')) as {
    cases: readonly TortureCase[];
  };
  return cases;
}

const torture = (file: string): Buffer => readFileSync(new URL(file, fixtures));

/** What the endpoint decides for a message that the parser lets through. */
const leftToTheEndpoint = ['parse', '501', '405', '416', '420', '415', '406'];

/** Verdicts of `expected.json` that the parser's own verdict leads or can lead to. */
function reachable(bytes: Buffer): readonly string[] {
  const parsed = parseMessage(bytes, 'udp');
  if (parsed.type === 'malformed') return [String(parsed.status)];
  return parsed.type === 'message' && parsed.message.kind === 'request' ? leftToTheEndpoint : ['drop'];
}

describe.each([
  ['rfc4475', 49],
  ['rfc5118', 12],
] as const)('%s', (set, count) => {
  const cases = readCases(set);

  test('is complete and byte for byte as published', () => {
    expect(cases).toHaveLength(count);
    for (const { file, bytes, sha256 } of cases) {
      const content = torture(`${set}/${file}`);
      expect([file, content.length]).toEqual([file, bytes]);
      if (sha256 !== undefined) expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    }
  });

  test.each(cases)('$file ($title) is met as the RFC asks', ({ file, best }) => {
    const met = reachable(torture(`${set}/${file}`));
    expect(best.filter((outcome) => met.includes(outcome))).not.toEqual([]);
  });

  test.each(cases)('$file: an answer can be built, goes out and reads back', ({ file }) => {
    const parsed = parseMessage(torture(`${set}/${file}`), 'udp');
    if (parsed.type === 'discard') return;
    const request = parsed.type === 'malformed' ? parsed.request : parsed.message;
    if (request.kind === 'response') return;
    const bytes = serializeMessage(createResponse(request, 400, { toTag: 'ours' }));
    if (parsed.type === 'malformed') return;
    const response = mustParse(bytes);
    expect(response).toMatchObject({ kind: 'response', status: 400 });
    for (const name of ['Via', 'From', 'Call-ID', 'CSeq']) {
      expect(response.headers.getAll(name)).toEqual(request.headers.getAll(name));
    }
    expect(parseNameAddr(response.headers.get('To') ?? '')?.tag).toBeDefined();
  });
});

test('the short tortuous INVITE is unfolded and its compact names are read as long ones', () => {
  const { headers } = mustParse(torture('rfc4475/wsinv.sip'));
  expect(headers.get('to')).toBe('sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n');
  expect(headers.get('CSeq')).toBe('0009 INVITE');
  expect(headers.get('Subject')).toBe('');
  expect(headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value');
  expect(topVia(headers)).toMatchObject({ transport: 'UDP', host: '192.0.2.2', branch: '390skdjuw' });
  expect(headers.getAll('Via')).toHaveLength(2);
  expect(parseNameAddr(headers.get('From') ?? '')).toMatchObject({ displayName: 'J Rosenberg \\"', tag: '98asjd8' });
});

test('escapes are decoded after a URI has been split, never before', () => {
  const request = mustParse(torture('rfc4475/esc01.sip')) as SipRequest;
  const uri = parseSipUri(request.uri);
  expect(uri).toMatchObject({ scheme: 'sip', user: 'sips%3Auser%40example.com', host: 'example.net' });
  expect(uri && decodedUser(uri)).toBe('sips:user@example.com');
});

test('an escaped NUL does not cut a user short', () => {
  const { headers } = mustParse(torture('rfc4475/escnull.sip'));
  const uri = parseSipUri(parseNameAddr(headers.get('To') ?? '')?.uri ?? '');
  expect(uri && decodedUser(uri)).toBe('null-\0-null');
});

test('what follows Content-Length in a datagram is not read', () => {
  const request = mustParse(torture('rfc4475/dblreq.sip')) as SipRequest;
  expect(request.method).toBe('REGISTER');
  expect(request.body).toHaveLength(0);
});

test('a body with NUL and CR bytes arrives unchanged', () => {
  const bytes = torture('rfc4475/mpart01.sip');
  expect(mustParse(bytes).body.equals(bytes.subarray(bytes.length - 553))).toBe(true);
});

test('quoted control characters and a byte order mark survive the way through parser and serialiser', () => {
  const bytes = torture('rfc4475/intmeth.sip');
  const message = mustParse(bytes);
  expect(message.headers.get("extensionHeader-!.%*+_`'~")?.startsWith('\ufeff')).toBe(true);
  expect(message.headers.get('To')).toContain('NUL:\\\0');
  expect(mustParse(serializeMessage(message))).toEqual(message);
});

test('the hosts of RFC 5118 are read without their brackets', () => {
  const mapped = mustParse(torture('rfc5118/ipv4-mapped-ipv6.sip'));
  expect(topVia(mapped.headers)).toMatchObject({ host: '::ffff:192.0.2.10', port: 19823 });
  const received = ['via-received-param-no-delim', 'via-received-param-with-delim'].map(
    (name) => topVia(mustParse(torture(`rfc5118/${name}.sip`)).headers)?.received,
  );
  expect(received).toEqual(['2001:db8::9:255', '2001:db8::9:255']);
  const ambiguous = mustParse(torture('rfc5118/port-ambiguous.sip')) as SipRequest;
  expect(parseSipUri(ambiguous.uri)).toMatchObject({ host: '2001:db8::10:5070', port: undefined });
  expect(parseVia('SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bK1')).toBeUndefined();
});

test('on a stream a negative, a missing or an unmet Content-Length is answered 400', () => {
  const verdicts = ['ncl', 'inv2543', 'mcl01', 'clerr'].map((name) => verdict(torture(`rfc4475/${name}.sip`), 'tcp'));
  expect(verdicts).toEqual(['400', '400', '400', '400']);
});
