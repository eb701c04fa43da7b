import { expect, test } from 'vitest';
import { createAnswer, createOffer, type LocalMedia, readAnswer, withPeer } from '../../../src/signaling/sdp/sdp.js';
import { hex, local, phoneOffer, sdp, sections, withDtls } from './sdp-fixtures.js';

const ICE = ['a=ice-ufrag:w7fO', 'a=ice-pwd:eXbporw/r6hpB0rr0ZvwSjWx'];
const BASE = [`a=fingerprint:sha-256 ${hex('BF')}`, 'a=setup:actpass', 'a=rtcp-mux'];

/** As Chromium 156 writes it, without the attributes that mean nothing to us. */
const browserOffer = sdp(
  [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:3736360446 1 udp 2113937151 5c5ed225-4d8e-41bd-9925-a1cddb00d380.local 37491 typ host generation 0 network-cost 999',
    ...ICE,
    'a=ice-options:trickle',
    ...BASE,
    'a=mid:0',
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=sendrecv',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:63 red/48000/2',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:126 telephone-event/8000',
    'a=ssrc:4276058853 cname:BYzO5diNOpjTulbH',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:1',
  ],
  ['a=group:BUNDLE 0 1', 'a=msid-semantic: WMS'],
);

const dtlsOffer = (change: (lines: string[]) => string[] = (lines) => lines, profile = 'UDP/TLS/RTP/SAVPF'): string =>
  sdp([`m=audio 4000 ${profile} 0`, ...change([...ICE, ...BASE])]);
const refusal = (offer: string, ours: LocalMedia = withDtls()): string => {
  try {
    createAnswer(offer, ours);
    return '';
  } catch (error) {
    return String(error);
  }
};

test("a browser's offer is answered: we are lite, passive, and at our addresses of one family", () => {
  const { local: answer, audio } = createAnswer(browserOffer, withDtls(['192.0.2.10', '10.0.0.5', '2001:db8::5']));
  const [audioSection, videoSection] = sections(answer.text);
  // RFC 8445 section 10: whoever goes by it, and not by RFC 5245, has to say so.
  expect(answer.text).toMatch(/\r\na=ice-lite\r\n(?:.*\r\n)*a=ice-options:ice2\r\n(?:.*\r\n)*m=audio/);
  // The video is refused, so it is in no group (RFC 9143 section 7.3.3).
  expect(answer.text).toContain('\r\na=group:BUNDLE 0\r\n');
  expect(audioSection?.[0]).toBe('m=audio 35000 UDP/TLS/RTP/SAVPF 111 110');
  expect(audioSection).toEqual(
    expect.arrayContaining([
      `a=fingerprint:sha-256 ${hex('A5')}`,
      'a=setup:passive',
      'a=mid:0',
      'a=ice-ufrag:frag1',
      'a=ice-pwd:password-of-twenty-two-1',
      'a=candidate:1 1 UDP 2130706431 192.0.2.10 35000 typ host',
      'a=candidate:2 1 UDP 2130706175 10.0.0.5 35000 typ host',
      'a=end-of-candidates',
      'a=rtcp-mux',
    ]),
  );
  expect(answer.text).not.toContain('2001:db8');
  expect(videoSection?.[0]).toBe('m=video 0 UDP/TLS/RTP/SAVPF 96');
  expect(audio).toMatchObject({
    codec: { name: 'opus', payloadType: 111 },
    // ICE finds the way; 0.0.0.0 is no hold.
    ...{ remote: undefined, direction: 'sendrecv', srtp: undefined, rtcp: { mux: true } },
    dtls: {
      fingerprints: [{ hash: 'sha-256', value: new Uint8Array(32).fill(0xbf) }],
      ice: { localFragment: 'frag1', localPassword: 'password-of-twenty-two-1', remoteFragment: 'w7fO' },
    },
  });
});

test('without DTLS of ours the same offer is refused, and never answered plainly', () => {
  expect(refusal(browserOffer, local)).toMatch(/UDP\/TLS\/RTP\/SAVPF is not RTP\/AVP/);
  expect(refusal(dtlsOffer(undefined, 'RTP/SAVPF'), local)).toMatch(/RTP\/SAVPF is not RTP\/AVP/);
});

