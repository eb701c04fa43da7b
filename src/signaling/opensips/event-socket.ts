import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';

export interface EventSocketOptions {
  readonly host: string;
  readonly port: number;
  /** Whether datagrams from an address are read at all. */
  readonly accept: (address: string) => boolean;
  readonly onDatagram: (datagram: Buffer) => void;
  readonly onFailure: (error: Error) => void;
}

/** A burst of events waits in the kernel while we are busy; 1,000 INVITEs are about 2 MB. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** The UDP socket that the events of OpenSIPS come to. One datagram is one event. */
export class EventSocket {
  readonly #options: EventSocketOptions;
  #socket: Socket | undefined;

  constructor(options: EventSocketOptions) {
    this.#options = options;
  }

  /** Throws `ERR_LISTEN`. */
  async bind(): Promise<{ readonly address: string; readonly port: number }> {
    const { host, port, accept, onDatagram, onFailure } = this.#options;
    const socket = createSocket({ type: 'udp4' });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        reject(new ConnectorError('ERR_LISTEN', `events of OpenSIPS: ${host}:${port}: ${errorMessage(error)}`));
      });
      socket.bind(port, host, () => resolve());
    });
    socket.removeAllListeners('error');
    socket.on('error', onFailure);
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      // The system's own size then.
    }
    socket.on('message', (datagram, { address }) => {
      // An empty one is a hub's, which asks the system whether we are there.
      if (datagram.length > 0 && accept(address)) onDatagram(datagram);
    });
    const bound: AddressInfo = socket.address();
    return { address: bound.address, port: bound.port };
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
}
