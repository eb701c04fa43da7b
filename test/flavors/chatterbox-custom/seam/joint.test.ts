import { expect, test, vi } from 'vitest';
import { JointSearch } from '../../../../flavors/chatterbox-custom/seam/joint.js';
import { Tier } from '../../../../flavors/chatterbox-custom/tiers/tier.js';
import { Rendering } from '../../../../flavors/chatterbox-custom/voice/rendering.js';
import { tieredVoicePolicy } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { atOnce } from '../../../../src/base/steps.js';
import { Aligner } from '../../../../src/cascade/seam/align.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedBackend } from '../support/scripted-backend.js';
import { runUntil } from '../support/simulation.js';
import { Narrator, sentences } from '../support/spoken.js';

const SAMPLE_RATE = 8_000;
const [, text = '', other = ''] = sentences;

/** One tier, and what it makes of a text. */
async function booth() {
  const clock = new FakeClock();
  const narrator = await Narrator.create('slt');
  const backend = new ScriptedBackend(clock, (said) => narrator.say(said).pcm, {});
  const rules = { name: 'gpu', kind: 'dedicated', private: true, concurrency: 1, queueMs: 300 } as const;
  const options = { rules, backend, voice: 'one', keepWarm: 'never' } as const;
  const tier = new Tier(options, { clock, random: new SeededRandom(1) }, tieredVoicePolicy);
  const render = async (said: string): Promise<Rendering> => {
    const deps = { clock, sampleRate: SAMPLE_RATE, keepSource: false, onUsage: () => {} };
    const rendering = new Rendering(tier, said, { release() {} }, undefined, deps);
    await runUntil(clock, () => rendering.over);
    return rendering;
  };
  return { backend, render };
}

test('a rendering that has nothing of what was heard is made again from an earlier word, once', async () => {
  const { backend, render } = await booth();
  backend.fault = { afterMs: 4_500 };
  const old = await render(text);
  expect(old.state).toBe('failed');
  const search = new JointSearch({ rendering: old, sent: old.length }, SAMPLE_RATE / 1_000);
  const asked = search.text;
  expect(asked.length).toBeLessThan(text.length);

  search.begin(await render(other));
  expect(atOnce(search.find())).toBe('earlier');
  expect(search.text.length).toBeGreaterThan(asked.length);
  expect(search.text.endsWith(asked)).toBe(true);

  search.begin(await render(search.text));
  expect(atOnce(search.find())).toMatchObject({ matched: true });

  // Had that one nothing of it either, the place would be found by the text.
  search.begin(await render(other));
  expect(atOnce(search.find())).toMatchObject({ matched: false });
});

test('of much that comes at once no more is compared than the place may be in', async () => {
  const { backend, render } = await booth();
  backend.fault = { afterMs: 4_500 };
  const search = new JointSearch({ rendering: await render(text), sent: 30_000 }, SAMPLE_RATE / 1_000);
  search.begin(await render(`${search.text} ${sentences.join(' ')}`));
  const compare = vi.spyOn(Aligner.prototype, 'push');
  expect(atOnce(search.find())).toMatchObject({ matched: true });
  expect(compare.mock.calls.length).toBeLessThan(500);
  compare.mockRestore();
});
