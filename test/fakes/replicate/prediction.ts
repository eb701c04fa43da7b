import type { Clock } from '../../../src/base/clock.js';
import type { FaultSwitch } from '../hosted/fault-switch.js';
import type { FakeWorkers } from '../hosted/workers.js';
import { passed } from '../speech-server/voice.js';
import type { ReplicateFault } from './faults.js';

export type ReplicateStatus = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';

/** What became of a prediction. Times are of the fake's clock, ms. */
export interface PredictionRecord {
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  startedAtMs?: number;
  completedAtMs?: number;
  status: ReplicateStatus;
}

export interface PredictionParts {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Makes the file, and says where it is. */
  readonly make: (input: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>;
  readonly workers: FakeWorkers;
  readonly faults: FaultSwitch<ReplicateFault>;
  readonly clock: Clock;
  /** Of the API, for `urls`. */
  readonly url: string;
}

/** A prediction: starting, processing, over. */
export class Prediction {
  readonly record: PredictionRecord;
  readonly #parts: PredictionParts;
  readonly #cancelled = new AbortController();
  readonly #over: Promise<void>;
  #output: unknown = null;

  constructor(parts: PredictionParts) {
    this.#parts = parts;
    const { id, input, clock } = parts;
    this.record = { id, input, createdAtMs: clock.now(), status: 'starting' };
    this.#over = this.#run();
  }

  get final(): boolean {
    return this.record.status !== 'starting' && this.record.status !== 'processing';
  }

  /** Resolves when it is over, or after `ms`. */
  async settled(ms: number, gone: AbortSignal): Promise<void> {
    await Promise.race([this.#over, passed(ms, this.#parts.clock, gone).catch(() => {})]);
  }

  cancel(): void {
    if (this.final) return;
    this.#end(this.record.status === 'starting' ? 'aborted' : 'canceled');
    this.#cancelled.abort(new Error('cancelled'));
  }

  /** As the API shows it. */
  json(): object {
    const { id, model, version, input, url } = this.#parts;
    const { status, createdAtMs, startedAtMs, completedAtMs } = this.record;
    const seconds = (fromMs: number): number => ((completedAtMs ?? fromMs) - fromMs) / 1_000;
    return {
      id,
      model,
      version,
      status,
      input,
      output: this.#output,
      created_at: this.#isoTime(createdAtMs),
      started_at: this.#isoTime(startedAtMs),
      completed_at: this.#isoTime(completedAtMs),
      error: status === 'failed' ? 'CUDA out of memory while speaking' : null,
      logs: '',
      ...(completedAtMs !== undefined && {
        metrics: {
          ...(startedAtMs !== undefined && { predict_time: seconds(startedAtMs) }),
          total_time: seconds(createdAtMs),
        },
      }),
      // An address that nobody should ask: the key would go along.
      urls: { get: `${url}/predictions/${id}`, cancel: `${url}/predictions/${id}/cancel` },
      data_removed: false,
      source: 'api',
    };
  }

  #isoTime(atMs: number | undefined): string | null {
    const { clock } = this.#parts;
    return atMs === undefined ? null : new Date(clock.wallTime() - clock.now() + atMs).toISOString();
  }

  async #run(): Promise<void> {
    const { workers, faults, clock, make, input } = this.#parts;
    const { signal } = this.#cancelled;
    try {
      if (faults.strikes('prediction-aborted')) return this.#end('aborted');
      if (faults.strikes('stuck-starting')) await passed(3_600_000, clock, signal);
      await workers.acquire(signal);
      this.record.status = 'processing';
      this.record.startedAtMs = clock.now();
      try {
        if (faults.strikes('stuck-processing')) await passed(3_600_000, clock, signal);
        if (faults.strikes('prediction-canceled')) return this.#end('canceled');
        if (faults.strikes('prediction-failed')) return this.#end('failed');
        const output = await make(input, signal);
        if (!faults.strikes('no-output')) this.#output = output;
        this.#end('succeeded');
      } finally {
        workers.release();
      }
    } catch {
      this.#end('failed');
    }
  }

  #end(status: ReplicateStatus): void {
    if (this.final) return;
    this.record.status = status;
    this.record.completedAtMs = this.#parts.clock.now();
  }
}
