import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP connection of this process to itself, whose other end throws away what it reads. A write to it takes as long
 * as the machine's network lets it, and no flavor has a part in that: what interrupts it interrupts flavors that
 * write to their providers, too.
 */
export class LoopbackWriter implements AsyncDisposable {
  readonly #near: Socket;
  readonly #far: Socket;

  private constructor(near: Socket, far: Socket) {
    this.#near = near;
    this.#far = far;
  }

  /** @throws a `SystemError` where nothing can listen on 127.0.0.1. */
  static async open(): Promise<LoopbackWriter> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server without an address');
    const accepted = once(server, 'connection');
    const near = connect({ port: address.port, host: address.address, noDelay: true });
    const [far] = (await accepted) as [Socket];
    server.close();
    far.resume();
    return new LoopbackWriter(near, far);
  }

  /** Sends `bytes`, which must stay as they are until the event loop has turned. */
  write(bytes: Uint8Array): void {
    this.#near.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [once(this.#near, 'close'), once(this.#far, 'close')];
    this.#near.destroy();
    this.#far.destroy();
    await Promise.all(closed);
  }
}