test.each([
  [
    'its fingerprint is missing',
    (lines: string[]) => lines.filter((line) => !line.includes('fingerprint')),
    /no a=fingerprint/,
  ],
  [
    'of a hash that is broken',
    (lines: string[]) => lines.map((line) => line.replace('sha-256', 'sha-1')),
    /no a=fingerprint/,
  ],
  [
    'of a hash of another length',
    (lines: string[]) => lines.map((line) => line.replace('sha-256', 'sha-512')),
    /no a=fingerprint/,
  ],
  ['it is the server', (lines: string[]) => lines.map((line) => line.replace('actpass', 'passive')), /setup:passive/],
  ['it waits', (lines: string[]) => lines.map((line) => line.replace('actpass', 'holdconn')), /setup:holdconn/],
  ['a password is missing', (lines: string[]) => lines.filter((line) => !line.includes('ice-pwd')), /ice-pwd/],
  ['a password is too short', (lines: string[]) => lines.map((line) => line.replace('eXbporw/', '')), /ice-pwd/],
])('an offer is refused where %s', (_, change, reason) => {
  expect(refusal(dtlsOffer(change))).toMatch(reason);
});

test('older browsers wrote RTP/SAVPF with a fingerprint, and phones without ICE say where they are', () => {
  const { audio, local: answer } = createAnswer(
    dtlsOffer((lines) => lines.filter((line) => !line.startsWith('a=ice')), 'RTP/SAVPF'),
    withDtls(),
  );
  expect(answer.text).not.toMatch(/a=(?:ice|candidate)/);
  expect(answer.text).toContain('m=audio 35000 RTP/SAVPF 0');
  expect(audio).toMatchObject({ remote: { address: '198.51.100.7', port: 4000 }, dtls: { fingerprints: [{}] } });
  expect(audio.dtls?.ice).toBeUndefined();
});

test('what RTP/SAVPF without a=crypto means does not hang on whether we would take keys in SDP', () => {
  const srtp = { mode: 'optional', newKey: (bytes: number) => new Uint8Array(bytes) } as const;
  const { audio } = createAnswer(dtlsOffer(undefined, 'RTP/SAVPF'), { ...withDtls(), srtp });
  expect([audio.dtls?.fingerprints.length, audio.srtp]).toEqual([1, undefined]);
});

test('a fingerprint in an RTP/AVP section asks for nothing', () => {
  const { audio, local: answer } = createAnswer(dtlsOffer(undefined, 'RTP/AVP'), withDtls());
  expect(audio.dtls).toBeUndefined();
  expect(answer.text).not.toContain('a=fingerprint');
});

test('RTCP that does not share the port is a component of its own, one port up, now and in offers of ours', () => {
  const offer = dtlsOffer((lines) => [...lines.filter((line) => line !== 'a=rtcp-mux'), 'a=mid:0']).replace(
    't=0 0',
    't=0 0\r\na=group:BUNDLE 0',
  );
  const media = withDtls(['192.0.2.10', '10.0.0.5']);
  const { audio, local: answer } = createAnswer(offer, media);
  const candidates = [
    'a=candidate:1 1 UDP 2130706431 192.0.2.10 35000 typ host',
    'a=candidate:2 1 UDP 2130706175 10.0.0.5 35000 typ host',
    'a=candidate:1 2 UDP 2130706430 192.0.2.10 35001 typ host',
    'a=candidate:2 2 UDP 2130706174 10.0.0.5 35001 typ host',
  ];
  const ours = createOffer({ ...media, direction: 'sendonly' }, answer);
  for (const { text } of [answer, ours]) {
    expect(text.match(/a=candidate:.*(?=\r\n)/g)).toEqual(candidates);
    // A group shares its ports with RTCP (RFC 9143 section 9.3), so that we can be in none.
    expect(text).not.toMatch(/rtcp-mux|BUNDLE/);
  }
  expect(audio.rtcp).toEqual({ mux: false, remote: undefined });
  const agreed = readAnswer(ours, offer.replace('setup:actpass', 'setup:active'));
  expect(agreed).toMatchObject({ rtcp: { mux: false }, dtls: audio.dtls });
  const withoutIce = dtlsOffer((lines) => [lines[2] ?? '', 'a=setup:active', 'a=rtcp:4711']);
  expect(createAnswer(withoutIce, withDtls()).audio).toMatchObject({
    remote: { address: '198.51.100.7', port: 4000 },
    rtcp: { mux: false, remote: { address: '198.51.100.7', port: 4711 } },
  });
});

