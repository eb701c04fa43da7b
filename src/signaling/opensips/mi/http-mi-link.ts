import { Agent, request as startRequest } from 'node:http';
import { unmapped } from '../../../base/ip-text.js';
import { MAX_ANSWER_BYTES, type MiLink } from './mi-link.js';

/** Time one exchange may take, ms; whoever asked has given up before. */
const EXCHANGE_MS = 10_000;
const MAX_CONNECTIONS = 8;

/** MI over HTTP (module mi_http), connections kept alive. */
export class HttpMiLink implements MiLink {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  #onAnswer: (text: string) => void = () => {};
  #address: string | undefined;
  #closed = false;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  get address(): string | undefined {
    return this.#address;
  }

  open(onAnswer: (text: string) => void): Promise<void> {
    this.#onAnswer = onAnswer;
    return Promise.resolve();
  }

  send(text: string): void {
    if (this.#closed) return;
    const body = Buffer.from(text, 'utf8');
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const request = startRequest(this.#url, {
      method: 'POST',
      agent: this.#agent,
      headers,
      signal: AbortSignal.timeout(EXCHANGE_MS),
    });
    // The client's own timer tells of what is lost.
    request.on('error', () => {});
    request.on('response', (response) => {
      const { remoteAddress } = response.socket;
      if (remoteAddress !== undefined) this.#address = unmapped(remoteAddress);
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', () => {});
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy();
        else chunks.push(chunk);
      });
      response.on('end', () => this.#onAnswer(Buffer.concat(chunks).toString('utf8')));
    });
    request.end(body);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#agent.destroy();
    return Promise.resolve();
  }
}
