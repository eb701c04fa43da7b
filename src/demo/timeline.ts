import type { CallRecord } from '../ops/call-record.js';
import { peaksOf } from './waveform.js';

/** A stretch of time, ms from the answer of the call. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the picture of a call is drawn from. All times in ms from the answer, which is where the audio begins. */
export interface TimelineInput {
  readonly title: string;
  readonly subtitle: string;
  /** 8000 Hz, equally long. */
  readonly caller: Int16Array;
  readonly agent: Int16Array;
  readonly record: CallRecord;
  /** When the caller spoke, and what, where that is known. */
  readonly callerSpeech: readonly (Span & { readonly label: string })[];
  readonly digits: readonly { readonly atMs: number; readonly digit: string }[];
  /** Rows of the table below the picture. */
  readonly figures: readonly (readonly [name: string, value: string])[];
}

const WIDTH = 1600;
const LEFT = 110;
const RIGHT = 40;
const PLOT = WIDTH - LEFT - RIGHT;
const LANE_HALF = 74;
const CALLER_Y = 210;
const AGENT_Y = 440;
const AXIS_Y = 578;
const FIGURES_Y = 640;
const FIGURE_ROW = 30;
const LINE_HEIGHT = 17;
/** Average, of DejaVu Sans at 13 px. */
const CHARACTER_WIDTH = 7.6;
const COLUMNS = Math.floor(PLOT / 2);

const ink = {
  text: '#1f2933',
  faint: '#7b8794',
  grid: '#e4e7eb',
  caller: '#2f6fdb',
  callerTint: '#e3edfb',
  agent: '#0b8a5f',
  agentTint: '#def5ec',
  alarm: '#c81e4a',
  digit: '#a35200',
} as const;

