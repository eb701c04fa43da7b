import { isIPv6 } from 'node:net';
import type { Clock } from '../../../base/clock.js';
import { rememberNewest } from '../../../base/remember-newest.js';
import type { LargeRequestFlow } from '../transaction/transaction-layer.js';
import type { SipFlow } from '../transport/sip-transport.js';
import type { BoundTransport } from './flow-finder.js';

/**
 * `connectMs`: a peer whose firewall drops a SYN must not keep a call waiting; where TCP is spoken it is there in no time.
 * `refusalMs`: for how long a peer that did not take TCP is spared it.
 */
export const largeRequestDefaults = { connectMs: 2_000, refusalMs: 600_000, maxRefusals: 1_024 } as const;

/** Finds a TCP flow for requests that are too large for UDP (RFC 3261 section 18.1.1), and remembers who takes none. */
export class LargeRequests {
  readonly #transports: readonly BoundTransport[];
  readonly #clock: Clock;
  /** Peers by address and port, and until when they are left alone, oldest first. */
  readonly #refusals = new Map<string, number>();

  constructor(transports: readonly BoundTransport[], clock: Clock) {
    this.#transports = transports;
    this.#clock = clock;
  }

  /** `undefined`: we have no TCP in that family, or the peer has none. */
  streamFor({ remote }: SipFlow): LargeRequestFlow | undefined {
    const key = `${remote.address} ${remote.port}`;
    if ((this.#refusals.get(key) ?? 0) > this.#clock.now()) return undefined;
    const family = isIPv6(remote.address);
    const able = this.#transports.find(
      ({ transport, bound }) => transport.protocol === 'tcp' && isIPv6(bound.address) === family,
    );
    const flow = able?.transport.flowTo({ ...remote, connectMs: largeRequestDefaults.connectMs });
    return flow === undefined ? undefined : { flow, onRefused: () => this.#refused(key) };
  }

  #refused(key: string): void {
    const { maxRefusals, refusalMs } = largeRequestDefaults;
    rememberNewest(this.#refusals, key, this.#clock.now() + refusalMs, maxRefusals);
  }
}
