import { parseSipUri } from '../message/sip-uri.js';
import type { RestingTargets } from '../resting-targets.js';

/** Where an INVITE of ours goes, and how it is addressed. The server looks names up (RFC 3263). */
export interface ServerTarget {
  readonly requestUri: string;
  /** Absent where the Request-URI says it. */
  readonly nextHop: string | undefined;
}

/** The next hops of one outbound call, in the order they are tried. Those that rest are left out. */
export class TargetList {
  readonly #uri: string;
  readonly #resting: RestingTargets;
  #targets: string[];
  #current = '';

  /** @param targets as `OutboundRequest.targets`; empty: the URI itself */
  constructor(uri: string, targets: readonly string[], resting: RestingTargets) {
    this.#uri = uri;
    this.#resting = resting;
    this.#targets = targets.length === 0 ? [uri] : [...targets];
  }

  /** There may be another one. */
  get more(): boolean {
    return this.#targets.length > 0;
  }

  /** `undefined` when none is left. */
  next(): ServerTarget | undefined {
    for (;;) {
      const target = this.#targets.shift();
      if (target === undefined) return undefined;
      if (!this.#resting.has(target)) {
        this.#current = target;
        return this.#addressing(target);
      }
    }
  }

  /** The one that was tried last gets no INVITE for so long. */
  rest(seconds: number): void {
    this.#resting.add(this.#current, seconds);
  }

  /** From now on these URIs are called, and nobody else (RFC 3261 section 8.1.3.4). */
  redirect(uris: readonly string[]): void {
    this.#targets = [...uris];
  }

  /**
   * A target with a user part is itself the URI to call, any other just the next hop. A Route header field of ours the
   * server would drop, so that a proxy with `lr` is addressed like any other.
   */
  #addressing(target: string): ServerTarget {
    const user = parseSipUri(target)?.user ?? '';
    return user === '' ? { requestUri: this.#uri, nextHop: target } : { requestUri: target, nextHop: undefined };
  }
}
