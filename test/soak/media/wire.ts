import { WebSocket } from 'ws';
import { AppendMessage } from '../../../flavors/openai-realtime/protocol/append-message.js';
import { AudioDeltaReader } from '../../../flavors/openai-realtime/protocol/audio-delta.js';
import { readServerEvent } from '../../../flavors/openai-realtime/protocol/server-event.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { Child } from '../lib/child.js';
import { type Finding, type PartReport, scaled, table } from '../lib/report.js';
import { percentile } from '../lib/statistics.js';
import type { SinkApi } from './sink-api.js';

/** Each way is taken so often, in turn, so that the machine's moods meet all of them. */
const TURNS = 7;
const MESSAGES = 6_000;
/** Messages that are sent before the loop comes round: as many calls fall into one slot of the wheel. */
const AT_ONCE = 20;
/** Not more than this waits for the network, bytes. */
const MOST_WAITING = 500_000;
/** Audio in one message of the service. */
const DELTA_MS = 200;

const formats = [
  { name: 'mu-law 8 kHz', bytesPerMs: 8 },
  { name: 'PCM 24 kHz', bytesPerMs: 48 },
] as const;

interface Way {
  readonly name: string;
  readonly audioMs: number;
  /** Handles one message. */
  readonly work: () => void;
  /** Percent of a core for one call that speaks all the time, of each turn. */
  readonly costs: number[];
}

/** What messages with audio cost on their way to the service and back, in processor time of this process. */
export async function measureWire(tell: (line: string) => void, scale: number): Promise<PartReport> {
  await using sink = Child.start<SinkApi>(new URL('sink-child.js', import.meta.url));
  const { url } = await sink.ask('start', undefined);
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const rows: (readonly string[])[] = [];
  const findings: Finding[] = [];
  for (const { name, bytesPerMs } of formats) {
    const up = [20, 40, 60].flatMap((appendMs) => waysUp(socket, appendMs, bytesPerMs));
    const down = waysDown(bytesPerMs);
    for (const ways of [up, down]) {
      tell(`wire: ${name}, ${ways[0]?.name}`);
      await take(ways, socket, scaled(MESSAGES, scale));
      rows.push(...ways.map((way) => [`${name}, ${way.name}`, percentOf(way), ratioOf(way, ways[0])]));
    }
    for (const [before, after] of [
      [up[2], up[3]],
      [down[0], down[1]],
    ]) {
      if (!before || !after) continue;
      const ratio = median(after.costs.map((cost, turn) => cost / (before.costs[turn] ?? Number.NaN)));
      findings.push({
        goal: `${name}, ${after.name}: no dearer than ${before.name}`,
        measured: `${ratio.toFixed(2)} times`,
        ok: ratio <= 1.05,
      });
    }
  }
  socket.terminate();
  return {
    title: 'Messages with audio, to the service and from it',
    lines: [
      'Processor time of this process alone, for one call whose both sides speak all the time; no TLS. The ratio is to the first of the group,',
      `each way taken ${TURNS} times in turn; medians.`,
      '',
      ...table(['way', '% of a core a call', 'ratio'], rows),
    ],
    findings,
  };
}

function waysUp(socket: WebSocket, appendMs: number, bytesPerMs: number): readonly Way[] {
  const audio = noise(appendMs * bytesPerMs);
  const message = new AppendMessage(audio.length);
  const asText = { binary: false };
  return [
    {
      name: `${appendMs} ms appends as objects`,
      audioMs: appendMs,
      costs: [],
      work: () => socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: audio.toString('base64') })),
    },
    {
      name: `${appendMs} ms appends as they stand`,
      audioMs: appendMs,
      costs: [],
      work: () => socket.send(message.of(audio), asText),
    },
  ];
}

function waysDown(bytesPerMs: number): readonly Way[] {
  const text = JSON.stringify({
    type: 'response.output_audio.delta',
    event_id: 'event_CUPYu5BGrN3zzqVZ0aB1',
    response_id: 'resp_CUPYtM5hPKlPmY5gbIm6F',
    item_id: 'item_CUPYtlfeR4Pxkum0TJjMJ',
    output_index: 0,
    content_index: 0,
    delta: noise(DELTA_MS * bytesPerMs).toString('base64'),
  });
  const deltas = new AudioDeltaReader();
  const message = Buffer.from(text);
  const take = (event: ReturnType<typeof readServerEvent> | undefined): void => {
    if (typeof event !== 'object' || event.type !== 'audio') throw new Error('no audio');
    Buffer.from(event.audio, 'base64');
  };
  return [
    {
      name: `deltas of ${DELTA_MS} ms parsed`,
      audioMs: DELTA_MS,
      costs: [],
      work: () => take(readServerEvent(message.toString())),
    },
    {
      name: `deltas of ${DELTA_MS} ms found`,
      audioMs: DELTA_MS,
      costs: [],
      work: () => take(deltas.read(message)),
    },
  ];
}

async function take(ways: readonly Way[], socket: WebSocket, messages: number): Promise<void> {
  // The first turn is for the compiler.
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const { work, audioMs, costs } of ways) {
      const before = process.cpuUsage();
      for (let message = 0; message < messages; message += 1) {
        work();
        if (message % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
        while (socket.bufferedAmount > MOST_WAITING) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const { user, system } = process.cpuUsage(before);
      if (turn >= 0) costs.push(((user + system) / messages / audioMs / 1_000) * 100);
    }
  }
}

function percentOf({ costs }: Way): string {
  return `${median(costs).toFixed(3)} %`;
}

function ratioOf({ costs }: Way, first: Way | undefined): string {
  return median(costs.map((cost, turn) => cost / (first?.costs[turn] ?? Number.NaN))).toFixed(2);
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** As hard to compress as speech in mu-law. */
function noise(bytes: number): Buffer {
  const random = new SeededRandom(bytes);
  return Buffer.from(Array.from({ length: bytes }, () => random.integer(256)));
}
