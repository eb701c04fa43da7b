import type { Clock, TimerHandle } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import type { Config } from '../config/config.js';
import { createRouter } from '../config/router.js';
import type { Flavor, Logger } from '../flavor-api/index.js';
import type { MediaEngine } from '../media/engine.js';
import { AdmissionControl } from '../ops/admission.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import { EventHub } from '../ops/event-hub.js';
import { openRecordLog, type RecordLog } from '../ops/record-log.js';
import type { ListeningAddress, SignalingDriver } from '../signaling/port.js';
import { CallRegistry } from './call-registry.js';
import { Closers } from './closers.js';
import { Generation } from './generation.js';
import { type ConnectorView, type Operations, startOperations } from './operations.js';
import { Reception } from './reception.js';
import { restartOnly } from './restart-only.js';

/** What a connector is made of besides its configuration; everything has a default that talks to the real world. */
export interface ConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  createDriver(config: Config): SignalingDriver;
  createEngine(config: Config): MediaEngine;
  /** Makes every flavor of a configuration, or none: what was made is closed when one fails. */
  createFlavors(config: Config): Promise<ReadonlyMap<string, Flavor>>;
  /** Reads the configuration anew for `POST /reload`; absent where it did not come from a file. */
  readonly readConfig?: () => Promise<{ readonly config: Config } | { readonly problem: string }>;
}

/** Where a running connector listens. */
export interface ConnectorAddresses {
  readonly sip: readonly ListeningAddress[];
  readonly admin: { readonly host: string; readonly port: number };
}

