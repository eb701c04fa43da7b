import { RecentIds } from '../answers/recent-ids.js';

/** Events that are remembered. */
const KEPT = 16;

/**
 * Finds the events of a connection that come twice, which gateways have sent, by their ids; and servers whose ids name no
 * event, as LocalAI, which calls one like the other.
 */
export class EventIds {
  readonly #ids = new RecentIds(KEPT);
  readonly #messages = new RecentIds(KEPT);
  #naming = true;

  /** Until an id has come with two messages. From then on nothing is a repetition. */
  get naming(): boolean {
    return this.#naming;
  }

  /** `message`: the event of that id, which is not empty, as it came. */
  isRepeated(id: string, message: string): boolean {
    if (!this.#naming) return false;
    const known = !this.#ids.add(id);
    const same = !this.#messages.add(message);
    this.#naming = !known || same;
    return known && same;
  }
}
