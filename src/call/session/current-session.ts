import type { FlavorCapabilities } from '../../flavor-api/index.js';
import type { SessionFormats } from './session-formats.js';
import type { SessionLink } from './session-link.js';

/** The mind that is on the phone: one at a time, and another after a fail-over. */
export class CurrentSession {
  #link: SessionLink;
  #capabilities: FlavorCapabilities;
  #formats: SessionFormats;

  constructor(link: SessionLink, capabilities: FlavorCapabilities, formats: SessionFormats) {
    this.#link = link;
    this.#capabilities = capabilities;
    this.#formats = formats;
  }

  get link(): SessionLink {
    return this.#link;
  }

  get capabilities(): FlavorCapabilities {
    return this.#capabilities;
  }

  /** Frames that nothing is done with before the last of them is there, from 1 on. Hot path. */
  get awaitedFrames(): number {
    return this.#capabilities.turnTaking === 'host' ? 1 : this.#link.awaitedFrames;
  }

  get formats(): SessionFormats {
    return this.#formats;
  }

  replace(link: SessionLink, capabilities: FlavorCapabilities, formats: SessionFormats): void {
    this.#link = link;
    this.#capabilities = capabilities;
    this.#formats = formats;
  }
}
