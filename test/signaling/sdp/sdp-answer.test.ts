import { describe, expect, test } from 'vitest';
import type { StreamParameters } from '../../../src/media/engine.js';
import { createAnswer, type LocalMedia, type NegotiatedAudio } from '../../../src/signaling/sdp/sdp.js';
import { local, phoneOffer, sdp, sections } from './sdp-fixtures.js';

describe('the whole answer', () => {
  test('names one codec in the order of the offer, and our own origin', () => {
    const { local: answer, audio } = createAnswer(phoneOffer, local);
    expect(answer.text.split('\r\n')).toEqual([
      'v=0',
      'o=- 4711 1 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 35000 RTP/AVP 8 101',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ]);
    const parameters: StreamParameters = audio;
    expect(parameters).toEqual({
      codec: { name: 'pcma', payloadType: 8 },
      dtmfPayloadType: 101,
      remote: { address: '198.51.100.7', port: 4000 },
      direction: 'sendrecv',
      ptimeMs: 20,
      rtcp: { mux: false, remote: undefined },
      srtp: undefined,
    });
  });

  test('RTCP shares the port where that is offered, and else goes where a=rtcp says', () => {
    const offered = (...attributes: readonly string[]) =>
      createAnswer(sdp(['m=audio 4000 RTP/AVP 0', ...attributes]), local);
    const muxed = offered('a=rtcp:4001', 'a=rtcp-mux');
    expect(muxed.audio.rtcp).toEqual({ mux: true, remote: { address: '198.51.100.7', port: 4001 } });
    expect(muxed.local.text).toContain('a=rtcp-mux\r\n');
    const apart = offered('a=rtcp:53020 IN IP4 126.16.64.4');
    expect(apart.audio.rtcp).toEqual({ mux: false, remote: { address: '126.16.64.4', port: 53_020 } });
    expect(apart.local.text).not.toContain('rtcp');
    for (const useless of [
      'a=rtcp:0',
      'a=rtcp:70000',
      'a=rtcp:4001 IN IP4 phone.example',
      'a=rtcp:4001 IN IP4 0.0.0.0',
    ]) {
      expect(offered(useless).audio.rtcp).toEqual({ mux: false, remote: undefined });
    }
  });

  test('echoes nothing of ICE, SSRC, crypto or bundle', () => {
    const { text } = createAnswer(
      sdp(
        [
          'm=audio 4000 RTP/AVP 0',
          'a=ice-ufrag:F7gI',
          'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
          'a=candidate:1 1 UDP 2113667327 203.0.113.1 54400 typ host',
          'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR',
          'a=ssrc:11 cname:peer',
          'a=mid:0',
          'a=rtcp:9 IN IP4 203.0.113.9',
          'a=fingerprint:sha-1 00:11',
          'a=x-private:peer',
        ],
        ['c=IN IP4 198.51.100.7', 'a=group:BUNDLE 0', 'a=ice-lite'],
      ),
      local,
    ).local;
    expect(text.split('\r\n').filter((line) => line.startsWith('a='))).toEqual([
      'a=rtpmap:0 PCMU/8000',
      'a=ptime:20',
      'a=sendrecv',
    ]);
    expect(text).not.toContain('203.0.113');
  });

  test('repeats the t= line of the offer', () => {
    const offer = sdp(['m=audio 4000 RTP/AVP 0']).replace('t=0 0', 't=3338481189 3370017201');
    expect(createAnswer(offer, local).local.text).toContain('\r\nt=3338481189 3370017201\r\n');
  });

  test('over IPv6 it says IP6, and an IPv4-mapped socket address says IP4', () => {
    const offer = sdp(['m=audio 4000 RTP/AVP 0'], ['c=IN IP6 2001:db8::7']);
    const ipv6 = createAnswer(offer, { ...local, address: '2001:DB8:0::10' });
    expect(ipv6.local.text).toContain('c=IN IP6 2001:db8::10\r\n');
    expect(ipv6.audio.remote).toEqual({ address: '2001:db8::7', port: 4000 });
    const mapped = createAnswer(phoneOffer, { ...local, address: '::ffff:192.0.2.10' });
    expect(mapped.local.text).toContain('c=IN IP4 192.0.2.10\r\n');
  });
});

interface Expected {
  readonly codec?: NegotiatedAudio['codec'];
  readonly dtmf?: number | undefined;
  readonly remote?: NegotiatedAudio['remote'];
  readonly direction?: NegotiatedAudio['direction'];
  readonly ptimeMs?: number;
  /** m= lines of the answer. */
  readonly media?: readonly string[];
  /** A line the answer has. */
  readonly line?: string;
}
interface Case {
  readonly name: string;
  readonly offer: string;
  readonly ours?: Partial<LocalMedia>;
  readonly expected: Expected;
}

