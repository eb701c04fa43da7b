import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageLimits } from '../../message/limits.js';

/** RFC 7118 section 4.1. */
export const SIP_SUBPROTOCOL = 'sip';

/** Longest WebSocket message: a SIP message with head and body as large as they may be. */
export const MAX_WS_MESSAGE_BYTES = messageLimits.headBytes + messageLimits.bodyBytes;

export interface WsHandshakeHandlers {
  /** The connection speaks WebSocket from now on. */
  onOpen(socket: WebSocket, stream: Duplex): void;
  /** A request was refused with this status. */
  onRefused(status: number): void;
}

/** Cookies and the like of a browser, bytes; more is answered 431. */
const MAX_HEAD_BYTES = 16_384;

/**
 * The HTTP side of a WebSocket (RFC 6455 section 4.2, RFC 7118 section 4). Refused are: no WebSocket (426), no
 * subprotocol `sip` (400), and browsers on pages of other origins than the allowed ones (403): any page that a user of
 * this network opens could otherwise place calls from it. Who sends no Origin is no browser.
 */
export class WsHandshake {
  readonly #http: Server;
  readonly #upgrades: WebSocketServer;
  readonly #handlers: WsHandshakeHandlers;
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[], handlers: WsHandshakeHandlers) {
    this.#handlers = handlers;
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_WS_MESSAGE_BYTES,
      handleProtocols: () => SIP_SUBPROTOCOL,
    });
    this.#http = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (_request, response) => {
      handlers.onRefused(426);
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close', 'Content-Type': 'text/plain' });
      response.end('SIP over WebSocket is spoken here (RFC 7118).\n');
    });
    this.#http.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head));
  }

  /** Takes a connection over, before its first byte. Whoever hands it in sees to it that it does not take for ever. */
  take(socket: Socket): void {
    // Documented for connections that were accepted elsewhere; a server that listens by itself could not count them first.
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#refuse(stream, refusal.status, refusal.text);
      return;
    }
    this.#upgrades.handleUpgrade(request, stream, head, (socket) => this.#handlers.onOpen(socket, stream));
  }

  #refusal({ headers }: IncomingMessage): { readonly status: 400 | 403; readonly text: string } | undefined {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim().toLowerCase());
    if (!offered.includes(SIP_SUBPROTOCOL)) return { status: 400, text: 'Sec-WebSocket-Protocol: sip is missing.' };
    const { origin } = headers;
    if (origin === undefined || this.#origins.has('*') || this.#origins.has(origin.toLowerCase())) return undefined;
    return { status: 403, text: 'The origin of this page is not in signaling.embedded.webSocket.origins.' };
  }

  #refuse(stream: Duplex, status: 400 | 403, text: string): void {
    this.#handlers.onRefused(status);
    const phrase = status === 400 ? 'Bad Request' : 'Forbidden';
    stream.on('error', () => {});
    stream.end(
      `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
        `Content-Length: ${text.length + 1}\r\n\r\n${text}\n`,
      () => stream.destroy(),
    );
  }
}
