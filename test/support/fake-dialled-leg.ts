import type { HangUpOptions, LegEvent, OutboundLeg, OutboundRequest } from '../../src/signaling/port.js';
import { OFFER } from './fake-leg.js';

/** The answer to an offer of ours: G.711 mu-law at a port of its own. */
export const ANSWER = OFFER.replace('0 8 101', '0 101');

/** An INVITE of ours without a network; the test says what becomes of it. */
export class FakeDialledLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly callId = 'out@test';
  readonly localAddress = '127.0.0.1';
  readonly request: OutboundRequest;
  readonly offer: string;
  readonly farewells: HangUpOptions[] = [];
  #listener: ((event: LegEvent) => void) | undefined;

  constructor(request: OutboundRequest) {
    this.request = request;
    this.offer = typeof request.sdp === 'string' ? request.sdp : request.sdp(this.localAddress);
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#listener = listener;
  }

  hangUp(options: HangUpOptions = {}): void {
    this.farewells.push(options);
    queueMicrotask(() => this.emit({ type: 'ended', end: { by: 'local', status: 487, text: '' } }));
  }

  refer(): void {}

  reoffer(): void {}

  sendDigit(): void {}

  emit(event: LegEvent): void {
    this.#listener?.(event);
  }

  /** 200. */
  answer(sdp: string | undefined = ANSWER): void {
    this.emit({ type: 'answered', sdp });
  }

  end(by: 'peer' | 'transport', status: number): void {
    this.emit({ type: 'ended', end: { by, status, text: '' } });
  }
}
