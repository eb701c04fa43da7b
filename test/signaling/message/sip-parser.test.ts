import { describe, expect, test } from 'vitest';
import { messageLimits } from '../../../src/signaling/message/limits.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { invite, mustParse, soundFields, verdict, wire } from './samples.js';

const reason = (bytes: Buffer, transport: 'udp' | 'tcp' = 'udp'): string => {
  const parsed = parseMessage(bytes, transport);
  return parsed.type === 'message' ? 'sound' : parsed.reason;
};

test('a sound INVITE is read whole', () => {
  const body = 'v=0\r\n';
  const bytes = wire('INVITE sip:2000@host SIP/2.0', [...soundFields, `Content-Length: ${body.length}`], body);
  const message = mustParse(bytes);
  expect(message).toMatchObject({ kind: 'request', method: 'INVITE', uri: 'sip:2000@host' });
  expect(message.body.toString()).toBe(body);
  expect([...message.headers].map(([name]) => name)).toEqual([
    ...['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Content-Length'],
  ]);
});

test('a message keeps no more memory than it has: not the 64 KB of the stream that it came in', () => {
  const body = 'v=0\r\n';
  const whole = wire('INVITE sip:2000@host SIP/2.0', [...soundFields, `Content-Length: ${body.length}`], body);
  const empty = wire('OPTIONS sip:2000@host SIP/2.0', [
    ...soundFields.map((field) => field.replace('INVITE', 'OPTIONS')),
    'Content-Length: 0',
  ]);
  for (const message of [whole, empty]) {
    const chunk = Buffer.concat([Buffer.alloc(65_000, '\r\n'), message]);
    const parsed = mustParse(chunk.subarray(65_000));
    expect(parsed.body.buffer.byteLength).toBe(parsed.body.length);
  }
});

describe('request line', () => {
  const line = (startLine: string): Buffer => wire(startLine, [...soundFields, 'Content-Length: 0']);

  test.each([
    ['INVITE sip:2000@host SIP/2.0', 'message'],
    ['INVITE sip:2000@host sip/2.0', 'message'],
    ['INVITE nobodyKnows:this SIP/2.0', 'message'],
    ['INVITE sip:2000@host SIP/3.0', '505'],
    ['INVITE sip:2000@host SIP/2.00', '505'],
    ['INVITE  sip:2000@host SIP/2.0', '400'],
    ['INVITE sip:2000@host SIP/2.0 ', '400'],
    [' INVITE sip:2000@host SIP/2.0', '400'],
    ['INVITE sip:20 00@host SIP/2.0', '400'],
    ['INVITE 2000 SIP/2.0', '400'],
    ['INVITE sip:2000@host:99999 SIP/2.0', '400'],
    ['INVITE sip:2000@host?Route=%3Csip:x%3E SIP/2.0', '400'],
    ['INVITE sip:2000@ho\rst SIP/2.0', '400'],
    [`INVITE sip:${'2'.repeat(9_000)}@host SIP/2.0`, '414'],
    [`${'M'.repeat(129)} sip:2000@host SIP/2.0`, '400'],
    ['INVITE sip:2000@host', 'discard'],
    ['INVITE sip:2000@host HTTP/1.1', 'discard'],
    ['GET / HTTP/1.1', 'discard'],
    ['INV:ITE sip:2000@host SIP/2.0', 'discard'],
    ['\0\u0001\0\0', 'discard'],
    ['', 'discard'],
  ])('%j: %s', (startLine, expected) => {
    expect(verdict(line(startLine))).toBe(expected);
  });

  test.each([
    [128, 'message'],
    [129, '400'],
  ])('a method of %i characters: %s', (length, expected) => {
    const method = 'M'.repeat(length);
    const fields = soundFields.map((field) => field.replace(/^(CSeq: \d+) .*/, `$1 ${method}`));
    expect(verdict(wire(`${method} sip:2000@host SIP/2.0`, [...fields, 'Content-Length: 0']))).toBe(expected);
  });

  test('line ends before it are skipped', () => {
    expect(verdict(Buffer.concat([Buffer.from('\r\n\r\n'), invite()]))).toBe('message');
  });
});

