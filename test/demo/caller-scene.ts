import { CallWatch } from '../../src/demo/call-watch.js';
import { Caller, type CallerLine } from '../../src/demo/caller.js';
import type { LineText } from '../../src/demo/scenario.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { LegEnd } from '../../src/signaling/port.js';
import { FakeClock } from '../support/fake-clock.js';
import { eventAt } from './sample-account.js';

export const speaking = (value: boolean): CallEvent => eventAt(0, { type: 'agent-speaking', speaking: value });
export const answer: CallEvent = eventAt(0, { type: 'turn', v2vMs: 600, stages: {} });
export const tool: CallEvent = eventAt(0, { type: 'tool', name: 'find_slots', ok: true, ms: 900 });
export const verdict = (resumed: boolean): CallEvent =>
  eventAt(0, { type: 'barge-in', resumed, onsetToPauseMs: 100, decisionToSilenceMs: 5 });

/** A caller on a phone that does at once what it is told, and time in the test's hands. */
export class CallerScene<Line extends string> {
  readonly clock = new FakeClock(0);
  readonly watch = new CallWatch(this.clock);
  /** What the caller did: lines by name, keys, `hang up`. */
  readonly done: string[] = [];
  readonly caller: Caller<Line>;
  /** The call is over, whoever ended it. */
  end: () => void = () => {};

  constructor(texts: Readonly<Record<Line, LineText>>) {
    const ended = new Promise<LegEnd>((resolve) => {
      this.end = () => resolve({ by: 'peer', status: 200, text: '' });
    });
    const lines = {} as Record<Line, CallerLine>;
    const names = new Map<Int16Array, string>();
    for (const name of Object.keys(texts) as Line[]) {
      const samples = new Int16Array(8);
      names.set(samples, name);
      lines[name] = { text: texts[name].text, samples };
    }
    const call = {
      ended,
      say: async (samples: Int16Array) => void this.done.push(names.get(samples) ?? '?'),
      press: async (digit: string) => {
        this.done.push(digit);
        return true;
      },
      hangUp: () => {
        this.done.push('hang up');
        this.end();
      },
    };
    this.caller = new Caller({ call, lines, watch: this.watch, clock: this.clock, tell: () => {} });
  }

  /** Events, then some time. */
  async pass(ms: number, ...events: readonly CallEvent[]): Promise<void> {
    await settle();
    for (const event of events) this.watch.onEvent(event);
    await settle();
    await this.clock.advanceAsync(ms, 50);
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
