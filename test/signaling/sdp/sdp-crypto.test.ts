import { expect, test } from 'vitest';
import type { StreamParameters } from '../../../src/media/engine.js';
import {
  createAnswer,
  createOffer,
  type LocalMedia,
  readAnswer,
  type SrtpMode,
  withPeer,
} from '../../../src/signaling/sdp/sdp.js';
import { parseCrypto } from '../../../src/signaling/sdp/sdp-crypto.js';
import { local, sdp } from './sdp-fixtures.js';

const inline = (fill: number, bytes = 30): string => `inline:${Buffer.alloc(bytes, fill).toString('base64')}`;
const SHA80 = 'AES_CM_128_HMAC_SHA1_80';
const SHA32 = 'AES_CM_128_HMAC_SHA1_32';
const GCM = 'AEAD_AES_128_GCM';

/** Our side; keys are bytes of 1, 2, 3 … in the order in which they are made. */
const withSrtp = (mode: SrtpMode): LocalMedia => {
  let keys = 0;
  return { ...local, srtp: { mode, newKey: (bytes) => Buffer.alloc(bytes, ++keys) } };
};
const offerOf = (protocol: string, ...lines: readonly string[]): string =>
  sdp([`m=audio 4000 ${protocol} 0`, ...lines.map((line) => `a=crypto:${line}`)]);
const cryptoLines = (text: string): string[] => text.split('\r\n').filter((line) => line.startsWith('a=crypto'));

test.each([
  [`1 ${SHA80} ${inline(7)}`, { tag: 1, suite: SHA80, lifetimePackets: 2 ** 48 }],
  [`1 ${SHA80} ${inline(7)}|2^48`, { tag: 1, suite: SHA80, lifetimePackets: 2 ** 48 }],
  [`2 ${SHA32} ${inline(7)}|2^20`, { tag: 2, suite: SHA32, lifetimePackets: 2 ** 20 }],
  [`3 ${GCM} ${inline(7, 28)}|1000 WSH=128 -ODD`, { tag: 3, suite: GCM, lifetimePackets: 1000 }],
  [`4 ${GCM} ${inline(7, 28).replace(/=+$/, '')}`, { tag: 4, suite: GCM }],
])('%s is understood', (value, expected) => {
  const line = parseCrypto(value);
  expect(line).toMatchObject(expected);
  expect(line?.key.every((byte) => byte === 7)).toBe(true);
});

test.each([
  ['an unknown suite', `1 F8_128_HMAC_SHA1_80 ${inline(7)}`],
  ['an MKI', `1 ${SHA80} ${inline(7)}|2^20|1:4`],
  ['an MKI without a lifetime', `1 ${SHA80} ${inline(7)}|1:4`],
  ['two keys', `1 ${SHA80} ${inline(7)};${inline(8)}`],
  ['a key too short', `1 ${SHA80} ${inline(7, 28)}`],
  ['a key too long', `1 ${GCM} ${inline(7, 30)}`],
  ['a key method of its own', `1 ${SHA80} sealed:${'A'.repeat(40)}`],
  ['unencrypted SRTP', `1 ${SHA80} ${inline(7)} UNENCRYPTED_SRTP`],
  ['unencrypted SRTCP', `1 ${SHA80} ${inline(7)} UNENCRYPTED_SRTCP`],
  ['unauthenticated SRTP', `1 ${SHA80} ${inline(7)} UNAUTHENTICATED_SRTP`],
  ['a key derivation rate', `1 ${SHA80} ${inline(7)} KDR=1`],
  ['a parameter nobody knows', `1 ${SHA80} ${inline(7)} WSH=128 FOO`],
  ['a lifetime of nothing', `1 ${SHA80} ${inline(7)}|0`],
  ['a lifetime beyond RFC 3711', `1 ${SHA80} ${inline(7)}|2^49`],
  ['no key', `1 ${SHA80}`],
])('%s makes a line that is not used', (_, value) => {
  expect(parseCrypto(value)).toBeUndefined();
  expect(() => createAnswer(offerOf('RTP/SAVP', value), withSrtp('optional'))).toThrow(
    expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE' }),
  );
});

test('of several suites the best is taken, with the tag of the offer and a key of our own', () => {
  const offer = offerOf('RTP/SAVP', `1 ${SHA32} ${inline(7)}`, `2 ${SHA80} ${inline(8)}|2^31`, `3 BOGUS ${inline(9)}`);
  const { local: answer, audio } = createAnswer(offer, withSrtp('optional'));
  expect(answer.text).toContain('m=audio 35000 RTP/SAVP 0\r\n');
  expect(cryptoLines(answer.text)).toEqual([`a=crypto:2 ${SHA80} ${inline(1)}`]);
  const parameters: StreamParameters = audio;
  expect(parameters.srtp).toEqual({
    suite: SHA80,
    localKey: Buffer.alloc(30, 1),
    remoteKey: new Uint8Array(30).fill(8),
    remoteLifetimePackets: 2 ** 31,
  });
});

