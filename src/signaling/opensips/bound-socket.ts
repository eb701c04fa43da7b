import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';

export interface BoundSocketOptions {
  /** What comes to it, for the message of an error. */
  readonly purpose: string;
  readonly type: 'udp4' | 'udp6';
  readonly host: string;
  readonly port: number;
  /** What the kernel holds while we are busy; the system's own size when absent. */
  readonly receiveBufferBytes?: number;
  readonly onDatagram: (datagram: Buffer, peer: RemoteInfo) => void;
  /** It failed after it had been bound. */
  readonly onFailure: (error: Error) => void;
}

/** A UDP socket that waits for whoever sends. */
export class BoundSocket {
  readonly #options: BoundSocketOptions;
  #socket: Socket | undefined;

  constructor(options: BoundSocketOptions) {
    this.#options = options;
  }

  /** Throws `ERR_LISTEN`. */
  async bind(): Promise<{ readonly address: string; readonly port: number }> {
    const { purpose, type, host, port, receiveBufferBytes, onDatagram, onFailure } = this.#options;
    const socket = createSocket({ type });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        reject(new ConnectorError('ERR_LISTEN', `${purpose}: ${host}:${port}: ${errorMessage(error)}`));
      });
      socket.bind(port, host, () => resolve());
    });
    socket.removeAllListeners('error');
    socket.on('error', onFailure);
    if (receiveBufferBytes !== undefined) enlarge(socket, receiveBufferBytes);
    socket.on('message', onDatagram);
    const { address, port: bound } = socket.address();
    return { address, port: bound };
  }

  /** Never throws; what cannot be sent, or not any more, is lost. */
  send(datagram: string, port: number, address: string): void {
    // Without a callback an error of this one datagram would be an error of the socket.
    this.#socket?.send(datagram, port, address, () => {});
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

function enlarge(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // The system's own size then.
  }
}
