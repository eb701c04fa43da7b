import { expect, test } from 'vitest';
import { createAnswer, createOffer, type LocalMedia, readAnswer } from '../../../src/signaling/sdp/sdp.js';
import { readOpusParameters } from '../../../src/signaling/sdp/sdp-opus.js';
import { local, sdp } from './sdp-fixtures.js';

const all: LocalMedia = { ...local, codecs: ['opus', 'g722', 'pcma', 'pcmu'] };

const answer = (lines: readonly string[], ours = all) => createAnswer(sdp(lines), ours);
/** The lines of the stream that are about codecs. */
const linesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split('\r\n')
    .slice(5)
    .filter((line) => !line.startsWith('a=rtcp'));

/** What browsers and softphones write. */
const softphone = [
  'm=audio 4000 RTP/AVP 96 9 0 8 13 97 101',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 useinbandfec=1; usedtx=1; maxaveragebitrate=20000; maxplaybackrate=16000; cbr=1; stereo=0',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:97 telephone-event/48000',
  'a=fmtp:97 0-15',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
];

test('Opus is answered with its number, its parameters, and events at its clock', () => {
  const { local: description, audio } = answer(softphone);
  expect(linesOf(description.text)).toEqual([
    'm=audio 35000 RTP/AVP 96 97',
    'a=rtpmap:96 opus/48000/2',
    'a=rtpmap:97 telephone-event/48000',
    'a=fmtp:96 maxplaybackrate=24000;sprop-maxcapturerate=24000;stereo=0;useinbandfec=1',
    'a=fmtp:97 0-15',
    'a=ptime:20',
    'a=sendrecv',
  ]);
  expect(audio).toMatchObject({ codec: { name: 'opus', payloadType: 96 }, dtmfPayloadType: 97 });
  expect(audio.codec.opus).toEqual({
    maxPlaybackRate: 16_000,
    maxAverageBitrate: 20_000,
    inbandFec: true,
    dtx: true,
    constantBitrate: true,
  });
});

test('beside Opus, events with a clock of 8000 Hz are taken where there are no others', () => {
  const lines = ['m=audio 4000 RTP/AVP 96 101', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000'];
  const {
    local: { text },
    audio,
  } = answer(lines);
  expect(audio).toMatchObject({ dtmfPayloadType: 101, dtmfClockHz: 8000 });
  expect(text).toContain('m=audio 35000 RTP/AVP 96 101\r\n');
  expect(text).toContain('a=rtpmap:101 telephone-event/8000\r\n');
});

test('events at a clock that nobody has are not taken', () => {
  const lines = ['m=audio 4000 RTP/AVP 96 101', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/16000'];
  expect(answer(lines).audio.dtmfPayloadType).toBeUndefined();
});

test('an offer of Opus alone has events at its own clock and at 8000 Hz, and an answer may take the latter', () => {
  const offer = createOffer({ ...all, codecs: ['opus'] });
  expect(offer.text).toContain('a=rtpmap:101 telephone-event/8000\r\n');
  expect(offer.text).toContain('a=rtpmap:102 telephone-event/48000\r\n');
  const events = ['a=rtpmap:101 telephone-event/8000'];
  const narrow = sdp(['m=audio 4000 RTP/AVP 111 101', 'a=rtpmap:111 opus/48000/2', ...events]);
  expect(readAnswer(offer, narrow)).toMatchObject({ dtmfPayloadType: 101, dtmfClockHz: 8000 });
});

test.each(['opus/48000', 'opus/48000/1', 'opus/8000/2', 'opus/24000/2'])('%s is not Opus', (map) => {
  const lines = ['m=audio 4000 RTP/AVP 96 0', `a=rtpmap:96 ${map}`];
  expect(answer(lines).audio.codec.name).toBe('pcmu');
});

test.each([
  ['m=audio 4000 RTP/AVP 9 0'],
  ['m=audio 4000 RTP/AVP 9 0', 'a=rtpmap:9 G722/8000'],
  ['m=audio 4000 RTP/AVP 9 0', 'a=rtpmap:9 g722/8000/1'],
])('G.722 has a clock of 8000: %s %s', (...lines) => {
  const { local: description, audio } = answer(lines);
  expect(audio.codec).toEqual({ name: 'g722', payloadType: 9 });
  expect(description.text).toContain('a=rtpmap:9 G722/8000\r\n');
});

test('G.722 at the 16,000 Hz it is sampled with is another codec', () => {
  expect(answer(['m=audio 4000 RTP/AVP 97 0', 'a=rtpmap:97 G722/16000']).audio.codec.name).toBe('pcmu');
});

test('comfort noise is answered where it is offered and fits the codec, and never asked for', () => {
  expect(linesOf(answer(softphone, { ...local, codecs: ['pcmu'] }).local.text)).toEqual([
    'm=audio 35000 RTP/AVP 0 13 101',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:13 CN/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendrecv',
  ]);
  expect(answer(['m=audio 4000 RTP/AVP 0']).local.text).not.toContain('CN');
  expect(answer(['m=audio 4000 RTP/AVP 0 13', 'a=rtpmap:13 CN/16000']).local.text).not.toContain('CN');
  expect(answer(['m=audio 4000 RTP/AVP 0 13', 'a=rtpmap:13 L8/8000']).local.text).not.toContain('CN');
  expect(createOffer(all).text).not.toContain('CN');
});

test('our offer names the codecs in our order, and events at every clock they have', () => {
  expect(linesOf(createOffer(all).text)).toEqual([
    'm=audio 35000 RTP/AVP 111 9 8 0 101 102',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=rtpmap:102 telephone-event/48000',
    'a=fmtp:111 maxplaybackrate=24000;sprop-maxcapturerate=24000;stereo=0;useinbandfec=1',
    'a=fmtp:101 0-15',
    'a=fmtp:102 0-15',
    'a=ptime:20',
    'a=sendrecv',
  ]);
});

test('of an answer to it the events at the clock of the codec count', () => {
  const offer = createOffer(all);
  const events = ['a=rtpmap:101 telephone-event/8000', 'a=rtpmap:102 telephone-event/48000'];
  const opus = sdp(['m=audio 4000 RTP/AVP 111 101 102', 'a=rtpmap:111 opus/48000/2', ...events]);
  expect(readAnswer(offer, opus)).toMatchObject({ codec: { name: 'opus' }, dtmfPayloadType: 102 });
  const g722 = sdp(['m=audio 4000 RTP/AVP 9 101 102', ...events]);
  expect(readAnswer(offer, g722)).toMatchObject({ codec: { name: 'g722' }, dtmfPayloadType: 101 });
});

test.each([
  ['', {}],
  ['maxplaybackrate=8000', { maxPlaybackRate: 8000 }],
  ['maxplaybackrate=0;maxaveragebitrate=1', { maxAverageBitrate: 6000 }],
  ['maxaveragebitrate=99999999', {}],
  ['useinbandfec=yes;usedtx;=1;;cbr=2', {}],
  ['USEDTX = 1 ; x=__proto__', { dtx: true }],
])('what Opus is asked for by %j', (text, expected) => {
  expect(readOpusParameters(text)).toEqual({
    maxPlaybackRate: 48_000,
    maxAverageBitrate: 510_000,
    inbandFec: false,
    dtx: false,
    constantBitrate: false,
    ...expected,
  });
});
