import { describe, expect, test } from 'vitest';
import { parseSessionDescription } from '../../../src/signaling/sdp/sdp.js';
import { phoneOffer, sdp } from './sdp-fixtures.js';

const minimal = ['v=0', 'o=- 1 1 IN IP4 198.51.100.7', 'c=IN IP4 198.51.100.7', 'm=audio 4000 RTP/AVP 0'];

describe('what is read', () => {
  test.each([
    ['CRLF', '\r\n'],
    ['LF', '\n'],
    ['CR', '\r'],
  ])('lines that end in %s', (_name, lineEnd) => {
    expect(parseSessionDescription(minimal.join(lineEnd)).media).toMatchObject([
      { line: 4, type: 'audio', port: 4000, protocol: 'RTP/AVP', formats: ['0'] },
    ]);
  });

  test('empty lines are skipped and still counted', () => {
    expect(parseSessionDescription(`${minimal.join('\r\n\r\n')}\r\n\r\n`).media).toMatchObject([{ line: 7 }]);
  });

  test.each([
    ['no s= and no t= line', minimal],
    ['an origin that names a host', ['v=0', 'o=bob 280744730 28977631 IN IP4 host.example.com', ...minimal.slice(2)]],
    ['an unknown line type', [...minimal, 'q=what']],
    ['blanks at the ends of lines', minimal.map((line) => `${line} `)],
    ['two blanks in an m= line', [...minimal.slice(0, 3), 'm=audio  4000  RTP/AVP  0']],
    ['bytes beyond ASCII in s=', [...minimal.slice(0, 2), 's=Grüße \u2028 \u0000', ...minimal.slice(2)]],
  ])('%s', (_name, lines) => {
    expect(parseSessionDescription(lines.join('\r\n')).media).toHaveLength(1);
  });

  test('each section has its own maps and times', () => {
    const { media } = parseSessionDescription(
      sdp([
        'm=audio 4000 RTP/AVP 96',
        'a=rtpmap:96 PCMU/8000',
        'a=ptime:30',
        'm=audio 4002 RTP/AVP 96',
        'a=maxptime:40',
      ]),
    );
    expect(media).toMatchObject([
      { ptimeMs: 30, maxPtimeMs: undefined },
      { ptimeMs: undefined, maxPtimeMs: 40 },
    ]);
    expect(media.map(({ rtpMaps }) => [...rtpMaps.keys()])).toEqual([[96], []]);
  });

  test('a phone that offers what phones offer', () => {
    const [media] = parseSessionDescription(phoneOffer).media;
    expect(media?.rtpMaps.get(101)).toEqual({ encoding: 'telephone-event', clockHz: 8000, channels: 1 });
    expect(media?.formatParameters.get(101)).toBe('0-16');
  });
});

describe('what is invalid, with the line', () => {
  test.each([
    ['an empty body', '', 'SDP is empty'],
    ['only line ends', '\r\n\r\n', 'SDP is empty'],
    ['no v= line first', 'o=- 1 1 IN IP4 198.51.100.7', 'SDP line 1: expected "v=0"'],
    ['another version', 'v=1\r\no=- 1 1 IN IP4 198.51.100.7', 'SDP line 1: expected "v=0"'],
    ['no o= line', 'v=0\r\ns=-', 'SDP has no o= line'],
    ['a line that is none', [...minimal, 'hello'].join('\n'), 'SDP line 5: expected "<letter>=<value>"'],
    ['a capital letter', [...minimal, 'A=x'].join('\n'), 'SDP line 5'],
    ['a blank before the =', [...minimal, 'a =x'].join('\n'), 'SDP line 5'],
    ['a port above 65535', [...minimal, 'm=audio 99999 RTP/AVP 0'].join('\n'), 'SDP line 5: port 99999 is above 65535'],
    ['a negative port', [...minimal, 'm=audio -1 RTP/AVP 0'].join('\n'), 'SDP line 5: expected "m=<media> <port>'],
    ['a port that is no number', [...minimal, 'm=audio x RTP/AVP 0'].join('\n'), 'found "m=audio x RTP/AVP 0"'],
    ['an m= line cut short', [...minimal, 'm=audio 4000'].join('\n'), 'SDP line 5: expected "m=<media> <port>'],
    [
      'an m= line with control bytes',
      [...minimal, 'm=au\u0000dio 1 RTP/AVP 0'].join('\n'),
      'found "m=au?dio 1 RTP/AVP 0"',
    ],
    ['a c= line of another network', [...minimal, 'c=ATM NSAP 47.1'].join('\n'), 'found "c=ATM NSAP 47.1"'],
    [
      'a c= line without an address',
      [...minimal, 'c=IN IP4'].join('\n'),
      'SDP line 5: expected "c=IN IP4|IP6 <address>"',
    ],
    [
      '33 m= lines',
      [...minimal, ...Array(32).fill('m=audio 4000 RTP/AVP 0')].join('\n'),
      'SDP line 36: more than 32 m= lines',
    ],
    [
      '129 formats',
      [...minimal, `m=audio 4000 RTP/AVP${' 0'.repeat(129)}`].join('\n'),
      'SDP line 5: more than 128 formats',
    ],
    ['more than 64 KiB', `${minimal.join('\n')}\ns=${'x'.repeat(65_536)}`, 'SDP is longer than 65536 bytes'],
  ])('%s', (_name, text, message) => {
    expect(() => parseSessionDescription(text)).toThrow(
      expect.objectContaining({ code: 'ERR_SDP_INVALID', message: expect.stringContaining(message) }),
    );
  });

  test('long lines are quoted in part', () => {
    expect(() => parseSessionDescription(`${minimal.join('\n')}\nm=${'x'.repeat(500)}`)).toThrow(
      /found "m=x{58}\.\.\."$/,
    );
  });
});
