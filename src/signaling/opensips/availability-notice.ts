import type { Availability } from '../port.js';
import type { MiClient } from './mi/mi-client.js';
import { METHOD_NOT_FOUND } from './mi/mi-message.js';
import { FULL_RETRY_AFTER_SECONDS } from './opensips-options.js';

/** The variable of OpenSIPS's script (module cfgutils): `$shv(voice_connector)`. */
const VARIABLE = 'voice_connector';

/** Its values: 0, or what the script is to say in Retry-After of a 503, s. */
const values: Readonly<Record<Availability, number>> = { open: 0, full: FULL_RETRY_AFTER_SECONDS, draining: 60 };

/**
 * Tells the script of OpenSIPS whether calls are taken, so that its answer to OPTIONS can say so: it is the script that
 * answers them. A script without cfgutils has no such variable, and is not asked again until OpenSIPS runs anew.
 */
export class AvailabilityNotice {
  readonly #mi: MiClient;
  #wanted: Availability = 'open';
  #told: Availability | undefined;
  #possible = true;
  #telling = false;
  /** How often OpenSIPS has begun anew: what it said before counts no more. */
  #beginnings = 0;

  constructor(mi: MiClient) {
    this.#mi = mi;
  }

  set(availability: Availability): void {
    this.#wanted = availability;
    void this.#tell();
  }

  /** OpenSIPS runs anew, or we do: it knows nothing. */
  renew(): void {
    this.#beginnings += 1;
    this.#told = undefined;
    this.#possible = true;
    void this.#tell();
  }

  /** One command at a time: over datagrams a second one could overtake. Never rejects. */
  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    while (this.#possible && this.#told !== this.#wanted) {
      const [wanted, beginning] = [this.#wanted, this.#beginnings];
      const params = { name: VARIABLE, type: 'int', value: String(values[wanted]) };
      const outcome = await this.#mi.call('shv_set', params, true);
      if (beginning !== this.#beginnings) continue;
      if (outcome.type === 'done') this.#told = wanted;
      // Lost: the next change of the subscription's state brings us back here.
      if (outcome.type === 'lost' || (outcome.type === 'refused' && outcome.code === METHOD_NOT_FOUND)) {
        this.#possible = false;
      } else if (outcome.type === 'refused') this.#told = wanted;
    }
    this.#telling = false;
  }
}
