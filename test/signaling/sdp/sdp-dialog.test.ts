import { describe, expect, test } from 'vitest';
import { createAnswer, createOffer, createSessionId, readAnswer, withPeer } from '../../../src/signaling/sdp/sdp.js';
import { local, phoneOffer, sdp, sections } from './sdp-fixtures.js';

const versionOf = (text: string): string | undefined => /^o=- \d+ (\d+) /m.exec(text)?.[1];

describe('our offer', () => {
  test('lists our codecs in our order, and telephone-event', () => {
    expect(createOffer({ ...local, codecs: ['pcma', 'pcmu'] }).text.split('\r\n')).toEqual([
      'v=0',
      'o=- 4711 1 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 35000 RTP/AVP 8 0 101',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
      'a=rtcp-mux',
      '',
    ]);
  });

  test.each(['0.0.0.0', '::', '0::0', 'connector.example.com', '224.0.0.1', ''])('is never made from %j', (address) => {
    expect(() => createOffer({ ...local, address })).toThrow(expect.objectContaining({ code: 'ERR_SDP_INVALID' }));
  });

  test('a session id is a positive number that fits 32 signed bits', () => {
    const limits: number[] = [];
    const random = (value: number) => ({
      hex: () => '',
      integer: (limit: number) => {
        limits.push(limit);
        return value;
      },
    });
    expect(createSessionId(random(0))).toBe('1');
    expect(createSessionId(random(2 ** 31 - 2))).toBe('2147483647');
    expect(limits).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
  });
});