const pcmu = { name: 'pcmu', payloadType: 0 } as const;
const pcma = { name: 'pcma', payloadType: 8 } as const;
const events = (...lines: string[]): string => sdp(['m=audio 4000 RTP/AVP 0 101', ...lines]);
const held = (...lines: string[]): string => sdp(['m=audio 4000 RTP/AVP 0', ...lines]);
const at = (connection: string): string => sdp(['m=audio 4000 RTP/AVP 0'], [connection]);

const codecs: readonly Case[] = [
  { name: 'payload type 0 needs no rtpmap', offer: held(), expected: { codec: pcmu, dtmf: undefined } },
  { name: 'payload type 8 needs no rtpmap', offer: sdp(['m=audio 4000 RTP/AVP 8']), expected: { codec: pcma } },
  {
    name: 'the order of the offer beats ours',
    offer: sdp(['m=audio 4000 RTP/AVP 8 0']),
    ours: { codecs: ['pcmu', 'pcma'] },
    expected: { codec: pcma },
  },
  {
    name: 'a codec that is not ours is passed over',
    offer: sdp(['m=audio 4000 RTP/AVP 9 18 8 0', 'a=rtpmap:9 G722/8000']),
    expected: { codec: pcma, media: ['m=audio 35000 RTP/AVP 8'] },
  },
  {
    name: 'a codec we do not allow is passed over',
    offer: phoneOffer,
    ours: { codecs: ['pcmu'] },
    expected: { codec: pcmu },
  },
  {
    name: 'rtpmap is read without regard to case',
    offer: held('a=rtpmap:0 pcmu/8000'),
    expected: { codec: pcmu, line: 'a=rtpmap:0 PCMU/8000' },
  },
  { name: 'rtpmap may name one channel', offer: held('a=rtpmap:0 PCMU/8000/1'), expected: { codec: pcmu } },
  {
    name: 'G.711 may have a dynamic number, which the answer keeps',
    offer: sdp(['m=audio 4000 RTP/AVP 97', 'a=rtpmap:97 PCMA/8000']),
    expected: { codec: { name: 'pcma', payloadType: 97 }, media: ['m=audio 35000 RTP/AVP 97'] },
  },
  {
    name: 'a wrong clock or channel count makes it another codec',
    offer: sdp(['m=audio 4000 RTP/AVP 97 98 8', 'a=rtpmap:97 PCMU/16000', 'a=rtpmap:98 PCMU/8000/2']),
    expected: { codec: pcma },
  },
  {
    name: 'a static number that is mapped to something else is that something',
    offer: sdp(['m=audio 4000 RTP/AVP 0 8', 'a=rtpmap:0 speex/8000']),
    expected: { codec: pcma },
  },
  {
    name: 'the first rtpmap of a number counts',
    offer: held('a=rtpmap:0 PCMU/8000', 'a=rtpmap:0 PCMA/8000'),
    expected: { codec: pcmu },
  },
  { name: 'a static number with a clockless rtpmap stands', offer: held('a=rtpmap:0 PCMU'), expected: { codec: pcmu } },
  {
    name: 'formats that are no payload types are passed over',
    offer: sdp(['m=audio 4000 RTP/AVP x 128 000 0']),
    expected: { codec: pcmu },
  },
  {
    name: 'a broken rtpmap of another codec does not matter',
    offer: held('a=rtpmap:31 LPC', 'a=rtpmap:', 'a=rtpmap:x y/z', 'a=fmtp:'),
    expected: { codec: pcmu },
  },
];

