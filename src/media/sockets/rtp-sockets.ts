import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Clock } from '../../base/clock.js';
import type { DatagramListener, DatagramPair, DatagramTransport } from './datagram-transport.js';
import type { RemoteAddress } from './remote-address.js';

/** Packets that Node reads of one socket in a turn of the event loop, at most. */
const READS_PER_TURN = 32;

/** Node's own UDP sockets. Packets leave one by one. */
export class RtpSocketsTransport implements DatagramTransport {
  readonly #clock: Clock;
  readonly #reading = new Reading();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async bind(address: string, family: 4 | 6, port: number, listener: DatagramListener): Promise<DatagramPair> {
    const rtp = await bind(address, family, port);
    try {
      return new RtpSockets(rtp, await bind(address, family, port + 1), listener, this.#clock, this.#reading);
    } catch (error) {
      await close(rtp);
      throw error;
    }
  }

  flush(): void {}

  /**
   * Whether packets may still lie in a socket after the turn of the event loop that has passed: then another turn comes
   * before the thread rests, or a flood at one port would push the caller's packets out of it. To be asked once a turn.
   */
  isMoreToRead(): boolean {
    return this.#reading.endTurn();
  }
}

/** What sockets have read in one turn of the event loop. */
class Reading {
  turn = 0;
  #full = false;

  /** A socket has read as many packets as it may in this turn. */
  fill(): void {
    this.#full = true;
  }

  endTurn(): boolean {
    const full = this.#full;
    this.#full = false;
    this.turn += 1;
    return full;
  }
}

/** Counts what one socket reads. */
class ReadCount {
  readonly #reading: Reading;
  #turn = -1;
  #packets = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  add(): void {
    if (this.#turn !== this.#reading.turn) {
      this.#turn = this.#reading.turn;
      this.#packets = 0;
    }
    this.#packets += 1;
    if (this.#packets === READS_PER_TURN) this.#reading.fill();
  }
}

/**
 * The sockets of one call.
 *
 * They are never connected in the kernel. That would drop strangers' packets earlier, but also the caller's own from
 * another port (latching) or to another of our addresses (a multi-homed host), uncounted; and bring a peer's ICMP
 * errors, normal while it sets up, as socket errors. What makes `send` with an address unsafe in Node is its default
 * DNS lookup, which even for a literal sends on a later turn, when the buffer may hold the next packet; the lookup
 * given here is synchronous, so that the bytes are in the kernel when `send` returns (measured: no dearer than connected).
 */
class RtpSockets implements DatagramPair {
  readonly local: RemoteAddress;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #closed: Promise<void> | undefined;

  constructor(rtp: Socket, rtcp: Socket, listener: DatagramListener, clock: Clock, reading: Reading) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    const { address, port } = rtp.address();
    this.local = { address, port };
    const rtpSource = new Source();
    const rtcpSource = new Source();
    const rtpCount = new ReadCount(reading);
    const rtcpCount = new ReadCount(reading);
    rtp.on('message', (bytes, from) => {
      rtpCount.add();
      listener.onRtp(bytes, rtpSource.of(from), clock.now(), 0, bytes.length);
    });
    rtcp.on('message', (bytes, from) => {
      rtcpCount.add();
      listener.onRtcp(bytes, rtcpSource.of(from), clock.now());
    });
    rtp.on('error', (error) => listener.onError(error));
    rtcp.on('error', (error) => listener.onError(error));
  }

  send(packet: Uint8Array, to: RemoteAddress): void {
    this.#rtp.send(packet, to.port, to.address);
  }

  sendRtcp(packet: Uint8Array, to: RemoteAddress): void {
    this.#rtcp.send(packet, to.port, to.address);
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([close(this.#rtp), close(this.#rtcp)]).then(() => undefined);
    return this.#closed;
  }
}

/** The source of the last packet: most come from where the one before came from. */
class Source {
  #last: RemoteAddress = { address: '', port: 0 };

  of({ address, port }: RemoteInfo): RemoteAddress {
    const last = this.#last;
    if (last.port === port && last.address === address) return last;
    this.#last = { address, port };
    return this.#last;
  }
}

function bind(address: string, family: 4 | 6, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.removeAllListeners('message');
    socket.close(() => resolve());
  });
}
