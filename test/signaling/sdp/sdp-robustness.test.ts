import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectorError } from '../../../src/base/connector-error.js';
import { createAnswer, createOffer, parseSessionDescription, readAnswer } from '../../../src/signaling/sdp/sdp.js';
import { local, phoneOffer, sdp, withDtls } from './sdp-fixtures.js';

const offer = createOffer(local);
const ours = withDtls();

/** Everything that reads peer text, with everything but our own errors let through. */
function readAll(text: string): void {
  for (const read of [() => createAnswer(text, local), () => createAnswer(text, ours), () => readAnswer(offer, text)]) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      expect(error.code).toMatch(/^ERR_SDP_/);
      expect(error.message).toMatch(/^[\x20-\x7e]*$/);
    }
  }
}

const hostileLine = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .tuple(fc.constantFrom('v', 'o', 's', 'c', 't', 'm', 'a', 'b', 'k', 'z'), fc.string({ maxLength: 60 }))
    .map(([t, v]) => `${t}=${v}`),
  fc
    .tuple(
      fc.constantFrom('audio', 'video', '__proto__', 'constructor'),
      fc.integer({ min: -2, max: 70_000 }),
      fc.constantFrom('RTP/AVP', 'RTP/SAVP', 'RTP/AVPF', 'UDP/TLS/RTP/SAVPF', 'toString', 'X'),
      fc.array(fc.oneof(fc.integer({ min: -1, max: 130 }).map(String), fc.constant('__proto__')), { maxLength: 6 }),
    )
    .map(([type, port, protocol, formats]) => `m=${type} ${port} ${protocol} ${formats.join(' ')}`),
  fc
    .tuple(
      fc.constantFrom(
        'rtpmap',
        'fmtp',
        'ptime',
        'maxptime',
        'rtcp',
        'crypto',
        'simulcast',
        '__proto__',
        'fingerprint',
        'ice-pwd',
        'mid',
      ),
      fc.string({ maxLength: 40 }),
    )
    .map(([name, value]) => `a=${name}:${value}`),
  fc
    .tuple(fc.constantFrom('IP4', 'IP6', 'IP9'), fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()))
    .map(([t, a]) => `c=IN ${t} ${a}`),
  fc.constantFrom('a=sendonly', 'a=inactive', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-99999', 'a=ptime:1e9'),
  fc.constantFrom(
    `a=fingerprint:sha-256 ${new Array(32).fill('0f').join(':')}`,
    'a=setup:actpass',
    'a=rtcp-mux',
    'a=ice-ufrag:abcd',
    `a=ice-pwd:${'p'.repeat(22)}`,
  ),
);

