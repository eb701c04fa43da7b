import type { Flavor, FlavorCapabilities } from '../flavor-api/index.js';
import type { CallLog } from './call-log.js';
import type { FakeHost, FakeHostOptions } from './fake-host.js';
import type { CallerAction, ContractHarness, ProviderControl, ScenarioName } from './harness.js';
import type { LoggedLine } from './recording-logger.js';

/** What must hold of a flavor for a check to apply to it: a capability, or that it uses services outside its process. */
export type CheckNeed =
  | 'interruptible'
  | 'truncation'
  | 'tools'
  | 'parallelTools'
  | 'verbatimSpeech'
  | 'needsVad'
  | 'dtmf'
  | 'providers';

/** One promise of the contract, and how to find out whether a flavor keeps it. */
export interface ContractCheck {
  /** Stable across releases; 1 to 24 as the contract page numbers them. */
  readonly id: number;
  readonly title: string;
  /** All must hold, else the check is not applicable. */
  readonly needs: readonly CheckNeed[];
  /** Resolves when the promise is kept; throws an error that says how it was broken. */
  run(harness: ContractHarness, context: CheckContext): Promise<void>;
}

/** What a check works with. Everything opened through it is closed when the check ends. */
export interface CheckContext {
  readonly deadlines: Deadlines;
  /** Everything the flavor logged during this check. */
  readonly lines: readonly LoggedLine[];
  /** A flavor made from the harness's config and warmed up, as the connector would make it. */
  flavor(): Promise<Flavor>;
  /** A flavor made from `config`, which has passed the schema. */
  create(config: unknown): Promise<Flavor>;
  /** Prepares `scenario`, makes a flavor unless one is given, and opens a session with the scenario's tools. */
  open(scenario: ScenarioName, options?: OpenOptions): Promise<OpenCall>;
  /** Prepares a scenario for a session that is already open; returns what sets it off. */
  scenario(name: ScenarioName): Promise<CallerAction>;
  /** One recorded call through everything the flavor can do; made once a run, shared by the checks on the stream. */
  tour(): Promise<CallLog>;
  /** The harness's providers; none for a flavor that works inside the process. */
  providers(): readonly ProviderControl[];
  /** Adds a remark to the check's result: a part that could not be looked at, and why. */
  note(remark: string): void;
  /** Leaves the check: nothing that it is about happened. */
  notApplicable(reason: string): never;
  /** What `promise` resolves or rejects with; rejects when it does neither in time (default `answerMs`). */
  within<Value>(promise: Promise<Value>, what: string, deadlineMs?: number): Promise<Value>;
}

/** How a check opens its call. */
export interface OpenOptions extends FakeHostOptions {
  readonly flavor?: Flavor;
  /** Further scenarios of the same call: their tools are offered too. */
  readonly also?: readonly ScenarioName[];
}

/** A call that a check has opened, with a fake host in place of the connector. */
export interface OpenCall {
  readonly host: FakeHost;
  readonly flavor: Flavor;
  readonly capabilities: FlavorCapabilities;
  /** Sets the scenario off. */
  readonly action: CallerAction;
}

/** How long the kit waits, wall milliseconds. Generous: a deadline passed is a promise broken, not a slow machine. */
export interface Deadlines {
  /** For anything the flavor should do at its usual speed. */
  readonly answerMs: number;
  /** For the flavor to notice a fault of its provider, time-outs and retries included. */
  readonly faultMs: number;
  /**
   * How long nothing must happen for the kit to believe that nothing will; longer where time runs faster than it does and
   * the flavor's answers take longer.
   */
  readonly settleMs: number;
}

/** How long checks wait, ms. */
export const defaultDeadlines = {
  answerMs: 10_000,
  faultMs: 20_000,
  settleMs: 150,
} as const satisfies Deadlines;

/** Thrown to leave a check that has nothing to look at. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Throws `message` unless `condition` holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