/** What came of a reload. */
export type ReloadOutcome =
  | { readonly ok: true; readonly atRestart: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Time a flavor may take to warm up before calls are taken all the same, ms. */
const WARMUP_MS = 15_000;
/** Time the calls have to say goodbye when the connector stops, ms. */
const FAREWELL_MS = 3_000;

/** A connector: takes calls from {@link start} until {@link stop}. Made by `createConnector`. */
export class VoiceConnector implements AsyncDisposable {
  readonly #deps: ConnectorDeps;
  readonly #registry = new CallRegistry();
  readonly #hub: EventHub;
  readonly #admission: AdmissionControl;
  readonly #closers = new Closers();
  #config: Config;
  #generation: Generation | undefined;
  #driver: SignalingDriver | undefined;
  #operations: Operations | undefined;
  #driverUp = false;
  #draining = false;
  #stopping: Promise<void> | undefined;
  #finish: () => void = () => {};
  readonly #finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  constructor(config: Config, deps: ConnectorDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#hub = new EventHub(deps);
    this.#admission = new AdmissionControl(config.limits, deps);
  }

  /**
   * Loads the flavors, opens the record log, binds SIP and admin. On failure everything that was opened is closed again.
   * Throws `ERR_LISTEN`, `ERR_FLAVOR_NOT_FOUND`, `ERR_FLAVOR_INVALID`, `ERR_CONFIG_INVALID`, `ERR_RECORD_WRITE`,
   * `ERR_RECORD_IN_USE`.
   */
  async start(): Promise<ConnectorAddresses> {
    try {
      return await this.#open();
    } catch (error) {
      await this.#closers.closeAll((failure) => this.#complain(failure));
      throw error;
    }
  }

  calls(): readonly CallSummary[] {
    return this.#registry.summaries();
  }

  /** Ends one call with BYE; false if there is none of that id. */
  hangUp(callId: string): boolean {
    const call = this.#registry.get(callId);
    call?.end('admin');
    return call !== undefined;
  }

  /** Subscribes to what happens in calls. Returns a function that unsubscribes. */
  onEvent(listener: CallEventSink): () => void {
    return this.#hub.listen(listener);
  }

  /** Reads the configuration again and takes it; a bad one changes nothing. */
  async reload(): Promise<ReloadOutcome> {
    const read = (await this.#deps.readConfig?.()) ?? { problem: 'this connector has no configuration file' };
    const outcome = 'config' in read ? await this.apply(read.config) : { ok: false as const, problem: read.problem };
    this.#operations?.onReload(outcome.ok, Object.keys(this.#config.flavors));
    if (outcome.ok) this.#deps.log.info({ atRestart: outcome.atRestart }, 'configuration reloaded');
    else this.#deps.log.error({ problem: outcome.problem }, 'reload refused, the running configuration stays');
    return outcome;
  }

  /** Takes a new configuration for new calls; those that are up keep the old one. */
  async apply(config: Config): Promise<ReloadOutcome> {
    const old = this.#generation;
    if (!old || this.#stopping) return { ok: false, problem: 'the connector is not running' };
    let next: Generation;
    try {
      next = await this.#generate(config);
    } catch (error) {
      return { ok: false, problem: errorMessage(error) };
    }
    const atRestart = restartOnly(this.#config, config);
    this.#generation = next;
    this.#config = config;
    this.#admission.setLimits(config.limits);
    this.#onOccupancy();
    void old.retire();
    return { ok: true, atRestart };
  }

  /** New INVITEs get 503 from now on. Resolves when the last call has ended. Idempotent. */
  async drain(): Promise<void> {
    if (!this.#draining) this.#deps.log.info({ calls: this.#registry.size }, 'draining: no new calls');
    this.#draining = true;
    this.#onOccupancy();
    await this.#registry.empty();
    this.#finish();
  }

  /** Resolves once the connector has been drained, by whoever, or stopped. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Ends all calls with BYE, writes their records, closes everything. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#close();
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #open(): Promise<ConnectorAddresses> {
    const { clock, random, log } = this.#deps;
    const config = this.#config;
    this.#generation = await this.#generate(config);
    this.#closers.add(async () => this.#generation?.retire());
    const records = await openRecordLog({ path: config.cdr.path }, { clock, log });
    this.#closers.add(() => records.close());
    const engine = this.#deps.createEngine(config);
    this.#closers.add(async () => engine[Symbol.asyncDispose]());
    const driver = this.#deps.createDriver(config);
    this.#driver = driver;
    this.#closers.add(async () => driver[Symbol.asyncDispose]());
    const operations = await startOperations(config, this.#view(engine, records), {
      clock,
      random,
      log,
      hub: this.#hub,
    });
    this.#operations = operations;
    this.#closers.add(() => operations.close());
    const sip = await driver.start(this.#handlers(engine, records));
    this.#onOccupancy();
    log.info({ sip, admin: operations.address }, 'ready');
    return { sip, admin: operations.address };
  }

  #handlers(engine: MediaEngine, records: RecordLog): Parameters<SignalingDriver['start']>[0] {
    const { clock, random, log } = this.#deps;
    const reception = new Reception({
      clock,
      random,
      log,
      engine,
      registry: this.#registry,
      admission: this.#admission,
      emit: this.#hub.publish,
      generation: () => this.#generation,
      draining: () => this.#draining,
      beforeAnswer: (summary) => records.began(summary),
      onRecord: (record) => records.append(record),
      onOccupancy: () => this.#onOccupancy(),
    });
    return {
      onInvite: (leg) => reception.onInvite(leg),
      onRefused: (invite, status) => reception.onRefused(invite, status),
      onStateChange: (state) => {
        this.#driverUp = state === 'up';
        if (state === 'down') log.error({}, 'the SIP driver is down');
      },
    };
  }

  async #generate(config: Config): Promise<Generation> {
    const router = createRouter(config.routes);
    const flavors = await this.#deps.createFlavors(config);
    const signal = AbortSignal.timeout(WARMUP_MS);
    await Promise.all(
      [...flavors].map(async ([name, flavor]) => {
        try {
          await flavor.warmup?.(signal);
        } catch (error) {
          this.#deps.log.warn({ flavor: name, error: errorMessage(error) }, 'a flavor did not warm up');
        }
      }),
    );
    return new Generation(config, router, flavors, (error) => this.#complain(error));
  }

  /** What the admin interface and the metrics may see and do. */
  #view(engine: MediaEngine, records: RecordLog): ConnectorView {
    return {
      calls: () => this.#registry.summaries(),
      call: (id) => this.#registry.get(id)?.summary(),
      hangUp: (id) => this.hangUp(id),
      ready: () => this.#readiness(),
      reload: async () => {
        const outcome = await this.reload();
        return outcome.ok
          ? { ok: true, warnings: outcome.atRestart.map((section) => `${section} takes effect at a restart`) }
          : { ok: false, errors: outcome.problem };
      },
      drain: () => void this.drain(),
      activeCalls: () => this.#registry.size,
      mediaPorts: () => engine.usage(),
      records: () => records.status,
    };
  }

  #readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const reasons = [...(this.#draining ? ['draining'] : []), ...(this.#driverUp ? [] : ['the SIP driver is down'])];
    return { ready: reasons.length === 0, reasons };
  }

  #onOccupancy(): void {
    const full = this.#registry.size >= this.#config.limits.calls;
    this.#driver?.setAvailability(this.#draining ? 'draining' : full ? 'full' : 'open');
  }

  async #close(): Promise<void> {
    void this.drain();
    this.#registry.endAll('drain');
    let timer: TimerHandle | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timer = this.#deps.clock.setTimeout(resolve, FAREWELL_MS);
    });
    await Promise.race([this.#registry.empty(), timedOut]);
    // Left alone it would keep the process for its whole length.
    this.#deps.clock.clearTimeout(timer);
    await this.#closers.closeAll((error) => this.#complain(error));
    this.#hub.close();
  }

  #complain(error: unknown): void {
    this.#deps.log.error({ error: errorMessage(error) }, 'something did not close');
  }
}
