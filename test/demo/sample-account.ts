import type { DemoAccount } from '../../src/demo/demo-account.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { sampleRecord } from '../support/sample-record.js';

type WithoutContext<Event> = Event extends unknown ? Omit<Event, 'callId' | 'atMs'> : never;

/** Wall time of the answer of sample calls. */
const ANSWERED_AT_MS = 1_000_000;

/** An event of the call, so many ms after its answer. */
export function eventAt(atMs: number, event: WithoutContext<CallEvent>): CallEvent {
  return { ...event, callId: 'call-1', atMs: ANSWERED_AT_MS + atMs };
}

/** A call of which a record, events and silence remain. */
export function sampleAccount(record: Partial<CallRecord> = {}, events: readonly CallEvent[] = []): DemoAccount {
  return {
    record: sampleRecord(record),
    events: [eventAt(0, { type: 'call-answered', codec: 'pcmu', setupMs: 12.4 }), ...events],
    samples: { caller: new Int16Array(80_000), agent: new Int16Array(80_000) },
    ackMs: 2,
  };
}
