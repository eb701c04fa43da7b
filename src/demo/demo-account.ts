import type { CallEvent } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import type { StereoSamples } from './recording.js';

/** A row of the demo's table. */
export type Figure = readonly [name: string, value: string];

/** A stretch of time, ms from the answer of the call, which is where the recording begins. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** All that is known of the demo's call once it is over. */
export interface DemoAccount {
  readonly record: CallRecord;
  readonly events: readonly CallEvent[];
  readonly samples: StereoSamples;
  /** From the connector's answer to the phone's ACK, ms. */
  readonly ackMs: number;
}

/** A sound of the caller's that interrupted nobody: the agent was held, and went on. */
export interface ResumedPause extends Span {
  /** Where the sound began. */
  readonly onsetMs: number;
}

/** A tool that the agent used. */
export interface ToolRun extends Span {
  readonly name: string;
  readonly ok: boolean;
}

/** Words that the host said of its own, such as those that bridge a wait. */
export interface HostSpeech extends Span {
  readonly text: string;
}

type EventOf<Type extends CallEvent['type']> = Extract<CallEvent, { readonly type: Type }>;

/** Events of one kind, each with its time, ms from the answer. Empty for a call that was not answered. */
function timed<Type extends CallEvent['type']>(
  events: readonly CallEvent[],
  type: Type,
): readonly { readonly event: EventOf<Type>; readonly atMs: number }[] {
  const answer = events.find((event) => event.type === 'call-answered');
  if (!answer) return [];
  const isOfType = (event: CallEvent): event is EventOf<Type> => event.type === type;
  return events.filter(isOfType).map((event) => ({ event, atMs: event.atMs - answer.atMs }));
}

/** INVITE to 200, ms; `undefined` for a call that was not answered. */
export function setupMs({ events }: Pick<DemoAccount, 'events'>): number | undefined {
  return events.find((event) => event.type === 'call-answered')?.setupMs;
}

/** When the agent was held and went on. */
export function resumedPauses({ events, record }: Pick<DemoAccount, 'events' | 'record'>): readonly ResumedPause[] {
  // The record has one entry for each event, in this order; when the agent went on only the event knows.
  const verdicts = timed(events, 'barge-in');
  return record.bargeIns.flatMap(({ onsetMs, onsetToPauseMs, resumed }, index) => {
    const verdict = verdicts[index];
    return resumed && verdict ? [{ onsetMs, startMs: onsetMs + onsetToPauseMs, endMs: verdict.atMs }] : [];
  });
}

/** The agent's tools, in the order in which they were done. */
export function toolRuns({ events }: Pick<DemoAccount, 'events'>): readonly ToolRun[] {
  return timed(events, 'tool').map(({ event: { name, ok, ms }, atMs }) => ({
    name,
    ok,
    startMs: atMs - ms,
    endMs: atMs,
  }));
}

/** What the host said of its own: what the transcript has of the agent's side and no turn has. */
export function hostSpeech({ events, record }: Pick<DemoAccount, 'events' | 'record'>): readonly HostSpeech[] {
  const beginnings = timed(events, 'agent-speaking').filter(({ event }) => event.speaking);
  const ownWords = new Set(record.turns.map((turn) => turn.heardText));
  return (record.transcript ?? []).flatMap(({ role, text, atMs }) => {
    // A line is written down when it has been heard; what follows at once may have begun in the same instant.
    const beginning = beginnings.findLast((begun) => begun.atMs < atMs - 20);
    return role === 'agent' && !ownWords.has(text) && beginning ? [{ text, startMs: beginning.atMs, endMs: atMs }] : [];
  });
}

/** Something that failed in the call and did not end it. */
export interface Failure {
  readonly atMs: number;
  readonly code: string;
}

/** What failed, and was made good: by another try, another engine, another tier. */
export function failures({ events }: Pick<DemoAccount, 'events'>): readonly Failure[] {
  return timed(events, 'warning').map(({ event: { code }, atMs }) => ({ atMs, code }));
}
