import {
  Alarm,
  Backoff,
  type Clock,
  connectDeepgram,
  type DeepgramConnection,
  deepgramFailure,
  type Random,
  redial,
  type SharedTls,
} from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import type { AgentConfig } from './config.js';
import type { JsonObject } from './json.js';
import { readServerMessage, type ServerMessage } from './server-message.js';

/** What all lines of a flavor share. */
export interface LineDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly tls: SharedTls;
}

export interface LineHandlers {
  /** `Settings` for a connection that is being made. */
  settings(): object;
  onMessage(message: ServerMessage): void;
  onAudio(bytes: Uint8Array): void;
  onWarning(error: FlavorError): void;
  /** The connection is gone; another is being made. */
  onLost(): void;
  /** A connection stands, and has taken the settings. */
  onReady(): void;
  /** There will be no other connection. */
  onFailed(error: FlavorError): void;
}

/** Deepgram ends a connection that is told nothing; without audio it is told this, ms. */
const KEEP_ALIVE_MS = 5_000;

/** The session's way to the service: one connection after the other. */
export class Line {
  readonly #config: AgentConfig;
  readonly #handlers: LineHandlers;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #tls: SharedTls;
  readonly #closing = new AbortController();
  readonly #keepAlive: Alarm;
  #connection: DeepgramConnection | undefined;
  #readyAtMs = 0;
  #audioSinceKeepAlive = false;
  /** Time connected that is over, ms: what Deepgram charges for. */
  #pastMs = 0;

  constructor(config: AgentConfig, handlers: LineHandlers, { clock, random, tls }: LineDeps) {
    this.#config = config;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#keepAlive = new Alarm(clock);
    this.#backoff = new Backoff(config.reconnect, clock, random, config.answerTimeoutMs);
    this.#tls = tls;
  }

  /** Time connected, ms. */
  get connectedMs(): number {
    return this.#pastMs + (this.#connection === undefined ? 0 : this.#clock.now() - this.#readyAtMs);
  }

  /** The first connection. Rejects with a FlavorError, or the reason of `signal`; it is not tried again. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  send(message: object): void {
    this.#connection?.send(message);
  }

  /** Hot path. */
  sendAudio(bytes: Uint8Array): void {
    this.#audioSinceKeepAlive = true;
    this.#connection?.sendAudio(bytes);
  }

  /** The connection stands and is of no more use: as if it had been lost. */
  giveUp(error: FlavorError): void {
    this.#connection?.close();
    this.#lose(error);
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#pastMs = this.connectedMs;
    this.#closing.abort();
    this.#keepAlive.clear();
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Connects, waits for `Welcome`, sends `Settings`, waits for `SettingsApplied`: nothing else may come before. */
  #connect(callerSignal: AbortSignal): Promise<void> {
    const { url, apiKey, connectTimeoutMs } = this.#config;
    const signal = AbortSignal.any([callerSignal, this.#closing.signal]);
    return new Promise((resolve, reject) => {
      let connection: DeepgramConnection | undefined;
      let welcome = false;
      let introduced = false;
      let settled = false;
      const settle = (error?: unknown): void => {
        if (settled) return;
        settled = true;
        timer.clear();
        signal.removeEventListener('abort', onAbort);
        if (error === undefined && connection !== undefined) {
          // What is said right after the settings were taken comes in the same breath.
          this.#adopt(connection);
          resolve();
        } else {
          connection?.close();
          reject(error);
        }
      };
      const onAbort = (): void => settle(signal.reason);
      const timer = new Alarm(this.#clock);
      timer.set(connectTimeoutMs, () => {
        settle(new FlavorError('ERR_FLAVOR_TIMEOUT', 'Deepgram took too long to take the settings', true));
      });
      const introduce = (): void => {
        if (!welcome || connection === undefined || settled || introduced) return;
        introduced = true;
        connection.send(this.#handlers.settings());
      };
      const onMessage = (message: JsonObject): void => {
        const read = readServerMessage(message);
        if (settled) {
          if (connection === this.#connection) this.#receive(read);
          return;
        }
        if (read === 'ignored' || read === 'unreadable') return;
        if (read.type === 'error') settle(deepgramFailure(read.code));
        else if (read.type === 'welcome') {
          welcome = true;
          introduce();
        } else if (read.type === 'settings-applied') {
          // Whoever says so before they were sent means others.
          if (introduced) settle();
        } else if (read.type === 'warning') this.#handlers.onWarning(deepgramFailure(read.code));
      };
      const dialling = { url, path: '/v1/agent/converse', apiKey, timeoutMs: connectTimeoutMs, tls: this.#tls };
      const listener = {
        onMessage,
        onAudio: (bytes: Buffer) => {
          if (connection !== undefined && connection === this.#connection) this.#handlers.onAudio(bytes);
        },
        onFault: (error: FlavorError) => this.#handlers.onWarning(error),
        onLost: (error: FlavorError) => {
          if (!settled) settle(error);
          else if (connection === this.#connection) this.#lose(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      connectDeepgram(dialling, listener, signal).then((made) => {
        connection = made;
        if (settled) made.close();
        else introduce();
      }, settle);
    });
  }

  #adopt(connection: DeepgramConnection): void {
    if (this.#closing.signal.aborted) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#readyAtMs = this.#clock.now();
    this.#backoff.connected();
    this.#watch();
    this.#handlers.onReady();
  }

  #receive(message: ServerMessage | 'ignored' | 'unreadable'): void {
    if (message === 'ignored') return;
    if (message === 'unreadable') {
      const what = 'Deepgram sent a message that its protocol does not have';
      this.#handlers.onWarning(new FlavorError('ERR_FLAVOR_PROTOCOL', what, true));
    } else if (message.type === 'error') this.giveUp(deepgramFailure(message.code));
    else this.#handlers.onMessage(message);
  }

  #watch(): void {
    this.#keepAlive.set(KEEP_ALIVE_MS, () => {
      if (!this.#audioSinceKeepAlive) this.send({ type: 'KeepAlive' });
      this.#audioSinceKeepAlive = false;
      this.#watch();
    });
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted || this.#connection === undefined) return;
    this.#pastMs = this.connectedMs;
    this.#connection = undefined;
    this.#keepAlive.clear();
    this.#handlers.onLost();
    void this.#replace(error);
  }

  async #replace(loss: FlavorError): Promise<void> {
    this.#handlers.onWarning(loss);
    const failure = await redial(
      {
        backoff: this.#backoff,
        clock: this.#clock,
        explain: (error) => (error instanceof FlavorError ? error : loss),
        attempt: (signal) => this.#connect(signal),
      },
      loss,
      this.#closing.signal,
    );
    if (failure !== undefined) this.#handlers.onFailed(failure);
  }
}
