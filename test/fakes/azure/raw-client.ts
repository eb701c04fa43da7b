import { WebSocket } from 'ws';

/** How long a test waits for something that should come at once, ms. */
const PATIENCE_MS = 30_000;

/** A message of the service, as it came. */
export interface ServiceMessage {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The barest client there is: frames over a WebSocket, everything that came kept in order. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: ServiceMessage[] = [];
  readonly opened: Promise<boolean>;
  readonly ending: Promise<{ readonly code: number; readonly reason: string }>;
  #read = 0;
  #wake: (() => void) | undefined;

  constructor(url: string, headers: Readonly<Record<string, string>> = { 'Ocp-Apim-Subscription-Key': 'test' }) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    // A connection that fails shows in its end.
    this.socket.on('error', () => {});
    this.opened = new Promise((resolve) => {
      this.socket.on('open', () => resolve(true));
      this.socket.on('close', () => resolve(false));
    });
    this.ending = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  text(path: string, requestId: string, body: unknown, contentType = 'application/json'): void {
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    this.socket.send(`${this.#header(path, requestId, contentType)}\r\n${content}`);
  }

  audio(requestId: string, bytes: Uint8Array, contentType?: string): void {
    const header = Buffer.from(this.#header('audio', requestId, contentType), 'latin1');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(header.length);
    this.socket.send(Buffer.concat([length, header, bytes]));
  }

  /** Waits for the next message of a kind, passing over others; each is met once. */
  async next(path: string, matches: (message: ServiceMessage) => boolean = () => true): Promise<ServiceMessage> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const index = this.messages.findIndex((each, at) => at >= this.#read && each.path === path && matches(each));
      const message = this.messages[index];
      if (message !== undefined) {
        this.#read = index + 1;
        return message;
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`no ${path}; came: ${this.messages.map((each) => each.path)}`));
      });
    }
  }

  async nextJson(path: string): Promise<unknown> {
    return JSON.parse((await this.next(path)).body.toString());
  }

  /** HTTP status of a refused upgrade. */
  refusal(): Promise<number> {
    return new Promise((resolve) => {
      this.socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        this.socket.terminate();
      });
    });
  }

  /** Goes away without a word. */
  async close(): Promise<void> {
    this.socket.terminate();
    await this.ending;
  }

  #header(path: string, requestId: string, contentType: string | undefined): string {
    const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
    return `Path: ${path}\r\nX-RequestId: ${requestId}\r\nX-Timestamp: 2026-01-01T00:00:00.000Z\r\n${type}`;
  }

  #take(data: Buffer, isBinary: boolean): void {
    const end = isBinary ? 2 + data.readUInt16BE(0) : data.indexOf('\r\n\r\n');
    const header = data.toString('latin1', isBinary ? 2 : 0, Math.max(0, end));
    const headers = Object.fromEntries(
      header
        .split('\r\n')
        .filter((line) => line.includes(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
    this.messages.push({ path: headers['Path'] ?? '', headers, body: data.subarray(isBinary ? end : end + 4) });
    this.#wake?.();
  }
}
