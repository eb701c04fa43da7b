import type { Socket } from 'node:net';
import { WholeFrames } from './whole-frames.js';

/** More is read in several pieces, bytes; as much as Node.js reads at once. */
const MEMORY_BYTES = 64 * 1024;

/**
 * Node.js makes memory for each piece that it reads, and hundreds of connections have megabytes of it that nobody needs any
 * more before it is collected. So all connections of a thread read into the same: what is in it has been dealt with before
 * anything else is read.
 */
const memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);

/**
 * Reads a WebSocket's connection into memory that the next piece, of whichever connection, is read into again. Messages that
 * are whole are handed on as they lie there, and their readers keep nothing of them; anything else is a copy.
 */
export class SharedReading {
  #frames: WholeFrames | undefined;

  /** For `net.connect` and `tls.connect`. */
  readonly onread = {
    buffer: memory,
    callback: readingOf(() => this.#frames),
  };

  /** The connection has become a WebSocket's, and its first bytes are in hand or still to come. */
  begin(socket: Socket): void {
    const frames = new WholeFrames();
    if (socket.readableLength === 0) {
      this.#frames = frames;
      return;
    }
    // What came with the answer to the handshake was put back.
    const follow = (piece: Buffer): void => {
      frames.follow(piece);
      if (socket.readableLength > 0) return;
      socket.off('data', follow);
      this.#frames = frames;
    };
    socket.on('data', follow);
  }
}

function readingOf(framesOf: () => WholeFrames | undefined) {
  /** Hot path. Node.js calls it as the socket's own. @returns false: no more for now */
  return function read(this: Socket, bytes: number, into: Uint8Array): boolean {
    const piece = Buffer.from(into.buffer, into.byteOffset, bytes);
    const whole = framesOf()?.follow(piece) ?? false;
    if (!whole || this.readableFlowing !== true || this.readableLength > 0) return this.push(Buffer.from(piece));
    this.emit('data', piece);
    return this.readableFlowing === true;
  };
}
