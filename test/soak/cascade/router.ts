import { createTieredVoice, tieredVoicePolicy } from '../../../flavors/chatterbox-custom/voice/tiered-voice.js';
import { ScriptedBackend } from '../../flavors/chatterbox-custom/support/scripted-backend.js';
import { runSeamTrial, type SeamOutcome } from '../../flavors/chatterbox-custom/support/seam-trial.js';
import { ended, follow, ofType, runUntil } from '../../flavors/chatterbox-custom/support/simulation.js';
import { Narrator, sentences } from '../../flavors/chatterbox-custom/support/spoken.js';
import { toneVoice } from '../../flavors/chatterbox-custom/support/tone.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { type Finding, ms, type PartReport, scaled, table } from '../lib/report.js';
import { percentile, spreadOf } from '../lib/statistics.js';

const DEATHS = 100;
/** Of fewer, the 95th percentile is the worst, whatever is measured. */
const LEAST_DEATHS = 30;
const CALLS = 50;
/** Longer than the local tier works on a sentence, ms. */
const APART_MS = 2_000;
const MOST_GAP_MS = 700;

interface Setting {
  readonly name: string;
  readonly voices: readonly [Narrator, Narrator];
  readonly streaming: boolean;
  /** The first tier has said something in this call, so that its pace is known. */
  readonly heard: boolean;
  /** The first tier is hardly faster than speech: nothing is left to be said when it dies. */
  readonly hurried?: boolean;
  /** With two voices, how many words are said twice is shown for what it is. */
  readonly goals: 'all' | 'lost and silence';
}

/** Deaths in the middle of sentences, and a crowd at a local tier; at simulated time, with the offline voice. */
export async function measureRouter(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const [slt, rms] = [await Narrator.create('slt'), await Narrator.create('rms')];
  const deaths = scaled(DEATHS, scale);
  const settings: readonly Setting[] = [
    { name: 'one voice, streamed', voices: [slt, slt], streaming: true, heard: true, goals: 'all' },
    {
      name: 'one voice, never heard before',
      voices: [slt, slt],
      streaming: true,
      heard: false,
      goals: 'all',
    },
    { name: 'one voice, second tier not streamed', voices: [slt, slt], streaming: false, heard: true, goals: 'all' },
    {
      name: 'one voice, nothing in hand',
      voices: [slt, slt],
      streaming: true,
      heard: true,
      hurried: true,
      goals: 'all',
    },
    {
      name: 'one voice, nothing in hand, never heard',
      voices: [slt, slt],
      streaming: true,
      heard: false,
      hurried: true,
      goals: 'all',
    },
    {
      name: 'one voice, nothing in hand, not streamed',
      voices: [slt, slt],
      streaming: false,
      heard: true,
      hurried: true,
      goals: 'all',
    },
    { name: 'two voices', voices: [slt, rms], streaming: true, heard: true, goals: 'lost and silence' },
    {
      name: 'two voices, nothing in hand',
      voices: [slt, rms],
      streaming: true,
      heard: true,
      hurried: true,
      goals: 'lost and silence',
    },
    {
      name: 'two voices, second tier not streamed',
      voices: [slt, rms],
      streaming: false,
      heard: true,
      goals: 'lost and silence',
    },
  ];
  const findings: Finding[] = [];
  const rows: string[][] = [];
  for (const setting of settings) {
    const outcomes = await die(
      setting,
      Math.max(LEAST_DEATHS, setting === settings[0] ? deaths : scaled(deaths, setting.goals === 'all' ? 0.3 : 0.6)),
    );
    tell(`${setting.name}: ${outcomes.length} deaths`);
    const gapMs = outcomes.map((outcome) => outcome.gapMs);
    const atGap = outcomes.filter((outcome) => outcome.atGap);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const lost = sum(outcomes.map((outcome) => outcome.lost));
    const mostRepeated = Math.max(...outcomes.map(({ repeated }) => repeated));
    const repeatedAtGap = sum(atGap.map(({ repeated }) => repeated));
    rows.push([
      setting.name,
      `${outcomes.length}`,
      `${lost}`,
      `${sum(outcomes.map(({ repeated }) => repeated))}`,
      `${mostRepeated}`,
      `${repeatedAtGap} of ${atGap.length}`,
      ms(percentile(gapMs, 0.5)),
      ms(percentile(gapMs, 0.95)),
      ms(Math.max(...gapMs)),
    ]);
    findings.push(
      { goal: `${setting.name}: no word lost`, measured: `${lost}`, ok: lost === 0 },
      {
        goal: `${setting.name}: silence <= ${MOST_GAP_MS} ms (p95)`,
        measured: `${ms(percentile(gapMs, 0.95))} ms`,
        ok: percentile(gapMs, 0.95) <= MOST_GAP_MS,
      },
    );
    if (setting.goals !== 'all') continue;
    findings.push(
      { goal: `${setting.name}: at most one word twice`, measured: `${mostRepeated}`, ok: mostRepeated <= 1 },
      { goal: `${setting.name}: none at a gap`, measured: `${repeatedAtGap}`, ok: repeatedAtGap === 0 },
    );
  }
  const crowd = await measureCrowd();
  return {
    title: 'Tiers: a death in the middle of a sentence, and a crowd',
    lines: [
      ...table(['tiers', 'deaths', 'lost', 'twice', 'most', 'twice at a gap', 'gap p50 ms', 'p95 ms', 'max ms'], rows),
      '',
      'Gap: the longest silence within 1.5 s of the joint, pauses of the sentence included. The second tier answers after',
      '150 ms and makes speech in 0.3 of its time, at another tempo than the first. Nothing in hand: the first takes 0.8 of it.',
      '',
      ...crowd.lines,
    ],
    findings: [...findings, ...crowd.findings],
  };
}