const digits: readonly Case[] = [
  {
    name: 'telephone-event is answered at the offered number',
    offer: sdp(['m=audio 4000 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/8000']),
    expected: { dtmf: 96, media: ['m=audio 35000 RTP/AVP 0 96'], line: 'a=fmtp:96 0-15' },
  },
  {
    name: 'its name is read without regard to case',
    offer: events('a=rtpmap:101 Telephone-Event/8000'),
    expected: { dtmf: 101 },
  },
  {
    name: 'no event list means 0-15',
    offer: events('a=rtpmap:101 telephone-event/8000'),
    expected: { line: 'a=fmtp:101 0-15' },
  },
  {
    name: 'a list beyond 15 is cut to ours',
    offer: events('a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16,32-36,70'),
    expected: { dtmf: 101, line: 'a=fmtp:101 0-15' },
  },
  {
    name: 'a shorter list is kept',
    offer: events('a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-9,11'),
    expected: { dtmf: 101, line: 'a=fmtp:101 0-9,11' },
  },
  {
    name: 'a list without any of ours is not agreed to',
    offer: events('a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 32-36'),
    expected: { dtmf: undefined, media: ['m=audio 35000 RTP/AVP 0'] },
  },
  {
    name: 'a list that cannot be read means 0-15',
    offer: events('a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15;x=1'),
    expected: { line: 'a=fmtp:101 0-15' },
  },
  {
    name: 'of several clocks the 8000 Hz one is taken',
    offer: sdp([
      'm=audio 4000 RTP/AVP 0 110 126',
      'a=rtpmap:110 telephone-event/48000',
      'a=rtpmap:126 telephone-event/8000',
    ]),
    expected: { dtmf: 126, media: ['m=audio 35000 RTP/AVP 0 126'] },
  },
  {
    name: 'another clock alone is not agreed to',
    offer: events('a=rtpmap:101 telephone-event/16000'),
    expected: { dtmf: undefined },
  },
  {
    name: 'events mapped but not listed do not count',
    offer: held('a=rtpmap:101 telephone-event/8000'),
    expected: { dtmf: undefined },
  },
];

const directions: readonly Case[] = [
  { name: 'nothing said means sendrecv', offer: held(), expected: { direction: 'sendrecv', line: 'a=sendrecv' } },
  {
    name: 'hold: sendonly is answered recvonly',
    offer: held('a=sendonly'),
    expected: { direction: 'recvonly', line: 'a=recvonly' },
  },
  {
    name: 'recvonly is answered sendonly',
    offer: held('a=recvonly'),
    expected: { direction: 'sendonly', line: 'a=sendonly' },
  },
  {
    name: 'inactive is answered inactive',
    offer: held('a=inactive'),
    expected: { direction: 'inactive', line: 'a=inactive' },
  },
  {
    name: 'a session-level direction is inherited',
    offer: sdp(['m=audio 4000 RTP/AVP 0'], ['c=IN IP4 198.51.100.7', 'a=sendonly']),
    expected: { direction: 'recvonly' },
  },
  {
    name: 'the stream overrides the session',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'a=sendrecv'], ['c=IN IP4 198.51.100.7', 'a=inactive']),
    expected: { direction: 'sendrecv' },
  },
  {
    name: 'hold by 0.0.0.0: we send nothing and have no address',
    offer: at('c=IN IP4 0.0.0.0'),
    expected: { direction: 'recvonly', remote: undefined, line: 'a=recvonly' },
  },
  {
    name: 'hold by 0.0.0.0 and recvonly leaves nothing',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'a=recvonly'], ['c=IN IP4 0.0.0.0']),
    expected: { direction: 'inactive', remote: undefined },
  },
  {
    name: 'hold by :: is the same over IPv6',
    offer: at('c=IN IP6 ::'),
    ours: { address: '2001:db8::10' },
    expected: { direction: 'recvonly', remote: undefined },
  },
  {
    name: 'we may hold the peer: sendonly of ours',
    offer: held(),
    ours: { direction: 'sendonly' },
    expected: { direction: 'sendonly' },
  },
  {
    name: 'both holding leaves nothing',
    offer: held('a=sendonly'),
    ours: { direction: 'sendonly' },
    expected: { direction: 'inactive' },
  },
  {
    name: 'a word that only begins like a direction is none',
    offer: held('a=sendonlyish'),
    expected: { direction: 'sendrecv' },
  },
];

const packetTimes: readonly Case[] = [
  { name: 'no ptime: ours', offer: held(), ours: { ptimeMs: 30 }, expected: { ptimeMs: 30, line: 'a=ptime:30' } },
  ...(
    [
      [['a=ptime:10'], 10],
      [['a=ptime:30'], 30],
      [['a=ptime:60'], 60],
      [['a=ptime:80'], 60],
      [['a=ptime:5'], 10],
      [['a=ptime:25'], 20],
      [['a=ptime:20.0'], 20],
      [['a=ptime:0'], 20],
      [['a=ptime:abc'], 20],
      [['a=ptime:99999999999'], 20],
      [['a=ptime:60', 'a=maxptime:40'], 40],
      [['a=ptime:80', 'a=maxptime:100'], 60],
      [['a=maxptime:10'], 10],
      [['a=maxptime:200'], 20],
      [['a=maxptime:1'], 10],
    ] as const
  ).map(
    ([lines, ptimeMs]): Case => ({
      name: `${lines.join(', ')}: ${ptimeMs} ms`,
      offer: held(...lines),
      expected: { ptimeMs, line: `a=ptime:${ptimeMs}` },
    }),
  ),
];

