import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import { fromBeta, toBeta, type WireEvent } from './beta-dialect.js';
import { clientEventId } from './client-event.js';
import { FaultWire, MALFORMED, type Wire } from './fault-wire.js';
import type { Fault } from './faults.js';
import { type Dialect, wrongKey } from './handshake.js';
import type { Ids } from './ids.js';
import { isObject } from './json-value.js';
import { type Refusal, refusal } from './refusal.js';
import type { ServerEvent } from './server-event.js';
import type { RealtimeSession } from './session.js';
import { Trickle } from './trickle.js';

/** The service pings so often, ms. */
const PING_MS = 20_000;

export interface ConnectionOptions {
  readonly webSocket: WebSocket;
  /** What the WebSocket runs over. */
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly dialect: Dialect;
  readonly faults: readonly Fault[];
  /** Called once, when the connection is gone. */
  onClosed(code: number): void;
}

/** A client's WebSocket: frames in and out, the session behind it, and what is wrong with it. */
export class Connection implements Wire {
  /** What the session sends goes this way. */
  readonly wire: FaultWire;
  readonly #options: ConnectionOptions;
  readonly #trickle: Trickle | undefined;
  #session: RealtimeSession | undefined;
  #pingTimer: TimerHandle | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { webSocket, socket, clock, faults, onClosed } = options;
    this.wire = new FaultWire(this, clock);
    this.wire.arm(faults);
    if (this.wire.has('trickle')) this.#trickle = new Trickle(socket, clock);
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    webSocket.on('ping', (data) => {
      if (this.#trickle === undefined) webSocket.pong(data);
    });
    // A broken socket is closed right after; there is nobody to tell.
    webSocket.on('error', () => {});
    webSocket.on('close', (code) => {
      this.#end();
      onClosed(code);
    });
    this.#schedulePing();
  }

  get session(): RealtimeSession | undefined {
    return this.#session;
  }

  /** Begins the session. */
  begin(session: RealtimeSession): void {
    this.#session = session;
    if (this.wire.has('late-close')) this.#ignoreCloseFrames();
    this.wire.beginning(() => session.open());
  }

  /** Tells why there will be no session, and ends the connection. */
  dismiss({ type, code, message, param }: Refusal, closeCode: number): void {
    this.send({ type: 'error', error: { type, code, message, param, event_id: null } });
    this.close(closeCode, `${type}.${code}`);
  }

  /** Gives the connection a fault while it is up. */
  strike(fault: Fault): void {
    if (fault.name === 'late-close') this.#ignoreCloseFrames();
    if (fault.name === 'invalid-api-key') this.#revoke();
    else this.wire.strike(fault);
  }

  /** Sends something that is no event; the connection stays. */
  malform(): void {
    this.sendText(MALFORMED);
  }

  send(event: ServerEvent): void {
    const translated: WireEvent | undefined = this.#options.dialect === 'beta' ? toBeta(event) : event;
    if (translated === undefined) return;
    const { type, ...members } = translated;
    this.sendText(JSON.stringify({ type, event_id: this.#options.ids.next('event'), ...members }));
  }

  sendText(text: string): void {
    const { webSocket } = this.#options;
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (this.#trickle === undefined) webSocket.send(text);
    else this.#trickle.send(text);
  }

  sendBinary(bytes: Uint8Array): void {
    const { webSocket } = this.#options;
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(bytes, { binary: true });
  }

  close(code: number, reason: string): void {
    this.#end();
    this.#options.webSocket.close(code, reason);
  }

  /** Breaks the connection without a word, as a crash does: the client sees 1006. */
  drop(): void {
    this.#end();
    this.#options.webSocket.terminate();
  }

  #end(): void {
    this.#options.clock.clearTimeout(this.#pingTimer);
    this.#session?.end();
    this.#trickle?.close();
    this.wire.close();
  }

  #revoke(): void {
    const { refusal: reason, closeCode } = wrongKey();
    this.dismiss(reason, closeCode);
  }

  /** `ws` answers a close frame by calling this method of its own. */
  #ignoreCloseFrames(): void {
    this.#options.webSocket.close = () => {};
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const session = this.#session;
    if (session === undefined) return;
    if (isBinary) {
      const message = 'Expected a text WebSocket message; binary frames are not supported.';
      session.refuse(refusal('invalid_event', message), null);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(String(data));
    } catch {
      session.refuse(refusal('invalid_json', 'Invalid event: failed to parse JSON value.'), null);
      return;
    }
    if (this.#options.dialect === 'ga' || !isObject(message)) {
      session.take(message);
      return;
    }
    const translated = fromBeta(message);
    if (isRefusal(translated)) session.refuse(translated, clientEventId(message));
    else session.take(translated);
  }

  #schedulePing(): void {
    const { clock, webSocket } = this.#options;
    this.#pingTimer = clock.setTimeout(() => {
      if (webSocket.readyState === webSocket.OPEN && this.#trickle === undefined) webSocket.ping();
      this.#schedulePing();
    }, PING_MS);
  }
}

function isRefusal(value: object): value is Refusal {
  return 'code' in value && 'message' in value;
}
