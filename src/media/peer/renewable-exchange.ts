import { randomOfHello } from '../dtls/client-hello.js';
import type { DtlsServerDeps } from '../dtls/dtls-server.js';
import type { DtlsFingerprint } from '../engine.js';
import type { BeginKeyExchange, KeyExchange } from './key-exchange.js';

/**
 * Between two handshakes that a peer begins in mid-call: each costs us a signature, and its address is easily forged. A peer whose hello
 * comes sooner, as two re-INVITEs may, sends it again, by a timer of 1 s (RFC 6347 section 4.2.4.1).
 */
const MIN_GAP_MS = 200;

/** A handshake that the peer has begun although there are keys. */
interface Renewal {
  readonly exchange: KeyExchange;
  /** Of the ClientHello that began it. */
  readonly random: Uint8Array;
}

/**
 * The handshakes of one peer, one after the other. A peer may begin anew over the same ports with the same certificate (RFC 6347
 * section 4.2.8), as Asterisk does at each re-INVITE where there is no ICE: what was agreed on holds until the new handshake has come to its
 * end, and one that fails, or that somebody forges, changes nothing.
 */
export class RenewableExchange implements KeyExchange {
  readonly #begin: BeginKeyExchange;
  readonly #fingerprints: readonly DtlsFingerprint[];
  readonly #deps: DtlsServerDeps;
  #current: KeyExchange;
  #established = false;
  /** Of the ClientHello that the current handshake began with: its late copies begin nothing. */
  #random: Uint8Array | undefined;
  #renewal: Renewal | undefined;
  #begunAtMs = Number.NEGATIVE_INFINITY;

  /** @param deps `onEstablished` is called again with each renewal's keys */
  constructor(begin: BeginKeyExchange, fingerprints: readonly DtlsFingerprint[], deps: DtlsServerDeps) {
    this.#begin = begin;
    this.#fingerprints = fingerprints;
    this.#deps = deps;
    const { send, listener } = deps;
    this.#current = begin(fingerprints, {
      send,
      listener: {
        onEstablished: (keys) => {
          this.#established = true;
          listener.onEstablished(keys);
        },
        onFailed: (message) => listener.onFailed(message),
        onClosed: () => listener.onClosed(),
      },
    });
  }

  receive(datagram: Uint8Array, nowMs: number): void {
    if (this.#established) this.#renew(datagram, nowMs);
    else this.#random = randomOfHello(datagram) ?? this.#random;
    // Each passes over what is of the other: it is not authentic there, or of an epoch that is over or has not come.
    this.#current.receive(datagram, nowMs);
    this.#renewal?.exchange.receive(datagram, nowMs);
  }

  /**
   * A renewal has no timer: the client repeats what was lost (RFC 6347 section 4.2.4), and a forged hello gets one answer. Nor is it given
   * up: Asterisk on hold begins one, and loses its own answers as long as it is held.
   */
  tick(nowMs: number): void {
    if (!this.#established) this.#current.tick(nowMs);
  }

  close(): void {
    this.#current.close();
  }

  /** A hello with another random takes the place of a renewal that has not come to its end: who sent that one may be anybody. */
  #renew(datagram: Uint8Array, nowMs: number): void {
    const random = randomOfHello(datagram);
    if (random === undefined || isSame(random, this.#random) || isSame(random, this.#renewal?.random)) return;
    if (nowMs < this.#begunAtMs + MIN_GAP_MS) return;
    this.#begunAtMs = nowMs;
    const { send, listener } = this.#deps;
    const isDue = (): boolean => this.#renewal?.exchange === exchange;
    const exchange: KeyExchange = this.#begin(this.#fingerprints, {
      send,
      listener: {
        onEstablished: (keys) => {
          if (!isDue()) return;
          this.#current = exchange;
          this.#random = random;
          this.#renewal = undefined;
          listener.onEstablished(keys);
        },
        onFailed: (message) => {
          if (isDue()) this.#renewal = undefined;
          else if (this.#current === exchange) listener.onFailed(message);
        },
        onClosed: () => {
          if (this.#current === exchange) listener.onClosed();
        },
      },
    });
    this.#renewal = { exchange, random };
  }
}

function isSame(random: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(random, other) === 0;
}
