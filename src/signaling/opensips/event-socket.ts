import { BoundSocket, type BoundSocketOptions } from './bound-socket.js';

export interface EventSocketOptions extends Pick<BoundSocketOptions, 'host' | 'port' | 'onFailure'> {
  /** Whether datagrams from an address are read at all. */
  readonly accept: (address: string) => boolean;
  readonly onDatagram: (datagram: Buffer) => void;
}

/** A burst of events waits in the kernel while we are busy; 1,000 INVITEs are about 2 MB. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** The UDP socket that the events of OpenSIPS come to. One datagram is one event. */
export function createEventSocket({ accept, onDatagram, ...options }: EventSocketOptions): BoundSocket {
  return new BoundSocket({
    purpose: 'events of OpenSIPS',
    type: 'udp4',
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    onDatagram: (datagram, { address }) => {
      // An empty one is a hub's, which asks the system whether we are there.
      if (datagram.length > 0 && accept(address)) onDatagram(datagram);
    },
    ...options,
  });
}
