import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { FrameReader } from '../../../../src/signaling/embedded/transport/frame-reader.js';
import { messageLimits } from '../../../../src/signaling/message/limits.js';
import { invite, soundFields, verdict, wire } from '../../message/samples.js';

interface Framed {
  readonly messages: readonly string[];
  readonly pings: number;
  readonly broken: string | undefined;
  readonly pending: boolean;
}

/** Feeds the chunks, then shows what came out. The chunks are overwritten after use where the reader must have copied. */
function frame(chunks: readonly Buffer[]): Framed {
  const buffers: Buffer[] = [];
  const seen = { pings: 0, broken: undefined as string | undefined };
  const reader = new FrameReader({
    message: (bytes) => buffers.push(bytes),
    ping: () => {
      seen.pings += 1;
    },
    broken: (reason) => {
      seen.broken = reason;
    },
  });
  for (const chunk of chunks) reader.feed(chunk);
  return { messages: buffers.map((bytes) => bytes.toString('latin1')), ...seen, pending: reader.pending };
}

function cut(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const edges = [0, ...at.map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge)));
}

const body = 'v=0\r\n\r\nINVITE sip:inside@a.body SIP/2.0\r\n\r\n';
const withBody = wire('INVITE sip:a@b SIP/2.0', [...soundFields, `l : ${body.length}`], body);

test('a message split at every byte is one message', () => {
  for (let at = 1; at < withBody.length; at += 1) {
    const framed = frame([withBody.subarray(0, at), withBody.subarray(at)]);
    expect(framed).toEqual({ messages: [withBody.toString('latin1')], pings: 0, broken: undefined, pending: false });
  }
});

test('pipelined messages come one by one, and the rest waits', () => {
  const framed = frame([Buffer.concat([withBody, invite(), withBody.subarray(0, 100)])]);
  expect(framed.messages).toEqual([withBody.toString('latin1'), invite().toString('latin1')]);
  expect(framed.pending).toBe(true);
});

test('a folded and repeated Content-Length is understood', () => {
  const bytes = wire('BYE sip:a@b SIP/2.0', ['Content-Length:', ' \t 3 ', 'L: 003'], 'abc');
  expect(frame([bytes, invite()]).messages).toHaveLength(2);
});

test('two CRLF between messages are a keep-alive, one is nothing', () => {
  const framed = (text: string): number => frame([Buffer.concat([invite(), Buffer.from(text), invite()])]).pings;
  expect(['', '\r\n', '\r\n\r\n', '\r\n\r\n\r\n', '\r\n\r\n\r\n\r\n'].map(framed)).toEqual([0, 0, 1, 1, 2]);
  expect(frame([Buffer.from('\r'), Buffer.from('\n\r'), Buffer.from('\n')])).toMatchObject({
    pings: 1,
    pending: false,
  });
});

describe('where the end of a message is uncertain, the head is handed out once and nothing after it is read', () => {
  const head = (...fields: string[]): Buffer => wire('INVITE sip:a@b SIP/2.0', [...soundFields, ...fields]);

  test.each([
    ['no Content-Length', head(), '400'],
    ['a negative one', head('Content-Length: -1'), '400'],
    ['one in words', head('Content-Length: ten'), '400'],
    ['two that differ', head('Content-Length: 0', 'l: 5'), '400'],
    ['one above the limit', head('Content-Length: 65537'), '413'],
    ['one above any integer', head(`Content-Length: ${'9'.repeat(400)}`), '400'],
    ['a line feed alone', head('X: a\nContent-Length: 0'), '400'],
    ['a carriage return alone', head('Content-Length: 0', 'X: a\rb'), '400'],
    ['a name that is no token', head('Content-Length: 0', 'Content-Length\0: 5'), '400'],
    ['an empty line of line feeds', head('Content-Length: 0', 'X: a\n\nINVITE sip:c@d SIP/2.0'), '400'],
  ])('%s', (_title, bytes, expected) => {
    const { messages, broken } = frame([Buffer.concat([bytes, invite()])]);
    expect(messages).toEqual([bytes.toString('latin1')]);
    expect(broken).toBeDefined();
    expect(verdict(bytes, 'tcp')).toBe(expected);
  });

  test('a head above the limit', () => {
    const bytes = head('Content-Length: 0', `X: ${'x'.repeat(messageLimits.headBytes)}`);
    const { messages, broken } = frame([bytes]);
    expect(messages.map((message) => message.length)).toEqual([messageLimits.headBytes + 1]);
    expect(verdict(Buffer.from(messages[0] ?? '', 'latin1'), 'tcp')).toBe('513');
    expect(broken).toBe('head too long');
  });

  test('a byte that starts no message ends the stream without one', () => {
    expect(frame([Buffer.from([0x16, 0x03, 0x01, 0x02])])).toMatchObject({ messages: [], broken: expect.any(String) });
  });
});

