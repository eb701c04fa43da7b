import type { TimerHandle } from '../base/clock.js';
import { ConnectorError, errorMessage } from '../base/connector-error.js';
import type { Config, MediaConfig } from '../config/config.js';
import { warmUpHeardText } from '../heard/heard-text-warm-up.js';
import type { MediaEngine } from '../media/engine.js';
import { RecordingThread } from '../media/recording/recording-thread.js';
import type { RegistrationSummary } from '../ops/admin/admin-control.js';
import { AdmissionControl } from '../ops/admission.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import type { SpendBook } from '../ops/cost/spend-book.js';
import { EventHub } from '../ops/event-hub.js';
import type { OutboundCallOutcome, OutboundCallRequest } from '../ops/outbound-calls.js';
import { openRecordLog, type RecordLog } from '../ops/record-log.js';
import type { ListeningAddress, RegistrationStatus, SignalingDriver } from '../signaling/port.js';
import { CallAssembly } from './call-assembly.js';
import { CallRegistry } from './call-registry.js';
import { Closers } from './closers.js';
import type { ConnectorDeps } from './connector-deps.js';
import type { Generation } from './generation.js';
import { openGeneration } from './generation-opening.js';
import { usableMedia } from './network/usable-codecs.js';
import { type ConnectorView, type Operations, startOperations } from './operations.js';
import { Dialer } from './outbound/dialer.js';
import { obstacles, type Readiness, readiness } from './readiness.js';
import { Reception } from './reception.js';
import { restartOnly } from './restart-only.js';
import { carryOverSpending, openSpendBook, renewSpendBook } from './spending.js';

/** Where a running connector listens. */
export interface ConnectorAddresses {
  readonly sip: readonly ListeningAddress[];
  readonly admin: { readonly host: string; readonly port: number };
}

