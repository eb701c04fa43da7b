import { createSystemClock } from '../../src/base/clock.js';
import { findDatagrams, loadDatagrams } from '../../src/media/native/datagrams.js';
import { NativeTransport } from '../../src/media/native/native-transport.js';
import type { DatagramPair, DatagramTransport, SlotTimer } from '../../src/media/sockets/datagram-transport.js';
import type { RemoteAddress } from '../../src/media/sockets/remote-address.js';
import { RtpSocketsTransport } from '../../src/media/sockets/rtp-sockets.js';
import { BlockingSlotTimer } from '../../src/media/worker/blocking-slot-timer.js';

/**
 * A process that does what the reference does, in JavaScript over the connector's own transports: what media cost without
 * streams. `node transport-echo.js node|native CALLS`; prints its ports and runs until its standard input ends.
 */

const SLOT_MS = 5;
const SLOTS = 4;
const FRAME_BYTES = 160;
const QUEUED = 4;

const clock = createSystemClock();

function open(name: string | undefined): { readonly transport: DatagramTransport; readonly timer: SlotTimer } {
  if (name === 'node') {
    const transport = new RtpSocketsTransport(clock);
    return { transport, timer: new BlockingSlotTimer(clock, () => transport.isMoreToRead()) };
  }
  const addon = findDatagrams();
  if (addon === undefined) throw new Error('the add-on has not been built: npm run build:native');
  const transport = new NativeTransport(loadDatagrams(addon), clock);
  return { transport, timer: transport };
}

const { transport, timer } = open(process.argv[2]);

class Echo {
  readonly pair: DatagramPair;
  from: RemoteAddress | undefined;
  /** Frames that wait, a ring as in the reference. */
  readonly #frames = new Uint8Array(QUEUED * FRAME_BYTES);
  #first = 0;
  #count = 0;
  readonly #packet = Buffer.alloc(12 + FRAME_BYTES);
  #sequence = 0;

  constructor(pair: DatagramPair, index: number) {
    this.pair = pair;
    this.#packet.writeUInt16BE(0x8000, 0);
    this.#packet.writeUInt32BE(index + 1, 8);
  }

  /** One packet: the oldest frame that came, or silence. */
  onSlot(): void {
    if (this.from === undefined) return;
    if (this.#count > 0) {
      const from = this.#first * FRAME_BYTES;
      for (let i = 0; i < FRAME_BYTES; i += 1) this.#packet[12 + i] = this.#frames[from + i] as number;
      this.#drop();
    } else {
      this.#packet.fill(0xff, 12);
    }
    this.#packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    this.#packet.writeUInt32BE((this.#sequence * FRAME_BYTES) >>> 0, 4);
    this.#sequence += 1;
    this.pair.send(this.#packet, this.from);
  }

  /** A packet has come, its payload at `offset`. */
  take(bytes: Uint8Array, offset: number, from: RemoteAddress): void {
    this.from = from;
    if (this.#count === QUEUED) this.#drop();
    const to = ((this.#first + this.#count) % QUEUED) * FRAME_BYTES;
    for (let i = 0; i < FRAME_BYTES; i += 1) this.#frames[to + i] = bytes[offset + i] as number;
    this.#count += 1;
  }

  #drop(): void {
    this.#first = (this.#first + 1) % QUEUED;
    this.#count -= 1;
  }
}

const echoes: Echo[] = [];
const calls = Number(process.argv[3]);
for (let port = 20_000; echoes.length < calls; port += 2) {
  let echo: Echo | undefined;
  const listener = {
    onRtp: (bytes: Uint8Array, from: RemoteAddress, _atMs: number, offset: number, length: number) => {
      if (length === 12 + FRAME_BYTES) echo?.take(bytes, offset + 12, from);
    },
    onRtcp: () => {},
    onError: () => {},
  };
  const pair = await transport.bind('127.0.0.1', 4, port, listener).catch(() => undefined);
  if (!pair) continue;
  echo = new Echo(pair, echoes.length);
  echoes.push(echo);
}
process.stdout.write(`${JSON.stringify({ ports: echoes.map(({ pair }) => pair.local.port) })}\n`);

const originMs = clock.now();
let slot = 0;
const serve = (): void => {
  for (let index = slot % SLOTS; index < echoes.length; index += SLOTS) echoes[index]?.onSlot();
  transport.flush();
  slot = Math.max(slot + 1, Math.floor((clock.now() - originMs) / SLOT_MS));
  timer.arm(originMs + slot * SLOT_MS, serve);
};
serve();
process.stdin.on('end', () => process.exit());
process.stdin.resume();
