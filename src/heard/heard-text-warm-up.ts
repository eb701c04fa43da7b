import { setImmediate } from 'node:timers/promises';
import { HeardText } from './heard-text.js';

/**
 * What an agent might say, with all that is read out in other words than it is written in. Short ones first: code that
 * has not run yet is slow, however little it has to do.
 */
const TEXTS = [
  'Yes, yes.',
  'One moment.',
  'Good morning, how may I help?',
  'Dr. Hall costs $129.50 (VAT incl.).',
  'Call 020 7946 0018 by 3:30 pm on 12/5.',
  'It was sorted at www.depot.example, 12 km from here, and loaded on a van.',
] as const;
/** Each is told so often: hot code is made anew where it turns out to be hot. */
const ROUNDS = 4;
/** Moments at which a text is cut. */
const SHARES = [0.3, 0.6] as const;
/** Of a response that is still being made, so much has come that nobody has heard yet, ms. */
const AHEAD_MS = 300;

/** mu-law at 8000 Hz. */
const FORMAT = { encoding: 'mulaw', sampleRate: 8_000 } as const;
const BYTES_PER_MS = 8;
const LETTER_MS = 60;
const [LOUD, FAINT, SILENT] = [0x10, 0x30, 0xff];
const SIGN = 0x80;

/**
 * Telling what was heard without doing so for anybody: in a process that has just begun it takes ten times as long as
 * later, and until it is done no packet of any call leaves. One slice after the other, each of a few ms.
 *
 * @returns slices; what a slice returns is how many characters were told
 */
export function* heardTextSlices(): Generator<() => number> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const text of TEXTS) {
      const sound = pseudoSpeech(text);
      for (const share of SHARES) {
        for (const complete of [true, false]) yield () => tell(text, sound, share, complete);
      }
    }
  }
}

/** Runs all slices, whatever else there is to do in between. Ends early, and never rejects, where `signal` aborts. */
export async function warmUpHeardText(signal: AbortSignal): Promise<void> {
  for (const slice of heardTextSlices()) {
    if (signal.aborted) return;
    slice();
    await setImmediate();
  }
}

function tell(text: string, sound: Uint8Array, share: number, complete: boolean): number {
  const heardMs = (share * sound.length) / BYTES_PER_MS;
  const heard = new HeardText(FORMAT);
  heard.addText(text, 0);
  heard.addAudio(complete ? sound : sound.subarray(0, Math.round((heardMs + AHEAD_MS) * BYTES_PER_MS)));
  if (complete) heard.complete();
  return heard.heardAt(heardMs).chars;
}

/** Vowels hum, other letters hiss, blanks are silent for a moment and marks for longer. */
function pseudoSpeech(text: string): Uint8Array {
  const sound: number[] = [];
  for (const letter of text) {
    const [level, period] = /[aeiou]/i.test(letter) ? [LOUD, 20] : /\w/.test(letter) ? [FAINT, 4] : [SILENT, 2];
    const lastsMs = /[.,]/.test(letter) ? 3 * LETTER_MS : LETTER_MS;
    for (let at = 0; at < lastsMs * BYTES_PER_MS; at += 1) sound.push(at % period < period / 2 ? level : level ^ SIGN);
  }
  return Uint8Array.from(sound);
}