describe('header fields', () => {
  test.each([
    ['no Via', invite({ Via: undefined }), 'discard'],
    ['a Via of another protocol', invite({ Via: 'Via: HTTP/1.1/TCP host' }), '400'],
    ['a Via with an impossible port', invite({ Via: 'Via: SIP/2.0/UDP host:99999;branch=z9hG4bK1' }), '400'],
    ['a Via with two branches', invite({ Via: 'Via: SIP/2.0/UDP host;branch=z9hG4bK1;branch=z9hG4bK2' }), '400'],
    ['no From', invite({ From: undefined }), '400'],
    ['two From', invite({}, ['f: <sip:other@host>;tag=2']), '400'],
    ['two tags in From', invite({ From: 'From: <sip:a@b>;tag=1;tag=2' }), '400'],
    ['no To', invite({ To: undefined }), '400'],
    ['two To', invite({}, ['t: <sip:other@host>']), '400'],
    ['no Call-ID', invite({ 'Call-ID': undefined }), '400'],
    ['an empty Call-ID', invite({ 'Call-ID': 'Call-ID:' }), '400'],
    ['a Call-ID with a blank', invite({ 'Call-ID': 'Call-ID: a b' }), '400'],
    ['a Call-ID beyond the limit', invite({ 'Call-ID': `Call-ID: ${'x'.repeat(1_025)}` }), '400'],
    ['two Call-IDs', invite({}, ['i: another']), '400'],
    ['no CSeq', invite({ CSeq: undefined }), '400'],
    ['CSeq 2^31-1', invite({ CSeq: 'CSeq: 2147483647 INVITE' }), 'message'],
    ['CSeq 2^31', invite({ CSeq: 'CSeq: 2147483648 INVITE' }), '400'],
    ['a negative CSeq', invite({ CSeq: 'CSeq: -1 INVITE' }), '400'],
    ['CSeq of another method', invite({ CSeq: 'CSeq: 1 BYE' }), '400'],
    ['CSeq in another case', invite({ CSeq: 'CSeq: 1 invite' }), '400'],
    ['Max-Forwards 255', invite({ 'Max-Forwards': 'Max-Forwards: 255' }), 'message'],
    ['Max-Forwards 256', invite({ 'Max-Forwards': 'Max-Forwards: 256' }), '400'],
    ['Max-Forwards in words', invite({ 'Max-Forwards': 'Max-Forwards: many' }), '400'],
    ['no Max-Forwards', invite({ 'Max-Forwards': undefined }), 'message'],
    ['two Max-Forwards', invite({}, ['Max-Forwards: 70']), '400'],
    ['two Content-Types', invite({}, ['c: application/sdp', 'Content-Type: text/plain']), '400'],
    ['a Contact that cannot be read', invite({ Contact: 'Contact: "Joe" <sip:joe@host>;;' }), '400'],
    ['Contact: *', invite({ Contact: 'Contact: *' }), 'message'],
    ['two Contacts', invite({}, ['Contact: <sip:a@b>']), 'message'],
    ['a Route that cannot be read', invite({}, ['Route: <sip:a@b']), '400'],
    ['a Record-Route that cannot be read', invite({}, ['Record-Route: <sip:a b>']), '400'],
    ['a Date in EST', invite({}, ['Date: Fri, 01 Jan 2010 16:00:00 EST']), '400'],
    ['a Date in GMT', invite({}, ['Date: Fri, 01 Jan 2010 16:00:00 GMT']), 'message'],
    ['blanks before the colon', invite({}, ['X-Header \t : value']), 'message'],
    ['a field without a colon', invite({}, ['X-Header value']), '400'],
    ['a field without a name', invite({}, [': value']), '400'],
    ['a name that is no token', invite({}, ['X(Header): value']), '400'],
    ['a name beyond the limit', invite({}, [`${'X'.repeat(257)}: value`]), '400'],
    ['a NUL in a value', invite({}, ['X-Header: a\0b']), '400'],
    ['a NUL after a backslash', invite({}, ['X-Header: "a\\\0b"']), 'message'],
    ['a CR in a value', invite({}, ['X-Header: a\rb']), '400'],
    ['a CR after a backslash', invite({}, ['X-Header: "a\\\rb"']), '400'],
    ['a line end without CR', invite({}, ['X-Header: a\nX-Other: b']), '400'],
    ['a TAB in a value', invite({}, ['Subject: a\tb']), 'message'],
    ['a DEL in a value', invite({}, ['Subject: a\u007fb']), '400'],
    ['names that objects have', invite({}, ['__proto__: a', 'constructor: b', 'toString: c']), 'message'],
  ])('%s', (_title, bytes, expected) => {
    expect(verdict(bytes)).toBe(expected);
  });

  test('folded lines become one value with single blanks', () => {
    const message = mustParse(invite({}, ['Subject: one  ', '\ttwo', '  ', '   three']));
    expect(message.headers.get('Subject')).toBe('one two three');
  });

  test('a fold before the first field is refused', () => {
    expect(reason(wire('INVITE sip:a@b SIP/2.0', [' folded', ...soundFields]))).toBe('malformed header field');
  });

  test('compact names are read as long ones', () => {
    const compact = { v: 'Via', f: 'From', t: 'To', i: 'Call-ID', m: 'Contact', k: 'Supported', x: 'Session-Expires' };
    const fields = ['k: timer', 'x: 1800', ...soundFields].map((field) =>
      Object.entries(compact).reduce(
        (line, [short, long]) => line.replace(new RegExp(`^${long}:`), `${short} :`),
        field,
      ),
    );
    const { headers } = mustParse(wire('INVITE sip:a@b SIP/2.0', fields));
    for (const name of Object.values(compact)) expect([name, headers.has(name)]).toEqual([name, true]);
  });

  test('a value in invalid UTF-8 is read with replacement characters', () => {
    const latin1 = Buffer.from(invite({ From: 'From: "J\u00fcrgen" <sip:a@b>;tag=1' }).toString('utf8'), 'latin1');
    expect(mustParse(latin1).headers.get('From')).toBe('"J\ufffdrgen" <sip:a@b>;tag=1');
  });

  test('more fields than the limit are refused, and no more are kept', () => {
    const parsed = parseMessage(invite({}, new Array<string>(10_000).fill('a:')), 'tcp');
    expect(parsed).toMatchObject({ type: 'malformed', status: 400 });
    if (parsed.type === 'malformed') expect([...parsed.request.headers]).toHaveLength(messageLimits.headerFields);
  });
});

