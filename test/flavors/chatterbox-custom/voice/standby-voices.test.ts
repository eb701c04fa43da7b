import { expect, test } from 'vitest';
import { withStandbyVoices } from '../../../../flavors/chatterbox-custom/voice/standby-voices.js';
import { tieredVoicePolicy } from '../../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { mulaw, ScriptedVoice } from '../../../cascade/fail-over/scripted-voice.js';
import { type BenchTier, sayAll, setUp } from '../support/bench.js';
import { tiersOf } from '../support/simulation.js';

/** Tiers, and a voice that stands by for them. */
function setUpStandby(tiers: readonly BenchTier[]) {
  const { clock, voice, backends } = setUp(tiers);
  const standby = new ScriptedVoice({ name: 'standby' });
  const all = withStandbyVoices([voice, standby], tieredVoicePolicy.firstAudioMs, { clock });
  if (all === undefined) throw new Error('no voice');
  const open = () => all.open({ output: mulaw }, new AbortController().signal);
  return { clock, backends, standby, open };
}

test('a tier that is late is the matter of the tiers: the next one speaks, not the voice on standby', async () => {
  const { clock, backends, standby, open } = setUpStandby([{}, {}]);
  const [laptop, gpu] = backends;
  if (laptop) laptop.fault = 'silent';
  const events = await sayAll(await open(), clock, 'Good afternoon.');
  expect(tiersOf(events)).toContain('gpu hedge');
  expect([gpu?.requests.length, standby.words]).toEqual([1, []]);
});

test('a server that answers as a whole takes its time, and keeps its voice', async () => {
  const { clock, standby, open } = setUpStandby([{ backend: { streaming: false, realTimeFactor: 0.6 } }]);
  const events = await sayAll(
    await open(),
    clock,
    'A haircut takes about three quarters of an hour.',
    'First we wash your hair, with warm water and a shampoo that suits it.',
  );
  expect(standby.words).toEqual([]);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 2 });
});

test('once no tier has spoken, nor could after firstAudioMs, the voice on standby does', async () => {
  const { clock, backends, standby, open } = setUpStandby([{}, {}]);
  const session = await open();
  for (const backend of backends) backend.fault = 'silent';
  const beganMs = clock.now();
  await sayAll(session, clock, 'Good afternoon.');
  expect(standby.words).toEqual(['Good', 'afternoon.']);
  expect(clock.now() - beganMs).toBeLessThan(6_500);
});