test('a head of 60 KB and a body of 64 KB pass', () => {
  const bytes = wire(
    'INVITE sip:a@b SIP/2.0',
    [...soundFields, `X-Padding: ${'x'.repeat(60 * 1024)}`, 'Content-Length: 65536'],
    'b'.repeat(65_536),
  );
  expect(frame(cut(bytes, [10, 1_000, 60_000, 70_000])).messages).toEqual([bytes.toString('latin1')]);
});

test('a promise of a large body costs no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 500 }, () => {
    const reader = new FrameReader({ message: () => {}, ping: () => {}, broken: () => {} });
    reader.feed(wire('INVITE sip:a@b SIP/2.0', ['Content-Length: 65536']));
    return reader;
  });
  // 32 MB were promised; 1 KB each is held.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  expect(readers.every((reader) => reader.pending)).toBe(true);
});

test('a message cut from the holding buffer is not overwritten by the next', () => {
  const messages: Buffer[] = [];
  const reader = new FrameReader({ message: (bytes) => messages.push(bytes), ping: () => {}, broken: () => {} });
  const other = Buffer.from(withBody.toString('latin1').replaceAll('2000', '3000'), 'latin1');
  for (const byte of Buffer.concat([withBody, other])) reader.feed(Buffer.of(byte));
  expect(messages.map((bytes) => bytes.toString('latin1'))).toEqual(
    [withBody, other].map((bytes) => bytes.toString('latin1')),
  );
});

test('a message that comes byte by byte costs work in proportion to its length, not to its square', () => {
  const pad = 'x'.repeat(10_000);
  const bytes = wire('INVITE sip:a@b SIP/2.0', [...soundFields, `X-Pad: ${pad}`, 'Content-Length: 10000'], pad);
  const copied = vi.spyOn(Buffer.prototype, 'copy');
  const searched = vi.spyOn(Buffer.prototype, 'indexOf');
  const messages: Buffer[] = [];
  const reader = new FrameReader({ message: (one) => messages.push(one), ping: () => {}, broken: () => {} });
  for (const byte of bytes) reader.feed(Buffer.of(byte));
  const copies = copied.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
  const places = searched.mock.calls.map(
    ([, from], index) => (searched.mock.contexts[index]?.length ?? 0) - Number(from),
  );
  vi.restoreAllMocks();
  expect(messages).toHaveLength(1);
  // Each byte is put into the buffer, and moved when that doubles; the last three are looked at again each time.
  expect(copies).toBeLessThan(4 * bytes.length);
  expect(places.reduce((sum, count) => sum + count, 0)).toBeLessThan(10 * bytes.length);
});

test('megabytes of blanks end at the limit', () => {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const framed = frame([Buffer.from('INVITE'), ...new Array<Buffer>(64).fill(chunk)]);
  expect(framed).toMatchObject({ broken: 'head too long', pending: false });
  expect(framed.messages).toHaveLength(1);
});

const fixtures = new URL('../../../fixtures/sip-torture/rfc4475/', import.meta.url);
const pieces = fc.oneof(
  fc.constantFrom(
    ...[invite(), withBody, Buffer.from('\r\n\r\n'), Buffer.from('\r\n'), Buffer.from('\n')],
    ...[wire('INVITE sip:a@b SIP/2.0', soundFields), wire('BYE sip:a@b SIP/2.0', ['l: 1', 'l: 2']), Buffer.from('\0')],
    ...readdirSync(fixtures)
      .filter((file) => file.endsWith('.sip'))
      .map((file) => readFileSync(new URL(file, fixtures))),
  ),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

test('the same stream gives the same messages whatever the chunks', () => {
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 6 }),
      fc.array(fc.nat({ max: 20_000 }), { maxLength: 12 }),
      (parts, at) => {
        const stream = Buffer.concat(parts);
        expect(frame(cut(stream, at))).toEqual(frame([stream]));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('sound messages and keep-alives are found again in any mixture', () => {
  const sound = fc.constantFrom(invite(), withBody, wire('OPTIONS sip:x SIP/2.0', ['Content-Length: 0']));
  fc.assert(
    fc.property(
      fc.array(sound, { maxLength: 6 }),
      fc.array(fc.nat({ max: 5_000 }), { maxLength: 8 }),
      (messages, at) => {
        const stream = Buffer.concat(messages.flatMap((message) => [message, Buffer.from('\r\n\r\n')]));
        expect(frame(cut(stream, at))).toEqual({
          messages: messages.map((message) => message.toString('latin1')),
          pings: messages.length,
          broken: undefined,
          pending: false,
        });
      },
    ),
    { numRuns: 1_000 },
  );
});
