import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type IpEndpoint, lookupNothing } from '../ip-literal.js';
import { type CaptureAgent, type CapturedMessage, hepPacket } from './hep-packet.js';
import { withoutSrtpKeys } from './masked-keys.js';

/** Packets that the socket may hold back, bytes: a server that cannot be reached must not cost memory. */
const MAX_QUEUED_BYTES = 1 << 20;

export interface HepOptions extends CaptureAgent {
  /** The capture server, by UDP. */
  readonly to: IpEndpoint;
}

/** Sends copies of SIP messages to a capture server (Homer and others), without SRTP keys. What it cannot send is lost, and nobody waits. */
export class HepSender {
  readonly #options: HepOptions;
  readonly #socket: Socket;
  readonly #onFailure: (error: Error) => void;
  #failed = false;
  #closed = false;

  /** @param onFailure called for the first packet that the system refuses, and for none after it */
  constructor(options: HepOptions, onFailure: (error: Error) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
    this.#socket = createSocket({ type: isIPv6(options.to.address) ? 'udp6' : 'udp4', lookup: lookupNothing });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.unref();
  }

  /** Never throws: a message that cannot be copied is none the worse. */
  send(captured: CapturedMessage): void {
    if (this.#closed || this.#isFull()) return;
    try {
      this.#send(captured);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #send(captured: CapturedMessage): void {
    const packet = hepPacket({ ...captured, message: withoutSrtpKeys(captured.message) }, this.#options);
    if (packet === undefined) return;
    const { address, port } = this.#options.to;
    this.#socket.send(packet, port, address, (error) => {
      if (error) this.#fail(error);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #isFull(): boolean {
    return this.#socket.getSendQueueSize() > MAX_QUEUED_BYTES;
  }

  #fail(error: Error): void {
    if (this.#failed || this.#closed) return;
    this.#failed = true;
    this.#onFailure(error);
  }
}
