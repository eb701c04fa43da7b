import { expect, test } from 'vitest';
import type { SilenceWatchOptions } from '../../src/call/silence-watch.js';
import { holdMusic } from '../../src/demo/hold-music.js';
import type { FlavorCapabilities, FlavorEvent } from '../../src/flavor-api/index.js';
import { defaultReplyWatchOptions } from '../support/call-policies.js';
import { makeNoise, utterance } from '../support/phone-scene.js';
import { SimulatedCall } from '../support/simulated-call.js';

const RATE = 8000;
const FRAME = 160;
/** RMS of whoever speaks or sings; the band is about 5 dB below. */
const VOICE = 2_500;
const WORDS = 'we love you all the time, and we will be with you soon';

/** How long the band plays on, and how long the line is silent, ms: longer than an agent may take to answer. */
const LONG_MS = 14_000;

/** A call whose agent says nothing: what the host does about that, and how many seconds after a voice or a sign. */
class MuteAgent {
  readonly done: string[] = [];
  readonly #call: SimulatedCall;
  #frames = 0;
  #sinceMs = 0;

  constructor(capabilities: Partial<FlavorCapabilities>, silence?: SilenceWatchOptions) {
    const note = (what: string) => () =>
      void this.done.push(`${what} ${Math.round((this.#call.clock.now() - this.#sinceMs) / 1000)}`);
    this.#call = new SimulatedCall({}, 1, {
      capabilities,
      reply: defaultReplyWatchOptions,
      handlers: {
        onWaiting: note('waiting'),
        onReplyTimeout: note('timeout'),
        onReprompt: note('asked'),
        onSilenceLimit: note('given up'),
      },
      ...(silence && { silence }),
    });
  }

  async hears(samples: Int16Array): Promise<void> {
    for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
      this.#frames += 1;
      await this.#call.frame(samples.subarray(at, at + FRAME));
    }
  }

  async hearsNothing(ms: number): Promise<void> {
    await this.hears(new Int16Array((ms * RATE) / 1000));
  }

  /** Seconds count from now on. */
  counts(): void {
    this.#sinceMs = this.#call.clock.now();
  }

  /** What the session says, of the caller's audio up to now. */
  tells(type: 'speech-started' | 'speech-stopped'): void {
    this.#call.session.events.push({ type, positionMs: this.#frames * 20 });
  }

  understands(text: string): void {
    const event: FlavorEvent = { type: 'transcript', role: 'caller', turnId: text, text, final: true };
    this.#call.session.events.push(event);
  }
}

interface Song {
  readonly band: Int16Array;
  /** The band, and somebody who sings to it. */
  readonly sung: Int16Array;
}

async function song(): Promise<Song> {
  const voice = await utterance(WORDS, 'slt', VOICE);
  const band = holdMusic(LONG_MS);
  return { band, sung: Int16Array.from(voice, (value, at) => Math.round(value + (band[at] ?? 0))) };
}

/** A voice over the noise of a street, and the noise alone behind it. */
async function inTheStreet(snrDb: number): Promise<{ readonly spoken: Int16Array; readonly behind: Int16Array }> {
  const voice = await utterance(WORDS, 'slt', VOICE);
  const noise = await makeNoise('car', voice.length + (LONG_MS * RATE) / 1000, 7);
  const level = VOICE * 10 ** (-snrDb / 20);
  const sound = Int16Array.from(noise, (value, at) => Math.round(value * level + (voice[at] ?? 0)));
  return { spoken: sound.subarray(0, voice.length), behind: sound.subarray(voice.length) };
}

test('nothing is owed to a song that the host takes for speech, and the session does not', async () => {
  const { band, sung } = await song();
  const agent = new MuteAgent({ turnTaking: 'flavor' });
  await agent.hears(band.subarray(0, RATE));
  await agent.hears(sung);
  await agent.hears(band);
  await agent.hearsNothing(LONG_MS);
  expect(agent.done).toEqual([]);
});

test('nor to one in which the session hears somebody, until it says that this is over', async () => {
  const { band, sung } = await song();
  const agent = new MuteAgent({ turnTaking: 'flavor' });
  agent.tells('speech-started');
  await agent.hears(sung);
  await agent.hears(band);
  await agent.hearsNothing(700);
  expect(agent.done).toEqual([]);
  agent.counts();
  agent.tells('speech-stopped');
  await agent.hearsNothing(LONG_MS);
  expect(agent.done.slice(0, 3)).toEqual(['waiting 1', 'waiting 7', 'timeout 10']);
});

test('nor until it understands what was sung, where it never tells an end', async () => {
  const { band, sung } = await song();
  const agent = new MuteAgent({ turnTaking: 'flavor' });
  agent.tells('speech-started');
  await agent.hears(sung);
  await agent.hears(band);
  expect(agent.done).toEqual([]);
  agent.counts();
  agent.understands('we love you');
  await agent.hearsNothing(2_000);
  expect(agent.done).toEqual(['waiting 1']);
});

test.each([
  ['silence', 60],
  ['the noise of a street', 15],
])('a session that has heard nothing of somebody who spoke, with %s behind it, owes an answer', async (_, snrDb) => {
  const { spoken, behind } = await inTheStreet(snrDb);
  const agent = new MuteAgent({ turnTaking: 'flavor' });
  await agent.hears(behind.subarray(0, RATE));
  await agent.hears(spoken);
  agent.counts();
  await agent.hears(behind);
  expect(agent.done.slice(0, 3)).toEqual(['waiting 1', 'waiting 7', 'timeout 10']);
});

test('so does one that has heard somebody begin, and never says that they stopped', async () => {
  const { spoken, behind } = await inTheStreet(15);
  const agent = new MuteAgent({ turnTaking: 'flavor' });
  await agent.hears(behind.subarray(0, RATE));
  agent.tells('speech-started');
  await agent.hears(spoken);
  agent.counts();
  await agent.hears(behind);
  expect(agent.done.slice(0, 3)).toEqual(['waiting 1', 'waiting 7', 'timeout 10']);
});

test('where the host takes the turns an answer is owed to each that it ends', async () => {
  const { band, sung } = await song();
  const agent = new MuteAgent({ turnTaking: 'host' });
  await agent.hears(band.subarray(0, RATE));
  await agent.hears(sung);
  agent.counts();
  await agent.hearsNothing(2_000);
  expect(agent.done).toEqual(['waiting 1']);
});

test('nobody is asked whether they are there while music plays, and the call is not given up for it', async () => {
  const band = holdMusic(60_000);
  const silence = { limitMs: 12_000, repromptMs: 5_000, reprompts: 3 };
  const agent = new MuteAgent({ turnTaking: 'flavor' }, silence);
  await agent.hears(band);
  expect(agent.done).toEqual([]);
  await agent.hearsNothing(LONG_MS);
  // From the last of its chords on that was taken for a voice, which is a second or two before its end.
  expect(agent.done.map((what) => what.replace(/ \d+$/, ''))).toEqual(['asked', 'asked', 'given up']);
});

test('the noise of a street is silence', async () => {
  const { behind } = await inTheStreet(15);
  const agent = new MuteAgent({ turnTaking: 'flavor' }, { limitMs: 12_000, repromptMs: 5_000, reprompts: 1 });
  await agent.hears(behind);
  expect(agent.done[0]).toBe('asked 5');
});
