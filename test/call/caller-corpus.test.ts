import { describe, expect, test } from 'vitest';
import { EDGE_MS } from '../../src/media/playout/speech-edge.js';
import { agentText } from '../soak/turns/agent-text.js';
import { isInterruption, type Overlap, overlap, type TranscriberKind } from '../soak/turns/overlap.js';
import { corpus, goesOn, pausesOf } from '../soak/turns/turns.js';
import { callerSounds } from '../support/caller-corpus.js';
import { SimulatedCall } from '../support/simulated-call.js';

/** At 8000 Hz. */
const EDGE_SAMPLES = 8 * EDGE_MS;

/** Of each kind at each signal-to-noise ratio; `npm run soak -- turns` takes fifty. */
const COUNT = 5;

const share = (some: readonly Overlap[], wanted: (overlap: Overlap) => boolean): number =>
  some.filter(wanted).length / some.length;

async function overlapsOf(transcriber: TranscriberKind): Promise<readonly Overlap[]> {
  const agent = await agentText();
  const overlaps: Overlap[] = [];
  for (const sound of await corpus('test', COUNT)) overlaps.push(await overlap(sound, agent, transcriber));
  return overlaps;
}

describe('sounds of the synthetic corpus over the agent\u2019s speech', () => {
  test('by sound alone: pauses come soon, coughs and back-channels go by, interruptions of several words do not', async () => {
    const overlaps = await overlapsOf('none');
    expect(
      share(overlaps, ({ sound, onsetToPauseMs = 999 }) => sound.kind === 'cough' || onsetToPauseMs <= 150),
    ).toBeGreaterThan(0.93);
    expect(pausesOf(overlaps)).not.toContain(Number.POSITIVE_INFINITY);
    const others = overlaps.filter(({ sound }) => !isInterruption(sound));
    expect(share(others, goesOn)).toBeGreaterThan(0.9);
    const phrases = overlaps.filter(({ sound }) => sound.kind === 'phrase');
    expect(share(phrases, ({ confirmedAfterMs }) => confirmedAfterMs !== undefined)).toBeGreaterThan(0.93);
  }, 120_000);

  test('with interim transcripts: single words interrupt, too', async () => {
    const overlaps = await overlapsOf('interim');
    expect(
      share(
        overlaps.filter(({ sound }) => !isInterruption(sound)),
        goesOn,
      ),
    ).toBeGreaterThan(0.9);
    const wanted = overlaps.filter(({ sound }) => isInterruption(sound));
    expect(share(wanted, ({ confirmedAfterMs }) => confirmedAfterMs !== undefined)).toBeGreaterThan(0.96);
  }, 120_000);
});

test('noise that sets in on a silent line two seconds before costs no interruption', async () => {
  const agent = await agentText();
  const lead = 3 * 8000;
  for (const sound of await callerSounds('test', 'phrase', 10, COUNT)) {
    const samples = new Int16Array(lead + sound.samples.length);
    samples.set(sound.samples, lead);
    const later = { ...sound, samples, onsetMs: sound.onsetMs + lead / 8, endMs: sound.endMs + lead / 8 };
    expect((await overlap(later, agent, 'none')).confirmedAfterMs, sound.text).toBeDefined();
  }
});

test('an agent that goes on says exactly what it would have said', async () => {
  const { codes } = await agentText();
  const [sound] = await callerSounds('test', 'back-channel', 20, 1);
  const samples = sound?.samples ?? new Int16Array(0);
  const call = new SimulatedCall();
  call.session.events.push({ type: 'audio', responseId: 'r1', data: codes });
  for (let at = 0; at + 160 <= samples.length; at += 160) await call.frame(samples.subarray(at, at + 160));
  const isHeld = (atMs: number): boolean =>
    call.acks.findLast((ack) => ack.atMs <= atMs && ack.command !== 'connect')?.command === 'pause';
  const held = call.sent.filter(({ atMs }) => isHeld(atMs));
  const said = call.sent.filter(({ atMs }) => !isHeld(atMs));
  expect(held.length).toBeGreaterThan(20);
  const silence = Buffer.concat(held.map((packet) => packet.codes));
  expect(new Set(silence.subarray(EDGE_SAMPLES))).toEqual(new Set([0xff]));
  const whole = Buffer.concat(said.map((packet) => packet.codes));
  const first = whole.findIndex((code) => code !== 0xff);
  expect(first).toBeGreaterThanOrEqual(0);
  const spoken = Buffer.from(codes);
  const from = spoken.indexOf(whole.subarray(first, first + 160));
  expect(from).toBeGreaterThanOrEqual(0);
  // But for the slope on which it rises out of the pause.
  const changed = [...whole.subarray(first).keys()].filter((at) => whole[first + at] !== spoken[from + at]);
  expect((changed.at(-1) ?? 0) - (changed[0] ?? 0)).toBeLessThan(EDGE_SAMPLES);
});

test('the corpus is the same every time, and its parts share no sound', async () => {
  const [first] = await callerSounds('tuning', 'cough', 15, 1);
  const [again] = await callerSounds('tuning', 'cough', 15, 1);
  const [other] = await callerSounds('test', 'cough', 15, 1);
  expect(again?.samples).toEqual(first?.samples);
  expect(other?.samples).not.toEqual(first?.samples);
});
