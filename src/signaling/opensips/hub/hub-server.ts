import type { RemoteInfo } from 'node:dgram';
import { BoundSocket } from '../bound-socket.js';
import { type MiFailure, readMiRequest, writeMiAnswer } from '../mi/mi-message.js';

/** A command of a connector behind the hub. */
export interface HubRequest {
  /** Whose: address and port of the socket it came from. */
  readonly from: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type HubAnswer = { readonly result: unknown } | { readonly error: MiFailure };

export interface HubServerOptions {
  readonly host: string;
  readonly port: number;
  /** Whether datagrams from an address are read at all. */
  readonly accept: (address: string) => boolean;
  /** `undefined`: no answer, as where OpenSIPS gave none. Never rejects. */
  readonly onRequest: (request: HubRequest) => Promise<HubAnswer | undefined>;
  readonly onFailure: (error: Error) => void;
}

/** Commands that are being carried out at once; more are not read. */
const MAX_OPEN = 10_000;

/** The hub as its connectors see it: MI over datagrams. A command that comes again while it is carried out is one command. */
export class HubServer {
  readonly #options: HubServerOptions;
  readonly #open = new Set<string>();
  readonly #socket: BoundSocket;

  constructor(options: HubServerOptions) {
    const { host, port, onFailure } = options;
    this.#options = options;
    this.#socket = new BoundSocket({
      purpose: 'commands of connectors',
      type: host.includes(':') ? 'udp6' : 'udp4',
      host,
      port,
      onDatagram: (bytes, peer) => void this.#receive(bytes, peer),
      onFailure,
    });
  }

  /** Throws `ERR_LISTEN`. */
  bind(): Promise<{ readonly address: string; readonly port: number }> {
    return this.#socket.bind();
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  async #receive(bytes: Buffer, peer: RemoteInfo): Promise<void> {
    const { accept, onRequest } = this.#options;
    if (!accept(peer.address) || this.#open.size >= MAX_OPEN) return;
    const request = readMiRequest(bytes.toString('utf8'));
    if (request === undefined) return;
    const { id, method, params } = request;
    const from = `${peer.address} ${peer.port}`;
    const name = `${from} ${id}`;
    if (this.#open.has(name)) return;
    this.#open.add(name);
    const answer = await onRequest({ from, method, params });
    this.#open.delete(name);
    if (answer !== undefined) this.#socket.send(writeMiAnswer(id, answer), peer.port, peer.address);
  }
}
