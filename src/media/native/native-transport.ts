import { getSystemErrorName } from 'node:util';
import { type Clock, clockOriginMs } from '../../base/clock.js';
import type { DatagramListener, DatagramPair, DatagramTransport, SlotTimer } from '../sockets/datagram-transport.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { FRAME_SLOTS } from '../wheel/pacing-wheel.js';
import type { Datagrams } from './datagrams.js';
import { type Area, KeptPackets } from './kept-packets.js';
import { RealtimeGuard } from './realtime-guard.js';

/** Received packets lie in one of so many areas, of 64 kB each: some 250 packets of one look, kept for four looks at most. */
const AREAS = 8;
const AREA_BYTES = 64 * 1024;
const RECORDS = 1024;
/** The phase of a socket whose packets are not kept. */
const NOT_KEPT = -1;
/** Below this a first byte is that of STUN or DTLS (RFC 7983), and no packet of RTP. */
const FIRST_OF_RTP = 128;
/** Looks for packets in one turn: each finds up to 256 sockets. A flood must not keep the thread from its slots. */
const MAX_LOOKS = 16;
const SEND_BYTES = 256 * 1024;

/** Later than this, ms, what has arrived is read before the slot: of packets left unread frames would be invented. */
const UNREAD_MS = 10;
const nowhere: RemoteAddress = { address: '', port: 0 };

/** One socket, as its packets see it. */
interface Receiver {
  readonly listener: DatagramListener;
  readonly rtcp: boolean;
  from: RemoteAddress;
}

/**
 * Sockets read and written in batches by an add-on, for the thread that has nothing to do but media: it sleeps to the
 * slot's own time, sends all of the slot's packets in one call, and then reads in one call what has arrived.
 */
