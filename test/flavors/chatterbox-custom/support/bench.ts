import type { PhraseCacheOptions } from '../../../../flavors/chatterbox-custom/phrases/phrase-cache.js';
import type { TierRules } from '../../../../flavors/chatterbox-custom/router.js';
import type { TierOptions } from '../../../../flavors/chatterbox-custom/tiers/tier.js';
import { createTieredVoice, type TieredVoicePolicy } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import type { TextToSpeechSession } from '../../../../src/cascade/stages/text-to-speech.js';
import type { Logger } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedBackend, type ScriptedBackendOptions } from './scripted-backend.js';
import { ended, follow, runUntil, type TimedEvent } from './simulation.js';
import { toneVoice } from './tone.js';

export interface BenchTier {
  readonly rules?: Partial<TierRules>;
  readonly backend?: Partial<ScriptedBackendOptions>;
  readonly tier?: Partial<Omit<TierOptions, 'rules' | 'backend'>>;
}

/** A voice over scripted tiers at simulated time: a laptop, a GPU and a cloud, as far as they are asked for. */
export function setUp(
  tiers: readonly BenchTier[],
  {
    policy,
    cache,
    log,
    speak = toneVoice,
  }: {
    policy?: Partial<TieredVoicePolicy>;
    cache?: Partial<PhraseCacheOptions>;
    log?: Logger;
    speak?: (text: string) => Int16Array;
  } = {},
) {
  const clock = new FakeClock();
  const names = ['laptop', 'gpu', 'cloud'] as const;
  const kinds = ['local', 'dedicated', 'serverless'] as const;
  const backends = tiers.map(
    ({ backend }) => new ScriptedBackend(clock, speak, { firstAudioMs: 100, realTimeFactor: 0.3, ...backend }),
  );
  const voice = createTieredVoice(
    {
      tiers: tiers.map(({ rules, tier }, index) => ({
        rules: {
          name: names[index] ?? '',
          kind: kinds[index] ?? 'local',
          private: index === 0,
          concurrency: 1,
          queueMs: 300,
          ...rules,
        },
        backend: backends[index] as ScriptedBackend,
        voice: 'sophie',
        keepWarm: 'never',
        ...tier,
      })),
      ...(policy && { policy }),
      ...(cache && { cache }),
    },
    { clock, random: new SeededRandom(1), ...(log && { log }) },
  );
  const controller = new AbortController();
  const open = (isPrivate = false): Promise<TextToSpeechSession> =>
    voice.open({ output: { encoding: 'mulaw', sampleRate: 8_000 }, private: isPrivate }, controller.signal);
  return { clock, voice, backends, open, controller };
}

/** Begins to say pieces. */
export function say(session: TextToSpeechSession, clock: FakeClock, ...pieces: readonly string[]) {
  const utterance = session.begin();
  const events = follow(utterance, clock);
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
  return { utterance, events };
}

/** Says pieces to the end. */
export async function sayAll(
  session: TextToSpeechSession,
  clock: FakeClock,
  ...pieces: readonly string[]
): Promise<readonly TimedEvent[]> {
  const { events } = say(session, clock, ...pieces);
  await runUntil(clock, () => ended(events));
  return events;
}
