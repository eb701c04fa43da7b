import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
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
  #socket: Socket | undefined;

  constructor(options: HubServerOptions) {
    this.#options = options;
  }

  /** Throws `ERR_LISTEN`. */
  async bind(): Promise<{ readonly address: string; readonly port: number }> {
    const { host, port, onFailure } = this.#options;
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        reject(new ConnectorError('ERR_LISTEN', `commands of connectors: ${host}:${port}: ${errorMessage(error)}`));
      });
      socket.bind(port, host, () => resolve());
    });
    socket.removeAllListeners('error');
    socket.on('error', onFailure);
    socket.on('message', (bytes, peer) => void this.#receive(socket, bytes, peer));
    const { address, port: bound } = socket.address();
    return { address, port: bound };
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      try {
        socket.close(() => resolve());
      } catch {
        // It never was bound.
        resolve();
      }
    });
  }

  async #receive(socket: Socket, bytes: Buffer, peer: RemoteInfo): Promise<void> {
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
    if (answer === undefined || this.#socket !== socket) return;
    // Without a callback an error of this one datagram would be an error of the socket.
    socket.send(writeMiAnswer(id, answer), peer.port, peer.address, () => {});
  }
}
