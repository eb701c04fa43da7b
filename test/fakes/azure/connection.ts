import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import { type Fault, type FaultName, isMomentary, type MomentaryFault } from './faults.js';
import type { ServiceName } from './handshake.js';
import type { ConnectionRecord } from './timeline.js';
import { audioFrame, type ClientMessage, readFrame, textFrame } from './usp-frame.js';

/** What is behind a connection. */
export interface Session {
  onMessage(message: ClientMessage): void;
  /** A fault of the recogniser's own: it ends the turn, or gives up. */
  onFault(fault: MomentaryFault): void;
  end(): void;
}

export interface ConnectionOptions {
  readonly webSocket: WebSocket;
  readonly clock: Clock;
  readonly service: ServiceName;
  readonly record: ConnectionRecord;
  readonly faults: readonly Fault[];
  readonly idleMs: number;
  onClosed(): void;
}

const OVERSIZED_BYTES = 8 * 1024 * 1024;

/** A client's WebSocket, and what is wrong with it. */
export class Connection {
  readonly record: ConnectionRecord;
  readonly service: ServiceName;
  readonly #options: ConnectionOptions;
  readonly #timers = new Set<TimerHandle>();
  #faults: readonly Fault[];
  #session: Session | undefined;
  #silent = false;
  #ended = false;
  /** What is to be done later, in order: nothing overtakes it. */
  readonly #actions: { readonly dueMs: number; readonly action: () => void }[] = [];
  #idle: TimerHandle | undefined;

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
    this.#restartIdle();
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
    if (isMomentary(fault.name) && fault.options.when === 'idle') this.#happen(fault.name);
    else this.#faults = [...this.#faults, fault];
    this.#silent ||= this.has('silent');
  }

  heal(): void {
    this.#faults = [];
    this.#silent = false;
  }

  malform(): void {
    this.#sendRaw('{"this":"is no header"}');
    this.#sendRaw(Buffer.from([0xff, 0xff, 0x00]));
  }

  /** Speech comes or goes: what waits for that happens. */
  speaking(): void {
    const due = this.#faults.filter(({ name, options }) => isMomentary(name) && options.when === 'speech');
    this.#faults = this.#faults.filter((fault) => !due.includes(fault));
    for (const { name } of due) if (isMomentary(name)) this.#happen(name);
  }

  send(path: string, requestId: string, body?: object): void {
    if (!this.#silent) this.#sendRaw(textFrame(path, requestId, body));
  }

  sendAudio(requestId: string, streamId: string, contentType: string, audio: Uint8Array): void {
    if (!this.#silent) this.#sendRaw(audioFrame(requestId, streamId, contentType, audio));
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

  /** Does something `delayMs` from now, and after everything that was given here before. */
  inOrder(delayMs: number, action: () => void): void {
    const dueMs = this.#options.clock.now() + delayMs;
    this.#actions.push({ dueMs, action });
    if (this.#actions.length === 1) this.#act();
  }

  /** One timer for the first of them: two of about the same time would not keep their order. */
  #act(): void {
    for (;;) {
      const [first] = this.#actions;
      if (first === undefined || this.#ended) return;
      const waitMs = first.dueMs - this.#options.clock.now();
      if (waitMs > 0) {
        this.later(waitMs, () => this.#act());
        return;
      }
      first.action();
      this.#actions.shift();
    }
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

  #sendRaw(data: string | Uint8Array): void {
    const { webSocket } = this.#options;
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(data);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#session?.end();
  }

  #restartIdle(): void {
    this.cancel(this.#idle);
    this.#idle = this.later(this.#options.idleMs, () => this.close(1000, 'The connection was idle for too long.'));
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const session = this.#session;
    if (session === undefined || this.#ended || !Buffer.isBuffer(data)) return;
    this.#restartIdle();
    try {
      session.onMessage(readFrame(data, isBinary));
    } catch (error) {
      this.close(1002, error instanceof Error ? error.message : 'unreadable');
    }
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
        this.close(1011, 'Internal server error');
        return;
      case 'close-1007':
        this.close(1007, 'Unsupported request.');
        return;
      case 'close-4429':
        this.close(4429, 'The request is throttled because you have exceeded the concurrent request limit allowed.');
        return;
      case 'malformed':
        this.malform();
        return;
      case 'oversized':
        this.#sendRaw(`Path:speech.phrase\r\n\r\n${'A'.repeat(OVERSIZED_BYTES)}`);
        return;
      case 'fall-silent':
        this.#silent = true;
        return;
      case 'turn-end':
      case 'phrase-error':
      case 'phrase-too-many-requests':
      case 'phrase-forbidden':
        this.#session?.onFault(fault);
    }
  }
}
