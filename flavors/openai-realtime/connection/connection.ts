import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock, TimerHandle } from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import { WebSocket } from 'ws';
import { AudioDeltaReader } from '../protocol/audio-delta.js';
import {
  closeFailure,
  protocolFault,
  socketFailure,
  statusError,
  timeout,
  type WireError,
  wireFailure,
} from '../protocol/errors.js';
import { isObject, objectIn, parseJson, textIn } from '../protocol/json.js';
import { readServerEvent, type ServerEvent } from '../protocol/server-event.js';
import type { Endpoint } from './endpoint.js';
import { EventIds } from './event-ids.js';
import { MaskSource } from './mask-source.js';

/** Told what comes over a connection. `onLost` is the last call, and does not come after `close()`. */
export interface ConnectionListener {
  onEvent(event: ServerEvent): void;
  /** A message that breaks the protocol; the connection stands. */
  onFault(error: FlavorError): void;
  onLost(error: FlavorError): void;
}

/** A session at the service, from its `session.created` to its end. */
export interface Connection {
  readonly openedAtMs: number;
  readonly alive: boolean;
  /** What the network has not taken yet. */
  readonly bufferedBytes: number;
  /** From now on events go to `listener`. A loss that it missed is told at once. */
  listen(listener: ConnectionListener): void;
  send(event: object): void;
  /** Hot path: no callback, no promise. A message in UTF-8; its memory may be used again as soon as this returns. */
  sendMessage(message: Buffer): void;
  /**
   * Sends a `session.update` and waits for the service to take it. Rejects with what the service says against it, with
   * ERR_FLAVOR_TIMEOUT, or with the reason of the loss.
   */
  update(event: object, timeoutMs: number): Promise<void>;
  /** Ends the connection; nothing is heard of it any more. A close that is not answered is cut short. */
  close(): void;
}

/** Largest message taken, bytes: a whole answer of a server that sends it at once, two minutes of 24 kHz sound. */
const MAX_MESSAGE_BYTES = 8 * 2 ** 20;
/** For `ws`, which takes a buffer for binary. */
const AS_TEXT = { binary: false } as const;
/** Bytes of a refusal that are read in search of a code. */
const MAX_REFUSAL_BYTES = 16 * 2 ** 10;
/** For the other side to answer a close, ms. */
const CLOSE_MS = 300;
/** A connection that neither says nor answers anything for two of these is dead, ms. */
const KEEPALIVE_MS = 10_000;

/** For all connections: random bytes are as good for one as for another. */
const masks = new MaskSource();
const generateMask = (mask: Uint8Array): void => masks.fill(mask);

/** A session over a WebSocket of its own. */
export class RealtimeConnection implements Connection {
  readonly openedAtMs: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #listener: ConnectionListener | undefined;
  #lost: FlavorError | undefined;
  #established = false;
  #closed = false;
  /** A `session.update` that waits for its `session.updated`. */
  #updates: { readonly eventId: string; readonly settle: (error?: FlavorError) => void }[] = [];
  #updateCount = 0;
  readonly #audio = new AudioDeltaReader();
  readonly #ids = new EventIds();
  readonly #isRepeated = this.#ids.isRepeated.bind(this.#ids);
  #keepalive: TimerHandle | undefined;
  #heardSincePing = true;

