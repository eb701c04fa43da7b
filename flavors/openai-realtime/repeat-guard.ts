import { RecentIds } from './recent-ids.js';

/** Events that are remembered by id. */
const KEPT = 16;

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

/** Whether base64 stands for three bytes over and over, its end apart. */
function isSteady(base64: string): boolean {
  for (let index = 4; index < base64.length - 4; index += 1) {
    if (base64.charCodeAt(index) !== base64.charCodeAt(index - 4)) return false;
  }
  return true;
}
