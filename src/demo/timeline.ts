import type { CallRecord } from '../ops/call-record.js';
import { CHARACTER_WIDTH, svgPicture, text } from '../picture/svg.js';
import type { Failure, Figure, ResumedPause, Span, ToolRun } from './demo-account.js';
import { column, frame, ink, type Place } from './picture-frame.js';
import {
  digitMark,
  failureMarks,
  latencyMark,
  type OnsetMark,
  onsetLabels,
  onsetMarks,
  onsetPlaces,
  toolMarks,
} from './timeline-marks.js';
import { peaksOf } from './waveform.js';

/** What the picture of a call is drawn from. All times in ms from the answer, which is where the audio begins. */
export interface TimelineInput {
  readonly title: string;
  readonly subtitle: string;
  /** Who talks with the agent. Default: `Caller`. */
  readonly otherSide?: string;
  /** 8000 Hz, equally long. */
  readonly caller: Int16Array;
  readonly agent: Int16Array;
  readonly record: CallRecord;
  /** When the caller spoke, and what, where that is known. */
  readonly callerSpeech: readonly (Span & { readonly label: string })[];
  readonly digits: readonly { readonly atMs: number; readonly digit: string }[];
  /** What the host said of its own. */
  readonly hostSpeech: readonly (Span & { readonly label: string })[];
  /** When the agent was held, and went on. */
  readonly pauses: readonly ResumedPause[];
  readonly tools: readonly ToolRun[];
  /** What failed and did not end the call. Default: nothing. */
  readonly failures?: readonly Failure[];
  /** Rows of the table below the picture. */
  readonly figures: readonly Figure[];
}

const { width, left, plot, laneHalf, callerY, agentY } = frame;
const COLUMNS = Math.floor(plot / 2);

/**
 * Draws a call as SVG: both waveforms, turns, barge-ins, pauses, digits, tools, the latency of each turn, and a table of
 * figures.
 */
export function drawTimeline(input: TimelineInput): string {
  const durationMs = Math.max(1, (Math.max(input.caller.length, input.agent.length) / 8000) * 1000);
  const x = (ms: number): number => left + (Math.min(Math.max(ms, 0), durationMs) / durationMs) * plot;
  const onsets = placeMarks(input);
  const rows = Math.ceil(input.figures.length / 2);
  const axisY = frame.axisY + (input.tools.length > 0 ? frame.toolsRow : 0);
  const figuresY = axisY + frame.figuresGap;
  const height = figuresY + rows * frame.figureRow + 40;
  return svgPicture({ width, height, fontSize: 15 }, [
    text(left, 46, input.title, { size: 26, weight: 'bold' }),
    text(left, 74, input.subtitle, { fill: ink.faint }),
    axis(durationMs, axisY, x),
    lane(input.otherSide ?? 'Caller', callerY, ink.caller),
    lane('Agent', agentY, ink.agent),
    ...input.callerSpeech.map((span) => block(span, callerY, ink.callerTint, x)),
    ...input.record.turns.map((turn) =>
      block({ startMs: turn.startedMs, endMs: turn.endedMs }, agentY, ink.agentTint, x),
    ),
    ...input.hostSpeech.map((span) => block(span, agentY, ink.hostTint, x)),
    ...onsetPlaces(onsets, x),
    waveform(input.caller, callerY, ink.caller),
    waveform(input.agent, agentY, ink.agent),
    ...captions(
      input.callerSpeech.map(({ startMs, label }) => ({ startMs, label, colour: ink.caller })),
      { y: callerY - laneHalf - 14, upwards: true, lines: 2 },
      x,
    ),
    ...captions(
      [...input.record.turns.map(agentLabel), ...input.hostSpeech.map(hostLabel)].sort(
        (one, other) => one.startMs - other.startMs,
      ),
      { y: agentY + laneHalf + 26, upwards: false, lines: input.tools.length > 0 ? 3 : 2 },
      x,
    ),
    ...input.record.turns.flatMap((turn) => latencyMark(turn, x)),
    ...onsetLabels(onsets, x),
    ...input.digits.map((digit) => digitMark(digit, x)),
    ...(input.tools.length > 0 ? [lane('Tools', frame.toolsY, ink.tool)] : []),
    ...toolMarks(input.tools, x),
    ...input.figures.map((row, index) => figure(row, index, rows, figuresY)),
  ]);
}

/** Interruptions, pauses and failures, by time. */
function placeMarks({ record, pauses, failures = [] }: TimelineInput): readonly OnsetMark[] {
  const marks = [...onsetMarks(record.bargeIns, pauses), ...failureMarks(failures)];
  return marks.sort((one, other) => one.atMs - other.atMs);
}

