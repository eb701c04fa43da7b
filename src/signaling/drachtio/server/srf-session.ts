import { createServer, type Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { runGuarded } from '../../leg-events.js';
import type { SipSource } from '../../port.js';
import { sipProtocolOf } from '../../sip-protocol.js';
import type { LeftBehind } from './left-behind.js';
import { OpenRequest } from './open-request.js';
import type { OutgoingRequest, OutgoingTransaction, RequestUser } from './outgoing-request.js';
import { readServerMessage } from './server-message.js';
import { ServerRequest } from './server-request.js';
import { toSrfHeaders } from './srf-headers.js';
import type { SrfConstructor, SrfInstance, SrfMeta, SrfRequest, SrfResponse, SrfWay } from './srf-module.js';

/** What the server said of itself when it let us in. */
export interface ServerGreeting {
  /** `udp/10.0.0.5:5060`, one for each transport. */
  readonly hostports: readonly string[];
  readonly version: string;
}

/** Whoever uses a session. */
export interface SessionUser {
  /** The server knows our secret. */
  onReady(greeting: ServerGreeting): void;
  /** It does not. The server hangs up; `onClosed` follows. */
  onRefused(): void;
  onRequest(request: ServerRequest, session: SrfSession): void;
  /** The connection is gone; requests of ours under way have failed. Once. */
  onClosed(): void;
  /** Something threw that should not have. */
  onFault(error: unknown): void;
}

export interface SessionParts {
  readonly Srf: SrfConstructor;
  /** Connected already, and with TLS secure already. */
  readonly socket: Socket;
  readonly secret: string;
  /** Methods outside a dialog to ask the server for. */
  readonly methods: readonly string[];
  readonly clock: Clock;
  readonly limits: SessionLimits;
}

export interface SessionLimits {
  /** How often the server is asked for a sign of life, ms. At least 5,000, which is drachtio-srf's own bound. */
  readonly pingMs: number;
  /** Silence after which the connection counts as dead, ms. */
  readonly silenceMs: number;
  /** From a request inside or outside a dialog to its final response, INVITE apart, ms: beyond timer F of the server. */
  readonly responseMs: number;
  /** How long a connection that we close may take to close, ms. */
  readonly closeMs: number;
  /** What may wait for a server that does not read, bytes. */
  readonly maxUnsentBytes: number;
}

/**
 * One connection with a drachtio server, whoever opened it. drachtio-srf speaks on it and parses; the socket stays ours.
 * Left to itself it would connect anew without end, after TLS in the clear, and throw out of the socket's event handler
 * at a frame it cannot read. So it is given a listening server that never listens, and on that one connection.
 */
export class SrfSession {
  readonly #parts: SessionParts;
  readonly #user: SessionUser;
  readonly #srf: SrfInstance;
  readonly #open = new Set<OpenRequest>();
  /** INVITEs that came, and have no final response. */
  readonly #waiting = new Set<ServerRequest>();
  /** Messages of ours of which the server has not told yet what came of them. */
  #untold = 0;
  #onTold: () => void = () => {};
  #silence: TimerHandle | undefined;
  #heardAtMs = 0;
  #closed = false;

  constructor(parts: SessionParts, user: SessionUser) {
    const { Srf, socket, secret, methods, limits } = parts;
    this.#parts = parts;
    this.#user = user;
    const srf = new Srf();
    this.#srf = srf;
    // Without a listener an error would end the process.
    srf.on('error', (error) => this.#guard(() => user.onFault(error)));
    srf.use((request, response) => this.#receive(request, response));
    srf.on('connect', (error: unknown, hostports: string | undefined, version: string | undefined) =>
      this.#onConnect(error, hostports ?? '', version ?? '', methods),
    );
    const server = createServer();
    srf.listen({ server, secret, enablePing: true, pingInterval: limits.pingMs });
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', () => this.#heard());
    socket.on('close', () => this.#onClose());
    this.#heard();
    server.emit('connection', socket);
  }

  get remoteAddress(): string {
    return this.#parts.socket.remoteAddress ?? '';
  }

  /** What is left of a connection that is lost. */
  get unfinished(): Omit<LeftBehind, 'dialogIds'> {
    return { waiting: [...this.#waiting], ringing: [...this.#open].flatMap(({ invite }) => invite ?? []) };
  }

  /** Ends what a connection before this one has left with the server: BYE, 503 and CANCEL. */
  finish({ dialogIds, waiting, ringing }: LeftBehind): void {
    const way: SrfWay = { agent: this.#srf.app.client, socket: this.#parts.socket };
    for (const dialogId of dialogIds) {
      this.request({ method: 'BYE', dialogId }, { onResponse: () => {}, onFailure: () => {} });
    }
    for (const request of waiting) this.#guard(() => request.refuseBy(way));
    for (const invite of ringing) this.#guard(() => Object.assign(invite, way).cancel({}, () => {}));
  }

  /** Hands a request to the server. */
  request(request: OutgoingRequest, user: RequestUser): OutgoingTransaction {
    const { clock, socket, limits } = this.#parts;
    const open: OpenRequest = new OpenRequest({
      request,
      user,
      clock,
      responseMs: limits.responseMs,
      guard: (callback) => this.#guard(callback),
      adopt: (update, response) => this.adopt(update, response),
      onOver: () => this.#open.delete(open),
      onTold: () => this.#onTold(),
    });
    this.#open.add(open);
    const headers = toSrfHeaders(request);
    if (this.#closed || socket.destroyed || headers === undefined || !this.#hasRoom()) {
      queueMicrotask(() => open.fail('transport'));
      return open;
    }
    const { method, uri = 'sip:placeholder', nextHop, dialogId, body } = request;
    const told = this.#handOver();
    try {
      this.#srf.request(
        {
          method,
          uri,
          headers,
          ...(body === undefined ? {} : { body }),
          ...(nextHop === undefined ? {} : { proxy: nextHop }),
          ...(dialogId === undefined ? {} : { stackDialogId: dialogId }),
          _socket: socket,
        },
        (error, srfRequest) => {
          open.taken(error, srfRequest);
          told();
        },
      );
    } catch {
      // It throws where the socket has just gone.
      told();
      queueMicrotask(() => open.fail('transport'));
    }
    return open;
  }

  /**
   * Lets what was written leave, and what the server's word on it brings about (the BYE of a call that was just answered, or is
   * answered while it is cancelled), then closes; at the latest after `closeMs`. Resolves when it is closed.
   */
  close(): Promise<void> {
    const { clock, socket, limits } = this.#parts;
    if (socket.closed) return Promise.resolve();
    const timer = clock.setTimeout(() => socket.destroy(), limits.closeMs);
    return new Promise((resolve) => {
      socket.once('close', () => {
        clock.clearTimeout(timer);
        resolve();
      });
      this.#onTold = () => {
        if (this.#untold === 0 && ![...this.#open].some(({ cancelled }) => cancelled)) socket.end();
      };
      this.#onTold();
    });
  }

  /** The server is given a message; the function returned is to be called when it has told what came of it. */
  #handOver(): () => void {
    this.#untold += 1;
    return () => {
      this.#untold -= 1;
      this.#onTold();
    };
  }

  #onConnect(error: unknown, hostports: string, version: string, methods: readonly string[]): void {
    if (this.#closed) return;
    if (error) {
      this.#guard(() => this.#user.onRefused());
      void this.close();
      return;
    }
    // Only asks for them: everything goes to the first handler.
    for (const method of methods) this.#srf.use(method.toLowerCase(), () => {});
    this.#guard(() => this.#user.onReady({ hostports: hostports.split(',').filter(Boolean), version }));
  }

  #receive(srfRequest: SrfRequest, srfResponse: SrfResponse): void {
    this.#guard(() => {
      const request = this.#read(srfRequest, srfResponse);
      if (request === undefined) return;
      if (request.request.method === 'INVITE') {
        this.#waiting.add(request);
        request.onSettled(() => this.#waiting.delete(request));
      }
      this.#user.onRequest(request, this);
    });
  }

  /** `undefined` for what cannot be answered. */
  #read(srfRequest: SrfRequest, srfResponse: SrfResponse): ServerRequest | undefined {
    const parsed = readServerMessage(srfRequest.raw);
    const around = {
      handOver: () => this.#handOver(),
      ...{ srfRequest, srfResponse, source: sourceOf(srfRequest), receivedAtMs: this.#parts.clock.now() },
    };
    if (parsed.type === 'malformed') {
      const { request, status, reason } = parsed;
      return new ServerRequest({ request, malformed: { status, reason }, ...around });
    }
    if (parsed.type !== 'message' || parsed.message.kind !== 'request') return undefined;
    return new ServerRequest({ request: parsed.message, malformed: undefined, ...around });
  }

  /** Makes an UPDATE that came beside its INVITE a request like any other. */
  adopt(srfRequest: SrfRequest, srfResponse: SrfResponse): void {
    this.#receive(srfRequest, srfResponse);
  }

  #hasRoom(): boolean {
    const { socket, limits } = this.#parts;
    if (socket.writableLength <= limits.maxUnsentBytes) return true;
    socket.destroy();
    return false;
  }

  #heard(): void {
    const { clock, limits } = this.#parts;
    this.#heardAtMs = clock.now();
    // One timer for many messages: it looks again where it was wrong.
    if (this.#silence === undefined) this.#silence = clock.setTimeout(() => this.#onSilence(), limits.silenceMs);
  }

  #onSilence(): void {
    const { clock, limits, socket } = this.#parts;
    const leftMs = this.#heardAtMs + limits.silenceMs - clock.now();
    if (leftMs <= 0) socket.destroy();
    else this.#silence = clock.setTimeout(() => this.#onSilence(), leftMs);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.clock.clearTimeout(this.#silence);
    for (const request of [...this.#open]) request.fail('transport');
    this.#guard(() => this.#user.onClosed());
  }

  #guard(callback: () => void): void {
    runGuarded(callback, (error) => this.#user.onFault(error));
  }
}

function sourceOf({ protocol, source_address, source_port }: SrfMeta): SipSource {
  return { protocol: sipProtocolOf(protocol) ?? 'udp', address: source_address, port: source_port };
}
