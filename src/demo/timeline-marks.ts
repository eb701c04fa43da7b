import type { CallRecord } from '../ops/call-record.js';
import { CHARACTER_WIDTH, text } from '../picture/svg.js';
import type { Failure, ResumedPause, ToolRun } from './demo-account.js';
import { frame, ink, type Place } from './picture-frame.js';

const { left, laneHalf, callerY, agentY, toolsY } = frame;
const agentTop = agentY - laneHalf;
/** Failures that are closer than this are one, ms. */
const APART_MS = 1_000;

/** An arrow from the caller's last voiced packet to the agent's first audible one. */
export function latencyMark(turn: CallRecord['turns'][number], x: Place): string[] {
  if (turn.v2vMs === undefined) return [];
  const to = x(turn.startedMs);
  const from = x(turn.startedMs - turn.v2vMs);
  const y = (callerY + agentY) / 2 - 6;
  const arrow =
    `<path d="M${from.toFixed(1)} ${callerY}V${y}H${to.toFixed(1)}V${agentTop - 10}" fill="none"` +
    ` stroke="${ink.text}" stroke-width="1.4" stroke-dasharray="4 3"/>` +
    `<path d="M${(to - 4).toFixed(1)} ${agentTop - 16}l4 8l4 -8z" fill="${ink.text}"/>`;
  const label = `${Math.round(turn.v2vMs)} ms`;
  const style = { weight: 'bold', size: 13 } as const;
  const fits = to - from > label.length * (CHARACTER_WIDTH + 2);
  return [
    arrow,
    fits ? text((from + to) / 2, y - 7, label, { ...style, anchor: 'middle' }) : text(to + 7, y + 5, label, style),
  ];
}

/** What became of an onset of the caller's while the agent spoke: where it held the agent, and for how long if it went on. */
export interface OnsetMark {
  readonly atMs: number;
  /** When the agent went on. */
  readonly untilMs?: number;
  readonly label: string;
}

/** Interruptions and resumed pauses, by time. */
export function onsetMarks(bargeIns: CallRecord['bargeIns'], pauses: readonly ResumedPause[]): readonly OnsetMark[] {
  const interruptions = bargeIns.flatMap(({ onsetMs, onsetToPauseMs, decisionToSilenceMs, resumed }): OnsetMark[] => {
    const label = `barge-in: silent ${Math.round(decisionToSilenceMs)} ms after the decision`;
    return resumed ? [] : [{ atMs: onsetMs + onsetToPauseMs, label }];
  });
  const held = pauses.map(
    ({ startMs, endMs }): OnsetMark => ({
      atMs: startMs,
      untilMs: endMs,
      label: `no interruption: goes on after ${Math.round(endMs - startMs)} ms`,
    }),
  );
  return [...interruptions, ...held].sort((one, other) => one.atMs - other.atMs);
}

/** Failures that the call has outlived; several of one kind at once are one. */
export function failureMarks(failures: readonly Failure[]): readonly OnsetMark[] {
  const apart = failures.filter(({ atMs, code }, index) => {
    const before = failures[index - 1];
    return before === undefined || before.code !== code || atMs - before.atMs > APART_MS;
  });
  return apart.map(({ atMs, code }) => ({ atMs, label: `${code}: another goes on` }));
}

/** The places themselves, behind the voices: a line where the agent was silenced, a gap where it was held. */
export function onsetPlaces(marks: readonly OnsetMark[], x: Place): string[] {
  return marks.map(({ atMs, untilMs }) => {
    const from = x(atMs).toFixed(1);
    const top = agentTop - 22;
    if (untilMs === undefined) {
      return `<line x1="${from}" x2="${from}" y1="${top}" y2="${agentY + laneHalf}" stroke="${ink.alarm}" stroke-width="2"/>`;
    }
    const width = Math.max(3, x(untilMs) - x(atMs)).toFixed(1);
    return (
      `<rect x="${from}" y="${top}" width="${width}" height="${2 * laneHalf + 22}" fill="${ink.paper}"` +
      ` stroke="${ink.digit}" stroke-dasharray="3 3"/>`
    );
  });
}

/** Their labels, where there is room: before the place or after it, and in a second row above. */
export function onsetLabels(marks: readonly OnsetMark[], x: Place): string[] {
  const taken: number[] = [left, left];
  return marks.map(({ atMs, untilMs, label }) => {
    const fill = untilMs === undefined ? ink.alarm : ink.digit;
    const style = { fill, size: 13, weight: 'bold' } as const;
    const size = label.length * (CHARACTER_WIDTH + 1);
    const at = x(atMs);
    for (const [row, until] of taken.entries()) {
      const y = agentTop - 18 - row * frame.lineHeight;
      if (at - 8 - size >= until) {
        taken[row] = at;
        return text(at - 8, y, label, { ...style, anchor: 'end' });
      }
      if (at + 8 >= until && at + 8 + size <= frame.width) {
        taken[row] = at + 16 + size;
        return text(at + 8, y, label, style);
      }
    }
    return '';
  });
}

/**
 * Tools from call to result, in a row of their own above the axis. Those that follow each other so
 * soon that their labels would overlap have one together.
 */
export function toolMarks(tools: readonly ToolRun[], x: Place): string[] {
  const groups: ToolGroup[] = [];
  for (const tool of [...tools].sort((one, other) => one.startMs - other.startMs)) {
    const from = x(tool.startMs);
    const until = Math.max(from + 6, x(tool.endMs));
    const label = `${tool.name} ${Math.round(tool.endMs - tool.startMs)} ms${tool.ok ? '' : ', failed'}`;
    const last = groups.at(-1);
    if (last === undefined || from > last.until + 14 + widthOf(last.label)) {
      groups.push({ from, until, label, ok: tool.ok });
      continue;
    }
    last.until = Math.max(last.until, until);
    last.label = `${last.label} · ${label}`;
    last.ok &&= tool.ok;
  }
  return [...tools.map((tool) => toolBar(tool, x)), ...groups.map(toolLabel)];
}

interface ToolGroup {
  readonly from: number;
  until: number;
  label: string;
  ok: boolean;
}

const widthOf = (label: string): number => label.length * CHARACTER_WIDTH;

function toolBar({ ok, startMs, endMs }: ToolRun, x: Place): string {
  const from = x(startMs);
  const width = Math.max(6, x(endMs) - from);
  return (
    `<rect x="${from.toFixed(1)}" y="${toolsY - 8}" width="${width.toFixed(1)}" height="16" rx="4" fill="${ink.toolTint}"` +
    ` stroke="${ok ? ink.tool : ink.alarm}"/>`
  );
}

function toolLabel({ from, until, label, ok }: ToolGroup): string {
  const style = { fill: ok ? ink.tool : ink.alarm, size: 13 } as const;
  return until + widthOf(label) < left + frame.plot
    ? text(until + 6, toolsY + 5, label, style)
    : text(from - 6, toolsY + 5, label, { ...style, anchor: 'end' });
}

export function digitMark(digit: { readonly atMs: number; readonly digit: string }, x: Place): string {
  const at = x(digit.atMs);
  const top = callerY - 24;
  const stem = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top + 6}" y2="${callerY}" stroke="${ink.digit}"/>`;
  return stem + text(at, top, digit.digit, { fill: ink.digit, anchor: 'middle', weight: 'bold', size: 14 });
}
