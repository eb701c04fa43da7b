import { loadavg } from 'node:os';
import type { Caller } from '../lib/caller.js';
import { type Finding, ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { spreadOf } from '../lib/statistics.js';

const CALLS = 4;
const PHASE_MS = 20_000;
/** One message of the provider, and how often it comes on each connection. */
const MESSAGE_BYTES = 5_000_000;
const MESSAGE_EVERY_MS = 2_000;
const PACKET_SAMPLES = 160;
/** Upper ends of the histogram's columns, ms. A packet is due every 20. */
const EDGES_MS = [22, 25, 30, 40, 60] as const;
/** A packet that comes so much after the one before is one packet late, as much as any phone's jitter buffer forgives, ms. */
const FORGIVEN_MS = 40;
/** What the strain may add to the time in which a phone has nothing to play, share of all time. */
const MOST_ADDED = 0.005;

interface Phase {
  readonly name: string;
  readonly gapsMs: readonly number[];
  /** Longest time that the connector's main thread was busy, ms of processor time. */
  readonly stallMs: number;
  readonly load: number;
}

/** What a caller hears of a connector whose main thread parses 5 MB messages and collects garbage. */
export async function measureStrain(tell: (line: string) => void, scale: number): Promise<PartReport> {
  await using scene = await Scene.open({
    provider: { replies: [{ text: 'Goodbye.' }] },
    flavor: { greeting: 'Hello. '.repeat(60).trim() },
  });
  const callers: Caller[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const caller = scene.caller({ from: `strain-${call}`, keepAudio: true });
    if (!(await caller.dial())) throw new Error('a call was not answered');
    callers.push(caller);
  }
  const phaseMs = scaled(PHASE_MS, scale);
  tell('strain: calm');
  const calm = await phase(scene, callers, 'calm', phaseMs, () => Promise.resolve());
  tell('strain: 5 MB messages and garbage');
  await scene.connector.strain(true);
  const strained = await phase(scene, callers, 'strained', phaseMs, () => scene.blurt(MESSAGE_BYTES));
  await scene.connector.strain(false);
  for (const caller of callers) caller.hangUp();
  await Promise.all(callers.map(({ ended }) => ended));
  const [before, during] = [silentShare(calm), silentShare(strained)];
  return {
    title: 'A main thread under strain',
    lines: [
      `${CALLS} calls with openai-realtime. Strained: every ${MESSAGE_EVERY_MS / 1000} s a message of ${MESSAGE_BYTES / 1e6} MB on each connection, garbage all the time and a`,
      'full collection every 200 ms. Times from one packet to the next at the caller’s socket; `busy`: longest time that the connector’s main thread did not come round.',
      '',
      ...table(
        [
          '',
          'packets',
          ...EDGES_MS.map((edge) => `<= ${edge} ms`),
          'over',
          'p50',
          'p99',
          'max',
          'busy',
          'load of the machine',
        ],
        [calm, strained].map(rowOf),
      ),
    ],
    findings: [
      {
        goal: `time without a packet, beyond ${FORGIVEN_MS} ms each: under strain at most ${100 * MOST_ADDED} % of all above calm`,
        measured: `${(100 * before).toFixed(2)} % calm, ${(100 * during).toFixed(2)} % strained`,
        ok: during - before <= MOST_ADDED,
      } satisfies Finding,
    ],
  };
}

async function phase(
  scene: Scene,
  callers: readonly Caller[],
  name: string,
  phaseMs: number,
  every: () => Promise<void>,
): Promise<Phase> {
  await scene.connector.stalls();
  const from = callers.map(packetsOf);
  const endMs = performance.now() + phaseMs;
  while (performance.now() < endMs) {
    await every();
    await new Promise((resolve) => setTimeout(resolve, Math.min(MESSAGE_EVERY_MS, phaseMs)));
  }
  const gapsMs = callers.flatMap((caller, index) => gapsOf(caller, from[index] ?? 0));
  const { longestBusyMs } = await scene.connector.stalls();
  return { name, gapsMs, stallMs: longestBusyMs, load: loadavg()[0] ?? 0 };
}

function packetsOf(caller: Caller): number {
  return caller.heard().length / PACKET_SAMPLES;
}

function gapsOf(caller: Caller, from: number): readonly number[] {
  const gaps: number[] = [];
  for (let packet = from + 1; packet < packetsOf(caller); packet += 1) {
    const [before, at] = [caller.arrivalOf((packet - 1) * PACKET_SAMPLES), caller.arrivalOf(packet * PACKET_SAMPLES)];
    if (before !== undefined && at !== undefined) gaps.push(at - before);
  }
  return gaps;
}

/** Share of the time in which a phone that forgives so much has nothing to play. */
function silentShare({ gapsMs }: Phase): number {
  const sum = (lengths: readonly number[]): number => lengths.reduce((total, each) => total + each, 0);
  return sum(gapsMs.map((gap) => Math.max(0, gap - FORGIVEN_MS))) / sum(gapsMs);
}

function rowOf({ name, gapsMs, stallMs, load }: Phase): readonly string[] {
  const { count, p50, p99, max } = spreadOf(gapsMs);
  const within = EDGES_MS.map((edge) => gapsMs.filter((gap) => gap <= edge).length);
  const shares = within.map((each, index) => percent(each - (within[index - 1] ?? 0), count));
  const over = percent(count - (within.at(-1) ?? 0), count);
  return [name, String(count), ...shares, over, ...[p50, p99, max, stallMs].map(ms), load.toFixed(1)];
}
