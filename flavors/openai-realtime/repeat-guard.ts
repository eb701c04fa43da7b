import { RecentIds } from './recent-ids.js';

/** Events that are remembered by id. */
const KEPT = 16;
/** Characters that are looked for to find out after how many sound repeats itself, and how often it is tried. */
const BEGINNING = 64;
const MAX_TRIES = 8;

/**
 * Finds audio that comes twice: networks do not do that, gateways have. The same event again, or the same sound again right
 * after it; silence and tones, which repeat themselves, are not taken for a repetition.
 */
export class RepeatGuard {
  readonly #events = new RecentIds(KEPT);
  #itemId = '';
  #audio = '';

  isRepeated(eventId: string, itemId: string, audio: string): boolean {
    if (eventId !== '' && !this.#events.add(eventId)) return true;
    const repeated = itemId === this.#itemId && audio === this.#audio && !isSteady(audio);
    this.#itemId = itemId;
    this.#audio = audio;
    return repeated;
  }
}

/** Whether base64 stands for the same samples over and over, its end apart: it is then like itself, moved by less than half. */
function isSteady(base64: string): boolean {
  const whole = base64.slice(0, -4);
  const half = whole.length >> 1;
  const beginning = whole.slice(0, Math.min(BEGINNING, half));
  let tries = 0;
  for (let at = whole.indexOf(beginning, 1); at > 0 && at <= half && tries < MAX_TRIES; tries += 1) {
    if (whole.startsWith(whole.slice(at))) return true;
    at = whole.indexOf(beginning, at + 1);
  }
  return half < 4;
}
