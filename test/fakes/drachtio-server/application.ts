import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { encodeFrame, type Frame, FrameReader } from './frames.js';

export interface ApplicationUser {
  readonly secret: string;
  /** What the server says of itself, after OK. */
  readonly greeting: readonly string[];
  /** An application was let in. */
  onAuthenticated(application: Application): void;
  /** `sip` frame of the application: it wants something sent. */
  onSip(application: Application, frame: SipFrame): void;
  onClosed(application: Application): void;
}

/** A SIP message that an application wants sent. */
export interface SipFrame {
  readonly id: string;
  /** Of the request it answers, or cancels. */
  readonly transactionId: string;
  readonly dialogId: string;
  readonly nextHop: string;
  readonly message: string;
}

/** How an application is treated from now on. */
export type Mood = 'well' | 'silent';

/** One application connected to the server. */
export class Application {
  readonly routes = new Set<string>();
  mood: Mood = 'well';
  readonly #socket: Socket;
  readonly #user: ApplicationUser;
  readonly #reader = new FrameReader();
  #authenticated = false;

  constructor(socket: Socket, user: ApplicationUser) {
    this.#socket = socket;
    this.#user = user;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('close', () => user.onClosed(this));
  }

  /** Frames written in one piece, as a busy server's are. */
  send(...frames: readonly Buffer[]): void {
    if (this.mood === 'well' && !this.#socket.destroyed) this.#socket.write(Buffer.concat(frames));
  }

  /** Bytes as they are, whatever they are. */
  sendRaw(bytes: string): void {
    this.#socket.write(bytes);
  }

  answer(id: string, ...fields: readonly string[]): Buffer {
    return encodeFrame([randomUUID(), 'response', id, ...fields]);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const frames = this.#reader.push(chunk);
    if (frames === undefined) {
      this.#socket.destroy();
      return;
    }
    for (const frame of frames) this.#handle(frame);
  }

  #handle({ fields, message }: Frame): void {
    const [id = '', type, third = '', fourth = '', fifth = ''] = fields;
    if (type === 'authenticate') {
      this.#authenticate(id, third);
      return;
    }
    if (!this.#authenticated) {
      this.#socket.destroy();
      return;
    }
    switch (type) {
      case 'ping':
        this.send(this.answer(id, 'OK', 'pong'));
        return;
      case 'route':
        this.routes.add(third);
        this.send(this.answer(id, 'OK'));
        return;
      case 'remove_route':
        this.routes.delete(third);
        this.send(this.answer(id, 'OK'));
        return;
      case 'sip':
        this.#user.onSip(this, { id, transactionId: third, dialogId: fourth, nextHop: fifth, message: message ?? '' });
        return;
      default:
        this.send(this.answer(id, 'NO', 'Unknown message type'));
        this.#socket.end();
    }
  }

  #authenticate(id: string, secret: string): void {
    if (secret !== this.#user.secret) {
      this.#socket.end(this.answer(id, 'NO', 'incorrect secret'));
      return;
    }
    this.#authenticated = true;
    this.send(this.answer(id, 'OK', ...this.#user.greeting));
    this.#user.onAuthenticated(this);
  }
}
