import type { UndialledLeg } from '../../call/call-leg.js';
import type { HangUpOptions, LegEvent, OutboundLeg, OutboundRequest, ReferRequest } from '../../signaling/port.js';

/** Whom to call; the offer comes with {@link OutboundLine.dial}. */
export type OutboundOrder = Omit<OutboundRequest, 'sdp'>;

/** A call that a driver is to make once its offer is there. */
export class OutboundLine implements UndialledLeg {
  readonly direction = 'outbound';
  readonly #order: OutboundOrder;
  readonly #invite: (request: OutboundRequest) => OutboundLeg;
  #listener: (event: LegEvent) => void = () => {};
  #leg: OutboundLeg | undefined;
  #ended = false;

  /** @param invite of the driver */
  constructor(order: OutboundOrder, invite: (request: OutboundRequest) => OutboundLeg) {
    this.#order = order;
    this.#invite = invite;
  }

  get callId(): string {
    return this.#leg?.callId ?? '';
  }

  get localAddress(): string {
    return this.#leg?.localAddress ?? '';
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#listener = listener;
  }

  dial(describe: (localAddress: string) => string): void {
    if (this.#ended || this.#leg !== undefined) return;
    try {
      this.#leg = this.#invite({ ...this.#order, sdp: describe });
    } catch {
      // The driver has stopped meanwhile, or takes no header field of these.
      this.#end('transport');
      return;
    }
    this.#leg.listen((event) => {
      if (event.type === 'ended') this.#ended = true;
      this.#listener(event);
    });
  }

  hangUp(options?: HangUpOptions): void {
    if (this.#leg === undefined) this.#end('local');
    else this.#leg.hangUp(options);
  }

  refer(request: ReferRequest): void {
    if (this.#leg === undefined) this.#later({ type: 'transfer', status: 481, final: true });
    else this.#leg.refer(request);
  }

  reoffer(sdp: string | (() => string)): void {
    if (this.#leg === undefined) this.#later({ type: 'reoffered', status: 481, sdp: undefined });
    else this.#leg.reoffer(sdp);
  }

  sendDigit(digit: string, durationMs: number): void {
    this.#leg?.sendDigit(digit, durationMs);
  }

  #end(by: 'local' | 'transport'): void {
    if (this.#ended) return;
    this.#ended = true;
    queueMicrotask(() => this.#listener({ type: 'ended', end: { by, status: 0, text: '' } }));
  }

  #later(event: LegEvent): void {
    queueMicrotask(() => {
      if (!this.#ended) this.#listener(event);
    });
  }
}