/** What came of a reload. */
export type ReloadOutcome =
  /** `warnings`: what in the file deserves a second look; absent where nothing does. */
  | { readonly ok: true; readonly atRestart: readonly string[]; readonly warnings?: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Time the calls have to say goodbye when the connector stops, ms. */
const FAREWELL_MS = 3_000;
/** Time the flavors have to close when the connector stops, ms. */
const DISPOSE_MS = 5_000;

/** A connector: takes calls from {@link start} until {@link stop}. Made by `createConnector`. */
export class VoiceConnector implements AsyncDisposable {
  readonly #deps: ConnectorDeps;
  readonly #registry = new CallRegistry();
  readonly #hub: EventHub;
  readonly #admission: AdmissionControl;
  readonly #spending: SpendBook;
  readonly #closers = new Closers();
  /** What was bound and opened at the start stays as this says. */
  readonly #initial: Config;
  #media: MediaConfig;
  #config: Config;
  #generation: Generation | undefined;
  #driver: SignalingDriver | undefined;
  #operations: Operations | undefined;
  #dialer: Dialer | undefined;
  #driverUp = false;
  #draining = false;
  #starting: Promise<ConnectorAddresses> | undefined;
  #stopping: Promise<void> | undefined;
  /** Aborts at the stop: nothing that still warms up is waited for. */
  readonly #stop = new AbortController();
  /** The last reload asked for: each waits for the one before it. */
  #reloading: Promise<unknown> = Promise.resolve();
  #finish: () => void = () => {};
  readonly #finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  constructor(config: Config, deps: ConnectorDeps) {
    this.#initial = config;
    this.#media = config.media;
    this.#config = config;
    this.#deps = deps;
    this.#hub = new EventHub(deps);
    this.#admission = new AdmissionControl(config.limits, deps);
    this.#spending = openSpendBook(config, deps);
  }

  /**
   * Loads the flavors, opens the record log, binds SIP and admin. On failure everything that was opened is closed again.
   * Once: a second call gives the result of the first, and after `stop` none starts it again. Throws `ERR_LISTEN`,
   * `ERR_FLAVOR_*`, `ERR_CONFIG_INVALID`, `ERR_RECORD_WRITE`, `ERR_RECORD_IN_USE`, and `ERR_STOPPED` after `stop`.
   */
  start(): Promise<ConnectorAddresses> {
    if (this.#starting && this.#stopping) {
      return Promise.reject(new ConnectorError('ERR_STOPPED', 'the connector was stopped, and starts no more'));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  calls(): readonly CallSummary[] {
    return this.#registry.summaries();
  }

  /** Calls somebody, as `POST /calls` does; what becomes of the call is told by its events. Never rejects. */
  async dial(request: OutboundCallRequest): Promise<OutboundCallOutcome> {
    if (this.#dialer) return this.#dialer.call(request);
    return { ok: false, status: 503, code: 'ERR_CALL_UNAVAILABLE', message: 'the connector is not running' };
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

  /** Reads the configuration again and takes it; a bad one changes nothing. Never rejects. */
  reload(): Promise<ReloadOutcome> {
    return this.#inTurn(() => this.#reload());
  }

  /** Takes a new configuration for new calls; those that are up keep the old one. Never rejects. */
  apply(config: Config): Promise<ReloadOutcome> {
    return this.#inTurn(() => this.#apply(config));
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

  async #start(): Promise<ConnectorAddresses> {
    try {
      this.#refuseWhenStopped();
      return await this.#open();
    } catch (error) {
      await this.#closers.closeAll((failure) => this.#complain(failure));
      throw error;
    }
  }

  #refuseWhenStopped(): void {
    if (this.#stopping) throw new ConnectorError('ERR_STOPPED', 'the connector was stopped before it had started');
  }

  /** One reload after the other: two at once would both replace the same generation, and one of theirs would be lost. */
  #inTurn(action: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const outcome = this.#reloading.then(action);
    this.#reloading = outcome;
    return outcome;
  }

  #refused(error: unknown): ReloadOutcome {
    return { ok: false, problem: errorMessage(error) };
  }

  async #reload(): Promise<ReloadOutcome> {
    const outcome = await this.#readAndApply().catch((error: unknown) => this.#refused(error));
    this.#operations?.onReload(outcome.ok, Object.keys(this.#config.flavors));
    if (outcome.ok)
      this.#deps.log.info({ atRestart: outcome.atRestart, warnings: outcome.warnings }, 'configuration reloaded');
    else this.#deps.log.error({ problem: outcome.problem }, 'reload refused, the running configuration stays');
    return outcome;
  }

  async #readAndApply(): Promise<ReloadOutcome> {
    const read = (await this.#deps.readConfig?.()) ?? { problem: 'this connector has no configuration file' };
    if (!('config' in read)) return { ok: false, problem: read.problem };
    const outcome = await this.#apply(read.config);
    return outcome.ok && read.warnings?.length ? { ...outcome, warnings: read.warnings } : outcome;
  }

  /** Never rejects. */
  async #apply(config: Config): Promise<ReloadOutcome> {
    const old = this.#generation;
    const notRunning = { ok: false, problem: 'the connector is not running' } as const;
    if (!old || this.#stopping) return notRunning;
    let next: Generation;
    try {
      next = await this.#generate(config);
    } catch (error) {
      return this.#refused(error);
    }
    const problem = await this.#renewDriver();
    if (problem !== undefined || this.#stop.signal.aborted) {
      await this.#retire(next);
      return problem ?? notRunning;
    }
    this.#generation = next;
    this.#config = config;
    this.#admission.setLimits(config.limits);
    renewSpendBook(this.#spending, config);
    this.#onOccupancy();
    void old.retire();
    return { ok: true, atRestart: restartOnly(this.#initial, config) };
  }

  /** Certificates are renewed under the same name, and a reload is how the connector hears of it. */
  async #renewDriver(): Promise<ReloadOutcome | undefined> {
    try {
      await this.#driver?.renew?.();
      return undefined;
    } catch (error) {
      return this.#refused(error);
    }
  }

  async #open(): Promise<ConnectorAddresses> {
    const { clock, random, log } = this.#deps;
    const config = this.#config;
    this.#generation = await this.#generate(config);
    this.#closers.add(async () => this.#retire(this.#generation));
    this.#refuseWhenStopped();
    const recordings = new RecordingThread(random);
    this.#closers.add(async () => recordings[Symbol.asyncDispose]());
    const records = await openRecordLog({ path: config.cdr.path }, { clock, log });
    this.#closers.add(() => records.close());
    await carryOverSpending(this.#spending, config.cdr.path, log);
    this.#media = await usableMedia(config.media, log);
    const engine = this.#deps.createEngine(config);
    this.#closers.add(async () => engine[Symbol.asyncDispose]());
    const driver = this.#deps.createDriver(config);
    this.#driver = driver;
    this.#closers.add(async () => driver[Symbol.asyncDispose]());
    const view = this.#view(engine, records);
    const operations = await startOperations(config, view, { clock, random, log, hub: this.#hub });
    this.#operations = operations;
    this.#closers.add(() => operations.close());
    if (this.#deps.warmsUp === true) await Promise.all([engine.ready?.(), warmUpHeardText(this.#stop.signal)]);
    const sip = await driver.start(this.#handlers(driver, { engine, recordings, records }));
    this.#onOccupancy();
    log.info({ sip, admin: operations.address }, 'ready');
    return { sip, admin: operations.address };
  }

  #handlers(
    driver: SignalingDriver,
    { engine, recordings, records }: { engine: MediaEngine; recordings: RecordingThread; records: RecordLog },
  ): Parameters<SignalingDriver['start']>[0] {
    const { clock, random, log } = this.#deps;
    const shared = {
      ...{ clock, random, log },
      media: this.#media,
      registry: this.#registry,
      spending: this.#spending,
      emit: this.#hub.publish,
      generation: () => this.#generation,
      onRecord: (record: CallRecord) => records.append(record),
      onOccupancy: () => this.#onOccupancy(),
    };
    const assembly = new CallAssembly({
      ...shared,
      ...{ engine, recordings, driver },
      beforeAnswer: (summary, costSoFar) => records.began(summary, costSoFar),
    });
    this.#dialer = new Dialer({
      ...shared,
      assembly,
      unavailable: () => obstacles({ draining: this.#draining, driverUp: this.#driverUp })[0],
      invite: (request) => driver.invite(request),
    });
    const reception = new Reception({
      ...shared,
      assembly,
      admission: this.#admission,
      draining: () => this.#draining,
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

  #generate(config: Config): Promise<Generation> {
    const onDisposeError = (error: unknown): void => this.#complain(error);
    return openGeneration(config, { ...this.#deps, onDisposeError }, this.#stop.signal);
  }

  /** What the admin interface and the metrics may see and do. */
  #view(engine: MediaEngine, records: RecordLog): ConnectorView {
    return {
      calls: () => this.#registry.summaries(),
      call: (id) => this.#registry.get(id)?.summary(),
      hangUp: (id) => this.hangUp(id),
      pauseRecording: (id, paused) => this.#registry.get(id)?.pauseRecording(paused),
      dial: (request) => this.dial(request),
      registrations: () => (this.#driver?.registrations?.() ?? []).map(summaryOf),
      ready: () => this.#readiness(),
      reload: async () => {
        const outcome = await this.reload();
        return outcome.ok ? { ok: true, warnings: warningsOf(outcome) } : { ok: false, errors: outcome.problem };
      },
      drain: () => void this.drain(),
      activeCalls: () => this.#registry.size,
      mediaPorts: () => engine.usage(),
      records: () => records.status,
      spending: () => this.#spending,
      breakers: () =>
        [...(this.#generation?.flavors.values() ?? [])].map(({ name, breaker }) => ({
          flavor: name,
          state: breaker.state,
        })),
    };
  }

  #readiness(): Readiness {
    const { register } = this.#initial.signaling.embedded;
    return readiness({ draining: this.#draining, driverUp: this.#driverUp, driver: this.#driver, register });
  }

  #onOccupancy(): void {
    const full = this.#registry.size >= this.#config.limits.calls;
    this.#driver?.setAvailability(this.#draining ? 'draining' : full ? 'full' : 'open');
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    void this.drain();
    // What is being opened can only be closed when it is there.
    await this.#starting?.catch(() => undefined);
    await this.#reloading;
    this.#registry.endAll('drain');
    await this.#within(FAREWELL_MS, this.#registry.empty());
    await this.#closers.closeAll((error) => this.#complain(error));
    this.#hub.close();
  }

  async #retire(generation: Generation | undefined): Promise<void> {
    const closed = await this.#within(DISPOSE_MS, generation?.retire() ?? Promise.resolve());
    if (!closed) this.#complain(new Error(`the flavors did not close within ${DISPOSE_MS / 1000} s`));
  }

  /** Whether `work` is done within `limitMs`. Rejects as it does. */
  async #within(limitMs: number, work: Promise<unknown>): Promise<boolean> {
    const { clock } = this.#deps;
    let timer: TimerHandle | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = clock.setTimeout(() => resolve(false), limitMs);
    });
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  #complain(error: unknown): void {
    this.#deps.log.error({ error: errorMessage(error) }, 'something did not close');
  }
}

function summaryOf({ expiresAtMs, failure, registrar, state, user }: RegistrationStatus): RegistrationSummary {
  const expiresAt = expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString();
  return { registrar, user, state, expiresAt, failure: failure ?? null };
}

function warningsOf({ atRestart, warnings = [] }: Extract<ReloadOutcome, { readonly ok: true }>): readonly string[] {
  return [...warnings, ...atRestart.map((section) => `${section} takes effect at a restart`)];
}
