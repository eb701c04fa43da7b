import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fixedCallLimits } from '../../src/call/call-limits.js';
import { MOST_FAREWELL_MS } from '../../src/call/speech/farewell.js';
import { defaultTurnTakingTimes } from '../../src/call/turns/turn-taking.js';
import { configDefaults } from '../../src/config/defaults.js';
import { adaptiveJitterBufferDefaults } from '../../src/media/jitter/adaptive-jitter-buffer.js';
import { latchDefaults } from '../../src/media/peer/latch.js';
import { silenceTrimDefaults } from '../../src/media/playout/silence-trim.js';
import { voiceDetectorDefaults } from '../../src/media/voice/vad.js';
import { FRAME_SLOTS, SLOT_MS } from '../../src/media/wheel/pacing-wheel.js';
import { messageLimits } from '../../src/signaling/message/limits.js';

/** A page as running text: line ends are blanks. */
function wordsOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
}

const { openMs, farewellMs, farewellTailMs, abandonMs } = fixedCallLimits;
const { minSpeechMs, rejectAfterMs } = configDefaults.route.interruption;
const { runGapMs, endGapMs, backChannelMs } = defaultTurnTakingTimes;
const { startMs, startWindowMs, stopMs } = voiceDetectorDefaults;
const { limits, media } = configDefaults;

describe('docs/2-how-it-works.md states the figures in force', () => {
  const page = wordsOf('docs/2-how-it-works.md');
  test.each([
    `the flavor has ${openMs / 1000} s`,
    `to their end, with ${farewellTailMs} ms for the phone's own buffer`,
    `Words that do not come are waited for ${farewellMs / 1000} s, those that are there for ${MOST_FAREWELL_MS / 1000} s at most`,
    `has not ended ${abandonMs / 1000} s after its abort`,
    `in slots of ${SLOT_MS} ms from one origin`,
    `over the four slots of ${FRAME_SLOTS * SLOT_MS} ms`,
    `${media.jitter.minMs} ms on an even network`,
    `after ${latchDefaults.portPackets} packets in a row that agree, once the SDP's own address has been silent for ${latchDefaults.portSilenceMs} ms`,
    `after ${latchDefaults.addressPackets} packets that agree and ${latchDefaults.addressSilenceMs / 1000} s of silence`,
    `rest for ${media.portRestSeconds} s after a call`,
    `(up to ${silenceTrimDefaults.maxTrimMs / 1000} s)`,
    `after ${startMs} ms of voice within ${startWindowMs} ms, and its end after ${stopMs} ms without any`,
    `longer than one can: ${backChannelMs} ms with its gaps, \`minSpeechMs\` (${minSpeechMs} ms) of it voiced |`,
    `the sound is over (${endGapMs} ms without voice) and \`rejectAfterMs\` (${rejectAfterMs} ms) have passed since the onset |`,
    `${minSpeechMs} ms of it interrupt the agent; gaps of up to ${runGapMs} ms`,
  ])('%s', (sentence) => {
    expect(page).toContain(sentence);
  });

  test('the jitter buffer of the engine is the one described', () => {
    expect(adaptiveJitterBufferDefaults).toMatchObject(media.jitter);
  });
});

describe('docs/2-how-it-works.md states what is done when a session fails', () => {
  const page = wordsOf('docs/2-how-it-works.md').split('## When a session fails')[1] ?? '';
  const { waitingAfterMs, replyTimeoutMs, retries, waiting } = configDefaults.route.onFailure;
  const { failures, openSeconds } = configDefaults.breaker;
  test.each([
    `\`waitingAfterMs\` (${waitingAfterMs / 1000} s) after the caller's last word`,
    `says \`waiting\` ("${waiting}")`,
    `\`replyTimeoutMs\` (${replyTimeoutMs / 1000} s): the session counts as failed`,
    `takes more than ${openMs / 1000} s`,
    `\`retries\` (${retries}) times`,
    `\`breaker.failures\` (${failures}) in a row`,
    `\`breaker.openSeconds\` (${openSeconds})`,
  ])('%s', (sentence) => {
    expect(page).toContain(sentence);
  });
});

describe('docs/1-first-call.md states the figures in force', () => {
  const page = wordsOf('docs/1-first-call.md');
  test.each([
    `UDP ${media.ports.replace('-', ' to ')} as shipped`,
    `\`rtp-timeout\` after ${limits.rtpTimeoutSeconds} s without a packet`,
    `\`silence\` after ${limits.silenceSeconds} s in which`,
  ])('%s', (sentence) => {
    expect(page).toContain(sentence);
  });
});

describe('docs/7-sip.md states the limits in force', () => {
  const page = wordsOf('docs/7-sip.md');
  test.each([
    `a request-URI above ${messageLimits.requestUriLength.toLocaleString('en')} characters`,
    `header fields above ${messageLimits.headBytes / 1024} KB`,
    `a body above ${messageLimits.bodyBytes / 1024} KB on TCP`,
  ])('%s', (sentence) => {
    expect(page).toContain(sentence);
  });
});
