import { RecentIds } from './recent-ids.js';

/** Events that are remembered by id. */
const KEPT = 16;
/** Bytes that are looked for to find out after how many sound repeats itself, and how often it is tried. */
const BEGINNING = 48;
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

/**
 * Whether base64 stands for sound that goes on with the same bytes again: it is like itself, moved by its period, of which it
 * has a whole number. A tone of which it has not goes on otherwise, so that the same again is a repetition.
 */
function isSteady(base64: string): boolean {
  const bytes = Buffer.from(base64, 'base64');
  const half = bytes.length >> 1;
  const beginning = bytes.subarray(0, Math.min(BEGINNING, half));
  let tries = 0;
  for (let at = bytes.indexOf(beginning, 1); at > 0 && at <= half && tries < MAX_TRIES; tries += 1) {
    if (bytes.subarray(at).equals(bytes.subarray(0, bytes.length - at))) return bytes.length % at === 0;
    at = bytes.indexOf(beginning, at + 1);
  }
  return half < 4;
}
