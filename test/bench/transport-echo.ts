import { createSystemClock } from '../../src/base/clock.js';
import { bindCalls, EchoCall, FRAME_BYTES, openTransport, serveCalls } from './echo-transport.js';

/**
 * A process that does what the reference does, in JavaScript over the connector's own transports: what media cost without
 * streams. `node transport-echo.js node|native CALLS`; prints its ports and runs until its standard input ends.
 */

const QUEUED = 4;

class Echo extends EchoCall {
  /** Frames that wait, a ring as in the reference. */
  readonly #frames = new Uint8Array(QUEUED * FRAME_BYTES);
  #first = 0;
  #count = 0;

  protected override take(bytes: Uint8Array, offset: number): void {
    if (this.#count === QUEUED) this.#drop();
    const to = ((this.#first + this.#count) % QUEUED) * FRAME_BYTES;
    for (let i = 0; i < FRAME_BYTES; i += 1) this.#frames[to + i] = bytes[offset + i] as number;
    this.#count += 1;
  }

  protected override give(packet: Buffer, offset: number): boolean {
    if (this.#count === 0) return false;
    const from = this.#first * FRAME_BYTES;
    for (let i = 0; i < FRAME_BYTES; i += 1) packet[offset + i] = this.#frames[from + i] as number;
    this.#drop();
    return true;
  }

  #drop(): void {
    this.#first = (this.#first + 1) % QUEUED;
    this.#count -= 1;
  }
}

const [, , transportName, count] = process.argv;
const clock = createSystemClock();
const transport = openTransport(transportName, clock);
const calls = await bindCalls(transport, Number(count), (pair, index) => new Echo(pair, index));
serveCalls(transport, calls, clock);
