import { createTieredVoice } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedBackend, type ScriptedBackendOptions } from './scripted-backend.js';
import { ended, follow, runUntil, tiersOf } from './simulation.js';
import type { Narrator, SpokenSentence } from './spoken.js';

export interface SeamTrial {
  /** Whose voices the tiers have. The same one twice: a cloned voice. */
  readonly narrators: readonly [Narrator, Narrator];
  readonly text: string;
  /** What the first tier has said in this call before it dies at `text`. */
  readonly before: readonly string[];
  /** Speech of `text` that the first tier makes before it dies, ms. */
  readonly diesAfterMs: number;
  readonly first?: Partial<ScriptedBackendOptions>;
  readonly second?: Partial<ScriptedBackendOptions>;
  readonly clock?: FakeClock;
}

export interface SeamOutcome {
  readonly lost: number;
  readonly repeated: number;
  /** Longest silence about the seam: nothing to play, or nothing in it, ms. */
  readonly gapMs: number;
  /** The first tier died between two words. */
  readonly atGap: boolean;
  /** Words said when the old voice was left, and when the new one was entered, with fractions. */
  readonly leave: number;
  readonly enter: number;
  readonly tiers: readonly string[];
  /** What the second tier was asked for. */
  readonly asked: string;
}

const RATE = 8_000;
const PER_MS = RATE / 1_000;
/** Of a word, this much must be heard. */
const HEARD = 0.75;

/** One call at simulated time, in which a tier dies in the middle of a sentence. Nobody tells the voice where words are. */
export async function runSeamTrial(trial: SeamTrial): Promise<SeamOutcome> {
  const clock = trial.clock ?? new FakeClock();
  const [one, other] = trial.narrators;
  const first = new ScriptedBackend(clock, (text) => one.say(text).pcm, {
    firstAudioMs: 150,
    realTimeFactor: 0.3,
    ...trial.first,
  });
  const second = new ScriptedBackend(clock, (text) => other.say(text).pcm, {
    firstAudioMs: 150,
    realTimeFactor: 0.3,
    ...trial.second,
  });
  const rules = { private: true, concurrency: 1, queueMs: 300 } as const;
  const voice = createTieredVoice(
    {
      tiers: [
        { rules: { name: 'laptop', kind: 'local', ...rules }, backend: first, voice: 'one', keepWarm: 'never' },
        {
          rules: { name: 'gpu', kind: 'dedicated', ...rules },
          backend: second,
          voice: one === other ? 'one' : 'other',
          keepWarm: 'never',
        },
      ],
    },
    { clock, random: new SeededRandom(1) },
  );
  const session = await voice.open({ output: { encoding: 'pcm16', sampleRate: RATE } }, new AbortController().signal);
  for (const text of trial.before) {
    const utterance = session.begin();
    const events = follow(utterance, clock);
    utterance.append(text);
    utterance.finish();
    await runUntil(clock, () => ended(events));
    clock.advance(10_000);
  }
  first.fault = { afterMs: trial.diesAfterMs };
  const utterance = session.begin();
  const events = follow(utterance, clock);
  utterance.append(trial.text);
  utterance.finish();
  await runUntil(clock, () => ended(events));
  session.close();
  const end = events.at(-1)?.event;
  if (end?.type !== 'end' || end.error !== undefined) throw new Error(`ended with ${JSON.stringify(end)}`);

  const told = one.say(trial.text);
  const { played, seamAt } = playout(events);
  // Where its answers come whole, the rest is asked for in several parts.
  const requested = second.requests.map((request) => request.text);
  const begin = (request: string | undefined): number => trial.text.indexOf(request ?? '');
  // What begins earlier than the one before is asked for in its place.
  const again = requested.findLastIndex((request, at) => at > 0 && begin(request) < begin(requested[at - 1]));
  const asked = requested.slice(Math.max(0, again));
  const skipped = told.words.length - asked.join(' ').split(' ').length;
  const tempo = trial.second?.tempo ?? 1;
  const rests = asked.map((part) => other.say(part));
  const againSamples = rests.reduce((sum, { pcm }) => sum + Math.round(pcm.length / 2 / tempo), 0);
  const entered = Math.max(0, againSamples - played.after) / PER_MS;
  const leave = wordsSaid(told, played.before / PER_MS);
  const enter = seamAt === undefined ? leave : skipped + wordsSaidOf(rests, entered * tempo);
  const dies = wordsSaid(told, trial.diesAfterMs);
  let lost = 0;
  let repeated = 0;
  for (let word = 0; word < told.words.length; word += 1) {
    const old = part(leave - word);
    const fresh = 1 - part(enter - word);
    if (Math.max(old, fresh) < HEARD && old + fresh < HEARD) lost += 1;
    if (old + fresh > 2 - HEARD) repeated += 1;
  }
  return {
    lost,
    repeated,
    gapMs: seamAt === undefined ? 0 : longestSilence(played.samples, seamAt),
    atGap: dies === Math.floor(dies),
    leave,
    enter,
    tiers: tiersOf(events),
    asked: asked.join(' '),
  };
}

const part = (words: number): number => Math.max(0, Math.min(1, words));

/** Words said after `ms` of a sentence, with a fraction for the one under way. */
export function wordsSaid({ times }: SpokenSentence, ms: number): number {
  const word = times.findLastIndex(({ startMs }) => startMs <= ms);
  const time = times[word];
  return time === undefined ? 0 : word + part((ms - time.startMs) / (time.endMs - time.startMs));
}

/** The same of several renderings, one after the other. */
function wordsSaidOf(rests: readonly SpokenSentence[], ms: number): number {
  const [first, ...others] = rests;
  if (first === undefined) return 0;
  // The resampler is off by a sample or two.
  const overMs = ms - first.pcm.length / 16 - 1;
  return overMs > 0 && others.length > 0 ? first.words.length + wordsSaidOf(others, overMs) : wordsSaid(first, ms);
}

/** What the caller hears, if everything is played as soon as it can be: silence where there is nothing. */
function playout(events: ReturnType<typeof follow>) {
  const samples: number[] = [];
  let [before, after] = [0, 0];
  let seamAt: number | undefined;
  let originMs: number | undefined;
  for (const { event, atMs } of events) {
    if (event.type === 'tier' && event.reason === 'fail-over') seamAt = samples.length;
    if (event.type !== 'audio') continue;
    originMs ??= atMs;
    while (samples.length < (atMs - originMs) * PER_MS) samples.push(0);
    const view = new DataView(event.data.buffer, event.data.byteOffset, event.data.byteLength);
    for (let at = 0; at < event.data.length; at += 2) samples.push(view.getInt16(at, true));
    if (seamAt === undefined) before += event.data.length / 2;
    else after += event.data.length / 2;
  }
  return { played: { samples, before, after }, seamAt };
}

const FRAME = 80;
const ABOUT = 1_500 * PER_MS;

function longestSilence(samples: readonly number[], seamAt: number): number {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  let longest = 0;
  let run = 0;
  const from = Math.max(0, seamAt - ABOUT);
  for (let at = from; at + FRAME <= Math.min(samples.length, seamAt + ABOUT); at += FRAME) {
    let peak = 0;
    for (let i = at; i < at + FRAME; i += 1) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
    run = peak < loudest / 50 ? run + FRAME / PER_MS : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
