import { expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { CallMedia } from '../../../src/call/media/call-media.js';
import { MediaNegotiation } from '../../../src/call/media/media-negotiation.js';
import { FakeClock } from '../../support/fake-clock.js';
import { OFFER, PCMA_ANSWER } from '../../support/fake-leg.js';
import { FakeEngine } from '../../support/fake-media.js';

const silent = { onFrame: () => {}, onEvent: () => {} };

function setUp(offer: string | undefined = OFFER) {
  const clock = new FakeClock(1000);
  const engine = new FakeEngine(clock);
  const happened: string[] = [];
  const recorder = { begun: true, caller: () => {}, agent: () => {}, close: async () => void happened.push('closed') };
  const media = new CallMedia({
    clock,
    engine,
    negotiation: new MediaNegotiation(offer, { address: '127.0.0.1', codecs: ['pcmu', 'pcma'] }, createSystemRandom()),
    openRecorder: (originMs) => {
      happened.push(`recording from ${originMs}`);
      return { recorder, path: '/tmp/x.wav' };
    },
    onParameters: ({ codec }, held) => happened.push(`${codec.name}${held ? ' held' : ''}`),
  });
  return { media, engine, happened };
}

test('the first description begins the recording and lets media flow; the second repeats it', async () => {
  const { media, engine, happened } = setUp();
  await media.open(silent);
  expect(media.recordingPath).toBeNull();
  const early = media.describe(OFFER, 1000);
  expect(early).toContain('m=audio 40000 ');
  expect(media.describe(OFFER, 1000)).toBe(early);
  expect(happened).toEqual(['recording from 1000', 'pcmu']);
  expect(engine.streams[0]?.parameters).toHaveLength(1);
  expect(media.recordingPath).toBe('/tmp/x.wav');
  await media.closeRecording();
  expect(happened.at(-1)).toBe('closed');
});

test('a late offer: media flows from the answer on', async () => {
  const { media, engine, happened } = setUp(undefined);
  await media.open(silent);
  expect(media.describe(undefined, 1000)).toContain('RTP/AVP 0 8 101');
  expect(media.answerPending).toBe(true);
  expect(engine.streams[0]?.parameters).toEqual([]);
  media.readAnswer(PCMA_ANSWER);
  expect(media.answerPending).toBe(false);
  expect(happened.at(-1)).toBe('pcma');
});

test('hold is told; what cannot be used changes nothing', async () => {
  const { media, engine, happened } = setUp();
  await media.open(silent);
  media.describe(OFFER, 1000);
  media.renegotiate(`${OFFER}a=sendonly\r\n`);
  expect(happened.at(-1)).toBe('pcmu held');
  expect(() => media.renegotiate('nonsense')).toThrow();
  expect(engine.streams[0]?.parameters).toHaveLength(2);
});
