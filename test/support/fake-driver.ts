import type {
  InboundLeg,
  ListeningAddress,
  OutboundLeg,
  OutboundRequest,
  SignalingDriver,
  SignalingHandlers,
} from '../../src/signaling/port.js';
import { FakeDialledLeg } from './fake-dialled-leg.js';

/** A driver without a network: the test brings the INVITEs. */
export class FakeDriver implements SignalingDriver {
  readonly name = 'embedded';
  readonly features = { attendedTransfer: true, headers: true, infoDigits: true };
  readonly availability: string[] = [];
  readonly dialled: FakeDialledLeg[] = [];
  failure: Error | undefined;
  disposed = false;
  /** What `renew` throws. */
  renewFailure: Error | undefined;
  renewals = 0;
  #handlers: SignalingHandlers | undefined;

  async start(handlers: SignalingHandlers): Promise<readonly ListeningAddress[]> {
    if (this.failure) throw this.failure;
    this.#handlers = handlers;
    handlers.onStateChange('up');
    return [{ protocol: 'udp', address: '127.0.0.1', port: 5060 }];
  }

  get handlers(): SignalingHandlers {
    if (!this.#handlers) throw new Error('the driver was not started');
    return this.#handlers;
  }

  invite(request: OutboundRequest): OutboundLeg {
    const leg = new FakeDialledLeg(request);
    this.dialled.push(leg);
    return leg;
  }

  setAvailability(availability: 'open' | 'full' | 'draining'): void {
    if (this.availability.at(-1) !== availability) this.availability.push(availability);
  }

  async renew(): Promise<void> {
    if (this.renewFailure) throw this.renewFailure;
    this.renewals += 1;
  }

  /** A call comes in. */
  ring(leg: InboundLeg): void {
    this.handlers.onInvite(leg);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}