/** Draws a call as SVG: both waveforms, turns, barge-ins, digits, the latency of each turn, and a table of figures. */
export function drawTimeline(input: TimelineInput): string {
  const durationMs = Math.max(1, (Math.max(input.caller.length, input.agent.length) / 8000) * 1000);
  const x = (ms: number): number => LEFT + (Math.min(Math.max(ms, 0), durationMs) / durationMs) * PLOT;
  const rows = Math.ceil(input.figures.length / 2);
  const height = FIGURES_Y + rows * FIGURE_ROW + 40;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ` font-family="DejaVu Sans, Verdana, sans-serif" font-size="15" fill="${ink.text}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 46, input.title, { size: 26, weight: 'bold' }),
    text(LEFT, 74, input.subtitle, { fill: ink.faint }),
    axis(durationMs, x),
    lane('Caller', CALLER_Y, ink.caller),
    lane('Agent', AGENT_Y, ink.agent),
    ...input.callerSpeech.map((span) => block(span, CALLER_Y, ink.callerTint, x)),
    ...input.record.turns.map((turn) =>
      block({ startMs: turn.startedMs, endMs: turn.endedMs }, AGENT_Y, ink.agentTint, x),
    ),
    waveform(input.caller, CALLER_Y, ink.caller),
    waveform(input.agent, AGENT_Y, ink.agent),
    ...captions(
      input.callerSpeech.map(({ startMs, label }) => ({ startMs, label, colour: ink.caller })),
      CALLER_Y - LANE_HALF - 14,
      true,
      x,
    ),
    ...captions(input.record.turns.map(agentLabel), AGENT_Y + LANE_HALF + 26, false, x),
    ...input.record.turns.flatMap((turn) => latency(turn, x)),
    ...input.record.bargeIns.map((bargeIn) => bargeInMark(bargeIn, x)),
    ...input.digits.map((digit) => digitMark(digit, x)),
    ...input.figures.map(([name, value], index) => figure(name, value, index, rows)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function lane(name: string, y: number, colour: string): string {
  const line = `<line x1="${LEFT}" x2="${LEFT + PLOT}" y1="${y}" y2="${y}" stroke="${ink.grid}"/>`;
  return line + text(LEFT - 20, y + 5, name, { fill: colour, weight: 'bold', anchor: 'end' });
}

function axis(durationMs: number, x: (ms: number) => number): string {
  const seconds = durationMs / 1000;
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((candidate) => seconds / candidate <= 24) ?? 600;
  const ticks: string[] = [];
  for (let second = 0; second <= seconds; second += step) {
    const at = x(second * 1000).toFixed(1);
    ticks.push(`<line x1="${at}" x2="${at}" y1="${CALLER_Y - LANE_HALF}" y2="${AXIS_Y - 20}" stroke="${ink.grid}"/>`);
    ticks.push(text(Number(at), AXIS_Y, `${second} s`, { fill: ink.faint, anchor: 'middle', size: 13 }));
  }
  return ticks.join('');
}

function waveform(samples: Int16Array, y: number, colour: string): string {
  const peaks = peaksOf(samples, COLUMNS);
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak.high, peak.low), 0.05);
  const scale = LANE_HALF / loudest;
  const path = peaks.map((peak, column) => {
    const at = LEFT + (column + 0.5) * (PLOT / COLUMNS);
    const top = (y - Math.max(peak.high * scale, 0.5)).toFixed(1);
    const bottom = (y + Math.max(peak.low * scale, 0.5)).toFixed(1);
    return `M${at.toFixed(1)} ${top}V${bottom}`;
  });
  return `<path d="${path.join('')}" stroke="${colour}" stroke-width="1.6" fill="none"/>`;
}

function block(span: Span, y: number, colour: string, x: (ms: number) => number): string {
  const from = x(span.startMs);
  const width = Math.max(2, x(span.endMs) - from);
  const top = y - LANE_HALF - 6;
  return `<rect x="${from.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${2 * LANE_HALF + 12}" rx="8" fill="${colour}"/>`;
}

/** A label that begins at a span and may run on until the next label begins: up to two lines. */
interface Caption {
  readonly startMs: number;
  readonly label: string;
  readonly colour: string;
}

function captions(labels: readonly Caption[], y: number, upwards: boolean, x: (ms: number) => number): string[] {
  return labels.flatMap(({ startMs, label, colour }, index) => {
    const next = labels[index + 1];
    const room = (next ? x(next.startMs) - 14 : WIDTH - 10) - x(startMs);
    const lines = wrap(label, Math.max(4, Math.floor(room / CHARACTER_WIDTH)));
    const top = upwards ? y - (lines.length - 1) * LINE_HEIGHT : y;
    return lines.map((line, row) => text(x(startMs), top + row * LINE_HEIGHT, line, { fill: colour, size: 13 }));
  });
}

/** At most two lines of at most `columns` characters, broken at blanks, the rest given up with an ellipsis. */
function wrap(label: string, columns: number): string[] {
  if (label.length <= columns) return [label];
  const head = label.slice(0, columns + 1);
  const at = head.lastIndexOf(' ');
  const first = at > columns / 3 ? label.slice(0, at) : label.slice(0, columns);
  const rest = label.slice(first.length).trimStart();
  return [first, rest.length <= columns ? rest : `${rest.slice(0, columns - 1).trimEnd()}…`];
}

function agentLabel(turn: CallRecord['turns'][number]): Caption {
  const said = turn.heardText ? `“${turn.heardText.trim()}”` : `${(turn.heardMs / 1000).toFixed(1)} s of audio`;
  const label = turn.interrupted ? `${said} — cut off` : said;
  return { startMs: turn.startedMs, label, colour: turn.interrupted ? ink.alarm : ink.agent };
}

/** An arrow from the caller's last voiced packet to the agent's first audible one. */
function latency(turn: CallRecord['turns'][number], x: (ms: number) => number): string[] {
  if (turn.v2vMs === undefined) return [];
  const to = x(turn.startedMs);
  const from = x(turn.startedMs - turn.v2vMs);
  const y = (CALLER_Y + AGENT_Y) / 2 - 6;
  const arrow =
    `<path d="M${from.toFixed(1)} ${CALLER_Y}V${y}H${to.toFixed(1)}V${AGENT_Y - LANE_HALF - 10}" fill="none"` +
    ` stroke="${ink.text}" stroke-width="1.4" stroke-dasharray="4 3"/>` +
    `<path d="M${(to - 4).toFixed(1)} ${AGENT_Y - LANE_HALF - 16}l4 8l4 -8z" fill="${ink.text}"/>`;
  return [
    arrow,
    text((from + to) / 2, y - 7, `${Math.round(turn.v2vMs)} ms`, { anchor: 'middle', weight: 'bold', size: 13 }),
  ];
}

function bargeInMark(bargeIn: CallRecord['bargeIns'][number], x: (ms: number) => number): string {
  const at = x(bargeIn.onsetMs + bargeIn.onsetToPauseMs);
  const top = AGENT_Y - LANE_HALF - 34;
  const label = bargeIn.resumed
    ? 'not an interruption: resumed'
    : `barge-in: silent ${Math.round(bargeIn.decisionToSilenceMs)} ms after the decision`;
  const line = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top}" y2="${AGENT_Y + LANE_HALF}" stroke="${ink.alarm}" stroke-width="2"/>`;
  const fits = at - LEFT > label.length * (CHARACTER_WIDTH + 1);
  const style = { fill: ink.alarm, size: 13, weight: 'bold' } as const;
  return (
    line + (fits ? text(at - 8, top + 16, label, { ...style, anchor: 'end' }) : text(at + 8, top + 16, label, style))
  );
}

function digitMark(digit: { readonly atMs: number; readonly digit: string }, x: (ms: number) => number): string {
  const at = x(digit.atMs);
  const top = CALLER_Y - 24;
  const stem = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top + 6}" y2="${CALLER_Y}" stroke="${ink.digit}"/>`;
  return stem + text(at, top, digit.digit, { fill: ink.digit, anchor: 'middle', weight: 'bold', size: 14 });
}

function figure(name: string, value: string, index: number, rows: number): string {
  const column = Math.floor(index / rows);
  const y = FIGURES_Y + (index % rows) * FIGURE_ROW;
  const left = LEFT + column * (PLOT / 2);
  return (
    text(left, y, name, { fill: ink.faint }) + text(left + PLOT / 2 - 60, y, value, { anchor: 'end', weight: 'bold' })
  );
}

interface TextStyle {
  readonly size?: number;
  readonly fill?: string;
  readonly weight?: 'bold';
  readonly anchor?: 'middle' | 'end';
}

function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const attributes = [
    `x="${x.toFixed(1)}"`,
    `y="${y}"`,
    ...(style.size === undefined ? [] : [`font-size="${style.size}"`]),
    ...(style.fill === undefined ? [] : [`fill="${style.fill}"`]),
    ...(style.weight === undefined ? [] : [`font-weight="${style.weight}"`]),
    ...(style.anchor === undefined ? [] : [`text-anchor="${style.anchor}"`]),
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(content)}</text>`;
}

/** Characters that XML 1.0 does not know (section 2.2), not even escaped: one of them would spoil the whole picture. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function escapeXml(content: string): string {
  const known = content.replace(NOT_XML, ' ');
  return known.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
