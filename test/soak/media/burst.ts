import { decodeMulaw } from '../../../src/audio/g711.js';
import { heardPart } from '../lib/audio-search.js';
import { type PartReport, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';

/** A little more than twelve seconds of speech. */
const TEXT =
  'Let me read that back to you before I book anything. You would like a table for four on Friday evening at half past seven, ' +
  'by the window if there is one free, with a high chair for the little one, and you will bring a cake of your own for dessert.';
const MIN_SPEECH_MS = 12_000;
/** How many times as fast as it plays the provider sends it. */
const AUDIO_RATE = 10;
const CALLS = 5;
const SAMPLES_PER_MS = 8;

/** What one caller heard of the speech. In samples but for the length. */
interface Heard {
  readonly speechMs: number;
  /** Audible samples that never came. */
  readonly lost: number;
  /** Samples put in between, silence included: the speech came in one piece where there are none. */
  readonly inserted: number;
  readonly pieces: number;
}

/** Twelve seconds of speech that come over the flavor's WebSocket in little more than one. */
export async function measureBurst(tell: (line: string) => void, scale: number): Promise<PartReport> {
  await using scene = await Scene.open({
    provider: { replies: [{ text: 'Goodbye.' }], audioRate: AUDIO_RATE },
    flavor: { greeting: TEXT },
  });
  const speech = decoded((await scene.spoken(TEXT)).bytes);
  const speechMs = speech.length / SAMPLES_PER_MS;
  const heard: Heard[] = [];
  for (let call = 0; call < scaled(CALLS, scale); call += 1) {
    tell(`burst: call ${call + 1}`);
    const caller = scene.caller({ from: `burst-${call}`, keepAudio: true });
    if (!(await caller.dial())) throw new Error('the call was not answered');
    await caller.untilHeard(0, 10_000);
    await caller.untilQuiet(1_500, speechMs + 10_000);
    caller.hangUp();
    await caller.ended;
    const part = heardPart(speech, caller.heard());
    if (part === undefined) throw new Error('nothing was heard of the speech');
    const { lost, runs } = part;
    const [first, last] = [runs[0], runs.at(-1)];
    if (first === undefined || last === undefined) throw new Error('nothing was heard of the speech');
    const asHeard = last.heardStart + last.length - first.heardStart;
    const asSpoken = last.itemStart + last.length - first.itemStart;
    heard.push({
      speechMs,
      lost: lost.before + lost.within + lost.after,
      inserted: asHeard - asSpoken,
      pieces: runs.length,
    });
  }
  const sum = (of: (each: Heard) => number): number => heard.reduce((total, each) => total + of(each), 0);
  return {
    title: 'Speech that comes ten times as fast as it plays',
    lines: [
      'The flavor openai-realtime, mu-law passed through; what the caller heard is compared with what the provider sent, sample for sample.',
      '',
      ...table(
        ['call', 'speech', 'samples lost', 'samples inserted', 'pieces'],
        heard.map((each, index) => [
          String(index + 1),
          `${(each.speechMs / 1000).toFixed(1)} s`,
          String(each.lost),
          String(each.inserted),
          String(each.pieces),
        ]),
      ),
    ],
    findings: [
      {
        goal: `${MIN_SPEECH_MS / 1000} s of speech at ${AUDIO_RATE} times its pace: nothing dropped, nothing inserted, bit for bit`,
        measured: `${(speechMs / 1000).toFixed(1)} s in ${heard.length} calls: ${sum((each) => each.lost)} samples lost, ${sum((each) => each.inserted)} inserted`,
        ok:
          speechMs >= MIN_SPEECH_MS &&
          heard.every(({ lost, inserted, pieces }) => lost === 0 && inserted === 0 && pieces === 1),
      },
    ],
  };
}

function decoded(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  decodeMulaw(bytes, samples);
  return samples;
}
