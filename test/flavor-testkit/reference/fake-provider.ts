import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ProviderControl, ProviderFault, ProviderRequest } from '../../../src/flavor-testkit/index.js';
import { FakeModel } from './fake-model.js';

const statusOf = { unauthorized: 401, 'rate-limited': 429, 'server-error': 503 } as const;

/** What it says is this long under way: an interruption may meet it there. */
const WIRE_MS = 4;

/** What the model does with the caller's next turn. */
export type NextTurn = 'short-answer' | 'long-answer' | 'one-tool' | 'two-tools';

/** A speech-to-speech provider on loopback, with every fault the kit asks for. */
export class FakeProvider implements ProviderControl, AsyncDisposable {
  readonly name = 'model';
  readonly key = 'reference-key-3f9a';
  /** Shared by all of its sessions. */
  nextTurn: NextTurn = 'short-answer';
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #models = new Map<WebSocket, FakeModel>();
  readonly #requests: ProviderRequest[] = [];
  #fault: ProviderFault | undefined;
  #malformNext = false;
  #hung: (() => void)[] = [];

  static async listen(): Promise<FakeProvider> {
    const provider = new FakeProvider();
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      const status = this.#refusal(request);
      if (status === 'hang') this.#hung.push(() => response.end());
      else response.writeHead(status ?? 200).end();
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Host and port. */
  get authority(): string {
    const address = this.#server.address() as AddressInfo;
    return isIPv4(address.address) ? `${address.address}:${address.port}` : `[${address.address}]:${address.port}`;
  }

  drop(): void {
    for (const socket of this.#models.keys()) socket.terminate();
  }

  fail(fault: ProviderFault): void {
    this.#fault = fault;
  }

  recover(): void {
    this.#fault = undefined;
    for (const resume of this.#hung.splice(0)) resume();
  }

  malformNext(): void {
    this.#malformNext = true;
  }

  connections(): number {
    return this.#models.size;
  }

  requests(): readonly ProviderRequest[] {
    return this.#requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.recover();
    this.drop();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const status = this.#refusal(request);
    if (typeof status === 'number') {
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket));
  }

  #refusal(request: IncomingMessage): number | 'hang' | undefined {
    if (this.#fault === 'hang') return 'hang';
    if (this.#fault) return statusOf[this.#fault];
    return request.headers.authorization === `Bearer ${this.key}` ? undefined : 401;
  }

  #deliver(socket: WebSocket, text: string): void {
    if (this.#malformNext) setTimeout(() => socket.send(text.slice(0, text.length / 2)), WIRE_MS);
    this.#malformNext = false;
    setTimeout(() => socket.send(text), WIRE_MS);
  }

  #serve(socket: WebSocket): void {
    const model = new FakeModel({
      send: (message) => {
        const text = JSON.stringify(message);
        if (this.#fault === 'hang') this.#hung.push(() => this.#deliver(socket, text));
        else this.#deliver(socket, text);
      },
      nextTurn: () => this.nextTurn,
      onRequest: (prompt) => this.#requests.push({ prompt }),
      refusal: () => (this.#fault && this.#fault !== 'hang' ? statusOf[this.#fault] : undefined),
    });
    this.#models.set(socket, model);
    socket.on('message', (data) => model.receive(JSON.parse(String(data))));
    socket.on('close', () => {
      model.close();
      this.#models.delete(socket);
    });
    // A client that goes away without a close frame is an everyday event.
    socket.on('error', () => socket.terminate());
  }
}