const addresses: readonly Case[] = [
  {
    name: "the stream's c= beats the session's",
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'c=IN IP4 203.0.113.5']),
    expected: { remote: { address: '203.0.113.5', port: 4000 } },
  },
  {
    name: 'a c= of the stream alone will do',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'c=IN IP4 203.0.113.5'], []),
    expected: { remote: { address: '203.0.113.5', port: 4000 } },
  },
  {
    name: "another stream's c= does not leak",
    offer: sdp(['m=video 6000 RTP/AVP 31', 'c=IN IP4 203.0.113.5', 'm=audio 4000 RTP/AVP 0']),
    expected: { remote: { address: '198.51.100.7', port: 4000 } },
  },
  {
    name: 'loopback is taken',
    offer: at('c=IN IP4 127.0.0.1'),
    expected: { remote: { address: '127.0.0.1', port: 4000 } },
  },
  {
    name: 'an IPv4-mapped IPv6 address is the IPv4 address it wraps',
    offer: at('c=IN IP6 ::ffff:192.0.2.2'),
    expected: { remote: { address: '192.0.2.2', port: 4000 } },
  },
  {
    name: 'IPv6 works where a socket for it can be had',
    offer: at('c=IN IP6 2001:db8::7'),
    ours: { families: [4, 6] },
    expected: { remote: { address: '2001:db8::7', port: 4000 } },
  },
  {
    name: 'port 65535 is a port',
    offer: sdp(['m=audio 65535 RTP/AVP 0']),
    expected: { remote: { address: '198.51.100.7', port: 65_535 } },
  },
  {
    name: 'a=rtcp does not move anything',
    offer: held('a=rtcp:5001 IN IP4 203.0.113.66'),
    expected: { remote: { address: '198.51.100.7', port: 4000 } },
  },
];

const severalStreams: readonly Case[] = [
  {
    name: 'video after audio is refused in its place',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96 97', 'a=rtpmap:96 H264/90000']),
    expected: { media: ['m=audio 35000 RTP/AVP 0', 'm=video 0 RTP/AVP 96 97'] },
  },
  {
    name: 'video before audio is refused in its place',
    offer: sdp(['m=video 4002 RTP/AVP 96', 'm=audio 4000 RTP/AVP 0']),
    expected: { media: ['m=video 0 RTP/AVP 96', 'm=audio 35000 RTP/AVP 0'] },
  },
  {
    name: 'of two audio streams the first is taken',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/AVP 8']),
    expected: { codec: pcmu, media: ['m=audio 35000 RTP/AVP 0', 'm=audio 0 RTP/AVP 8'] },
  },
  {
    name: 'of two audio streams the first usable is taken',
    offer: sdp(['m=audio 4000 RTP/AVP 18', 'm=audio 4002 RTP/AVP 8']),
    expected: { codec: pcma, media: ['m=audio 0 RTP/AVP 18', 'm=audio 35000 RTP/AVP 8'] },
  },
  {
    name: 'SAVP first, AVP second: the AVP one',
    offer: sdp(['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 X inline:Y', 'm=audio 4002 RTP/AVP 0']),
    expected: {
      remote: { address: '198.51.100.7', port: 4002 },
      media: ['m=audio 0 RTP/SAVP 0', 'm=audio 35000 RTP/AVP 0'],
    },
  },
  {
    name: 'an IPv6 stream first, an IPv4 one second: the IPv4 one',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'c=IN IP6 2001:db8::7', 'm=audio 4002 RTP/AVP 0']),
    expected: { remote: { address: '198.51.100.7', port: 4002 } },
  },
  {
    name: 'an audio stream switched off with port 0 stays so',
    offer: sdp(['m=audio 0 RTP/AVP 0', 'm=audio 4002 RTP/AVP 0']),
    expected: { media: ['m=audio 0 RTP/AVP 0', 'm=audio 35000 RTP/AVP 0'] },
  },
  {
    name: 'other kinds of stream keep type, profile and formats',
    offer: sdp([
      'm=image 4100 udptl t38',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'm=message 7000 TCP/MSRP *',
      'm=x-new 1 X-Y/Z a b',
      'm=audio 4000 RTP/AVP 0',
    ]),
    expected: {
      media: [
        'm=image 0 udptl t38',
        'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
        'm=message 0 TCP/MSRP *',
        'm=x-new 0 X-Y/Z a b',
        'm=audio 35000 RTP/AVP 0',
      ],
    },
  },
  {
    name: 'a refused m= line without formats is answered with one',
    offer: sdp(['m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP']),
    expected: { media: ['m=audio 35000 RTP/AVP 0', 'm=video 0 RTP/AVP 0'] },
  },
  {
    name: 'AVPF is taken and repeated, without feedback',
    offer: sdp(['m=audio 4000 RTP/AVPF 0', 'a=rtcp-fb:* nack']),
    expected: { media: ['m=audio 35000 RTP/AVPF 0'] },
  },
];