async function die(
  { voices, streaming, heard, hurried = false }: Setting,
  deaths: number,
): Promise<readonly SeamOutcome[]> {
  const random = new SeededRandom(6);
  const outcomes: SeamOutcome[] = [];
  for (let death = 0; death < deaths; death += 1) {
    const text = sentences[death % sentences.length] ?? '';
    const spoken = voices[0].say(text);
    const durationMs = spoken.pcm.length / 16;
    const word = 1 + random.integer(spoken.words.length - 2);
    // One in five dies exactly between two words.
    const between = ((spoken.times[word - 1]?.endMs ?? 0) + (spoken.times[word]?.startMs ?? 0)) / 2;
    const diesAfterMs = death % 5 === 4 ? between : 100 + random.integer(Math.floor(durationMs - 150));
    outcomes.push(
      await runSeamTrial({
        narrators: voices,
        text,
        before: heard ? [sentences[(death + 3) % sentences.length] ?? ''] : [],
        diesAfterMs,
        ...(hurried && { first: { realTimeFactor: 0.8, firstAudioMs: 60 } }),
        second: { streaming, tempo: 0.94 + random.integer(13) / 100 },
      }),
    );
  }
  return outcomes;
}

/** All calls at once speak, a local tier works on one of them at a time. */
async function measureCrowd(): Promise<{ readonly lines: readonly string[]; readonly findings: readonly Finding[] }> {
  const clock = new FakeClock();
  const queueMs = 400;
  const local = new ScriptedBackend(clock, toneVoice, { model: 'local', firstAudioMs: 120, realTimeFactor: 0.35 });
  const overflow = new ScriptedBackend(clock, toneVoice, {
    model: 'overflow',
    firstAudioMs: 350,
    realTimeFactor: 0.3,
    concurrency: 60,
  });
  const price = { local: 0.1, overflow: 2 } as const;
  let chargedUsd = 0;
  const tier = (name: 'local' | 'overflow', backend: ScriptedBackend) => ({
    rules: {
      name,
      kind: name === 'local' ? ('local' as const) : ('serverless' as const),
      private: name === 'local',
      concurrency: backend.options.concurrency,
      queueMs,
    },
    backend,
    voice: 'one',
    keepWarm: 'never' as const,
    priceOf: ({ quantity }: { readonly quantity: number }) => (quantity / 60_000) * price[name],
  });
  const voice = createTieredVoice({ tiers: [tier('local', local), tier('overflow', overflow)] }, { clock });
  const sessions = await Promise.all(
    Array.from({ length: CALLS }, () =>
      voice.open({ output: { encoding: 'mulaw', sampleRate: 8_000 } }, new AbortController().signal),
    ),
  );
  const turns = 4;
  const waits: number[] = [];
  const answered = new Array<number>(CALLS).fill(0);
  for (let turn = 0; turn < turns; turn += 1) {
    const beganMs = clock.now();
    const said = sessions.map((session, call) => {
      const utterance = session.begin();
      const events = follow(utterance, clock);
      utterance.append(`This is call ${call}, and it says something of about four seconds.`);
      utterance.finish();
      return events;
    });
    await runUntil(clock, () => said.every(ended), 60_000);
    for (const [call, events] of said.entries()) {
      const first = events.find(({ event }) => event.type === 'audio');
      if (first !== undefined && events.at(-1)?.event.type === 'end') answered[call] = (answered[call] ?? 0) + 1;
      waits.push((first?.atMs ?? Number.POSITIVE_INFINITY) - beganMs);
      for (const { provider, model, quantity } of ofType(events, 'usage')) {
        if (provider === 'chatterbox')
          chargedUsd += (quantity / 60_000) * (model === 'local' ? price.local : price.overflow);
      }
    }
    clock.advance(5_000);
  }
  // One after the other, as soon as the local tier is free again: whoever was sent elsewhere before comes back.
  const before = local.requests.length;
  const apart: ReturnType<typeof follow>[] = [];
  for (const [call, session] of sessions.entries()) {
    const utterance = session.begin();
    apart.push(follow(utterance, clock));
    utterance.append(`Now call ${call} says something else, about four seconds.`);
    utterance.finish();
    await runUntil(clock, () => false, APART_MS);
  }
  await runUntil(clock, () => apart.every(ended), 60_000);
  for (const { provider, model, quantity } of apart.flatMap((events) => ofType(events, 'usage'))) {
    if (provider === 'chatterbox')
      chargedUsd += (quantity / 60_000) * (model === 'local' ? price.local : price.overflow);
  }
  const localApart = local.requests.length - before;
  const spentUsd = voice.tiers.reduce((sum, { seen }) => sum + seen.spentUsd, 0);
  const starved = answered.filter((count) => count < turns).length;
  const spread = spreadOf(waits);
  const budgetMs = queueMs + overflow.options.firstAudioMs + overflow.options.chunkMs + 50;
  for (const session of sessions) session.close();
  return {
    lines: [
      `${CALLS} calls at once, ${turns} sentences each: ${before} by the local tier (one at a time), the others ` +
        `by the overflow tier. Until the first audio: p50 ${ms(spread.p50)} ms, ` +
        `p95 ${ms(spread.p95)} ms, longest ${ms(spread.max)} ms (lead ${tieredVoicePolicy.leadMs} ms).`,
    ],
    findings: [
      {
        goal: `nobody waits longer than the queue's ${queueMs} ms and the tier's own first audio`,
        measured: `${ms(spread.max)} ms of ${budgetMs}`,
        ok: spread.max <= budgetMs,
      },
      { goal: 'nobody is starved', measured: `${starved} calls`, ok: starved === 0 },
      { goal: 'the local tier works on one at a time', measured: `${local.mostBusy}`, ok: local.mostBusy === 1 },
      {
        goal: 'the local tier is used at every turn',
        measured: `${before}`,
        ok: before >= turns,
      },
      {
        goal: `one call each ${APART_MS / 1_000} s: 9 of 10 are spoken to by the local tier, whoever spoke before`,
        measured: `${localApart} of ${CALLS}`,
        ok: localApart >= 0.9 * CALLS,
      },
      {
        goal: 'what calls are charged is what tiers have cost',
        measured: `${chargedUsd.toFixed(4)} of ${spentUsd.toFixed(4)} USD`,
        ok: Math.abs(chargedUsd - spentUsd) < 1e-9,
      },
    ],
  };
}
