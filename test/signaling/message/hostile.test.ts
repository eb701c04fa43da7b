import { describe, expect, test } from 'vitest';
import { FrameReader } from '../../../src/signaling/embedded/transport/frame-reader.js';
import { createResponse } from '../../../src/signaling/message/response-builder.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';
import { decodedUser, parseSipUri } from '../../../src/signaling/message/sip-uri.js';
import { stampVia } from '../../../src/signaling/message/via.js';
import { invite, soundFields, wire } from './samples.js';

/** Messages that grow with `n`, each aimed at a different loop. The text of each is about `n` characters. */
const attacks: Readonly<Record<string, (n: number) => Buffer>> = {
  'blanks in a value': (n) => invite({}, [`Subject: x${' '.repeat(n)}y`]),
  'blanks in a From': (n) => invite({ From: `From: ${' '.repeat(n)}x${' '.repeat(n)}` }),
  'blanks in the request line': (n) => wire(`INVITE ${' '.repeat(n)}sip:a@b${' '.repeat(n)}SIP/2.0`, soundFields),
  'blanks before the colon': (n) => invite({}, [`X${' '.repeat(n)}: y`]),
  'lines of one blank': (n) => invite({}, ['Subject: x', ...new Array<string>(n / 3).fill(' ')]),
  quotes: (n) => invite({ From: `From: ${'"'.repeat(n)}<sip:a@b>` }),
  'an open quote': (n) => invite({ From: `From: "${'a'.repeat(n)} <sip:a@b>` }),
  backslashes: (n) => invite({ From: `From: "${'\\'.repeat(n)}` }),
  'escaped quotes': (n) => invite({ From: `From: "${'\\"'.repeat(n / 2)}" <sip:a@b>` }),
  'opening brackets': (n) => invite({ Contact: `Contact: ${'<'.repeat(n)}` }),
  commas: (n) => invite({ Contact: `Contact: ${','.repeat(n)}` }),
  'commas in Via': (n) => invite({ Via: `Via: SIP/2.0/UDP a${','.repeat(n)}` }),
  semicolons: (n) => invite({ From: `From: <sip:a@b>${';'.repeat(n)}` }),
  parameters: (n) => invite({ From: `From: <sip:a@b>${Array.from({ length: n / 8 }, (_, i) => `;p${i}=1`).join('')}` }),
  'URI parameters': (n) =>
    invite({ Contact: `Contact: <sip:a@b${Array.from({ length: n / 8 }, (_, i) => `;p${i}=1`).join('')}>` }),
  'equal signs': (n) => invite({ From: `From: <sip:a@b>;a${'='.repeat(n)}` }),
  'at signs': (n) => invite({ From: `From: <sip:${'@'.repeat(n)}b>` }),
  colons: (n) => invite({ From: `From: <sip:${':'.repeat(n)}@b>` }),
  'dots in a host': (n) => invite({ From: `From: <sip:a@${'a.'.repeat(n / 2)}b>` }),
  'opening square brackets': (n) => invite({ Via: `Via: SIP/2.0/UDP ${'['.repeat(n)}` }),
  'slashes in Via': (n) => invite({ Via: `Via: SIP${'/'.repeat(n)}` }),
  'percent signs': (n) => invite({ From: `From: <sip:${'%41'.repeat(n / 3)}@b>;tag=1` }),
  digits: (n) => invite({ CSeq: `CSeq: ${'9'.repeat(n)} INVITE` }),
  zeroes: (n) => invite({ 'Max-Forwards': `Max-Forwards: ${'0'.repeat(n)}` }),
  'a long name': (n) => invite({}, [`${'X'.repeat(n)}: y`]),
  'a long line without colon': (n) => invite({}, ['x'.repeat(n)]),
  'a long method': (n) => wire(`${'M'.repeat(n)} sip:a@b SIP/2.0`, soundFields),
  'a long URI': (n) => wire(`INVITE sip:${'a'.repeat(n)}@b SIP/2.0`, soundFields),
  'a long version': (n) => wire(`INVITE sip:a@b SIP/${'2'.repeat(n)}.0`, soundFields),
  'a long phrase': (n) => wire(`SIP/2.0 200 ${' x'.repeat(n / 2)}`, soundFields),
  'tiny fields': (n) => invite({}, new Array<string>(n / 4).fill('a:')),
  Vias: (n) => invite({}, new Array<string>(n / 20).fill('v:SIP/2.0/UDP a;b=c')),
  'a list of Vias': (n) => invite({ Via: `Via: ${new Array<string>(n / 20).fill('SIP/2.0/UDP a;b=c').join(', ')}` }),
  'Record-Routes': (n) => invite({}, new Array<string>(n / 25).fill('Record-Route: <sip:a;lr>')),
  'a list of Contacts': (n) => invite({ Contact: `Contact: ${new Array<string>(n / 12).fill('<sip:a@b>').join(',')}` }),
  NULs: (n) => invite({}, [`X: ${'\0'.repeat(n)}`]),
  'quoted NULs': (n) => invite({}, [`X: "${'\\\0'.repeat(n / 2)}"`]),
  'carriage returns': (n) => invite({}, [`X: ${'\r'.repeat(n)}`]),
  'line feeds': (n) =>
    Buffer.concat([wire('INVITE sip:a@b SIP/2.0', soundFields).subarray(0, -2), Buffer.from('x\n'.repeat(n / 2))]),
  'line ends first': (n) => Buffer.concat([Buffer.from('\r\n'.repeat(n / 2)), invite()]),
  'invalid UTF-8': (n) =>
    Buffer.concat([
      Buffer.from('INVITE sip:a@b SIP/2.0\r\nSubject: '),
      Buffer.alloc(n, 0xff),
      Buffer.from('\r\n'),
      invite().subarray(invite().indexOf('\r\n') + 2),
    ]),
  'nothing but zero bytes': (n) => Buffer.alloc(n),
};

