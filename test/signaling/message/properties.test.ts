import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isToken, splitList } from '../../../src/signaling/message/lexical.js';
import { parseNameAddr, serializeNameAddr } from '../../../src/signaling/message/name-addr.js';
import { createResponse } from '../../../src/signaling/message/response-builder.js';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import type { SipMessage } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';
import { decodedUser, parseSipUri, serializeSipUri } from '../../../src/signaling/message/sip-uri.js';
import { parseVia, serializeVia, stampVia } from '../../../src/signaling/message/via.js';
import { invite, mustParse } from './samples.js';

const tokenCharacters = "abcXYZ019-.!%*_+`'~".split('');
const token = fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 12 });
const host = fc.constantFrom('host', 'a.example.com', '192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1');
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const params = fc
  .uniqueArray(fc.tuple(token, fc.oneof(token, fc.constant(''))), {
    selector: ([name]) => name.toLowerCase(),
    maxLength: 4,
  })
  .map((entries) => new Map(entries.map(([name, value]) => [name.toLowerCase(), value])));
const userPart = fc.string({ unit: fc.constantFrom(..."abc019%;?/,&=+$#-_.!~*'()".split('')), maxLength: 12 });
const sipUri = fc.record({
  scheme: fc.constantFrom('sip', 'sips'),
  user: fc.option(userPart, { nil: undefined }),
  password: fc.constant(undefined),
  host,
  port,
  params,
  headers: fc.option(token, { nil: undefined }),
  opaque: fc.constant(undefined),
});
/** Header text as it may come out of the parser: no line ends, no stray controls, no blanks around it. */
const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...' \t,;:<>"=@?'.split('')),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })
  .map((value) => value.replace(/\p{Cc}|\p{Cs}/gu, ' ').replace(/^[ \t]+|[ \t]+$/g, ''));
const body = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const ownNames = /^(via|from|to|call-id|cseq|contact|max-forwards|content-.*|date|route|record-route|[a-z])$/i;

const message: fc.Arbitrary<SipMessage> = fc
  .record({
    request: fc.boolean(),
    method: token,
    uri: sipUri.map((uri) => serializeSipUri({ ...uri, headers: undefined })),
    status: fc.integer({ min: 100, max: 699 }),
    phrase: text,
    displayName: text,
    from: sipUri.map(serializeSipUri),
    transport: fc.constantFrom('UDP', 'TCP', 'WS'),
    host,
    port,
    params,
    others: fc.array(
      fc.tuple(
        token.filter((name) => !ownNames.test(name)),
        text,
      ),
      { maxLength: 5 },
    ),
    body,
  })
  .map((parts): SipMessage => {
    const headers = new SipHeaders()
      .append('Via', serializeVia({ ...parts, params: new Map([...parts.params, ['branch', 'z9hG4bK1']]) }))
      .append(
        'From',
        serializeNameAddr({ displayName: parts.displayName, uri: parts.from, params: new Map([['tag', 'x']]) }),
      )
      .append('To', '<sip:2000@host>')
      .append('Call-ID', '1@host')
      .append('CSeq', `1 ${parts.method}`);
    for (const [name, value] of parts.others) headers.append(name, value);
    const { method, uri, status, phrase } = parts;
    return parts.request
      ? { kind: 'request', method, uri, headers, body: parts.body }
      : { kind: 'response', status, phrase, headers, body: parts.body };
  });