describe('body', () => {
  const withBody = (lengths: readonly string[], body: string): Buffer =>
    wire('INVITE sip:a@b SIP/2.0', [...soundFields, ...lengths], body);

  test.each([
    [['Content-Length: 3'], 'udp', 'message'],
    [['Content-Length: 2'], 'udp', 'message'],
    [['Content-Length: 4'], 'udp', '400'],
    [['Content-Length: 4'], 'tcp', '400'],
    [['Content-Length: 0003'], 'udp', 'message'],
    [['Content-Length: -3'], 'udp', '400'],
    [['Content-Length: +3'], 'udp', '400'],
    [['Content-Length: 3.0'], 'udp', '400'],
    [['Content-Length: 0x3'], 'udp', '400'],
    [['Content-Length:'], 'udp', '400'],
    [['Content-Length: 99999999999999999999'], 'udp', '400'],
    [['Content-Length: 3', 'l: 3'], 'udp', 'message'],
    [['Content-Length: 3', 'l: 2'], 'udp', '400'],
    [['Content-Length: 3', 'l: 2', 'l: 2'], 'udp', '400'],
    [['Content-Length: 3, 3'], 'udp', '400'],
    [[], 'udp', 'message'],
    [[], 'tcp', '400'],
    [['Content-Length: 65537'], 'tcp', '413'],
    [['Content-Length: 65537'], 'udp', '400'],
  ] as const)('%j over %s: %s', (lengths, transport, expected) => {
    expect(verdict(withBody(lengths, 'abc'), transport)).toBe(expected);
  });

  test('it has the announced length, and without one runs to the end of the datagram', () => {
    expect(mustParse(withBody(['Content-Length: 2'], 'abc')).body.toString()).toBe('ab');
    expect(mustParse(withBody([], 'abc')).body.toString()).toBe('abc');
  });

  test('a head without its empty line is refused', () => {
    expect(reason(invite().subarray(0, -2))).toBe('no empty line after the header fields');
  });

  test('a head of 60 KB passes and one above 64 KB is answered 513', () => {
    const padded = (bytes: number): Buffer => invite({}, [`X-Padding: ${'x'.repeat(bytes)}`]);
    expect(verdict(padded(60 * 1024), 'tcp')).toBe('message');
    expect(verdict(padded(65 * 1024), 'tcp')).toBe('513');
    expect(verdict(padded(70 * 1024).subarray(0, messageLimits.headBytes + 1), 'tcp')).toBe('513');
  });
});