/** All that happens to a request before anybody decides about it, and the answer to it. */
function answer(bytes: Buffer): void {
  const parsed = parseMessage(bytes, 'udp');
  if (parsed.type === 'discard') return;
  const request = parsed.type === 'malformed' ? parsed.request : parsed.message;
  if (request.kind === 'response') return;
  const uri = parseSipUri(request.uri);
  if (uri !== undefined) decodedUser(uri);
  stampVia(request.headers, { address: '192.0.2.1', port: 5060 });
  serializeMessage(createResponse(request, 400, { toTag: 'x' }));
}

function elapsed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/**
 * Compares two costs, so that the speed of the machine cancels out: `factor` times the input costs `factor` times as
 * much when the work is linear and the square of that when it is quadratic; the limit lies half way between. Each cost
 * is the least of several runs, and a busy machine gets more of them. Work of 5 ms on 57,600 characters is beyond doubt.
 */
function expectLinear(small: number, factor: number, work: (n: number) => () => void): void {
  const [few, many] = [work(small), work(small * factor)];
  let [leastFew, leastMany] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const limit = factor ** 1.5;
  const start = performance.now();
  for (let round = 0; round < 5 || performance.now() - start < 5_000; round += 1) {
    leastFew = Math.min(leastFew, elapsed(few));
    leastMany = Math.min(leastMany, elapsed(many));
    if (round >= 4 && (leastMany < 5 || leastMany / leastFew < limit)) return;
  }
  expect(leastMany / leastFew).toBeLessThan(limit);
}

describe('eight times the text costs about eight times the work, not sixty-four', () => {
  test.each(Object.entries(attacks))('%s', (_name, attack) => {
    expectLinear(7_200, 8, (n) => {
      const bytes = attack(n);
      return () => answer(bytes);
    });
  });

  test('a message that arrives byte by byte', () => {
    expectLinear(3_000, 40, (n) => {
      const length = n / 2;
      const fields = [...soundFields, `Subject: ${'x'.repeat(length)}`, `Content-Length: ${length}`];
      const bytes = wire('INVITE sip:a@b SIP/2.0', fields, 'x'.repeat(length));
      return () => {
        const reader = new FrameReader({ message: () => {}, ping: () => {}, broken: () => {} });
        for (let index = 0; index < bytes.length; index += 1) reader.feed(bytes.subarray(index, index + 1));
      };
    });
  });
});

test('none of them is taken for a sound INVITE unless it is one', () => {
  const sound = Object.entries(attacks)
    .filter(([, attack]) => parseMessage(attack(7_200), 'udp').type === 'message')
    .map(([name]) => name);
  expect(sound.sort()).toEqual(
    [
      ...[
        'blanks in a value',
        'blanks before the colon',
        'lines of one blank',
        'escaped quotes',
        'parameters',
        'URI parameters',
      ],
      ...['percent signs', 'zeroes', 'a long phrase', 'tiny fields', 'Vias', 'a list of Vias', 'Record-Routes'],
      ...[
        'a list of Contacts',
        'quoted NULs',
        'line ends first',
        'commas in Via',
        'colons',
        'equal signs',
        'a long URI',
        'invalid UTF-8',
      ],
    ].sort(),
  );
});