describe('what is written is read back the same', () => {
  test('messages', () => {
    fc.assert(
      fc.property(message, fc.constantFrom('udp', 'tcp'), (original, transport) => {
        const read = mustParse(serializeMessage(original), transport);
        const length = ['Content-Length', String(original.body.length)] as const;
        expect([...read.headers]).toEqual([...original.headers, length]);
        expect({ ...read, headers: undefined, body: undefined }).toEqual({
          ...original,
          headers: undefined,
          body: undefined,
        });
        expect(read.body.equals(original.body)).toBe(true);
        expect(serializeMessage(read).equals(serializeMessage(original))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('URIs', () => {
    fc.assert(
      fc.property(sipUri, (uri) => {
        expect(parseSipUri(serializeSipUri(uri))).toEqual(uri);
      }),
      { numRuns: 500 },
    );
  });

  test('addresses with display names', () => {
    fc.assert(
      fc.property(text, sipUri.map(serializeSipUri), params, (displayName, uri, fields) => {
        const parts = { displayName, uri, params: fields };
        expect(parseNameAddr(serializeNameAddr(parts))).toEqual({ ...parts, tag: fields.get('tag') });
      }),
      { numRuns: 500 },
    );
  });

  test('Vias', () => {
    fc.assert(
      fc.property(token, host, port, params, (transport, name, number, fields) => {
        fields.delete('rport');
        const parts = { transport, host: name, port: number, params: fields };
        expect(parseVia(serializeVia(parts))).toMatchObject(parts);
      }),
      { numRuns: 500 },
    );
  });
});

const fixtures = new URL('../../fixtures/sip-torture/rfc4475/', import.meta.url);
const seeds = [
  invite(),
  ...readdirSync(fixtures)
    .filter((file) => file.endsWith('.sip'))
    .map((file) => readFileSync(new URL(file, fixtures))),
];

const spice = [
  '\0',
  '"',
  '<',
  '>',
  ',',
  ';',
  ':',
  '@',
  '%00',
  '\r\n',
  '\r',
  '\n',
  '\r\n ',
  ' ',
  '\t',
  '[',
  ']',
  '=',
  '\\',
  '\ufeff',
  '2147483648',
  'a'.repeat(300),
];

/** A sound or tortuous message, changed in some places. */
const mutant = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.record({
        at: fc.nat({ max: 4_000 }),
        remove: fc.integer({ min: 0, max: 40 }),
        insert: fc.oneof(
          fc.constantFrom(...spice).map((piece) => Buffer.from(piece)),
          fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
        ),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([seed, edits]) =>
    edits.reduce((bytes, { at, remove, insert }) => {
      const start = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)]);
    }, seed),
  );

/** Everything the layers above do with a message whatever is in it. */
function exercise(bytes: Buffer): void {
  for (const transport of ['udp', 'tcp'] as const) {
    const parsed = parseMessage(bytes, transport);
    if (parsed.type === 'discard') continue;
    const read = parsed.type === 'malformed' ? parsed.request : parsed.message;
    for (const [name, value] of read.headers) {
      if (!isToken(name) || /[\r\n]/.test(value)) throw new Error('a line end or no token came out of the parser');
    }
    if (read.kind === 'response') continue;
    stampVia(read.headers, { address: '192.0.2.1', port: 5060 });
    serializeMessage(createResponse(read, 400, { toTag: 'x' }));
    if (parsed.type === 'malformed') continue;
    serializeMessage(read);
    const uri = parseSipUri(read.uri);
    if (uri !== undefined) decodedUser(uri);
  }
}

describe('whatever comes, nothing throws and every answer can be sent', () => {
  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => exercise(Buffer.from(bytes))),
      { numRuns: 3_000 },
    );
  });

  test('mutations of sound and tortuous messages', () => {
    fc.assert(fc.property(mutant, exercise), { numRuns: 20_000 });
  });

  test('mutations of single values', () => {
    const value = fc
      .oneof(
        text,
        fc.string({ unit: 'binary' }),
        fc.constantFrom('<sip:a@b>;tag=x', 'SIP/2.0/UDP h;rport', 'sip:a:b@c:1;d?e'),
      )
      .chain((base) => fc.tuple(fc.constant(base), fc.nat({ max: base.length }), fc.constantFrom(...spice)))
      .map(([base, at, piece]) => base.slice(0, at) + piece + base.slice(at));
    fc.assert(
      fc.property(value, (raw) => {
        parseNameAddr(raw);
        parseVia(raw);
        splitList(raw);
        const uri = parseSipUri(raw);
        if (uri !== undefined) expect(parseSipUri(serializeSipUri(uri))).toEqual(uri);
      }),
      { numRuns: 5_000 },
    );
  });
});
