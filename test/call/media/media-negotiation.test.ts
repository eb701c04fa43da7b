import { expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { MediaNegotiation } from '../../../src/call/media/media-negotiation.js';
import { OFFER, PCMA_ANSWER } from '../../support/fake-leg.js';

const options = { address: '127.0.0.1', codecs: ['pcmu', 'pcma'] } as const;
const negotiation = (offer: string | undefined, changes = {}): MediaNegotiation =>
  new MediaNegotiation(offer, { ...options, ...changes }, createSystemRandom());
const version = (sdp: string): number => Number(/^o=\S+ \d+ (\d+)/m.exec(sdp)?.[1]);

test('an offer is examined before anything is allocated: the codec is known, the unusable refused', () => {
  expect(negotiation(OFFER).expectedCodec).toBe('pcmu');
  expect(negotiation(PCMA_ANSWER).expectedCodec).toBe('pcma');
  expect(() => negotiation(OFFER.replace('0 8 101', '18'))).toThrow(
    expect.objectContaining({ code: 'ERR_SDP_UNACCEPTABLE' }),
  );
  expect(() => negotiation('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_SDP_INVALID' }));
});

test('for a late offer our first choice is expected', () => {
  expect(negotiation(undefined).expectedCodec).toBe('pcmu');
  expect(negotiation(undefined, { codecs: ['pcma'] }).expectedCodec).toBe('pcma');
});

test('an answer may begin with a 183, but not where a browser rings for longer than its keys may take', () => {
  expect(negotiation(OFFER).mayBeginEarly(120_000)).toBe(true);
  // A late offer waits for the 200 (RFC 3261 section 13.2.1).
  expect(negotiation(undefined).mayBeginEarly(0)).toBe(false);
  const fingerprint = { hash: 'sha-256', value: new Uint8Array(32) } as const;
  const dtls = { fingerprint, newCredentials: () => ({ fragment: 'ours', password: 'p' }), candidates: () => [] };
  const lines = ['setup:active', 'rtcp-mux', `fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`];
  const secure = OFFER.replace('RTP/AVP', 'UDP/TLS/RTP/SAVP') + lines.map((line) => `a=${line}\r\n`).join('');
  expect(negotiation(secure, { dtls }).mayBeginEarly(9_999)).toBe(true);
  expect(negotiation(secure, { dtls }).mayBeginEarly(10_000)).toBe(false);
});

test('examining an offer says nothing to anybody: the first answer has the first version', () => {
  const talk = negotiation(OFFER);
  expect(talk.current()).toBe('');
  const { sdp, parameters } = talk.answer(OFFER, 40_000);
  expect(version(sdp)).toBe(1);
  expect(sdp).toContain('m=audio 40000 ');
  expect(parameters).toMatchObject({
    codec: { name: 'pcmu' },
    remote: { address: '127.0.0.1', port: 30_000 },
    dtmfPayloadType: 101,
    ptimeMs: 20,
  });
  expect(talk.current()).toBe(sdp);
});

test('the version rises with each change, and only then', () => {
  const talk = negotiation(OFFER);
  const first = talk.answer(OFFER, 40_000).sdp;
  expect(talk.answer(OFFER, 40_000).sdp).toBe(first);
  expect(version(talk.answer(`${OFFER}a=sendonly\r\n`, 40_000).sdp)).toBe(2);
});

test('a refused offer changes nothing', () => {
  const talk = negotiation(OFFER);
  const { sdp } = talk.answer(OFFER, 40_000);
  expect(() => talk.answer('nonsense', 40_000)).toThrow();
  expect(talk.current()).toBe(sdp);
});

test('an offer of ours waits for its answer, once', () => {
  const talk = negotiation(undefined);
  expect(talk.answerPending).toBe(false);
  expect(talk.offer(40_000)).toContain('m=audio 40000 RTP/AVP 0 8 101');
  expect(talk.answerPending).toBe(true);
  expect(talk.readAnswer(PCMA_ANSWER)).toMatchObject({ codec: { name: 'pcma' }, dtmfPayloadType: 101 });
  expect(talk.answerPending).toBe(false);
  expect(() => talk.readAnswer(PCMA_ANSWER)).toThrow(expect.objectContaining({ code: 'ERR_SDP_INVALID' }));
});

test('an offer of ours is a description like others: the next one has a higher version only if it differs', () => {
  const talk = negotiation(undefined);
  const offer = talk.offer(40_000);
  expect(talk.current()).toBe(offer);
  talk.readAnswer(PCMA_ANSWER);
  expect(talk.offer(40_000)).toBe(offer);
  expect(version(talk.answer(PCMA_ANSWER, 40_000).sdp)).toBe(2);
});

test('an ACK without an answer to our offer is an error, and the offer is done with', () => {
  const talk = negotiation(undefined);
  talk.offer(40_000);
  expect(() => talk.readAnswer(undefined)).toThrow(expect.objectContaining({ code: 'ERR_SDP_INVALID' }));
  expect(talk.answerPending).toBe(false);
});

test('an offer of the peer that crosses ours is answered as if ours had never been; ours is made anew', () => {
  const talk = negotiation(OFFER);
  talk.answer(OFFER, 40_000);
  expect(talk.offer(40_000, 'sendonly')).toContain('a=sendonly');
  const { sdp } = talk.answer(OFFER, 40_000);
  expect(sdp).not.toContain('a=sendonly');
  expect(talk.answerPending).toBe(false);
  const again = talk.offer(40_000, 'sendonly');
  expect(again).toContain('a=sendonly');
  expect(version(again)).toBe(version(sdp) + 1);
  talk.withdrawOffer();
  expect(talk.answer(OFFER, 40_000).sdp).not.toContain('a=sendonly');
});

test('the address decides the family', () => {
  expect(negotiation(undefined).family).toBe(4);
  expect(negotiation(undefined, { address: '::1' }).family).toBe(6);
  expect(negotiation(undefined, { address: '::1' }).offer(40_000)).toContain('c=IN IP6 ::1');
});
