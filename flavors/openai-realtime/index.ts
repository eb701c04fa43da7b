import tls from 'node:tls';
import { type Clock, createSystemClock } from 'sip-voice-connector/cascade';
import { type CallContext, defineFlavor, type Flavor, type FlavorModule } from 'sip-voice-connector/flavor';
import type { RealtimeConfig } from './config.js';
import { configured } from './connection/configure.js';
import { type Connection, RealtimeConnection } from './connection/connection.js';
import { type Endpoint, endpointOf } from './connection/endpoint.js';
import { ConnectionPool } from './connection/pool.js';
import { realtimeCapabilities, realtimeManifest } from './manifest.js';
import { AppendMessages } from './protocol/append-message.js';
import { configFailure } from './protocol/errors.js';
import { type SessionSetup, setupOf, setupToTry } from './protocol/session-setup.js';
import { RealtimeSession } from './session.js';

/** What tests replace. */
export interface RealtimeParts {
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** The module, with parts of its own for tests. */
export function defineRealtime(parts: RealtimeParts = {}): FlavorModule<RealtimeConfig> {
  return defineFlavor({
    manifest: realtimeManifest,
    create: (config, deps) => {
      if (config.temperature !== undefined && config.dialect === 'ga') {
        throw configFailure('temperature: the service takes none; only the beta dialect has it');
      }
      const clock = parts.clock ?? { ...createSystemClock(), now: () => deps.now() };
      return new RealtimeFlavor(config, endpointOf(config), clock, parts.random ?? Math.random);
    },
  });
}

export default defineRealtime();

class RealtimeFlavor implements Flavor {
  readonly capabilities;
  readonly #config: RealtimeConfig;
  #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pool: ConnectionPool;
  readonly #messages = new AppendMessages();

  constructor(config: RealtimeConfig, endpoint: Endpoint, clock: Clock, random: () => number) {
    this.capabilities = realtimeCapabilities(config);
    this.#config = config;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#random = random;
    const { size, maxIdleSeconds } = config.pool;
    this.#pool = new ConnectionPool(
      { size, maxIdleMs: maxIdleSeconds * 1000 },
      (signal) => this.#connect(signal),
      clock,
    );
  }

  /**
   * A connection, up to the settings being taken, which looks at key, model and voice, and at what a model does not have:
   * it costs no tokens.
   */
  async check(signal: AbortSignal): Promise<void> {
    const setup = setupToTry(this.#config, this.capabilities);
    const connection = await this.#connect(signal);
    (await configured(connection, () => setup, this.#config.connectTimeoutMs, signal)).close();
  }

  /** Fills the pool. A service that cannot be reached now may be when a call comes: the pool goes on trying. */
  async warmup(signal: AbortSignal): Promise<void> {
    await this.#pool.fill(signal);
  }

  /** While the phone rings: a connection that knows the call, and the first sound of the greeting. */
  async open(call: CallContext): Promise<RealtimeSession> {
    const setup = setupOf(this.#config, call);
    const first = await this.#obtain(() => setup, call.signal);
    const options = {
      call,
      config: this.#config,
      clock: this.#clock,
      messages: this.#messages,
      random: this.#random,
      obtain: (latest: () => SessionSetup, signal: AbortSignal) => this.#obtain(latest, signal),
    };
    const session = new RealtimeSession(options, first);
    await session.greeted;
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #connect(signal: AbortSignal): Promise<Connection> {
    const { url, secureContext } = this.#endpoint;
    // Not before it is needed: it reads the authorities' certificates.
    if (url.protocol === 'wss:' && secureContext === undefined) {
      this.#endpoint = { ...this.#endpoint, secureContext: tls.createSecureContext() };
    }
    return RealtimeConnection.connect(this.#endpoint, this.#config.connectTimeoutMs, this.#clock, signal);
  }

  /** A connection that has taken the settings, out of the pool or fresh. */
  async #obtain(setup: () => SessionSetup, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const { connectTimeoutMs } = this.#config;
    const pooled = this.#pool.take();
    if (pooled) {
      try {
        return await configured(pooled, setup, connectTimeoutMs, signal);
      } catch (error) {
        signal.throwIfAborted();
        // One that has died unnoticed says nothing about the service; a refusal of the settings does.
        if (error instanceof Error && 'code' in error && error.code === 'ERR_FLAVOR_CONFIG') throw error;
      }
    }
    return configured(await this.#connect(signal), setup, connectTimeoutMs, signal);
  }
}
