import type { DtlsListener, DtlsServerDeps } from '../../src/media/dtls/dtls-server.js';
import type { DtlsFingerprint, SrtpParameters } from '../../src/media/engine.js';
import type { KeyExchange } from '../../src/media/peer/key-exchange.js';

/** A handshake that does what a test says: nothing of DTLS is in it. */
export class FakeKeyExchange implements KeyExchange {
  readonly received: Buffer[] = [];
  readonly fingerprints: readonly DtlsFingerprint[];
  readonly #send: (datagram: Uint8Array) => void;
  readonly #listener: DtlsListener;
  ticks = 0;
  closed = 0;

  constructor(fingerprints: readonly DtlsFingerprint[], { send, listener }: DtlsServerDeps) {
    this.fingerprints = fingerprints;
    this.#send = send;
    this.#listener = listener;
  }

  receive(datagram: Uint8Array): void {
    this.received.push(Buffer.from(datagram));
  }

  tick(): void {
    this.ticks += 1;
  }

  close(): void {
    this.closed += 1;
    this.#send(Buffer.from([21]));
  }

  send(datagram: Uint8Array): void {
    this.#send(datagram);
  }

  establish(keys: SrtpParameters): void {
    this.#listener.onEstablished(keys);
  }

  fail(message: string): void {
    this.#listener.onFailed(message);
  }

  /** The peer's close_notify. */
  end(): void {
    this.#listener.onClosed();
  }
}
