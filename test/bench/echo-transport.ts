import type { Clock } from '../../src/base/clock.js';
import { findDatagrams, loadDatagrams } from '../../src/media/native/datagrams.js';
import { NativeTransport } from '../../src/media/native/native-transport.js';
import type { DatagramPair, DatagramTransport, SlotTimer } from '../../src/media/sockets/datagram-transport.js';
import type { RemoteAddress } from '../../src/media/sockets/remote-address.js';
import { RtpSocketsTransport } from '../../src/media/sockets/rtp-sockets.js';
import { BlockingSlotTimer } from '../../src/media/worker/blocking-slot-timer.js';

/** What the programs of the bench that echo in JavaScript share: the connector's transports, and the reference's slots. */

const SLOT_MS = 5;
const SLOTS = 4;
export const FRAME_BYTES = 160;
const HEADER_BYTES = 12;

export interface EchoTransport {
  readonly transport: DatagramTransport;
  readonly timer: SlotTimer;
}

/** @param name `node` or `native`. Throws where the add-on has not been built. */
export function openTransport(name: string | undefined, clock: Clock): EchoTransport {
  if (name === 'node') {
    const transport = new RtpSocketsTransport(clock);
    return { transport, timer: new BlockingSlotTimer(clock, () => transport.isMoreToRead()) };
  }
  const addon = findDatagrams();
  if (addon === undefined) throw new Error('the add-on has not been built: npm run build:native');
  const transport = new NativeTransport(loadDatagrams(addon), clock);
  return { transport, timer: transport };
}

/** A call of such a program: one socket, packets of 20 ms of G.711. */
export abstract class EchoCall {
  readonly pair: DatagramPair;
  #from: RemoteAddress | undefined;
  readonly #packet = Buffer.alloc(HEADER_BYTES + FRAME_BYTES);
  #sequence = 0;

  constructor(pair: DatagramPair, index: number) {
    this.pair = pair;
    this.#packet.writeUInt16BE(0x8000, 0);
    this.#packet.writeUInt32BE(index + 1, 8);
  }

  /** A frame has come, at `offset` of `bytes`. */
  protected abstract take(bytes: Uint8Array, offset: number): void;
  /** Writes the next frame to `offset` of `packet`; false: there is none. */
  protected abstract give(packet: Buffer, offset: number): boolean;

  onRtp(bytes: Uint8Array, from: RemoteAddress, offset: number, length: number): void {
    if (length !== HEADER_BYTES + FRAME_BYTES) return;
    this.#from = from;
    this.take(bytes, offset + HEADER_BYTES);
  }

  /** One packet, of silence where there is no frame. */
  onSlot(): void {
    if (this.#from === undefined) return;
    if (!this.give(this.#packet, HEADER_BYTES)) this.#packet.fill(0xff, HEADER_BYTES);
    this.#packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    this.#packet.writeUInt32BE((this.#sequence * FRAME_BYTES) >>> 0, 4);
    this.#sequence += 1;
    this.pair.send(this.#packet, this.#from);
  }
}

/** Binds a socket for each of `count` calls. */
export async function bindCalls(
  { transport }: EchoTransport,
  count: number,
  create: (pair: DatagramPair, index: number) => EchoCall,
): Promise<readonly EchoCall[]> {
  const calls: EchoCall[] = [];
  for (let port = 20_000; calls.length < count; port += 2) {
    let call: EchoCall | undefined;
    const listener = {
      onRtp: (bytes: Uint8Array, from: RemoteAddress, _atMs: number, offset: number, length: number) =>
        call?.onRtp(bytes, from, offset, length),
      onRtcp: () => {},
      onError: () => {},
    };
    const pair = await transport.bind('127.0.0.1', 4, port, listener).catch(() => undefined);
    if (!pair) continue;
    call = create(pair, calls.length);
    calls.push(call);
  }
  return calls;
}

/** Prints the calls' ports and serves each call once in 20 ms, until standard input ends. */
export function serveCalls({ transport, timer }: EchoTransport, calls: readonly EchoCall[], clock: Clock): void {
  process.stdout.write(`${JSON.stringify({ ports: calls.map(({ pair }) => pair.local.port) })}\n`);
  const originMs = clock.now();
  let slot = 0;
  const serve = (): void => {
    for (let index = slot % SLOTS; index < calls.length; index += SLOTS) calls[index]?.onSlot();
    transport.flush();
    slot = Math.max(slot + 1, Math.floor((clock.now() - originMs) / SLOT_MS));
    timer.arm(originMs + slot * SLOT_MS, serve);
  };
  serve();
  process.stdin.on('end', () => process.exit());
  process.stdin.resume();
}
