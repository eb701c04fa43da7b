import type { Clock } from '../../../src/base/clock.js';
import type { FaultSwitch } from '../hosted/fault-switch.js';
import type { FakeWorkers } from '../hosted/workers.js';
import { passed } from '../speech-server/voice.js';
import type { RunPodFault } from './faults.js';
import type { FakeHandler } from './handler.js';

export type RunPodState = 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';

/** What became of a job. Times are of the fake's clock, ms. */
export interface RunPodJobRecord {
  readonly id: string;
  readonly input: unknown;
  readonly orderedAtMs: number;
  startedAtMs?: number;
  endedAtMs?: number;
  state: RunPodState;
}

export interface RunPodJobParts {
  readonly id: string;
  readonly input: unknown;
  readonly handler: FakeHandler;
  readonly workers: FakeWorkers;
  readonly faults: FaultSwitch<RunPodFault>;
  readonly clock: Clock;
}

/** Items of this size and more are not passed on. */
const MAX_ITEM_BYTES = 1_000_000;

/** A job: queued, worked on, over. */
export class RunPodJob {
  readonly record: RunPodJobRecord;
  /** What it has yielded and nobody has fetched. */
  readonly #items: unknown[] = [];
  readonly #parts: RunPodJobParts;
  readonly #cancelled = new AbortController();
  readonly #over: Promise<void>;
  #output: unknown;
  #error: string | undefined;

  constructor(parts: RunPodJobParts) {
    this.#parts = parts;
    const { id, input, clock } = parts;
    this.record = { id, input, orderedAtMs: clock.now(), state: 'IN_QUEUE' };
    this.#over = this.#run();
  }

  get final(): boolean {
    return this.record.state !== 'IN_QUEUE' && this.record.state !== 'IN_PROGRESS';
  }

  /** Resolves when it is over, or after `ms`. */
  async settled(ms: number, gone: AbortSignal): Promise<void> {
    await Promise.race([this.#over, passed(ms, this.#parts.clock, gone).catch(() => {})]);
  }

  cancel(): void {
    if (this.final) return;
    this.#end('CANCELLED');
    this.#cancelled.abort(new Error('cancelled'));
  }

  /** As `/status` and `/runsync` show it. */
  status(): object {
    const { id, orderedAtMs, startedAtMs, endedAtMs } = this.record;
    return {
      id,
      status: this.#shown(),
      ...(startedAtMs !== undefined && { delayTime: Math.round(startedAtMs - orderedAtMs), workerId: 'fake0worker' }),
      ...(startedAtMs !== undefined &&
        endedAtMs !== undefined && { executionTime: Math.round(endedAtMs - startedAtMs) }),
      ...(this.#output !== undefined && { output: this.#output }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** As `/stream` shows it: hands over at most `most` of what has been yielded. Nobody gets it a second time. */
  stream(most: number): { readonly status: string; readonly stream: readonly object[] } {
    const stream = this.#items.splice(0, most).map((output) => ({ output }));
    return { status: this.#shown(), stream };
  }

  #shown(): string {
    const { state } = this.record;
    if (state === 'IN_QUEUE' && this.#parts.faults.strikes('unknown-state')) return 'IN_TRANSIT';
    return state === 'IN_PROGRESS' && this.#parts.faults.strikes('running') ? 'RUNNING' : state;
  }

  async #run(): Promise<void> {
    const { workers, faults, clock, handler, input } = this.#parts;
    const { signal } = this.#cancelled;
    try {
      if (faults.strikes('stuck-queued')) await passed(3_600_000, clock, signal);
      await workers.acquire(signal);
      this.record.state = 'IN_PROGRESS';
      this.record.startedAtMs = clock.now();
      try {
        if (faults.strikes('stuck-working')) await passed(3_600_000, clock, signal);
        if (faults.strikes('timed-out')) return this.#end('TIMED_OUT');
        if (faults.strikes('cancelled')) return this.#end('CANCELLED');
        if (faults.strikes('worker-failed')) throw new Error('CUDA out of memory while speaking');
        await this.#work(handler, input, signal);
      } finally {
        workers.release();
      }
    } catch (error) {
      if (!this.final) this.#fail(error);
    }
  }

  async #work(handler: FakeHandler, input: unknown, signal: AbortSignal): Promise<void> {
    const { faults } = this.#parts;
    const dies = faults.strikes('worker-dies');
    if (faults.strikes('refused-input')) this.#items.push({ index: 0, refused: 'voice' });
    else {
      for await (const item of handler.items(input, signal)) {
        if (JSON.stringify(item).length > MAX_ITEM_BYTES) throw new Error('an item of more than 1 MB');
        this.#items.push(item);
        if (dies) throw new Error('the worker died');
      }
    }
    const output = await handler.output(input, signal);
    if (!faults.strikes('no-output')) this.#output = output;
    this.#end('COMPLETED');
  }

  #fail(error: unknown): void {
    const type = error instanceof Error ? error.constructor.name : 'Error';
    this.#error = JSON.stringify({
      error_type: `<class '${type}'>`,
      error_message: error instanceof Error ? error.message : String(error),
      error_traceback: 'Traceback (most recent call last): ...',
      hostname: 'fake0worker-64411',
      worker_id: 'fake0worker',
      runpod_version: '1.12.0',
    });
    this.#end('FAILED');
  }

  #end(state: RunPodState): void {
    if (this.final) return;
    this.record.state = state;
    this.record.endedAtMs = this.#parts.clock.now();
  }
}