describe('hostile text', () => {
  test('arbitrary text never raises anything but our own errors', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), readAll), { numRuns: 500 });
  });

  test('arbitrary lines after a good start never raise anything but our own errors', () => {
    fc.assert(
      fc.property(fc.array(hostileLine, { maxLength: 30 }), (lines) => {
        readAll(sdp(lines));
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('any answer made can be read back, with as many m= lines as the offer', () => {
    fc.assert(
      fc.property(fc.array(hostileLine, { maxLength: 12 }), (lines) => {
        const text = sdp(['m=audio 4000 RTP/AVP 0', ...lines]);
        let answer: string;
        try {
          answer = createAnswer(text, local).local.text;
        } catch {
          return;
        }
        const offered = parseSessionDescription(text).media;
        const answered = parseSessionDescription(answer).media;
        expect(answered.map(({ type, protocol }) => [type, protocol])).toEqual(
          offered.map(({ type, protocol }, index) => [answered[index]?.port ? 'audio' : type, protocol]),
        );
        expect(answered.filter(({ port }) => port !== 0)).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });

  test('one flipped byte anywhere in a good offer is survived', () => {
    for (let position = 0; position < phoneOffer.length; position += 1) {
      for (const byte of ['\0', ' ', '=', '9', '\n', '/', 'é']) {
        readAll(phoneOffer.slice(0, position) + byte + phoneOffer.slice(position + 1));
      }
    }
  });

  test('properties that every object has are not codecs, attributes or families', () => {
    const text = sdp([
      'm=audio 4000 RTP/AVP 97 0',
      'a=rtpmap:97 constructor/8000',
      'a=fmtp:97 __proto__=1',
      'a=__proto__:x',
    ]);
    expect(createAnswer(text, local).audio.codec.name).toBe('pcmu');
  });
});

describe('64 KiB of the worst', () => {
  const fill = (unit: string): string => unit.repeat(Math.floor((65_536 - 300) / unit.length));
  const head = `${sdp(['m=audio 4000 RTP/AVP 0'])}`;
  const pieces: readonly (readonly [string, string])[] = [
    ['short lines', fill('a=x\r\n')],
    ['rtpmap lines', fill('a=rtpmap:96 x/8000\r\n')],
    ['one line of blanks', `a=rtpmap:${fill(' ')}`],
    ['one line of digits', `a=ptime:${fill('9')}`],
    ['dots and digits', `a=ptime:${fill('9.')}`],
    ['one fmtp of commas', `a=fmtp:0 ${fill(',')}`],
    ['one m= line of formats', `m=audio 1 RTP/AVP${fill(' 0')}`],
    ['simulcast', `a=simulcast: ${fill('send pt=1; ')}`],
    ['image attributes', `a=imageattr:97 ${fill('send [x=1] ')}`],
    ['blank line ends', fill('\r\n')],
    ['bare CR', fill('\r')],
    ['quotes', `s=${fill('"')}`],
  ];

  test.each(pieces)('%s: the time grows with the text, not with its square', (_name, tail) => {
    // Processor time, four times the text: linear work takes 4 times as long, quadratic 16 times, and seconds for so much text.
    // A list of 16,000 and more takes V8 some 30 ms here that one of 8,000 does not.
    readAll(`${head}${tail}`);
    const timeOf = (text: string): number => {
      let bestMs = Number.POSITIVE_INFINITY;
      for (let run = 0; run < 5; run += 1) {
        const { user } = process.cpuUsage();
        for (let repeat = 0; repeat < 4; repeat += 1) readAll(text);
        bestMs = Math.min(bestMs, (process.cpuUsage().user - user) / 1000);
      }
      return bestMs;
    };
    const quarterMs = timeOf(`${head}${tail.slice(0, tail.length / 4)}`);
    expect(timeOf(`${head}${tail}`)).toBeLessThan(Math.max(quarterMs, 2) * 12 + 100);
  });
});

describe('session descriptions of the SIP torture tests', () => {
  const body = (connection: string, ...media: string[]): string =>
    ['v=0', 'o=mhandley 29739 7272939 IN IP4 192.0.2.5', 's=-', connection, 't=0 0', ...media, ''].join('\r\n');

  test.each([
    // RFC 4475 section 3.1.1.1 and most others: an rtpmap without a clock on a stream we refuse.
    [
      'RFC 4475',
      body('c=IN IP4 192.0.2.5', 'm=audio 49217 RTP/AVP 0 12', 'm=video 3227 RTP/AVP 31', 'a=rtpmap:31 LPC'),
    ],
    // RFC 5118 section 4.8: one address family per stream.
    [
      'RFC 5118 4.8',
      body(
        'b=AS:64',
        'm=audio 22334 RTP/AVP 0',
        'c=IN IP4 192.0.2.1',
        'm=video 6024 RTP/AVP 107',
        'c=IN IP6 2001:db8::1',
      ),
    ],
  ])('%s: the audio is taken', (_name, text) => {
    expect(createAnswer(text, local).audio.codec.name).toBe('pcmu');
  });

  test.each([
    ['4.6', body('c=IN IP6 2001:db8::20', 'm=audio 6000 RTP/AVP 2', 'a=rtpmap:2 G726-32/8000')],
    ['4.9', body('c=IN IP6 ::ffff:192.0.2.2', 'm=audio 6000 RTP/AVP 2', 'a=rtpmap:2 G726-32/8000')],
  ])('RFC 5118 %s offers only G.726: unacceptable, not invalid', (_name, text) => {
    expect(() => createAnswer(text, local)).toThrow(expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE' }));
  });
});