test('of two lite sides neither looks for a way: the SDP says where', () => {
  const { audio } = createAnswer(
    dtlsOffer((lines) => ['a=ice-lite', ...lines]),
    withDtls(),
  );
  expect(audio.remote).toEqual({ address: '198.51.100.7', port: 4000 });
  expect(audio.dtls?.ice).toBeUndefined();
});

test('what the session says holds for the section, and the section wins', () => {
  const lines = ['m=audio 4000 UDP/TLS/RTP/SAVP 0', 'a=setup:active', 'a=rtcp-mux'];
  const session = [
    'c=IN IP4 198.51.100.7',
    'a=setup:passive',
    `a=fingerprint:SHA-256 ${hex('0c').toLowerCase()}`,
    ...ICE,
  ];
  expect(createAnswer(sdp(lines, session), withDtls()).audio.dtls).toEqual({
    fingerprints: [{ hash: 'sha-256', value: new Uint8Array(32).fill(0x0c) }],
    ice: expect.objectContaining({ remoteFragment: 'w7fO' }),
  });
});

test('a media proxy that offers keys in SDP and DTLS at once gets keys where they are taken, DTLS elsewhere', () => {
  const key = Buffer.alloc(30, 7).toString('base64');
  const both = dtlsOffer((lines) => [...lines, `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`], 'RTP/SAVPF');
  const srtp = (mode: 'off' | 'optional') => ({ mode, newKey: (bytes: number) => new Uint8Array(bytes).fill(1) });
  for (const ours of [withDtls(), { ...withDtls(), srtp: srtp('off') }]) {
    const { audio, local: answer } = createAnswer(both, ours);
    expect(audio.srtp).toBeUndefined();
    expect(audio.dtls?.fingerprints).toHaveLength(1);
    expect(answer.text).not.toContain('a=crypto');
  }
  const { audio } = createAnswer(both, { ...withDtls(), srtp: srtp('optional') });
  expect(audio.dtls).toBeUndefined();
  expect(audio.srtp?.suite).toBe('AES_CM_128_HMAC_SHA1_80');
});

test('a second offer keeps our credentials; an ICE restart gets new ones', () => {
  const media = withDtls();
  const first = createAnswer(browserOffer, media);
  const held = createAnswer(browserOffer.replace('a=sendrecv', 'a=sendonly'), media, first.local);
  expect(held.audio).toMatchObject({ direction: 'recvonly', dtls: first.audio.dtls });
  const restarted = createAnswer(browserOffer.replace('w7fO', 'Zz9+'), media, held.local);
  expect(restarted.audio.dtls?.ice).toMatchObject({ localFragment: 'frag2', remoteFragment: 'Zz9+' });
  const password = createAnswer(browserOffer.replace('w7fO', 'Zz9+').replace('eXbp', 'aXbp'), media, restarted.local);
  expect(password.audio.dtls?.ice).toMatchObject({ localFragment: 'frag3' });
});

test('an offer of ours in the same dialog names the same transport, and its answer has to keep it', () => {
  const media = withDtls();
  const first = createAnswer(browserOffer, media);
  const offer = createOffer({ ...media, direction: 'sendonly' }, first.local);
  expect(offer.text).toContain('a=setup:actpass');
  expect(offer.text).toContain('a=ice-ufrag:frag1');
  expect(offer.text).toContain('m=audio 35000 UDP/TLS/RTP/SAVPF');
  const answer = browserOffer.replace('a=setup:actpass', 'a=setup:active').replace('m=video 9', 'm=video 0');
  const agreed = readAnswer(offer, answer);
  expect(agreed.dtls).toEqual(first.audio.dtls);
  expect(createAnswer(browserOffer, media, withPeer(offer, agreed)).audio.dtls).toEqual(first.audio.dtls);
  expect(() => readAnswer(offer, browserOffer)).toThrow(/setup:actpass/);
  const plain = `${phoneOffer.replace('RTP/AVP 8 0 101', 'RTP/AVP 0')}m=video 0 RTP/AVP 96\r\n`;
  expect(() => readAnswer(offer, plain)).toThrow(/RTP\/AVP was not offered/);
});

test('first offers of ours are plain', () => {
  expect(createOffer(withDtls()).text).not.toMatch(/fingerprint|ice|SAVP/);
});
