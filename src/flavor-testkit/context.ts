import type { AudioFormat, Flavor, ToolDefinition } from '../flavor-api/index.js';
import type { CallLog } from './call-log.js';
import { type CheckContext, type Deadlines, NotApplicable, type OpenCall, type OpenOptions } from './check.js';
import { FakeHost, type FakeHostSettings } from './fake-host.js';
import type { CallerAction, ContractHarness, ProviderControl, ScenarioName, ScenarioSetup } from './harness.js';
import { outcome } from './pacer.js';
import type { Patience } from './patience.js';
import { createRecordingLogger, type LoggedLine } from './recording-logger.js';
import { speechLike } from './sound.js';

/** A frame takes as long as it lasts. */
export const REAL_TIME_MS = 20;

const hangUp: ToolDefinition = {
  name: 'hang_up',
  description: 'Ends the call once what was said has been heard.',
  parameters: { type: 'object', properties: {}, additionalProperties: false },
};

export interface RunContextOptions {
  readonly harness: ContractHarness;
  readonly deadlines: Deadlines;
  /** Shared by the checks of a run, which all learn how quick the flavor is. */
  readonly patience: Patience;
  tour(): Promise<CallLog>;
}

/** One check's working place: opens flavors and calls, and closes them all. */
export class RunContext implements CheckContext {
  readonly deadlines: Deadlines;
  readonly lines: LoggedLine[] = [];
  readonly notes: string[] = [];
  readonly #harness: ContractHarness;
  readonly #tour: () => Promise<CallLog>;
  readonly #patience: Patience;
  readonly #flavors: Flavor[] = [];
  readonly #hosts: FakeHost[] = [];
  readonly #sounds = new Map<string, Uint8Array>();
  #nowMs = 0;

  constructor(options: RunContextOptions) {
    this.#harness = options.harness;
    this.deadlines = options.deadlines;
    this.#patience = options.patience;
    this.#tour = options.tour;
  }

  async flavor(): Promise<Flavor> {
    const { manifest } = this.#harness.module;
    const result = await manifest.configSchema['~standard'].validate(this.#harness.validConfig);
    if (result.issues) {
      throw new Error(
        `the harness's validConfig is refused: ${result.issues.map(({ message }) => message).join('; ')}`,
      );
    }
    const flavor = await this.create(result.value);
    const { faultMs } = this.deadlines;
    await this.within(Promise.resolve(flavor.warmup?.(AbortSignal.timeout(faultMs))), 'warmup()', faultMs);
    return flavor;
  }

  async create(config: unknown): Promise<Flavor> {
    const realTime = this.#frameIntervalMs === REAL_TIME_MS;
    const deps = {
      log: createRecordingLogger(this.lines),
      now: realTime ? () => performance.now() : () => this.#nowMs,
    };
    const creating = Promise.resolve(this.#harness.module.create(config, deps));
    const flavor = await this.within(creating, 'create()');
    this.#flavors.push(flavor);
    return flavor;
  }

  async open(name: ScenarioName, options: OpenOptions = {}): Promise<OpenCall> {
    const { flavor: given, also = [], ...hostOptions } = options;
    const tools = new Map([[hangUp.name, hangUp]]);
    for (const other of also) {
      for (const tool of (await this.#setup(other)).tools ?? []) tools.set(tool.name, tool);
    }
    const setup = await this.#setup(name);
    for (const tool of setup.tools ?? []) tools.set(tool.name, tool);
    const flavor = given ?? (await this.flavor());
    const host = await FakeHost.open(flavor, this.#settings([...tools.values()]), hostOptions);
    this.#hosts.push(host);
    return { host, flavor, capabilities: flavor.capabilities, action: triggerOf(name, setup) };
  }

  async scenario(name: ScenarioName): Promise<CallerAction> {
    return triggerOf(name, await this.#setup(name));
  }

  tour(): Promise<CallLog> {
    return this.#tour();
  }

  providers(): readonly ProviderControl[] {
    return this.#harness.providers ?? [];
  }

  note(remark: string): void {
    this.notes.push(remark);
  }

  notApplicable(reason: string): never {
    throw new NotApplicable(reason);
  }

  async within<Value>(promise: Promise<Value>, what: string, deadlineMs = this.deadlines.answerMs): Promise<Value> {
    const result = await outcome(promise, deadlineMs);
    if (result.state === 'resolved') return result.value;
    if (result.state === 'rejected') throw result.error;
    throw new Error(`${what} neither resolved nor rejected within ${deadlineMs} ms`);
  }

  /** Ends what the check left open. Faults of a provider are lifted first, so that closing is not in their way. */
  async close(): Promise<void> {
    const calm = (step: () => unknown): Promise<unknown> => outcome((async () => step())(), this.deadlines.answerMs);
    for (const provider of this.providers()) await calm(() => provider.recover());
    await Promise.all(this.#hosts.map((host) => calm(() => host.close())));
    for (const flavor of this.#flavors) await calm(() => flavor[Symbol.asyncDispose]());
  }

  get #frameIntervalMs(): number {
    return this.#harness.frameIntervalMs ?? REAL_TIME_MS;
  }

  async #setup(name: ScenarioName): Promise<ScenarioSetup> {
    try {
      return await this.#harness.scenario(name);
    } catch (error) {
      const message = `the harness must offer the scenario '${name}', which this check of the flavor's promises needs`;
      throw new Error(message, { cause: error });
    }
  }

  #settings(tools: readonly ToolDefinition[]): FakeHostSettings {
    const origin = this.#nowMs;
    return {
      log: createRecordingLogger(this.lines),
      tools,
      frameIntervalMs: this.#frameIntervalMs,
      answerMs: this.deadlines.answerMs,
      patience: this.#patience,
      callerSpeech: (format, durationMs) => this.#sound(format, durationMs),
      onPosition: (positionMs) => {
        this.#nowMs = Math.max(this.#nowMs, origin + positionMs);
      },
    };
  }

  #sound(format: AudioFormat, durationMs: number): Uint8Array {
    const key = `${format.encoding} ${format.sampleRate} ${durationMs}`;
    const known = this.#sounds.get(key);
    if (known) return known;
    const sound = this.#harness.callerSpeech?.(format, durationMs) ?? speechLike(format, durationMs);
    this.#sounds.set(key, sound);
    return sound;
  }
}

function triggerOf(name: ScenarioName, setup: ScenarioSetup): CallerAction {
  if (setup.trigger) return setup.trigger;
  return name === 'digits' ? { type: 'presses', digits: '12' } : { type: 'speaks', durationMs: 1_200 };
}
