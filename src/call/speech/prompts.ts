import { errorCode, errorMessage } from '../../base/connector-error.js';
import type { Announcement, Announcer, Saying } from './announcement.js';

export interface PromptsParts {
  readonly announcer: Announcer;
  /** Fills `{{name}}` in. */
  render(text: string): string;
  onWarning(code: string, message: string): void;
}

/**
 * What the host may have to say in one call, made before it is needed: when a provider is down nobody waits for a voice
 * as well.
 */
export class Prompts {
  readonly #parts: PromptsParts;
  #made: Map<Saying, Promise<Announcement | undefined>> | undefined;

  constructor(parts: PromptsParts) {
    this.#parts = parts;
  }

  /** The text of a saying for this call; `undefined` for a recording without a transcript. */
  textOf(saying: Saying): string | undefined {
    return saying.text === undefined ? undefined : this.#parts.render(saying.text);
  }

  /** The announcement, or `undefined` when it cannot be made, which is a warning and no more. Never rejects. */
  get(saying: Saying): Promise<Announcement | undefined> {
    this.#made ??= new Map();
    const known = this.#made.get(saying);
    if (known) return known;
    const made = this.#make(saying);
    this.#made.set(saying, made);
    return made;
  }

  async #make(saying: Saying): Promise<Announcement | undefined> {
    try {
      const text = this.textOf(saying);
      return await this.#parts.announcer.prepare({ ...saying, ...(text !== undefined && { text }) });
    } catch (error) {
      this.#parts.onWarning(errorCode(error) ?? 'ERR_UNEXPECTED', errorMessage(error));
      return undefined;
    }
  }
}
