import { once } from 'node:events';
import { WebSocket } from 'ws';
import { MaskSource } from '../../flavors/openai-realtime/connection/mask-source.js';
import { type AppendMessage, AppendMessages } from '../../flavors/openai-realtime/protocol/append-message.js';
import { AudioDeltaReader } from '../../flavors/openai-realtime/protocol/audio-delta.js';
import { createSystemClock } from '../../src/base/clock.js';
import type { DatagramPair } from '../../src/media/sockets/datagram-transport.js';
import { bindCalls, EchoCall, FRAME_BYTES, openTransport, serveCalls } from './echo-transport.js';

/**
 * A process that passes mu-law between packets and one `ws` connection a call, and does nothing else: what a realtime call
 * cost without jitter buffer, playout, call and flavor. In one thread, with the connector's own transports, and with the
 * flavor's own way to write and to find audio. `node transport-relay.js node|native CALLS URL CHUNK_MS`; prints its ports
 * and runs until its standard input ends.
 */

/** Frames that may wait for their slot. */
const QUEUED = 32;
const AS_TEXT = { binary: false } as const;

const masks = new MaskSource();
const messages = new AppendMessages();

class Relay extends EchoCall {
  readonly #socket: WebSocket;
  readonly #audio = new AudioDeltaReader();
  readonly #message: AppendMessage;
  readonly #pending: Buffer;
  #pendingBytes = 0;
  /** Bytes that wait for their slot, a ring. */
  readonly #queue = Buffer.alloc(QUEUED * FRAME_BYTES);
  #first = 0;
  #count = 0;

  constructor(pair: DatagramPair, index: number, socket: WebSocket, chunkMs: number) {
    super(pair, index);
    this.#socket = socket;
    this.#pending = Buffer.alloc(chunkMs * 8);
    this.#message = messages.of(this.#pending.length);
    socket.on('message', (data) => {
      const audio = Buffer.isBuffer(data) ? this.#audio.read(data) : undefined;
      if (audio) this.#enqueue(Buffer.from(audio.audio, 'base64'));
    });
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the provider has closed a connection')));
  }

  protected override take(bytes: Uint8Array, offset: number): void {
    this.#pending.set(bytes.subarray(offset, offset + FRAME_BYTES), this.#pendingBytes);
    this.#pendingBytes += FRAME_BYTES;
    if (this.#pendingBytes < this.#pending.length) return;
    this.#socket.send(this.#message.of(this.#pending), AS_TEXT);
    this.#pendingBytes = 0;
  }

  protected override give(packet: Buffer, offset: number): boolean {
    if (this.#count < FRAME_BYTES) return false;
    this.#queue.copy(packet, offset, this.#first, this.#first + FRAME_BYTES);
    this.#first = (this.#first + FRAME_BYTES) % this.#queue.length;
    this.#count -= FRAME_BYTES;
    return true;
  }

  /** `audio` is frames, as the provider gives back what it was sent. */
  #enqueue(audio: Buffer): void {
    for (let at = 0; at + FRAME_BYTES <= audio.length && this.#count < this.#queue.length; at += FRAME_BYTES) {
      audio.copy(this.#queue, (this.#first + this.#count) % this.#queue.length, at, at + FRAME_BYTES);
      this.#count += FRAME_BYTES;
    }
  }
}

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, {
    headers: { authorization: 'Bearer none' },
    perMessageDeflate: false,
    generateMask: (mask) => masks.fill(mask),
  });
  await once(socket, 'open');
  socket.send('{"type":"session.update","session":{"type":"realtime"}}');
  // The provider echoes to whom it has greeted.
  socket.send('{"type":"response.create","response":{"metadata":{"request":"request-1"}}}');
  return socket;
}

const [, , transportName, count, url = '', chunkMs] = process.argv;
const clock = createSystemClock();
const transport = openTransport(transportName, clock);
const sockets: WebSocket[] = [];
while (sockets.length < Number(count)) sockets.push(await connect(url));
const calls = await bindCalls(transport, Number(count), (pair, index) => {
  const socket = sockets[index];
  if (!socket) throw new Error('a call without a connection');
  return new Relay(pair, index, socket, Number(chunkMs));
});
serveCalls(transport, calls, clock);
