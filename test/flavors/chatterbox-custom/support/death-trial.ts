import { createTieredVoice } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { createResampler } from '../../../../src/audio/resampler.js';
import { heardSentence } from '../../../soak/voices/heard-words.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedBackend, type ScriptedBackendOptions } from './scripted-backend.js';
import { ended, follow, ofType, runUntil, tiersOf } from './simulation.js';
import { NARRATOR_RATE, type Narrator } from './spoken.js';

export interface DyingTier {
  readonly backend?: Partial<ScriptedBackendOptions>;
  /** Absent: it lives. */
  readonly fault?: ScriptedBackend['fault'];
  /** Requests that it lives through. Default: none. */
  readonly passes?: number;
  /** Whose voice it says it has. Default: all have the same. */
  readonly voice?: string;
}

export interface DeathOutcome {
  readonly lost: number;
  readonly repeated: number;
  /** As the record has them. */
  readonly tiers: readonly string[];
  /** What each tier was asked for. */
  readonly asked: readonly (readonly string[])[];
}

const RATE = 8_000;
const names = ['laptop', 'gpu', 'cloud', 'reserve'];

/**
 * One voice on several tiers at simulated time, any of which may die. Words are found by the samples that were handed on.
 *
 * @param before what the first tier has said in this call, before any of them dies
 */
export async function runDeathTrial(
  narrator: Narrator,
  text: string,
  tiers: readonly DyingTier[],
  before?: string,
): Promise<DeathOutcome> {
  const clock = new FakeClock();
  const backends = tiers.map(
    ({ backend }) =>
      new ScriptedBackend(clock, (words) => narrator.say(words).pcm, {
        firstAudioMs: 120,
        realTimeFactor: 0.3,
        ...backend,
      }),
  );
  const voice = createTieredVoice(
    {
      tiers: backends.map((backend, index) => ({
        rules: { name: names[index] ?? '', kind: 'local', private: true, concurrency: 1, queueMs: 300 },
        backend,
        voice: tiers[index]?.voice ?? 'one',
        keepWarm: 'never',
      })),
    },
    { clock, random: new SeededRandom(1) },
  );
  const session = await voice.open({ output: { encoding: 'pcm16', sampleRate: RATE } }, new AbortController().signal);
  const say = async (said: string) => {
    const utterance = session.begin();
    const told = follow(utterance, clock);
    utterance.append(said);
    utterance.finish();
    await runUntil(clock, () => ended(told));
    return told;
  };
  if (before !== undefined) {
    await say(before);
    clock.advance(10_000);
  }
  for (const [index, backend] of backends.entries()) {
    backend.requests.length = 0;
    backend.fault = tiers[index]?.fault;
    backend.passes = tiers[index]?.passes ?? 0;
  }
  const events = await say(text);
  session.close();
  const end = events.at(-1)?.event;
  if (end?.type !== 'end' || end.error !== undefined) throw new Error(`ended with ${JSON.stringify(end)}`);

  const heard = ofType(events, 'audio').flatMap(({ data }) => [...new Int16Array(data.buffer, 0, data.length / 2)]);
  const renderings = backends.flatMap(({ requests, options }) =>
    requests.map((request) => ({
      rendering: rendered(narrator, request.text, options.tempo),
      from: text.slice(0, text.indexOf(request.text)).split(' ').length - 1,
    })),
  );
  const { lost, repeated } = heardSentence(text.split(' '), renderings, Int16Array.from(heard));
  return {
    lost,
    repeated,
    tiers: tiersOf(events),
    asked: backends.map(({ requests }) => requests.map((request) => request.text)),
  };
}

/** A text as a tier says it, at the rate of the call. */
function rendered(narrator: Narrator, text: string, tempo: number) {
  const { words, pcm, times } = narrator.say(text);
  const paced = tempo === 1 ? pcm : Int16Array.from(createResampler(Math.round(tempo * 1_000), 1_000).process(pcm));
  const resampler = createResampler(NARRATOR_RATE, RATE);
  const samples = Int16Array.from(resampler.process(paced)).subarray(Math.round(resampler.delaySamples));
  return {
    words,
    samples,
    times: times.map(({ startMs, endMs }) => ({ startMs: startMs / tempo, endMs: endMs / tempo })),
  };
}
