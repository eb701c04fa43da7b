import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulaw } from '../../../src/audio/g711.js';
import { type HeardPart, heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import { ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { Scene, type SceneOptions } from '../lib/scene.js';
import { spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';

const CALLS = 60;
const CALLS_AT_ONCE = 4;
const GOAL_MS = 100;
const GREETING = 'Good morning, this is the parcel service. How can I help you?';
const GOODBYE = 'Thank you for calling, and have a nice day. Goodbye!';
const PATIENCE_MS = 15_000;

/** One call: greeted, said goodbye to, hung up on. */
interface GreetedCall {
  /** From the ACK to the first audible packet, at the caller's socket, ms. */
  readonly greetedMs: number | undefined;
  /** Sound of the greeting and of the goodbye that did not arrive, samples; `undefined`: nothing of it did. */
  readonly greetingMissing: number | undefined;
  readonly goodbyeMissing: number | undefined;
  /** Audible samples at the end of the goodbye that did not come before the BYE. */
  readonly goodbyeCut: number | undefined;
  /** From the last audible packet to the BYE, ms. */
  readonly toByeMs: number | undefined;
  readonly hungUpByAgent: boolean;
}

/** When the session is ready, before the answer or only after it. */
const kinds: readonly { readonly name: string; readonly options: Pick<SceneOptions, 'flavor' | 'route'> }[] = [
  { name: 'warm: the phone rings for 1 s', options: { route: { answer: { delayMs: 1000 } } } },
  { name: 'warm: a pool of sessions', options: { flavor: { pool: { size: 8 } } } },
  { name: 'cold: answered at once', options: {} },
];

/** The first words and the last: at once, whole, before the BYE. */
export async function measureGreeting(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const count = scaled(CALLS, scale);
  const results: { readonly name: string; readonly calls: readonly GreetedCall[] }[] = [];
  for (const { name, options } of kinds) {
    tell(`greeting: ${count} calls, ${name}`);
    results.push({ name, calls: await greetedCalls(options, count) });
  }
  const warm = results[0]?.calls ?? [];
  const all = results.flatMap(({ calls }) => calls);
  const greeted = spreadOf(warm.flatMap(({ greetedMs }) => greetedMs ?? []));
  const whole = all.filter(({ greetingMissing }) => greetingMissing === 0).length;
  const heard = all.filter(({ goodbyeMissing }) => goodbyeMissing === 0).length;
  const cut = all.filter(({ goodbyeCut }) => goodbyeCut !== 0);
  return {
    title: 'Greeting and goodbye',
    lines: [
      'From the ACK, which leaves at once, to the first audible packet at the caller’s socket. Whole: every sample of the',
      'item that is no silence arrived, by exact search. BYE: after the last audible packet.',
      '',
      ...table(
        ['session', 'calls', 'greeted p50', 'p95', 'max', 'greeting whole', 'goodbye whole', 'BYE after p50', 'least'],
        results.map(({ name, calls }) => {
          const after = spreadOf(calls.flatMap(({ greetedMs }) => greetedMs ?? []));
          const bye = calls.flatMap(({ toByeMs }) => toByeMs ?? []);
          return [
            name,
            String(calls.length),
            ...[after.p50, after.p95, after.max].map(ms),
            percent(calls.filter(({ greetingMissing }) => greetingMissing === 0).length, calls.length),
            percent(calls.filter(({ goodbyeMissing }) => goodbyeMissing === 0).length, calls.length),
            ms(spreadOf(bye).p50),
            ms(Math.min(...bye)),
          ];
        }),
      ),
    ],
    findings: [
      {
        goal: `first audible packet <= ${GOAL_MS} ms after the ACK with a warm session (max of ${warm.length})`,
        measured: `p50 ${ms(greeted.p50)}, p95 ${ms(greeted.p95)}, max ${ms(greeted.max)} ms`,
        ok: greeted.count === warm.length && greeted.max <= GOAL_MS,
      },
      { goal: 'greeting never clipped', measured: `${whole} of ${all.length} whole`, ok: whole === all.length },
      {
        goal: 'goodbye always heard before the BYE',
        measured: `${all.length - cut.length} of ${all.length} to the end, ${heard} with every sample, ${all.filter(({ hungUpByAgent }) => hungUpByAgent).length} ended by the agent`,
        ok: cut.length === 0 && all.every(({ hungUpByAgent }) => hungUpByAgent),
      },
    ],
  };
}

async function greetedCalls(
  options: Pick<SceneOptions, 'flavor' | 'route'>,
  count: number,
): Promise<readonly GreetedCall[]> {
  await using scene = await Scene.open({
    provider: {
      replies: [{ text: GOODBYE, delayMs: 500, toolCalls: [{ name: 'hang_up', arguments: {} }] }],
    },
    ...options,
    flavor: {
      greeting: GREETING,
      turnDetection: { type: 'server_vad', silenceDurationMs: 300 },
      ...options.flavor,
    },
  });
  const farewell = await abruptUtterance('That is all I wanted to know', 'rms');
  // A pool needs a moment, and so does the first call of any process.
  await greetedCall(scene, 'first', farewell);
  await sleep(1000);
  const calls: GreetedCall[] = [];
  for (let first = 0; first < count; first += CALLS_AT_ONCE) {
    const batch = Array.from({ length: Math.min(CALLS_AT_ONCE, count - first) }, async (_, index) => {
      await sleep(index * 170);
      return await greetedCall(scene, `g-${first + index}`, farewell);
    });
    // Searching takes a processor for itself: not while others are on the phone.
    for (const caller of await Promise.all(batch)) calls.push(await accountOf(scene, caller));
  }
  return calls;
}

async function greetedCall(scene: Scene, from: string, farewell: Int16Array): Promise<Caller> {
  const caller = scene.caller({ from, keepAudio: true });
  if (await caller.dial()) {
    await caller.untilHeard(0, PATIENCE_MS);
    await caller.untilQuiet(800, PATIENCE_MS);
    await caller.say(farewell);
    const over = setTimeout(() => caller.hangUp(), PATIENCE_MS);
    await caller.ended;
    clearTimeout(over);
  }
  return caller;
}

async function accountOf(scene: Scene, caller: Caller): Promise<GreetedCall> {
  const heard = caller.heard();
  const { answeredMs, endedMs, stretches } = caller;
  const first = stretches[0]?.startMs;
  const last = stretches.at(-1)?.endMs;
  const record = await scene.connector.recordOf(caller.from);
  const goodbye = await lostOf(scene, GOODBYE, heard);
  return {
    greetedMs: first === undefined || answeredMs === undefined ? undefined : first - answeredMs,
    greetingMissing: total(await lostOf(scene, GREETING, heard)),
    goodbyeMissing: total(goodbye),
    goodbyeCut: goodbye?.after,
    toByeMs: last === undefined || endedMs === undefined ? undefined : endedMs - last,
    hungUpByAgent: record.endedBy === 'agent',
  };
}

/** Audible samples of an item that are not in what was heard; `undefined`: none of it is. */
async function lostOf(scene: Scene, text: string, heard: Int16Array): Promise<HeardPart['lost'] | undefined> {
  const { bytes } = await scene.spoken(text);
  const item = new Int16Array(bytes.length);
  decodeMulaw(bytes, item);
  return heardPart(item, heard)?.lost;
}

function total(lost: HeardPart['lost'] | undefined): number | undefined {
  return lost && lost.before + lost.within + lost.after;
}
