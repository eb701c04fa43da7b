import type { Clock } from '../../base/clock.js';
import { Deadline } from '../../base/deadline.js';
import { orAborted } from '../../base/or-aborted.js';
import { FlavorError } from '../../flavor-api/index.js';
import type { Stage } from '../stages/stage.js';
import { asFlavorError, mayBeTakenOver, timeoutError } from '../stages/stage-error.js';
import type { Candidates } from './candidates.js';

/** What one engine opens for one call. */
interface Closable {
  close(): void;
}

export interface OpenFirstRequest<Engine extends Stage, Opened extends Closable> {
  readonly candidates: Candidates<Engine>;
  readonly clock: Clock;
  /** For each engine to be ready, ms; the last one is waited for. */
  readonly limitMs: number;
  /** The call's, for as long as what is opened lives. */
  readonly signal: AbortSignal;
  open(engine: Engine, signal: AbortSignal): Promise<Opened>;
}

/** What was opened, and of which engine. */
export interface FirstOpened<Engine extends Stage, Opened extends Closable> {
  readonly engine: Engine;
  readonly opened: Opened;
  /** To be called when it is left for another: the end of the call is no matter to it any more. */
  forget(): void;
}

/**
 * Opens the first engine that can be had. One that comes too late is closed again.
 *
 * @throws FlavorError of the last one tried, when none can; the signal's reason when the call is over.
 */
export async function openFirst<Engine extends Stage, Opened extends Closable>({
  candidates,
  clock,
  limitMs,
  signal,
  open,
}: OpenFirstRequest<Engine, Opened>): Promise<FirstOpened<Engine, Opened>> {
  let failure: unknown = new FlavorError('ERR_FLAVOR_NETWORK', 'no engine can be had', true);
  for (const { engine, permit, last } of candidates.inTurn()) {
    // Not disposed of at once: what is opened goes on listening to the call's end through it.
    const late = (): Error => timeoutError(`${engine.identity.model} was not ready`, limitMs);
    const deadline = new Deadline(clock, last ? undefined : limitMs, late, signal);
    try {
      const opened = await orAborted(open(engine, deadline.signal), deadline.signal, (opened) => opened.close());
      deadline.met();
      permit.succeeded();
      return { engine, opened, forget: () => deadline[Symbol.dispose]() };
    } catch (error) {
      deadline[Symbol.dispose]();
      if (signal.aborted) throw signal.reason;
      permit.failed();
      failure = error;
      if (!mayBeTakenOver(error, signal)) break;
    }
  }
  throw asFlavorError(failure);
}
