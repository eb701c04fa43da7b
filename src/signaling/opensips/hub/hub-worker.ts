import { createSocket, type Socket } from 'node:dgram';

export interface HubWorkerParts {
  /** Address and port of its commands. */
  readonly name: string;
  /** Where it wants its events. */
  readonly events: { readonly address: string; readonly port: number };
  /** Nobody is there: the system said so. */
  readonly onGone: () => void;
}

/** Events that wait for the socket, which is there within a turn of the event loop or not at all. */
const MAX_WAITING = 1_000;

/** A connector behind the hub. Its socket is connected, so that the system tells at once when its process is no more. */
export class HubWorker {
  readonly name: string;
  readonly events: { readonly address: string; readonly port: number };
  /** Keys of the sessions it has. */
  readonly sessions = new Set<string>();
  /** When anything came from it last, ms. */
  heardAtMs: number;
  /** When its subscription ends, ms. */
  expiresAtMs: number;
  /** For how long it takes no calls, s; 0: it takes them. */
  busySeconds = 0;
  readonly #socket: Socket;
  readonly #waiting: Buffer[] = [];
  #connected = false;
  #closed = false;

  constructor({ events, name, onGone }: HubWorkerParts, nowMs: number, expiresAtMs: number) {
    this.name = name;
    this.events = events;
    this.heardAtMs = nowMs;
    this.expiresAtMs = expiresAtMs;
    this.#socket = createSocket({ type: events.address.includes(':') ? 'udp6' : 'udp4' });
    this.#socket.on('error', () => {
      if (!this.#closed) onGone();
    });
    this.#socket.connect(events.port, events.address, () => {
      this.#connected = true;
      for (const datagram of this.#waiting.splice(0)) this.send(datagram);
    });
  }

  /** Never throws. */
  send(datagram: Buffer): void {
    if (this.#closed) return;
    if (this.#connected) this.#socket.send(datagram);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(datagram);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
