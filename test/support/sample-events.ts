import type { CallEvent } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { sampleRecord } from './sample-record.js';

type EventOf<Type extends CallEvent['type']> = Extract<CallEvent, { type: Type }>;

/** A plain event of the call. */
export function digitEvent(callId = 'call-1', atMs = 0): EventOf<'digit'> {
  return { type: 'digit', callId, atMs };
}

/** The end of the call that `record` describes. */
export function endedEvent(record: CallRecord = sampleRecord()): EventOf<'call-ended'> {
  return {
    type: 'call-ended',
    callId: record.id,
    atMs: Date.parse(record.endedAt),
    endedBy: record.endedBy,
    cause: record.cause.text,
    status: record.cause.sip,
    durationMs: record.durationMs,
    record,
  };
}
