import type { Clock } from '../../../base/clock.js';
import type { StageUsage } from '../../stages/stage.js';
import type { SpeechChunk } from './backend.js';

/**
 * The time for which a request kept a machine, by the clock on this side: what one pays for who rents the machine. The
 * way there and back is a small part of it.
 */
export class MachineTime {
  readonly #machine: string;
  readonly #clock: Clock;
  #fromMs: number;

  /**
   * Begins now.
   *
   * @param machine Provider and model of the price list, `own/laptop`.
   */
  constructor(machine: string, clock: Clock) {
    this.#machine = machine;
    this.#clock = clock;
    this.#fromMs = clock.now();
  }

  /** What has been used since the beginning, or since it was last asked. */
  used(): StageUsage {
    const nowMs = this.#clock.now();
    const quantity = Math.round(nowMs - this.#fromMs);
    this.#fromMs = nowMs;
    const [provider = '', model = ''] = this.#machine.split('/');
    return { type: 'usage', provider, model, unit: 'machine-ms', quantity };
  }
}

/**
 * What a request makes, and then the time it took. Also where it is given up, or breaks off after it was taken: the machine
 * has worked all the same.
 *
 * @param work calls `taken` as soon as the server has begun to answer
 */
export async function* timed(
  time: MachineTime,
  work: (taken: () => void) => AsyncIterable<SpeechChunk>,
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk, void, undefined> {
  let worked = false;
  try {
    yield* work(() => {
      worked = true;
    });
  } catch (error) {
    if (worked || signal.aborted) yield time.used();
    throw error;
  }
  yield time.used();
}