describe('the answer to our offer', () => {
  const offer = createOffer(local);
  const answer = (lines: readonly string[]): string => sdp(lines);

  test('settles codec, digits, address and packet length', () => {
    const text = answer(['m=audio 4000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000', 'a=ptime:30']);
    expect(readAnswer(offer, text)).toEqual({
      codec: { name: 'pcma', payloadType: 8 },
      dtmfPayloadType: 101,
      remote: { address: '198.51.100.7', port: 4000 },
      direction: 'sendrecv',
      ptimeMs: 30,
      rtcp: { mux: false, remote: undefined },
      srtp: undefined,
    });
  });

  test('of several codecs in it the first is ours to send, and each may come', () => {
    const text = answer(['m=audio 4000 RTP/AVP 8 18 0 101', 'a=rtpmap:101 telephone-event/8000']);
    expect(readAnswer(offer, text)).toMatchObject({
      codec: { name: 'pcma', payloadType: 8 },
      alsoReceived: { codecs: [{ name: 'pcmu', payloadType: 0 }], dtmfPayloadType: undefined },
    });
  });

  test('what it numbers otherwise comes under the numbers of the offer', () => {
    const wide = createOffer({ ...local, codecs: ['opus'] });
    expect(wide.text).toContain('a=rtpmap:111 opus/48000/2\r\n');
    const text = answer(['m=audio 4000 RTP/AVP 96 97', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/8000']);
    expect(readAnswer(wide, text)).toMatchObject({
      codec: { name: 'opus', payloadType: 96 },
      dtmfPayloadType: 97,
      alsoReceived: { codecs: [{ name: 'opus', payloadType: 111 }], dtmfPayloadType: 101 },
    });
  });

  test('RTCP shares the port where the answer says so too', () => {
    const text = answer(['m=audio 4000 RTP/AVP 0', 'a=rtcp-mux']);
    expect(readAnswer(offer, text).rtcp.mux).toBe(true);
  });

  test.each([
    ['sendrecv', 'a=sendonly', 'recvonly'],
    ['sendrecv', 'a=recvonly', 'sendonly'],
    ['sendrecv', 'a=inactive', 'inactive'],
    ['sendonly', 'a=recvonly', 'sendonly'],
    ['sendonly', 'a=sendrecv', 'sendonly'],
    ['inactive', 'a=sendrecv', 'inactive'],
  ] as const)('we offer %s, they answer %s: %s', (direction, line, expected) => {
    const text = answer(['m=audio 4000 RTP/AVP 0', line]);
    expect(readAnswer(createOffer({ ...local, direction }), text).direction).toBe(expected);
  });

  test('an answer that holds with 0.0.0.0 gives no address to send to', () => {
    expect(readAnswer(offer, sdp(['m=audio 4000 RTP/AVP 0'], ['c=IN IP4 0.0.0.0']))).toMatchObject({
      remote: undefined,
      direction: 'recvonly',
    });
  });

  test.each([
    ['refuses the stream', answer(['m=audio 0 RTP/AVP 0']), 'ERR_SDP_UNACCEPTABLE', 'port 0'],
    ['names other codecs', answer(['m=audio 4000 RTP/AVP 9']), 'ERR_SDP_UNACCEPTABLE', 'none of its formats'],
    ['turns it into video', answer(['m=video 4000 RTP/AVP 0']), 'ERR_SDP_UNACCEPTABLE', 'not audio'],
    ['answers with SRTP', answer(['m=audio 4000 RTP/SAVP 0']), 'ERR_SDP_UNACCEPTABLE', 'RTP/SAVP'],
    ['changes the profile', answer(['m=audio 4000 RTP/AVPF 0']), 'ERR_SDP_UNACCEPTABLE', 'RTP/AVPF was not offered'],
    ['has no m= line', answer([]), 'ERR_SDP_INVALID', '0 m= lines, the offer has 1'],
    ['is empty', '', 'ERR_SDP_INVALID', 'SDP is empty'],
  ])('that %s is an error', (_name, text, code, message) => {
    expect(() => readAnswer(offer, text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

describe('through the life of a dialog', () => {
  test('the version stays while nothing changes, and rises by one when something does', () => {
    const first = createAnswer(phoneOffer, local).local;
    const refresh = createAnswer(phoneOffer, local, first).local;
    expect(refresh.text).toBe(first.text);
    const held = createAnswer(phoneOffer.replace('a=sendrecv', 'a=sendonly'), local, refresh).local;
    expect(versionOf(held.text)).toBe('2');
    expect(held.text).toContain('a=recvonly');
    const resumed = createAnswer(phoneOffer, local, held).local;
    expect(versionOf(resumed.text)).toBe('3');
    expect(resumed.text.replace('4711 3', '4711 1')).toBe(first.text);
  });

  test('a re-INVITE without SDP gets an offer of the same session with every m= line in place', () => {
    const first = createAnswer(
      sdp([
        'm=video 4002 RTP/AVP 31',
        'm=audio 4000 RTP/AVP 96 97',
        'a=rtpmap:96 PCMU/8000',
        'a=rtpmap:97 telephone-event/8000',
      ]),
      local,
    ).local;
    const offer = createOffer(local, first);
    expect(offer.text).toContain('o=- 4711 2 IN IP4 192.0.2.10\r\n');
    expect(sections(offer.text).map(([line]) => line)).toEqual([
      'm=video 0 RTP/AVP 31',
      'm=audio 35000 RTP/AVP 96 8 97',
    ]);
    const agreed = readAnswer(
      offer,
      sdp(['m=video 0 RTP/AVP 31', 'm=audio 4000 RTP/AVP 8 97', 'a=rtpmap:97 telephone-event/8000']),
    );
    expect(agreed).toMatchObject({ codec: { name: 'pcma', payloadType: 8 }, dtmfPayloadType: 97 });
  });

  test('an answer to that offer with fewer m= lines is invalid', () => {
    const first = createAnswer(sdp(['m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 31']), local).local;
    expect(() => readAnswer(createOffer(local, first), sdp(['m=audio 4000 RTP/AVP 0']))).toThrow(
      expect.objectContaining({ code: 'ERR_SDP_INVALID' }),
    );
  });

  test('a number never gets a second meaning', () => {
    const first = createAnswer(sdp(['m=audio 4000 RTP/AVP 101', 'a=rtpmap:101 PCMU/8000']), local).local;
    expect(sections(createOffer(local, first).text)[0]?.[0]).toBe('m=audio 35000 RTP/AVP 101 8 102');
    const other = createAnswer(sdp(['m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 PCMA/8000']), local).local;
    expect(sections(createOffer(local, other).text)[0]?.[0]).toBe('m=audio 35000 RTP/AVP 0 96 101');
  });

  test('a number that the peer gives a second meaning has the second one alone', () => {
    const ours = { ...local, codecs: ['opus', 'pcma'] } as const;
    const opus = ['a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/48000'];
    const first = createAnswer(sdp(['m=audio 4000 RTP/AVP 96 97', ...opus]), ours).local;
    const moved = sdp(['m=audio 4000 RTP/AVP 8 96', 'a=rtpmap:96 telephone-event/8000']);
    const second = createAnswer(moved, ours, first).local;
    expect(sections(createOffer(ours, second).text)[0]?.slice(0, 5)).toEqual([
      'm=audio 35000 RTP/AVP 8 111 96 97',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:96 telephone-event/8000',
      'a=rtpmap:97 telephone-event/48000',
    ]);
  });

  test('a hold of ours keeps the codec that was answered, whatever our own order', () => {
    const all = { ...local, codecs: ['pcmu', 'pcma', 'opus'] } as const;
    const opus = ['m=audio 4000 RTP/AVP 111 0', 'a=rtpmap:111 opus/48000/2'];
    const first = createAnswer(sdp(opus), all).local;
    const held = createOffer({ ...all, direction: 'sendonly' }, first);
    const formats = (text: string) => sections(text)[0]?.[0]?.split(' ').slice(3, 6);
    expect(formats(held.text)).toEqual(['111', '0', '8']);
    const resumed = createOffer(all, withPeer(held, readAnswer(held, sdp(opus))));
    expect(formats(resumed.text)).toEqual(['111', '0', '8']);
    // One that is no longer ours is not offered.
    expect(formats(createOffer({ ...local, codecs: ['pcmu'] }, first).text)).not.toContain('111');
  });

  test('an AVPF session is offered anew as AVPF', () => {
    const first = createAnswer(sdp(['m=audio 4000 RTP/AVPF 0']), local).local;
    expect(createOffer(local, first).text).toContain('m=audio 35000 RTP/AVPF 0 8 101');
  });

  test('a moved port is a new version', () => {
    const first = createOffer(local);
    expect(versionOf(createOffer({ ...local, port: 35_002 }, first).text)).toBe('2');
    expect(createOffer(local, first).text).toBe(first.text);
  });
});
