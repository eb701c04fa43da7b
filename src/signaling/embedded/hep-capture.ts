import { errorMessage } from '../../base/connector-error.js';
import { type HepOptions, HepSender } from '../hep/hep-sender.js';
import type { EmbeddedDeps } from './embedded-options.js';
import { CapturedTransport } from './transport/captured-transport.js';
import type { SipTransport } from './transport/sip-transport.js';

/** What the endpoint's transports have in common that are captured: the way to the capture server. */
export class HepCapture {
  readonly #sender: HepSender | undefined;
  readonly #clock: EmbeddedDeps['clock'];

  /** @param options absent: nothing is captured */
  constructor(options: HepOptions | undefined, { clock, log }: Pick<EmbeddedDeps, 'clock' | 'log'>) {
    this.#clock = clock;
    if (options === undefined) return;
    this.#sender = new HepSender(options, (error) =>
      log?.warn({ error: errorMessage(error) }, 'SIP messages do not reach the capture server'),
    );
  }

  /** That transport, captured where it is asked for. */
  capturing(transport: SipTransport): SipTransport {
    const sender = this.#sender;
    if (sender === undefined) return transport;
    return new CapturedTransport(transport, (captured) =>
      sender.send({ ...captured, wallTimeMs: this.#clock.wallTime() }),
    );
  }

  close(): void {
    this.#sender?.close();
  }
}