describe('what cannot be answered is discarded', () => {
  const response = (startLine: string, fields = soundFields): Buffer =>
    wire(startLine, [...fields, 'Content-Length: 0']);

  test('an ACK with a mistake', () => {
    const fields = soundFields.map((field) => (field.startsWith('CSeq') ? 'CSeq: 1 INVITE' : field));
    expect(verdict(wire('ACK sip:a@b SIP/2.0', fields))).toBe('discard');
  });

  test.each([
    ['SIP/2.0 200 OK', 'message'],
    ['SIP/2.0 200 ', 'message'],
    ['SIP/2.0 200', 'message'],
    ['sip/2.0 699 \u0434\u0430', 'message'],
    ['SIP/2.0 99 Low', 'discard'],
    ['SIP/2.0 700 High', 'discard'],
    ['SIP/2.0 099 Zero', 'discard'],
    ['SIP/2.0 2000 Long', 'discard'],
    ['SIP/2.0 4294967301 Wrapped', 'discard'],
    ['SIP/3.0 200 OK', 'discard'],
    ['SIP/2.0  200 OK', 'discard'],
  ])('response line %j: %s', (startLine, expected) => {
    expect(verdict(response(startLine))).toBe(expected);
  });

  test('a response that lacks a field, repeats one, or is cut short', () => {
    const lacking = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) =>
      verdict(
        response(
          'SIP/2.0 200 OK',
          soundFields.filter((field) => !field.startsWith(`${name}:`)),
        ),
      ),
    );
    expect(lacking).toEqual(new Array(5).fill('discard'));
    expect(verdict(response('SIP/2.0 200 OK', [...soundFields, 'i: other']))).toBe('discard');
    expect(verdict(wire('SIP/2.0 200 OK', [...soundFields, 'Content-Length: 9'], 'v=0'))).toBe('discard');
  });

  test('a response is not judged by fields it merely passes on', () => {
    expect(verdict(response('SIP/2.0 200 OK', [...soundFields, 'Date: now', 'Record-Route: ???']))).toBe('message');
  });

  test('the phrase keeps its text, but no control characters', () => {
    expect(mustParse(response('SIP/2.0 486 Busy Here'))).toMatchObject({ status: 486, phrase: 'Busy Here' });
    expect(mustParse(response('SIP/2.0 200'))).toMatchObject({ status: 200, phrase: '' });
    expect(mustParse(response('SIP/2.0 200 a\u001b[2Jb\rc\0'))).toMatchObject({ phrase: 'a [2Jb c ' });
  });
});

test('reasons never repeat what the peer wrote', () => {
  const secret = 'c4n4ry';
  const refused = [
    invite({ From: `From: "${secret}` }),
    invite({ CSeq: `CSeq: ${secret}` }),
    invite({}, [`${secret}(: x`]),
    wire(`INVITE sip:${secret}@:0 SIP/2.0`, soundFields),
    wire(secret, soundFields),
  ];
  for (const bytes of refused) {
    const text = reason(bytes);
    expect(text).not.toBe('sound');
    expect(text).not.toContain(secret);
  }
});