function lane(name: string, y: number, colour: string): string {
  const line = `<line x1="${left}" x2="${left + plot}" y1="${y}" y2="${y}" stroke="${ink.grid}"/>`;
  return line + text(left - 20, y + 5, name, { fill: colour, weight: 'bold', anchor: 'end' });
}

function axis(durationMs: number, y: number, x: Place): string {
  const seconds = durationMs / 1000;
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((candidate) => seconds / candidate <= 24) ?? 600;
  const ticks: string[] = [];
  for (let second = 0; second <= seconds; second += step) {
    const at = x(second * 1000).toFixed(1);
    ticks.push(`<line x1="${at}" x2="${at}" y1="${callerY - laneHalf}" y2="${y - 20}" stroke="${ink.grid}"/>`);
    ticks.push(text(Number(at), y, `${second} s`, { fill: ink.faint, anchor: 'middle', size: 13 }));
  }
  return ticks.join('');
}

function waveform(samples: Int16Array, y: number, colour: string): string {
  const peaks = peaksOf(samples, COLUMNS);
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak.high, peak.low), 0.05);
  const scale = laneHalf / loudest;
  const path = peaks.map((peak, column) => {
    const at = left + (column + 0.5) * (plot / COLUMNS);
    const top = (y - Math.max(peak.high * scale, 0.5)).toFixed(1);
    const bottom = (y + Math.max(peak.low * scale, 0.5)).toFixed(1);
    return `M${at.toFixed(1)} ${top}V${bottom}`;
  });
  return `<path d="${path.join('')}" stroke="${colour}" stroke-width="1.6" fill="none"/>`;
}

function block(span: Span, y: number, colour: string, x: Place): string {
  const from = x(span.startMs);
  const size = Math.max(2, x(span.endMs) - from);
  const top = y - laneHalf - 6;
  return `<rect x="${from.toFixed(1)}" y="${top}" width="${size.toFixed(1)}" height="${2 * laneHalf + 12}" rx="8" fill="${colour}"/>`;
}

/** A label that begins at a span and may run on until the next label begins. */
interface Caption {
  readonly startMs: number;
  readonly label: string;
  readonly colour: string;
}

interface CaptionPlace {
  /** Of the line next to the voice. */
  readonly y: number;
  readonly upwards: boolean;
  readonly lines: number;
}

function captions(labels: readonly Caption[], { y, upwards, lines: most }: CaptionPlace, x: Place): string[] {
  return labels.flatMap(({ startMs, label, colour }, index) => {
    const next = labels[index + 1];
    const room = (next ? x(next.startMs) - 14 : width - 10) - x(startMs);
    const lines = wrap(label, Math.max(4, Math.floor(room / CHARACTER_WIDTH)), most);
    const top = upwards ? y - (lines.length - 1) * frame.lineHeight : y;
    return lines.map((line, row) => text(x(startMs), top + row * frame.lineHeight, line, { fill: colour, size: 13 }));
  });
}

/** At most so many lines of at most `columns` characters, broken at blanks, the rest given up with an ellipsis. */
function wrap(label: string, columns: number, lines: number): string[] {
  if (label.length <= columns) return [label];
  if (lines === 1) return [`${label.slice(0, columns - 1).trimEnd()}…`];
  const at = label.slice(0, columns + 1).lastIndexOf(' ');
  const first = at > columns / 4 ? label.slice(0, at) : label.slice(0, columns);
  return [first, ...wrap(label.slice(first.length).trimStart(), columns, lines - 1)];
}

function agentLabel(turn: CallRecord['turns'][number]): Caption {
  const said = turn.heardText ? `“${turn.heardText.trim()}”` : `${(turn.heardMs / 1000).toFixed(1)} s of audio`;
  const label = turn.interrupted ? `${said} — cut off` : said;
  return { startMs: turn.startedMs, label, colour: turn.interrupted ? ink.alarm : ink.agent };
}

function hostLabel({ startMs, label }: TimelineInput['hostSpeech'][number]): Caption {
  return { startMs, label, colour: ink.faint };
}

function figure([name, value]: Figure, index: number, rows: number, top: number): string {
  const y = top + (index % rows) * frame.figureRow;
  const from = left + Math.floor(index / rows) * column.left;
  const indent = (name.length - name.trimStart().length) * 6;
  return (
    text(from + indent, y, name.trimStart(), { fill: ink.faint }) +
    text(from + column.width, y, value, { anchor: 'end', weight: 'bold' })
  );
}
