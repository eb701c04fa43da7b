import { errorCode, errorMessage } from '../../base/connector-error.js';
import type { Announcement, Announcer, Cue, Saying } from './announcement.js';

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

  /** What the agent is told for this call; `undefined` where the words themselves are to be said. */
  instructionsOf(cue: Cue): string | undefined {
    return cue.instructions === undefined ? undefined : this.#parts.render(cue.instructions);
  }

  /** The announcement, or `undefined` where there are no words, and when it cannot be made, which is a warning and no more. Never rejects. */
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
      if (text === undefined && saying.wav === undefined) return undefined;
      return await this.#parts.announcer.prepare({
        ...(saying.wav !== undefined && { wav: saying.wav }),
        ...(text !== undefined && { text }),
      });
    } catch (error) {
      this.#parts.onWarning(errorCode(error) ?? 'ERR_UNEXPECTED', errorMessage(error));
      return undefined;
    }
  }
}