  /**
   * Connects and waits for `session.created`. Rejects with a FlavorError that says why not, or with the signal's reason.
   */
  static connect(
    endpoint: Endpoint,
    timeoutMs: number,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<RealtimeConnection> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const socket = new WebSocket(endpoint.url, {
        headers: endpoint.headers,
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
        generateMask,
        ...tlsOf(endpoint),
      });
      const connection = new RealtimeConnection(socket, clock);
      const settle = (error?: unknown): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        connection.#listener = undefined;
        connection.#established = error === undefined;
        if (error === undefined) {
          // It would keep all that connecting has needed for as long as the call.
          socket.off('unexpected-response', onRefused);
          connection.#watch();
          resolve(connection);
          return;
        }
        connection.close();
        reject(error);
      };
      const onAbort = (): void => settle(signal.reason);
      const onRefused = (request: ClientRequest, response: IncomingMessage): void => {
        refusalCode(response, (code) => {
          request.destroy();
          connection.#lose(statusError(response.statusCode ?? 0, code));
        });
      };
      const timer = clock.setTimeout(() => settle(timeout('to connect')), timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      socket.on('unexpected-response', onRefused);
      connection.#listener = {
        onEvent: (event) => {
          if (event.type === 'session-created') settle();
          if (event.type === 'error') settle(wireFailure(event.error));
        },
        onFault: settle,
        onLost: settle,
      };
    });
  }

  private constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.openedAtMs = clock.now();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#heardSincePing = true;
    });
    socket.on('error', (error) => this.#lose(socketFailure(error, new URL(socket.url).host)));
    socket.on('close', (code) => {
      this.#lose(closeFailure(code, this.#established));
      this.#finish();
    });
  }

  get alive(): boolean {
    return !this.#closed && this.#lost === undefined;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    if (this.#lost && !this.#closed) listener.onLost(this.#lost);
  }

  send(event: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  sendMessage(message: Buffer): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message, AS_TEXT);
  }

  update(event: object, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.alive) return reject(this.#lost ?? closeFailure(1000, true));
      this.#updateCount += 1;
      const eventId = `update-${this.#updateCount}`;
      const timer = this.#clock.setTimeout(
        () => update.settle(timeout('to take the settings of the session')),
        timeoutMs,
      );
      const update = {
        eventId,
        settle: (error?: FlavorError): void => {
          this.#clock.clearTimeout(timer);
          this.#updates = this.#updates.filter((each) => each !== update);
          if (error) reject(error);
          else resolve();
        },
      };
      this.#updates.push(update);
      this.send({ event_id: eventId, ...event });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.clearTimeout(this.#keepalive);
    for (const update of [...this.#updates]) update.settle(closeFailure(1000, true));
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // The other side owes the answer to a close; whether it gives it is not worth a hanging socket.
    this.#keepalive = this.#clock.setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
  }

  #receive(data: WebSocket.RawData, isBinary: boolean): void {
    this.#heardSincePing = true;
    if (!this.alive) return;
    const readable = !isBinary && Buffer.isBuffer(data);
    const event = readable ? this.#read(data) : 'unreadable';
    if (event === 'ignored') return;
    if (event === 'unreadable') {
      this.#listener?.onFault(
        protocolFault(isBinary ? 'a binary message' : 'a message that its protocol does not have'),
      );
      return;
    }
    if (event.type === 'session-updated') this.#updates[0]?.settle();
    else if (event.type === 'error' && this.#refusesUpdate(event.error)) return;
    this.#listener?.onEvent(event);
  }

  #read(data: Buffer): ReturnType<typeof readServerEvent> {
    const event = this.#audio.read(data) ?? readServerEvent(data.toString(), this.#isRepeated);
    const named = this.#ids.naming || typeof event === 'string' || event.type !== 'audio';
    return named ? event : { ...event, eventId: '' };
  }

  #refusesUpdate(error: WireError): boolean {
    // A server that does not say which event it refuses names the parameter.
    const unnamed = error.eventId === undefined && error.param.startsWith('session');
    const update = this.#updates.find(({ eventId }) => unnamed || eventId === error.eventId);
    if (!update) return false;
    const failure = wireFailure(error);
    const refused = failure.code === 'ERR_FLAVOR_PROTOCOL';
    // What the service does not accept here came out of the configuration.
    update.settle(refused ? new FlavorError('ERR_FLAVOR_CONFIG', failure.message, false) : failure);
    return true;
  }

  /** Finds out about peers that went away without a word. Until one has greeted, its time is that for connecting. */
  #watch(): void {
    this.#keepalive = this.#clock.setTimeout(() => {
      if (!this.#heardSincePing) {
        this.#lose(timeout('to show a sign of life'));
        this.#socket.terminate();
        return;
      }
      this.#heardSincePing = false;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
      this.#watch();
    }, KEEPALIVE_MS);
  }

  #lose(error: FlavorError): void {
    if (this.#lost || this.#closed) return;
    this.#lost = error;
    this.#clock.clearTimeout(this.#keepalive);
    for (const update of [...this.#updates]) update.settle(error);
    this.#listener?.onLost(error);
    if (!this.#closed) this.#socket.terminate();
  }

  /** The socket is gone: nothing is left to be cut short. */
  #finish(): void {
    this.#clock.clearTimeout(this.#keepalive);
  }
}

/** For `tls.connect`, to which `ws` hands on what it does not know. */
function tlsOf({ secureContext }: Endpoint): Pick<Endpoint, 'secureContext'> {
  return secureContext === undefined ? {} : { secureContext };
}

/** The code in the body of a refused upgrade, '' if none can be found; `done` is called once. */
function refusalCode(response: IncomingMessage, done: (code: string) => void): void {
  let body = '';
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    const parsed = parseJson(body);
    done(isObject(parsed) ? textIn(objectIn(parsed, 'error'), 'code') : '');
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > MAX_REFUSAL_BYTES) tell();
  });
  response.on('end', tell);
  response.on('error', tell);
  response.on('close', tell);
}
