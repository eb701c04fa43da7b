import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import { isObject, type JsonObject } from '../openai-realtime/json-value.js';
import { bytesPerMs, type FakeAudioFormat } from './audio-format.js';
import { type Fault, type FaultName, isMomentary, type MomentaryFault } from './faults.js';
import type { ServiceName } from './handshake.js';
import type { ConnectionRecord } from './timeline.js';

/** What is behind a connection. */
export interface Session {
  /** The format of the audio that comes in, once it is known. */
  readonly inputFormat: FakeAudioFormat | undefined;
  onAudio(bytes: Buffer): void;
  onControl(message: JsonObject): void;
  /** A text frame that is no JSON object. */
  onUnreadable(): void;
  end(): void;
}

export interface ConnectionOptions {
  readonly webSocket: WebSocket;
  readonly clock: Clock;
  readonly service: ServiceName;
  readonly record: ConnectionRecord;
  readonly faults: readonly Fault[];
  readonly enforceRate: boolean;
  onClosed(): void;
}

/** What `malformed` and `malformNext` send. */
const MALFORMED = '{"type":"Results","channel":';
const OVERSIZED_BYTES = 8 * 1024 * 1024;
/** How far audio may be ahead of real time before it is too fast, ms. */
const BURST_MS = 3_000;
const LIVE_RATE = 1.25;

/** A client's WebSocket, and what is wrong with it. */
export class Connection {
  readonly record: ConnectionRecord;
  readonly service: ServiceName;
  readonly #options: ConnectionOptions;
  #faults: readonly Fault[];
  #session: Session | undefined;
  #silent = false;
  #ended = false;
  readonly #timers = new Set<TimerHandle>();
  /** What is to be sent later, in its order: one timer, of the first, so that nothing overtakes. */
  readonly #waiting: { readonly dueMs: number; readonly send: () => void }[] = [];
  #audioSinceMs: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.record = options.record;
    this.service = options.service;
    this.#faults = options.faults;
    this.#silent = this.has('silent');
    const { webSocket, clock, onClosed, record } = options;
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    // A broken socket is closed right after; there is nobody to tell.
    webSocket.on('error', () => {});
    webSocket.on('close', (code) => {
      this.#end();
      record.closedAtMs = clock.now();
      record.closeCode = code;
      onClosed();
    });
    if (this.has('late-close')) this.#ignoreCloseFrames();
  }

  has(name: FaultName): boolean {
    return this.#faults.some((fault) => fault.name === name);
  }

  delayOf(name: FaultName): number {
    return this.#faults.find((fault) => fault.name === name)?.options.delayMs ?? 0;
  }

  begin(session: Session): void {
    this.#session = session;
  }

  /** Gives a connection that is up a fault; a momentary one for idle times happens now. */
  strike(fault: Fault): void {
    if (fault.name === 'late-close') this.#ignoreCloseFrames();
    if (isMomentary(fault.name) && fault.options.when === 'idle') this.#happen(fault.name);
    else this.#faults = [...this.#faults, fault];
    this.#silent ||= this.has('silent');
  }

  heal(): void {
    this.#faults = [];
    this.#silent = false;
  }

  malform(): void {
    this.#sendText(MALFORMED);
  }

  /** Speech comes or goes: what waits for that happens. */
  speaking(): void {
    const due = this.#faults.filter(({ name, options }) => isMomentary(name) && options.when === 'speech');
    this.#faults = this.#faults.filter((fault) => !due.includes(fault));
    for (const { name } of due) if (isMomentary(name)) this.#happen(name);
  }

  send(message: JsonObject): void {
    if (!this.#silent) this.#sendText(JSON.stringify(message));
  }

  sendAudio(bytes: Uint8Array): void {
    const { webSocket } = this.#options;
    if (!this.#silent && webSocket.readyState === webSocket.OPEN) webSocket.send(bytes, { binary: true });
  }

  /** Calls `callback` after `delayMs`, unless the connection is gone by then. */
  later(delayMs: number, callback: () => void): TimerHandle {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: TimerHandle | undefined): void {
    if (timer === undefined) return;
    this.#timers.delete(timer);
    this.#options.clock.clearTimeout(timer);
  }

  /** Sends `delayMs` from now, and after everything that was given here before. */
  sendLater(message: JsonObject, delayMs: number, also?: () => void): void {
    const { clock } = this.#options;
    const dueMs = Math.max(clock.now() + delayMs, this.#waiting.at(-1)?.dueMs ?? 0);
    const send = (): void => {
      this.send(message);
      also?.();
    };
    if (this.#waiting.length === 0 && delayMs <= 0) {
      send();
      return;
    }
    this.#waiting.push({ dueMs, send });
    if (this.#waiting.length === 1) this.#sendFirstWhenDue();
  }

  close(code: number, reason = ''): void {
    this.#end();
    this.#options.webSocket.close(code, reason);
  }

  /** Breaks the connection without a word, as a crash does: the client sees 1006. */
  drop(): void {
    this.#end();
    this.#options.webSocket.terminate();
  }

  #sendFirstWhenDue(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.later(Math.max(0, first.dueMs - this.#options.clock.now()), () => {
      this.#waiting.shift();
      first.send();
      this.#sendFirstWhenDue();
    });
  }

  #sendText(text: string): void {
    const { webSocket } = this.#options;
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(text);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#session?.end();
  }

  /** `ws` answers a close frame by calling this method of its own. */
  #ignoreCloseFrames(): void {
    this.#options.webSocket.close = () => {};
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const session = this.#session;
    if (session === undefined || this.#ended || !Buffer.isBuffer(data)) return;
    if (isBinary) {
      this.#countAudio(data, session);
      if (!this.#ended) session.onAudio(data);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(data.toString());
    } catch {
      message = undefined;
    }
    if (!isObject(message)) {
      session.onUnreadable();
      return;
    }
    this.record.messages.push(message);
    session.onControl(message);
  }

  #countAudio(bytes: Buffer, { inputFormat }: Session): void {
    if (inputFormat === undefined) return;
    const { clock, record, enforceRate } = this.#options;
    this.#audioSinceMs ??= clock.now();
    record.audioMs += bytes.length / bytesPerMs(inputFormat);
    const aheadMs = record.audioMs - (clock.now() - this.#audioSinceMs) * LIVE_RATE;
    record.aheadMs = Math.max(record.aheadMs, aheadMs);
    if (enforceRate && aheadMs > BURST_MS) this.close(1008, 'DATA-0000: audio is sent faster than real time');
  }

  #happen(fault: MomentaryFault): void {
    switch (fault) {
      case 'close-1000':
        this.close(1000);
        return;
      case 'close-1006':
        this.drop();
        return;
      case 'close-1011':
        this.close(1011, 'NET-0000');
        return;
      case 'close-1008':
        this.close(1008, 'DATA-0000');
        return;
      case 'warning':
        this.send({ type: 'Warning', description: 'Something is not as it should be.', code: 'SOME_WARNING' });
        return;
      case 'error-close':
        this.send({ type: 'Error', description: 'Something broke.', code: 'INTERNAL_SERVER_ERROR' });
        this.close(1011, 'INTERNAL_SERVER_ERROR');
        return;
      case 'malformed':
        this.malform();
        return;
      case 'oversized':
        this.#sendText(`{"type":"Results","padding":"${'A'.repeat(OVERSIZED_BYTES)}"}`);
        return;
      case 'fall-silent':
        this.#silent = true;
        return;
    }
  }
}
