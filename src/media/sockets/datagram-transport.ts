import type { RemoteAddress } from './remote-address.js';

/**
 * The border between streams and the sockets they use: Node's own (`rtp-sockets.ts`), or another way to the kernel. Two
 * things differ between such ways and are therefore asked for here: whether packets leave one by one or as the batch of a
 * slot, and how a thread that has nothing to do but media waits for its next slot ({@link SlotTimer}).
 */
export interface DatagramTransport {
  /** What is given to `send` has been copied when that returns, whatever the kernel does with it. Absent: not for certain. */
  readonly copies?: boolean;
  /**
   * Binds `port` and `port + 1` of `address`, an IP literal. Rejects with the system's error (`EADDRINUSE`, …), nothing
   * left bound.
   */
  bind(address: string, family: 4 | 6, port: number, listener: DatagramListener): Promise<DatagramPair>;
  /** The slot is over: what was given to `send` and has not left leaves now. */
  flush(): void;
  /**
   * Hands over what was kept for slots of this phase ({@link DatagramPair.keepFor}). Called in each slot of the wheel, behind
   * its packets and before its frames. Absent: nothing is kept.
   */
  handOver?(slot: number): void;
}

/** Hears what arrives at one pair of ports. Must not throw. */
export interface DatagramListener {
  /**
   * A packet came to the even port: `length` of the `bytes`, from `offset` on. They are borrowed: they may be changed, and are not to be kept.
   * `from`: one source, one object, as long as no other source's packet comes between: compare by identity first. `atMs`: when it arrived,
   * as exactly as the transport knows ({@link Clock.now}).
   */
  onRtp(bytes: Uint8Array, from: RemoteAddress, atMs: number, offset: number, length: number): void;
  /** A packet came to the odd port. */
  onRtcp(bytes: Uint8Array, from: RemoteAddress, atMs: number): void;
  /** A socket has failed for good. */
  onError(error: Error): void;
}

/** The sockets of one call: RTP on an even port, RTCP on the odd one above. */
export interface DatagramPair {
  /** Address and port RTP is bound to. */
  readonly local: RemoteAddress;
  /**
   * Sends from the RTP port, at once or at the next {@link DatagramTransport.flush}; `packet` may be used again when this
   * returns. `to` must be usable (`usableRemote`). What the system refuses to send is a lost packet. Hot path.
   */
  send(packet: Uint8Array, to: RemoteAddress): void;
  /** Like {@link send}, from the RTCP port. */
  sendRtcp(packet: Uint8Array, to: RemoteAddress): void;
  /**
   * Nothing is done with packets of the RTP port before slots of that phase, 0 to 3 ({@link DatagramTransport.handOver}): till
   * then they may be kept. What a stream needs is then fetched into the caches once, for packet and frame together.
   */
  keepFor?(phase: number): void;
  /** Closes both; resolves when the ports are free. What was sent before has left. Idempotent. */
  close(): Promise<void>;
}

/** Waits for the next slot of the wheel. One wait at a time. */
export interface SlotTimer {
  /**
   * Calls `wake` at `atMs` ({@link Clock.now}) or as soon after it as can be, never before this returns. Packets that
   * arrive meanwhile reach their listeners before the wait after this one ends, at the latest. A timer in a thread of its
   * own may block the thread.
   */
  arm(atMs: number, wake: () => void): void;
  /** The wait, if there is one, is off. */
  cancel(): void;
}
