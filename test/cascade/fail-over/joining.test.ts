import { beforeAll, expect, test, vi } from 'vitest';
import { atOnce } from '../../../src/base/steps.js';
import { Joining } from '../../../src/cascade/fail-over/joining.js';
import { SpeechPace } from '../../../src/cascade/fail-over/seam.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { Aligner } from '../../../src/cascade/seam/align.js';
import { leftVoice } from '../../../src/cascade/seam/take-over.js';
import { exactWordTimes, speak8k } from '../../support/speech.js';
import { mulaw } from './scripted-voice.js';
import { soundOf } from './spoken-voice.js';

const CHUNK_MS = 60;
/** A frame of sound is known to some 60 ms, the beginning of a word to as much. */
const NEAR_MS = 150;

function joiningOf(text: string, samples: Int16Array, saidMs: number): Joining {
  const left = atOnce(leftVoice(samples, mulaw.sampleRate, saidMs));
  return new Joining({ texts: [text], samples, left, startMs: 0, pace: new SpeechPace() }, mulaw);
}

/** The voice that broke off, ms after its beginning, and of whose sound so much could not be taken back. */
async function broken(text: string, saidMs: number, diedAtMs: number, voice: FliteVoiceName = 'slt'): Promise<Joining> {
  const samples = (await speak8k(text, voice)).slice(0, diedAtMs * 8);
  return joiningOf(text, samples, saidMs);
}

const dentist =
  'You have two appointments next week, one on Tuesday with the dentist and one on Friday with the optician.';
const account =
  'The balance of your account is four hundred and thirteen pounds, and the next payment is due in March.';
const refund = 'I could put you through to the accounts department, where somebody may know more about the refund.';
const fever = 'If it hurts when you breathe, or if the fever does not go down, call the emergency number at once.';

beforeAll(async () => {
  for (const text of [dentist, account]) await soundOf(text, 'rms');
});

test('a voice that floods with words while it says a piece again is given the rest of the piece instead', () => {
  const joining = joiningOf('a', new Int16Array(16_000), 1_000);
  for (let atMs = 0; atMs < 4_999; atMs += 1) joining.push({ type: 'word', text: 'a', atMs });
  expect(atOnce(joining.find(false))).toBeUndefined();
  joining.push({ type: 'word', text: 'a', atMs: 4_999 });
  expect(joining.full).toBe(true);
  expect(atOnce(joining.find(false))).toBe('unlike');
  expect(atOnce(joining.findNow())).toBe('unlike');
});

function enteredAt(joining: Joining, sound: Uint8Array): number | 'unlike' | undefined {
  for (let at = 0; at < sound.length; at += CHUNK_MS * 8) {
    joining.push({ type: 'audio', data: sound.subarray(at, at + CHUNK_MS * 8) });
    const enterMs = atOnce(joining.find(false));
    if (enterMs !== undefined) return enterMs;
  }
  return undefined;
}

test('of sounds that come again in a text those are taken that are at the place by its letters', async () => {
  const joining = await broken(dentist, 988, 1_438);
  const sound = await soundOf(dentist, 'rms');
  const enterMs = enteredAt(joining, sound);
  // The old voice is left behind "appointments".
  const [before, after] = [await exactWordTimes(dentist, 'slt'), await exactWordTimes(dentist, 'rms')];
  expect(Math.abs(joining.broken.left.leaveMs - (before[4]?.startMs ?? 0))).toBeLessThan(NEAR_MS);
  expect(Math.abs(Number(enterMs) - (after[4]?.startMs ?? 0))).toBeLessThan(NEAR_MS);
});

test('a place that was doubted is taken where the letters do not say a later one either: no word is lost', async () => {
  const joining = await broken(refund, 1_612, 2_062, 'rms');
  const enterMs = enteredAt(joining, await soundOf(refund, 'slt'));
  const [before, after] = [await exactWordTimes(refund, 'rms'), await exactWordTimes(refund, 'slt')];
  const word = before.findLastIndex(({ startMs }) => startMs < joining.broken.left.leaveMs);
  const intoMs = joining.broken.left.leaveMs - (before[word]?.startMs ?? 0);
  expect(Math.abs(Number(enterMs) - intoMs - (after[word]?.startMs ?? 0))).toBeLessThan(NEAR_MS);
});

test('where no time is left, a place far behind the one of the letters is not believed: words could be lost', async () => {
  const joining = await broken(fever, 1_938, 2_388);
  joining.push({ type: 'audio', data: (await soundOf(fever, 'rms')).subarray(0, 2_640 * 8) });
  expect(atOnce(joining.findNow())).toBe('unlike');
});

test('where no time is left before the new voice has come past the place, it is not believed', async () => {
  const joining = await broken(dentist, 988, 1_438);
  joining.push({ type: 'audio', data: (await soundOf(dentist, 'rms')).subarray(0, 1_320 * 8) });
  expect(atOnce(joining.findNow())).toBe('unlike');
});

test('where no time is left, the place is believed that is seen, once the new voice has come past it', async () => {
  const joining = await broken(account, 1_612, 2_062);
  const sound = await soundOf(account, 'rms');
  const told = new Map<number, number | 'unlike'>();
  for (let at = 0; at < 2_640; at += CHUNK_MS) {
    joining.push({ type: 'audio', data: sound.subarray(at * 8, (at + CHUNK_MS) * 8) });
    expect(atOnce(joining.find(false))).toBeUndefined();
    if ((at + CHUNK_MS) % 1_320 === 0) told.set(at + CHUNK_MS, atOnce(joining.findNow()));
  }
  expect(told.get(1_320)).toBe('unlike');
  const [before, after] = [await exactWordTimes(account, 'slt'), await exactWordTimes(account, 'rms')];
  const word = before.findLastIndex(({ startMs }) => startMs < joining.broken.left.leaveMs);
  const intoMs = joining.broken.left.leaveMs - (before[word]?.startMs ?? 0);
  expect(intoMs).toBeLessThan(NEAR_MS);
  expect(Math.abs(Number(told.get(2_640)) - intoMs - (after[word]?.startMs ?? 0))).toBeLessThan(NEAR_MS);
});

test('of a minute that comes at once no more is compared than the place may be in', async () => {
  const joining = await broken(dentist, 988, 1_438);
  const sound = await soundOf(dentist, 'rms');
  const minute = Buffer.concat(Array.from({ length: Math.ceil((60_000 * 8) / sound.length) }, () => sound));
  joining.push({ type: 'audio', data: minute });
  const compare = vi.spyOn(Aligner.prototype, 'push');
  const enterMs = atOnce(joining.find(false));
  expect(compare.mock.calls.length).toBeLessThan(300);
  compare.mockRestore();
  const [before, after] = [await exactWordTimes(dentist, 'slt'), await exactWordTimes(dentist, 'rms')];
  const word = before.findLastIndex(({ startMs }) => startMs < joining.broken.left.leaveMs + NEAR_MS);
  expect(Math.abs(Number(enterMs) - (after[word]?.startMs ?? 0))).toBeLessThan(NEAR_MS);
});