describe.each([
  ['codecs', codecs],
  ['digits', digits],
  ['directions', directions],
  ['packet times', packetTimes],
  ['addresses', addresses],
  ['several streams', severalStreams],
])('%s', (_group, cases) => {
  test.each(cases)('$name', ({ offer, ours, expected }) => {
    const { local: answer, audio } = createAnswer(offer, { ...local, ...ours });
    if (expected.codec) expect(audio.codec).toEqual(expected.codec);
    if ('dtmf' in expected) expect(audio.dtmfPayloadType).toBe(expected.dtmf);
    if ('remote' in expected) expect(audio.remote).toEqual(expected.remote);
    if (expected.direction) expect(audio.direction).toBe(expected.direction);
    if (expected.ptimeMs) expect(audio.ptimeMs).toBe(expected.ptimeMs);
    if (expected.media) expect(sections(answer.text).map(([line]) => line)).toEqual(expected.media);
    if (expected.line) expect(answer.text.split('\r\n')).toContain(expected.line);
  });
});

describe('offers without usable audio are unacceptable (488), with the reason', () => {
  test.each([
    ['only video', sdp(['m=video 4000 RTP/AVP 31']), 'line 6: m=video is not audio'],
    ['no m= line', sdp([]), 'no m= line'],
    ['no codec of ours', sdp(['m=audio 4000 RTP/AVP 9 18']), 'line 6: none of its formats is pcmu or pcma'],
    ['port 0', sdp(['m=audio 0 RTP/AVP 0']), 'port 0'],
    ['two ports', sdp(['m=audio 4000/2 RTP/AVP 0']), '2 ports'],
    ['SAVP', sdp(['m=audio 4000 RTP/SAVP 0']), 'RTP/SAVP is not RTP/AVP'],
    ['SAVPF', sdp(['m=audio 4000 RTP/SAVPF 0']), 'RTP/SAVPF is not RTP/AVP'],
    ['DTLS', sdp(['m=audio 9 UDP/TLS/RTP/SAVPF 0']), 'UDP/TLS/RTP/SAVPF is not RTP/AVP'],
    ['T.38', sdp(['m=image 4100 udptl t38']), 'm=image is not audio'],
    ['no c= line', sdp(['m=audio 4000 RTP/AVP 0'], []), 'no c= line'],
    ['a host name', at('c=IN IP4 phone.example.com'), 'not an IP literal'],
    ['a number as address', at('c=IN IP4 3232235777'), 'not an IP literal'],
    ['leading zeros', at('c=IN IP4 192.000.002.001'), 'not an IP literal'],
    ['a TTL', at('c=IN IP4 192.0.2.1/127'), 'not an IP literal'],
    ['an IPv6 address as IP4', at('c=IN IP4 2001:db8::1'), 'not of type IP4'],
    ['an IPv4 address as IP6', at('c=IN IP6 192.0.2.1'), 'not of type IP6'],
    ['a zone', at('c=IN IP6 fe80::1%eth0'), 'not an IP literal'],
    ['link-local IPv6', at('c=IN IP6 fe80::1'), 'link-local'],
    ['IPv4 multicast', at('c=IN IP4 239.1.2.3'), 'multicast'],
    ['IPv6 multicast', at('c=IN IP6 ff02::1'), 'multicast'],
    ['broadcast', at('c=IN IP4 255.255.255.255'), 'broadcast'],
    ['reserved', at('c=IN IP4 240.0.0.1'), 'reserved'],
    ['broadcast in IPv6 clothes', at('c=IN IP6 ::ffff:255.255.255.255'), 'broadcast'],
    ['this network', at('c=IN IP4 0.1.2.3'), '0.0.0.0/8'],
    ['IPv6 where only IPv4 is bound', at('c=IN IP6 2001:db8::1'), 'IPv6 is not available here'],
  ])('%s', (_name, offer, reason) => {
    expect(() => createAnswer(offer, local)).toThrow(
      expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE', message: expect.stringContaining(reason) }),
    );
  });

  test('every m= line is accounted for', () => {
    const offer = sdp(['m=audio 4000 RTP/SAVP 0', 'm=video 4002 RTP/AVP 31']);
    expect(() => createAnswer(offer, local)).toThrow(
      'SDP has no usable audio: line 6: RTP/SAVP is not RTP/AVP; line 7: m=video is not audio',
    );
  });
});