test.each([
  ['off', 'RTP/AVP', false, 'plain'],
  ['off', 'RTP/AVP', true, 'plain'],
  ['off', 'RTP/SAVP', true, 'refused'],
  ['optional', 'RTP/AVP', false, 'plain'],
  ['optional', 'RTP/AVP', true, 'secure'],
  ['optional', 'RTP/SAVP', true, 'secure'],
  ['optional', 'RTP/SAVPF', true, 'secure'],
  ['optional', 'RTP/SAVP', false, 'refused'],
  ['optional', 'UDP/TLS/RTP/SAVPF', true, 'refused'],
  ['required', 'RTP/AVP', false, 'refused'],
  ['required', 'RTP/AVP', true, 'secure'],
  ['required', 'RTP/SAVP', true, 'secure'],
] as const)('%s: an offer of %s, crypto %s, is answered %s', (mode, protocol, crypto, expected) => {
  const offer = offerOf(protocol, ...(crypto ? [`1 ${SHA80} ${inline(7)}`] : []));
  if (expected === 'refused') {
    expect(() => createAnswer(offer, withSrtp(mode))).toThrow(
      expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE', message: expect.not.stringContaining('inline') }),
    );
    return;
  }
  const { local: answer, audio } = createAnswer(offer, withSrtp(mode));
  expect(answer.text).toContain(` ${protocol} 0\r\n`);
  expect(cryptoLines(answer.text)).toHaveLength(expected === 'secure' ? 1 : 0);
  expect(audio.srtp !== undefined).toBe(expected === 'secure');
});

test('where SRTP is wanted, plain audio gives way to the line with a key', () => {
  const offer = sdp(['m=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/SAVP 0', `a=crypto:1 ${SHA80} ${inline(7)}`]);
  expect(createAnswer(offer, withSrtp('required')).audio.remote?.port).toBe(4002);
});

test.each([
  ['required', 'RTP/SAVP'],
  ['optional', 'RTP/AVP'],
] as const)('%s offers %s with all suites, and says the same again', (mode, protocol) => {
  const ours = withSrtp(mode);
  const offer = createOffer(ours);
  expect(offer.text).toContain(`m=audio 35000 ${protocol} 0 8 101\r\n`);
  expect(cryptoLines(offer.text)).toEqual([
    `a=crypto:1 ${GCM} ${inline(1, 28)}`,
    `a=crypto:2 ${SHA80} ${inline(2)}`,
    `a=crypto:3 ${SHA32} ${inline(3)}`,
  ]);
  expect(createOffer(ours, offer).text).toBe(offer.text);
  const audio = readAnswer(offer, offerOf(protocol, `2 ${SHA80} ${inline(9)}`));
  expect(audio.srtp).toMatchObject({ suite: SHA80, localKey: Buffer.alloc(30, 2) });
});

test.each([
  ['no key', 'required', []],
  ['a tag that was not offered', 'required', [`9 ${SHA80} ${inline(9)}`]],
  ['another suite under the tag', 'required', [`1 ${SHA80} ${inline(9)}`]],
  ['two keys', 'required', [`1 ${GCM} ${inline(9, 28)}`, `2 ${SHA80} ${inline(9)}`]],
  ['a key that cannot be read', 'optional', [`2 ${SHA80} inline:short`]],
] as const)('an answer with %s is not taken', (_, mode, lines) => {
  const offer = createOffer(withSrtp(mode));
  const answer = offerOf(mode === 'required' ? 'RTP/SAVP' : 'RTP/AVP', ...lines);
  expect(() => readAnswer(offer, answer)).toThrow(expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE' }));
});

test('a peer without SRTP answers an optional offer plainly', () => {
  expect(readAnswer(createOffer(withSrtp('optional')), offerOf('RTP/AVP')).srtp).toBeUndefined();
});

test('our key lasts until the peer changes its own, or moves', () => {
  const ours = withSrtp('optional');
  const offered = (fill: number, port = 4000, connection = 'a=sendonly'): string =>
    sdp([`m=audio ${port} RTP/SAVP 0`, connection, `a=crypto:1 ${SHA80} ${inline(fill)}`, 'a=sendonly']);
  const first = createAnswer(offered(7), ours);
  const held = createAnswer(offered(7), ours, first.local);
  expect(held.audio.srtp?.localKey).toEqual(first.audio.srtp?.localKey);
  const rekeyed = createAnswer(offered(8), ours, held.local);
  expect(rekeyed.audio.srtp?.localKey).not.toEqual(first.audio.srtp?.localKey);
  const moved = createAnswer(offered(8, 5000), ours, rekeyed.local);
  expect(moved.audio.srtp?.localKey).not.toEqual(rekeyed.audio.srtp?.localKey);
  const away = createAnswer(offered(8, 5000, 'c=IN IP4 192.0.2.77'), ours, moved.local);
  expect(away.audio.srtp?.localKey).not.toEqual(moved.audio.srtp?.localKey);
  // An offer of ours says what was agreed on.
  expect(cryptoLines(createOffer(ours, moved.local).text)).toContain(`a=crypto:2 ${SHA80} ${inline(3)}`);
});

test('our offer was answered: the peer that offers with the same key finds ours unchanged', () => {
  const ours = withSrtp('required');
  const offer = createOffer(ours);
  const line = `2 ${SHA80} ${inline(9)}`;
  const agreed = withPeer(offer, readAnswer(offer, offerOf('RTP/SAVP', line)));
  expect(createAnswer(offerOf('RTP/SAVP', line), ours, agreed).audio.srtp?.localKey).toEqual(Buffer.alloc(30, 2));
});
