import { createSystemClock } from '../../../src/base/clock.js';
import { createTextToSpeech, textToSpeechConfig } from '../../../src/cascade/index.js';
import type { TextToSpeechSession } from '../../../src/cascade/stages/text-to-speech.js';
import { FakeDevnen } from '../../fakes/chatterbox/devnen.js';
import { FakeModal } from '../../fakes/chatterbox/modal.js';
import { FakeTravisvn } from '../../fakes/chatterbox/travisvn.js';
import { FakeOpenAiSpeech } from '../../fakes/openai-speech/fake.js';
import { type Measure, ms, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';

/** A server, and how a flavor names it. */
interface Candidate {
  readonly name: string;
  readonly section: object;
}

/** Most that an engine may add between a server's first sound and the host's, p95, ms: a part of issue 6's 60 ms. */
const GOAL_MS = 60;
const TEXTS = [
  'Your order left us this morning, and it will be there on Friday.',
  'One moment please.',
  'We are open from nine to five. On Saturdays we close at noon.',
];
const phone = { encoding: 'mulaw', sampleRate: 8_000 } as const;

/**
 * From the first sound that a server sends to the first that the engine hands on, in the phone's format: a clause at a
 * time, over every backend of this machine. Servers and engine share this process, and its cores.
 */
export const measureFirstSound: Measure = async (tell, scale) => {
  const opened: AsyncDisposable[] = [];
  const keep = <Kept extends AsyncDisposable>(kept: Kept): Kept => {
    opened.push(kept);
    return kept;
  };
  const voice = { realTimeFactor: 0.05, overheadMs: 20 };
  const devnen = keep(await FakeDevnen.start({ voice }));
  const travisvn = keep(await FakeTravisvn.start({ voice }));
  const example = keep(await FakeModal.start({ voice }));
  const own = keep(await FakeModal.start({ voice, app: 'events' }));
  const openai = keep(await FakeOpenAiSpeech.start({ voice }));
  for (const fake of [devnen, travisvn, example, own, openai]) await fake.voice.warm(TEXTS);
  const chatterbox = (server: string, url: string, rest: object = {}) => ({
    provider: 'chatterbox',
    server,
    url,
    ...rest,
  });
  const candidates: readonly Candidate[] = [
    { name: 'devnen, stream', section: chatterbox('devnen', devnen.url) },
    { name: 'devnen, file', section: chatterbox('devnen', devnen.url, { stream: false }) },
    ...(['events', 'stream', 'whole'] as const).map((answer) => ({
      name: `travisvn, ${answer}`,

      section: chatterbox('travisvn', travisvn.url, { answer }),
    })),
    { name: 'Modal, example', section: chatterbox('modal', example.url) },
    { name: 'Modal, events', section: chatterbox('modal', own.url, { api: 'json' }) },
    ...(['pcm', 'wav', 'events'] as const).map((answer) => ({
      name: `OpenAI speech, ${answer}`,

      section: { provider: 'openai-speech', baseUrl: openai.baseUrl, answer },
    })),
  ];
  const fakes = [devnen, travisvn, example, own, openai];
  const clock = createSystemClock();
  const rows: string[][] = [];
  let worst = 0;
  for (const { name, section } of candidates) {
    tell(name);
    const engine = keep(createTextToSpeech(textToSpeechConfig.parse(section)));
    const controller = new AbortController();
    const session = await engine.open({ output: phone }, controller.signal);
    const added: number[] = [];
    for (let turn = 0; turn < scaled(100, scale); turn += 1) {
      const heardAtMs = await firstSound(session, TEXTS[turn % TEXTS.length] ?? '', () => clock.now());
      const request = fakes
        .flatMap(({ spoken }) => spoken)
        .reduce((last, each) => (each.atMs > last.atMs ? each : last));
      if (heardAtMs !== undefined && request.soundAtMs !== undefined) added.push(heardAtMs - request.soundAtMs);
    }
    controller.abort();
    const { count, p50, p95, max } = spreadOf(added);
    worst = Math.max(worst, count === 0 ? Number.POSITIVE_INFINITY : p95);
    rows.push([name, String(count), ms(p50), ms(p95), ms(max)]);
  }
  for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  return {
    title: 'First sound of speech servers: what the engine adds',
    lines: table(['server', 'clauses', 'p50, ms', 'p95, ms', 'most, ms'], rows),
    findings: [
      {
        goal: `the engine adds at most ${GOAL_MS} ms to a server's own first sound (p95)`,
        measured: `${ms(worst)} ms at the worst server`,
        ok: worst <= GOAL_MS,
      },
    ],
  };
};

/** Says a text to its end; when its first sound was handed on. */
async function firstSound(session: TextToSpeechSession, text: string, now: () => number): Promise<number | undefined> {
  const utterance = session.begin();
  utterance.append(text);
  utterance.finish();
  let at: number | undefined;
  for await (const event of utterance.events) if (event.type === 'audio') at ??= now();
  return at;
}