export class NativeTransport implements DatagramTransport, SlotTimer {
  readonly copies = true;
  readonly #native: Datagrams;
  readonly #dscp: number | undefined;
  /** What {@link Datagrams.now} is ahead of the clock. */
  readonly #aheadMs: number;
  readonly #receivers: (Receiver | undefined)[] = [];
  /** By number of the socket. */
  readonly #phases: number[] = [];
  readonly #kept = new KeptPackets(AREAS, AREA_BYTES, (socket, area, start, length, atMs) =>
    this.#deliver(this.#receivers[socket], area, start, length, atMs),
  );
  readonly #records = new Int32Array(RECORDS * 4);
  readonly #times = new Float64Array(RECORDS);
  readonly #sendBytes = new Uint8Array(SEND_BYTES);
  readonly #sendRecords = new Int32Array(RECORDS * 3);
  #sendUsed = 0;
  #sendCount = 0;
  #atMs = 0;
  #wake: (() => void) | undefined;
  #scheduled = false;
  /** Real-time, granted; 0: none. */
  #priority = 0;
  readonly #guard = new RealtimeGuard();

  /** @param dscp the mark of all packets (RFC 2474), 0 to 63. Default: the system's */
  constructor(native: Datagrams, clock: Clock, dscp?: number) {
    this.#native = native;
    this.#dscp = dscp;
    this.#aheadMs = clockOriginMs(clock, () => native.now());
  }

  async bind(address: string, family: 4 | 6, port: number, listener: DatagramListener): Promise<DatagramPair> {
    if (address.includes(':') !== (family === 6)) throw new Error(`${address} is no address of IPv${family}`);
    const rtp = this.#bindOne(address, port);
    try {
      const local = { address, port: this.#native.port(rtp) };
      const rtcp = this.#bindOne(address, local.port + 1);
      this.#receivers[rtp] = { listener, rtcp: false, from: nowhere };
      this.#receivers[rtcp] = { listener, rtcp: true, from: nowhere };
      this.#phases[rtp] = NOT_KEPT;
      this.#phases[rtcp] = NOT_KEPT;
      return new NativePair(this, local, rtp, rtcp);
    } catch (error) {
      this.#native.close(rtp);
      throw error;
    }
  }

  flush(): void {
    if (this.#sendCount > 0) this.#native.send(this.#sendBytes, this.#sendRecords, this.#sendCount);
    this.#sendCount = 0;
    this.#sendUsed = 0;
  }

  handOver(slot: number): void {
    this.#kept.handOver(slot % FRAME_SLOTS);
  }

  arm(atMs: number, wake: () => void): void {
    this.#atMs = atMs;
    this.#wake = wake;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Between here and there the event loop looks once at everything else.
    setImmediate(this.#sleep);
  }

  cancel(): void {
    this.#wake = undefined;
  }

  /** Reads everything that has arrived, and hands over or keeps it. */
  read(): void {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const area = this.#kept.freeArea();
      const count = this.#native.receive(area.bytes, 0, this.#records, this.#times);
      if (count <= 0) return;
      for (let index = 0; index < count; index += 1) this.#sort(index, area);
    }
  }

  /**
   * Gives the thread real-time priority. False: it is not granted. A thread that falls behind in spite of it computes more
   * than a core can, often because its code is not compiled yet, or was compiled for something else; on a core of their own
   * the compiler's threads never got to it. Until it is on time again it is therefore one among others.
   */
  becomeRealtime(priority: number): boolean {
    const granted = this.#native.realtime(priority) === 0;
    if (granted) this.#priority = priority;
    return granted;
  }

  /** Keeps a copy of a packet until the slot is over. For pairs. */
  collect(index: number, packet: Uint8Array): void {
    const { length } = packet;
    if (this.#sendCount === RECORDS || this.#sendUsed + length > SEND_BYTES) this.flush();
    if (length > SEND_BYTES) return;
    const at = this.#sendCount * 3;
    this.#sendBytes.set(packet, this.#sendUsed);
    this.#sendRecords[at] = index;
    this.#sendRecords[at + 1] = this.#sendUsed;
    this.#sendRecords[at + 2] = length;
    this.#sendUsed += length;
    this.#sendCount += 1;
  }

  /** Packets of that socket go there from now on. For pairs. */
  aim(index: number, { address, port }: RemoteAddress): void {
    // What was collected goes where it was meant to.
    this.flush();
    this.#native.destination(index, address, port);
  }

  /** Packets of that socket may wait for slots of that phase. For pairs. */
  keepFor(index: number, phase: number): void {
    // What is kept for another phase comes before what will be for this one.
    this.#kept.handOverAll();
    this.#phases[index] = phase;
  }

  /** For pairs. */
  release(rtp: number, rtcp: number): void {
    this.flush();
    for (const index of [rtp, rtcp]) {
      this.#receivers[index] = undefined;
      this.#kept.forget(index);
      this.#native.close(index);
    }
  }

  readonly #sleep = (): void => {
    this.#scheduled = false;
    const wake = this.#wake;
    if (wake === undefined) return;
    const dueMs = this.#atMs + this.#aheadMs;
    const beforeMs = this.#native.now();
    const lateMs = this.#native.sleepUntil(dueMs);
    if (lateMs >= UNREAD_MS) this.read();
    if (this.#priority > 0) this.#heed(dueMs + lateMs, lateMs, Math.max(dueMs - beforeMs, 0));
    this.#wake = undefined;
    wake();
    // After the packets of the slot have left: reading must not make them late.
    this.read();
    // Answers to checks, and to DTLS.
    if (this.#sendCount > 0) this.flush();
  };

  #heed(nowMs: number, lateMs: number, restedMs: number): void {
    const advice = this.#guard.heed(nowMs, lateMs, restedMs);
    if (advice !== undefined) this.#native.realtime(advice === 'take' ? this.#priority : 0);
  }

  #bindOne(address: string, port: number): number {
    const index = this.#native.bind(address, port);
    const error = index < 0 || this.#dscp === undefined ? index : this.#native.mark(index, this.#dscp);
    if (error >= 0) return index;
    if (index >= 0) this.#native.close(index);
    const code = getSystemErrorName(error);
    throw Object.assign(new Error(`${index < 0 ? 'bind' : 'mark'} ${code} ${address}:${port}`), { code });
  }

  /** A packet has come: it waits for its slot, or is handed over. Hot path: nothing is looked at that belongs to a stream. */
  #sort(index: number, area: Area): void {
    const at = index * 4;
    const socket = this.#records[at] as number;
    const start = this.#records[at + 1] as number;
    const length = this.#records[at + 2] as number;
    const source = this.#records[at + 3] as number;
    const atMs = (this.#times[index] as number) - this.#aheadMs;
    const phase = this.#phases[socket] as number;
    // A check is answered as soon as can be: what the peer measures by it is the network. There are a few in a call.
    if (source === 0 && phase >= 0 && (area.bytes[start] as number) >= FIRST_OF_RTP) {
      this.#kept.keep(phase, socket, area, start, length, atMs);
      return;
    }
    const receiver = this.#receivers[socket];
    if (source > 0 && receiver !== undefined) {
      // What is kept of the socket came from where the packets before it did.
      if (phase >= 0) this.#kept.handOver(phase);
      receiver.from = addressOf(this.#native.source(source));
    }
    this.#deliver(receiver, area, start, length, atMs);
  }

  /** Hot path: nothing is made. */
  #deliver(receiver: Receiver | undefined, { bytes }: Area, start: number, length: number, atMs: number): void {
    if (receiver === undefined) return;
    const { listener, from } = receiver;
    if (receiver.rtcp) listener.onRtcp(bytes.subarray(start, start + length), from, atMs);
    else listener.onRtp(bytes, from, atMs, start, length);
  }
}

class NativePair implements DatagramPair {
  readonly local: RemoteAddress;
  readonly #transport: NativeTransport;
  readonly #rtp: number;
  readonly #rtcp: number;
  #rtpTo: RemoteAddress = nowhere;
  #rtcpTo: RemoteAddress = nowhere;
  #closed = false;

  constructor(transport: NativeTransport, local: RemoteAddress, rtp: number, rtcp: number) {
    this.#transport = transport;
    this.local = local;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
  }

  send(packet: Uint8Array, to: RemoteAddress): void {
    if (this.#closed) return;
    if (to !== this.#rtpTo) {
      this.#transport.aim(this.#rtp, to);
      this.#rtpTo = to;
    }
    this.#transport.collect(this.#rtp, packet);
  }

  sendRtcp(packet: Uint8Array, to: RemoteAddress): void {
    if (this.#closed) return;
    if (to !== this.#rtcpTo) {
      this.#transport.aim(this.#rtcp, to);
      this.#rtcpTo = to;
    }
    this.#transport.collect(this.#rtcp, packet);
  }

  keepFor(phase: number): void {
    if (!this.#closed) this.#transport.keepFor(this.#rtp, phase);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#transport.release(this.#rtp, this.#rtcp);
  }
}

/** @param text as {@link Datagrams.source} writes it */
function addressOf(text: string): RemoteAddress {
  const blank = text.lastIndexOf(' ');
  return { address: text.slice(0, Math.max(0, blank)), port: Number(text.slice(blank + 1)) };
}
