import type { CallRecord } from '../ops/call-record.js';
import { type DemoAccount, type Figure, resumedPauses, setupMs } from './demo-account.js';
import { lastAudibleMs } from './recording.js';

type Turn = CallRecord['turns'][number];

/** Whole milliseconds; a dash for what was not measured. */
export function inMs(value: number | undefined): string {
  return value === undefined ? '–' : `${Math.round(value)} ms`;
}

/** The median, or `undefined` of nothing. One answer that had to be looked up does not move it. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return sorted.length === 0 ? undefined : middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Turns that answer something. */
export function answersOf(record: CallRecord): readonly (Turn & { readonly v2vMs: number })[] {
  return record.turns.flatMap((turn) => (turn.v2vMs === undefined ? [] : [{ ...turn, v2vMs: turn.v2vMs }]));
}

/** The turn that was cut off last, if any. */
function cutOffTurn(record: CallRecord): Turn | undefined {
  return record.turns.findLast((turn) => turn.interrupted);
}

export function setupFigure(account: DemoAccount): Figure {
  return ['INVITE to 200', inMs(setupMs(account))];
}

/** How long callers wait for an answer, and what for. */
export function latencyFigures({ record }: DemoAccount): readonly Figure[] {
  const answers = answersOf(record);
  const latencies = answers.map(({ v2vMs }) => Math.round(v2vMs));
  return [
    ['Voice to voice, each turn', latencies.length === 0 ? '–' : `${latencies.join(' · ')} ms`],
    ['   of it, waiting for the end of the turn', inMs(median(answers.map(({ stages }) => stages.endOfTurnMs ?? 0)))],
  ];
}

/** The interruption that was one. */
export function bargeInFigures({ record }: DemoAccount): readonly Figure[] {
  const bargeIn = record.bargeIns.findLast((entry) => !entry.resumed);
  return [
    ['Barge-in: decision to silence on the wire', inMs(bargeIn?.decisionToSilenceMs)],
    ['Barge-in: caller’s first sound to silence', inMs(bargeIn?.onsetToPauseMs)],
    ['Heard of the interrupted sentence', inMs(cutOffTurn(record)?.heardMs)],
  ];
}

/** The line, both ways. */
export function lineFigures({ record: { rtp, durationMs } }: DemoAccount): readonly Figure[] {
  return [
    ['RTP in: packets, lost, jitter', rtp ? `${rtp.in.packets}, ${rtp.in.lost}, ${rtp.in.jitterMs} ms` : '–'],
    ['RTP out: packets, longest gap', rtp ? `${rtp.out.packets}, ${rtp.out.maxGapMs} ms` : '–'],
    ['Estimated quality of the caller’s line (MOS)', rtp?.mos?.toFixed(2) ?? '–'],
    ['Duration', `${(durationMs / 1000).toFixed(1)} s`],
  ];
}

/** The recording against the record: when the interrupted agent was last audible, and how much the record says was heard. */
export function wavFigures(account: DemoAccount): readonly Figure[] {
  const { record, samples } = account;
  const cutOff = cutOffTurn(record);
  const audibleMs = cutOff && lastAudibleMs(samples.agent, cutOff.endedMs + 100);
  if (!cutOff || audibleMs === undefined) return [];
  const held = resumedPauses(account).filter(({ startMs }) => startMs > cutOff.startedMs && startMs < cutOff.endedMs);
  const heldMs = held.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const difference = Math.round(audibleMs - (cutOff.startedMs + heldMs + cutOff.heardMs));
  return [['Interrupted sentence: end in call.wav against the record', `${difference > 0 ? '+' : ''}${difference} ms`]];
}
