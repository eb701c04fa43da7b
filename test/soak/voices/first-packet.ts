import { type Measure, ms, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';
import type { ServerSetup, VoicesAccount, VoicesAddresses } from './provider-api.js';
import { VoicesScene } from './scene.js';

/** Most that all of the connector may add to a server's own first byte, p95, ms: issue 6. */
const GOAL_MS = 60;
const TURNS = 20;
const PATIENCE_MS = 30_000;
/** The model's, as reported of a fast one. */
const pace = { firstTokenMs: 200, tokenMs: 15 } as const;

interface Lane {
  readonly name: string;
  readonly server: ServerSetup;
  section(url: string): object;
}

const machine = { voice: 'slt', withoutLeadIn: true, realTimeFactor: 0.1, overheadMs: 80 } as const;
const chatterbox = (server: string, rest: object) => (url: string) => ({
  provider: 'chatterbox',
  server,
  url,
  ...rest,
});

const lanes: readonly Lane[] = [
  {
    name: 'streaming: OpenAI speech, samples as they are made',
    server: { kind: 'openai', ...machine, pieceMs: 100 },
    section: (baseUrl) => ({ provider: 'openai-speech', baseUrl, answer: 'pcm' }),
  },
  {
    name: 'streaming: travisvn, events',
    server: { kind: 'travisvn', ...machine, pieceMs: 100 },
    section: chatterbox('travisvn', { answer: 'events' }),
  },
  {
    name: 'streaming: devnen, a sentence at a time',
    server: { kind: 'devnen', ...machine },
    section: chatterbox('devnen', {}),
  },
  {
    name: 'not streaming: travisvn, a file',
    server: { kind: 'travisvn', ...machine },
    section: chatterbox('travisvn', { answer: 'whole' }),
  },
  {
    name: 'not streaming: devnen, a file',
    server: { kind: 'devnen', ...machine },
    section: chatterbox('devnen', { stream: false }),
  },
];

/** Answers whose first clause is one of its own; none comes twice, or it would come out of the cache. */
const things = ['parcel', 'letter', 'table', 'invoice', 'bicycle', 'ticket', 'camera', 'carpet', 'ladder', 'mirror'];
const places = ['Birmingham', 'Leicester', 'the harbour', 'our depot', 'the old town', 'the north'];

function answerOf(turn: number): string {
  const thing = things[turn % things.length] ?? '';
  const place = places[Math.floor(turn / things.length) % places.length] ?? '';
  return `Your ${thing} has come back from ${place}, and we will bring it to you on Friday morning.`;
}

/** From the last token of the first clause to the first audible packet at the caller, less what the server took itself. */
export const measureFirstPacket: Measure = async (tell, scale) => {
  const turns = scaled(TURNS, scale);
  const names = lanes.map((_, lane) => `lane-${lane}`);
  await using scene = await VoicesScene.open({
    provider: {
      lines: Array.from({ length: turns }, () => 'Where is it now?'),
      answers: Object.fromEntries(
        names.map((name) => [name, Array.from({ length: turns }, (_, turn) => ({ text: answerOf(turn), ...pace }))]),
      ),
      servers: lanes.map(({ server }) => server),
    },
    lanes: ({ servers }: VoicesAddresses) =>
      Object.fromEntries(
        lanes.map(({ section }, lane) => [`20${lane}`, { tts: section(servers[lane] ?? ''), greeting: '' }]),
      ),
  });
  const question = await abruptUtterance('I would like to know where it is now', 'rms');
  tell(`first-packet: ${turns} turns over ${lanes.length} servers`);
  const heard = await Promise.all(
    names.map(async (from, lane) => {
      const caller = scene.caller(`20${lane}`, from);
      await caller.dial();
      const firsts: { readonly sinceMs: number; readonly heardMs: number | undefined }[] = [];
      for (let turn = 0; turn < turns; turn += 1) {
        await caller.untilQuiet(600, PATIENCE_MS);
        const { lastVoicedMs } = await caller.say(question);
        await caller.untilHeard(lastVoicedMs, PATIENCE_MS);
        firsts.push({ sinceMs: lastVoicedMs, heardMs: caller.firstHeardAfter(lastVoicedMs) });
      }
      caller.hangUp();
      await caller.ended;
      return firsts;
    }),
  );
  const account = await scene.provider.ask('account', undefined);
  const rows: string[][] = [];
  const all: number[] = [];
  let missing = 0;
  for (const [lane, { name }] of lanes.entries()) {
    const added = (heard[lane] ?? []).flatMap((first) => addedMs(account, lane, `lane-${lane}`, first) ?? []);
    missing += turns - added.length;
    all.push(...added);
    const { count, p50, p95, max } = spreadOf(added);
    rows.push([name, String(count), ms(p50), ms(p95), ms(max)]);
  }
  const worst = Math.max(...rows.map((row) => Number(row[3])));
  return {
    title: 'First voiced packet after the model’s first clause',
    lines: [
      'From the moment the last token of the first clause left the model to the first audible RTP packet at the caller’s socket, less',
      'the time from the server’s receipt of the request to its first sound. All on one machine’s clock; the model sends a token',
      `each ${pace.tokenMs} ms, and a clause is known to be over with the first token behind it. ${lanes.length} calls at once.`,
      '',
      ...table(['server', 'answers', 'added p50, ms', 'p95, ms', 'most, ms'], rows),
      '',
      `first voiced packet: ${ms(spreadOf(all).p95)} ms added (p95 of ${all.length} answers)`,
    ],
    findings: [
      {
        goal: `the connector adds at most ${GOAL_MS} ms to a server’s own first byte (p95, each server)`,
        measured: `${ms(worst)} ms at the worst server`,
        ok: worst <= GOAL_MS,
      },
      { goal: 'every answer was heard', measured: `${missing} missing`, ok: missing === 0 },
    ],
  };
};

function addedMs(
  { answers, asked }: VoicesAccount,
  server: number,
  from: string,
  { sinceMs, heardMs }: { readonly sinceMs: number; readonly heardMs: number | undefined },
): number | undefined {
  if (heardMs === undefined) return undefined;
  const request = asked.find((each) => each.server === server && each.atMs > sinceMs && each.atMs < heardMs);
  const tokens = answers.find((each) => each.from === from && (each.tokens[0]?.atMs ?? 0) > sinceMs)?.tokens ?? [];
  if (request?.soundAtMs === undefined) return undefined;
  let text = '';
  for (const token of tokens) {
    text += token.text;
    if (text.trim().length >= request.text.length) {
      return heardMs - token.atMs - (request.soundAtMs - request.atMs);
    }
  }
  return undefined;
}
