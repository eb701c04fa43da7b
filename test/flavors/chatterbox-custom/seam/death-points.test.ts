import { beforeAll, expect, test, vi } from 'vitest';
import { createTieredVoice } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { createSystemClock } from '../../../../src/base/clock.js';
import { DevnenBackend } from '../../../../src/cascade/engines/chatterbox/devnen.js';
import { devnenSchema } from '../../../../src/cascade/engines/chatterbox/devnen-config.js';
import { FakeDevnen } from '../../../fakes/chatterbox/devnen.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { type DyingTier, runDeathTrial } from '../support/death-trial.js';
import { ended, follow, ofType, settle, tiersOf } from '../support/simulation.js';
import { Narrator } from '../support/spoken.js';

const offer = 'We are open until six today, and I can offer you half past two.';
const GONE = 'ERR_FLAVOR_NETWORK';
/** One sample. */
const ONE_MS = 1 / 16;
let narrator: Narrator;

// flite is quick, unless the machine has other things to do.
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  narrator = await Narrator.create('slt');
});

const second: DyingTier = { backend: { tempo: 1.04 } };
const third: DyingTier = { backend: { tempo: 0.97 } };
const durationMs = (text: string): number => narrator.say(text).pcm.length / 16;

test.each(['cut', 'header-only'] as const)(
  'a server whose answer ends with the header of the WAV file (%s): the other says everything',
  async (name) => {
    const clock = createSystemClock();
    const voice = { synthesise: toneVoice };
    await using laptop = await FakeDevnen.start({ voice });
    await using gpu = await FakeDevnen.start({ voice });
    const backends = [laptop, gpu].map(({ url }) => new DevnenBackend(devnenSchema.parse({ url, retries: 0 })));
    await using tiered = createTieredVoice(
      {
        tiers: backends.map((backend, index) => ({
          rules: { name: index === 0 ? 'laptop' : 'gpu', kind: 'local', private: true, concurrency: 1, queueMs: 300 },
          backend,
          voice: 'one',
          keepWarm: 'never',
        })),
      },
      { clock },
    );
    laptop.fail(name, { after: 0, times: 1 });
    const session = await tiered.open(
      { output: { encoding: 'mulaw', sampleRate: 8_000 } },
      new AbortController().signal,
    );
    const said = async () => {
      const utterance = session.begin();
      const events = follow(utterance, clock);
      utterance.append('Hello.');
      utterance.finish();
      while (!ended(events)) await settle();
      return { tiers: tiersOf(events), audio: Buffer.concat(ofType(events, 'audio').map(({ data }) => data)) };
    };
    const { tiers, audio } = await said();
    expect(tiers).toEqual([`laptop first, left: ${GONE}`, 'gpu health']);
    expect(audio.length).toBeGreaterThan(0);
    expect(audio.equals((await said()).audio)).toBe(true);
    session.close();
  },
);

test.each([
  ['before it is answered', 'gone'],
  ['between the head of its answer and the first byte', { afterMs: 0 }],
] as const)('a tier that dies %s: the other says everything, and the record names both', async (_, fault) => {
  const { lost, repeated, tiers } = await runDeathTrial(narrator, offer, [{ fault }, second]);
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(tiers).toEqual([`laptop first, left: ${GONE}`, 'gpu health']);
});

test('a tier that dies at the last byte, or one sample before it: nothing is lost, and nothing is said again', async () => {
  for (const beforeMs of [0, ONE_MS]) {
    const fault = { afterMs: durationMs(offer) - beforeMs };
    const { lost, repeated, tiers } = await runDeathTrial(narrator, offer, [{ fault }, second]);
    expect({ beforeMs, lost, repeated }).toEqual({ beforeMs, lost: 0, repeated: 0 });
    expect(tiers).toEqual(['laptop first', 'gpu fail-over']);
  }
});

test.each([
  ['while the next chunk is asked for', 'gone'],
  ['at the first byte of the next chunk', { afterMs: ONE_MS }],
] as const)('a tier asked for a chunk at a time dies %s: the other says the rest', async (_, fault) => {
  const [first, rest] = ['Let me look at that for a moment,', 'and then I will tell you what is free.'];
  const laptop = { backend: { streaming: false, firstAudioMs: 50, realTimeFactor: 0.6 }, fault, passes: 1 };
  const { lost, repeated, tiers, asked } = await runDeathTrial(narrator, `${first} ${rest}`, [laptop, second]);
  expect(asked[0]).toEqual([first, rest]);
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(tiers).toEqual(['laptop first', `laptop current, left: ${GONE}`, 'gpu health']);
});

test.each([
  ['before it is answered', 'gone', `, left: ${GONE}`],
  ['at its first byte', { afterMs: ONE_MS }, `, left: ${GONE}`],
  ['before the place is found', { afterMs: 400 }, `, left: ${GONE}`],
  ['after it has gone on', { afterMs: 2_200 }, ''],
] as const)('the second tier dies too, %s: the third goes on, and the record names all', async (_, fault, left) => {
  const { lost, repeated, tiers } = await runDeathTrial(narrator, offer, [
    { fault: { afterMs: 1_500 } },
    { ...second, fault },
    third,
  ]);
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(tiers).toEqual(['laptop first', `gpu fail-over${left}`, 'cloud fail-over']);
});
