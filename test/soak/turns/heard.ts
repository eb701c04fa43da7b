import { encodeMulaw } from '../../../src/audio/g711.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { SimulatedCall } from '../../support/simulated-call.js';
import { speak8k, wordTimes } from '../../support/speech.js';
import { type Measure, ms, scaled, table } from '../lib/report.js';
import { percentile, spreadOf } from '../lib/statistics.js';

const INTERRUPTIONS = 200;
const GOAL_MS = 20;

/** None of them was looked at when the weights were chosen. */
const texts = [
  'Thanks for calling. I can help you with bookings, changes and cancellations. What would you like to do today?',
  'The last train to Oxford leaves at 23:15 from platform 7, and the journey takes about an hour and ten minutes.',
  'I am afraid the doctor is fully booked this week. However, I could offer you next Tuesday morning, or I can put you on the waiting list.',
  'Your balance is 342 pounds and 60 pence. The last payment, of 45 pounds, went out on the third of November.',
  'Of course. First, open the app; then tap on your picture in the corner, choose settings, and scroll all the way down until you see the word privacy.',
  'That would be two large pizzas, one with mushrooms and one without, a green salad, and a bottle of sparkling water. Anything else?',
] as const;
const voices = ['slt', 'rms', 'awb', 'kal16'] as const satisfies readonly FliteVoiceName[];

/** What a provider tells of the words: nothing but the text, or when each begins. */
const modes = ['text alone', 'word times'] as const;

interface Interruption {
  readonly wordsOff: number;
  readonly msOff: number;
}

/** Heard text and milliseconds against what left the socket, at random interruptions. */
export const measureHeard: Measure = async (tell, scale) => {
  const count = scaled(INTERRUPTIONS, scale);
  const found = new Map<(typeof modes)[number], Interruption[]>();
  for (const mode of modes) {
    tell(`heard: ${count} interruptions, the provider gives ${mode}`);
    const random = new SeededRandom(40_000);
    const interruptions: Interruption[] = [];
    for (let index = 0; index < count; index += 1) {
      const text = texts[index % texts.length] ?? '';
      const voice = voices[random.integer(voices.length)] ?? 'slt';
      interruptions.push(await interrupt(text, voice, mode, random));
    }
    found.set(mode, interruptions);
  }
  const wordsOff = (mode: (typeof modes)[number]): readonly number[] =>
    (found.get(mode) ?? []).map((each) => each.wordsOff);
  const msOff = spreadOf([...found.values()].flat().map((each) => each.msOff));
  return {
    title: 'Heard-truth at simulated time',
    lines: [
      'Words: those of the report against those whose sound had ended in what was sent (times of words estimated from the',
      'synthesiser’s sounds, to some 40 ms). Milliseconds: those of the report against the place of the last packet sent.',
      '',
      ...table(
        ['the provider gives', 'interruptions', 'words off p50', 'p95', 'max'],
        modes.map((mode) => {
          const { count: n, p50, p95, max } = spreadOf(wordsOff(mode));
          return [mode, String(n), String(p50), String(p95), String(max)];
        }),
      ),
    ],
    findings: [
      {
        goal: `|heardMs - sent| <= ${GOAL_MS} ms, max`,
        measured: `p50 ${ms(msOff.p50)}, max ${ms(msOff.max)} ms`,
        ok: msOff.max <= GOAL_MS,
      },
      {
        goal: 'heard text within 2 words p95, text alone',
        measured: `${percentile(wordsOff('text alone'), 0.95)} words`,
        ok: percentile(wordsOff('text alone'), 0.95) <= 2,
      },
      {
        goal: 'heard text within 1 word p95, word times',
        measured: `${percentile(wordsOff('word times'), 0.95)} words`,
        ok: percentile(wordsOff('word times'), 0.95) <= 1,
      },
    ],
  };
};

async function interrupt(
  text: string,
  voice: FliteVoiceName,
  mode: (typeof modes)[number],
  random: SeededRandom,
): Promise<Interruption> {
  const pcm = await speak8k(text, voice);
  const codes = new Uint8Array(pcm.length);
  encodeMulaw(pcm, codes);
  const words = await wordTimes(text, voice);
  const call = new SimulatedCall({}, random.integer(1_000_000));
  for (const [index, { text: word, startMs }] of words.entries()) {
    const spaced = index === words.length - 1 ? word : `${word} `;
    const times = mode === 'word times' ? { atMs: startMs } : {};
    call.session.events.push({ type: 'text', responseId: 'r1', text: spaced, ...times });
  }
  call.session.events.push({ type: 'audio', responseId: 'r1', data: codes });
  call.session.events.push({ type: 'audio-done', responseId: 'r1' });
  const silence = new Int16Array(160);
  const frames = 25 + random.integer(Math.max(1, codes.length / 160 - 75));
  for (let frame = 0; frame < frames; frame += 1) await call.frame(silence);
  const before = call.sent.length;
  call.press('1');
  for (let frame = 0; frame < 3; frame += 1) await call.frame(silence);
  call.close();
  const report = call.session.playouts.at(-1);
  const last = call.sent[before - 1]?.codes ?? new Uint8Array();
  const place = Buffer.from(codes).lastIndexOf(last);
  const sentMs = place < 0 ? Number.NaN : (place + last.length) / 8;
  const heard = report?.heardText.split(' ').filter((word) => word !== '').length ?? 0;
  return {
    wordsOff: Math.abs(heard - wordsEnded(words, pcm, report?.heardMs ?? 0)),
    // A packet of pure silence may stand anywhere in the answer.
    msOff: Number.isNaN(sentMs) || new Set(last).size < 20 ? 0 : Math.abs(sentMs - (report?.heardMs ?? 0)),
  };
}

/** Words whose sound was over: the next has begun, or a silence of 60 ms has. */
function wordsEnded(words: Awaited<ReturnType<typeof wordTimes>>, pcm: Int16Array, heardMs: number): number {
  return words.filter(({ startMs }, index) => {
    const nextMs = words[index + 1]?.startMs ?? pcm.length / 8;
    let endMs = nextMs;
    while (endMs - 20 > startMs && isQuiet(pcm, endMs - 20)) endMs -= 20;
    return (nextMs - endMs >= 60 ? endMs : nextMs) <= heardMs;
  }).length;
}

function isQuiet(pcm: Int16Array, fromMs: number): boolean {
  return pcm.subarray(Math.round(fromMs * 8), Math.round((fromMs + 20) * 8)).every((sample) => Math.abs(sample) < 150);
}
