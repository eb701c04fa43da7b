import { CHARACTER_WIDTH, paperInk, svgPicture, text } from '../../picture/svg.js';
import { niceAbove } from '../nice-above.js';
import { counted, whole } from '../text-table.js';
import { type Band, BROKEN_ABOVE_MS, bands, NATURAL_BELOW_MS } from './bands.js';
import { MAX_MS } from './histogram.js';
import type { LatencyGroup, LatencyReport } from './latency-report.js';
import { groupName } from './latency-text.js';
import { type Share, shares } from './turn-shares.js';

const size = { width: 1600, left: 300, right: 330, top: 170, bar: 34, row: 74, most: 40 } as const;
/** Ends of the axis, times a power of ten. */
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const;
const plotWidth = size.width - size.left - size.right;
const bandsLeft = size.left + plotWidth + 30;
const bandsWidth = size.right - 60;

const shareInk: Readonly<Record<Share, string>> = {
  endOfTurn: '#8da0b3',
  transcript: '#56b4e9',
  firstToken: '#0072b2',
  firstAudio: '#e69f00',
  connector: '#444444',
};
const shareNames: Readonly<Record<Share, string>> = {
  endOfTurn: 'end of turn',
  transcript: 'transcript',
  firstToken: 'first token',
  firstAudio: 'first audio',
  connector: 'connector',
};
const bandTint: Readonly<Record<Band, string>> = { natural: '#def5ec', acceptable: '#fdf3d8', broken: '#fbe0e6' };
const bandInk: Readonly<Record<Band, string>> = { natural: '#0b8a5f', acceptable: '#a35200', broken: '#c81e4a' };

type Place = (ms: number) => number;

/**
 * Draws, for each flavor and tier, what an answer waited for on average, its median and 95th percentile, and how many
 * answers lie in each band, as SVG.
 */
export function drawLatency(report: LatencyReport): string {
  const groups = report.groups.slice(0, size.most);
  const farthestMs = Math.max(BROKEN_ABOVE_MS * 1.2, ...groups.flatMap(({ p95Ms, meanMs }) => [p95Ms, meanMs]));
  const lastMs = niceAbove(STEPS, Math.min(farthestMs, MAX_MS));
  const x: Place = (ms) => size.left + (Math.min(ms, lastMs) / lastMs) * plotWidth;
  const bottom = size.top + Math.max(1, groups.length) * size.row;
  const height = bottom + 70;
  return svgPicture({ width: size.width, height }, [
    text(40, 46, 'What callers wait for', { size: 26, weight: 'bold' }),
    text(40, 74, subtitle(report, groups.length), { fill: paperInk.faint }),
    ...bandPlaces(x, lastMs, bottom),
    ...legend(),
    ...axis(x, lastMs, bottom),
    ...groups.flatMap((group, index) => row(group, size.top + index * size.row, x)),
  ]);
}

function subtitle({ answers, groups }: LatencyReport, shown: number): string {
  const left = groups.length - shown;
  return `Voice-to-voice latency of ${counted(answers, 'answer')}${left > 0 ? `; ${counted(left, 'row is', 'rows are')} left out` : ''}`;
}

function bandPlaces(x: Place, lastMs: number, bottom: number): readonly string[] {
  const ends: Readonly<Record<Band, readonly [fromMs: number, toMs: number]>> = {
    natural: [0, NATURAL_BELOW_MS],
    acceptable: [NATURAL_BELOW_MS, BROKEN_ABOVE_MS],
    broken: [BROKEN_ABOVE_MS, lastMs],
  };
  return bands.flatMap((band) => {
    const [fromMs, toMs] = ends[band];
    const top = size.top - 16;
    const width = (x(toMs) - x(fromMs)).toFixed(1);
    return [
      `<rect x="${x(fromMs).toFixed(1)}" y="${top}" width="${width}" height="${bottom - top}" fill="${bandTint[band]}"/>`,
      text(x(fromMs) + 8, top - 8, band, { fill: bandInk[band], weight: 'bold', size: 13 }),
    ];
  });
}

function legend(): readonly string[] {
  let left = size.left;
  return shares.flatMap((share) => {
    const at = left;
    left += 22 + shareNames[share].length * CHARACTER_WIDTH + 34;
    return [
      `<rect x="${at.toFixed(1)}" y="98" width="14" height="14" fill="${shareInk[share]}"/>`,
      text(at + 20, 110, shareNames[share], { size: 13 }),
    ];
  });
}

function axis(x: Place, lastMs: number, bottom: number): readonly string[] {
  const stepMs = [100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000].find((step) => lastMs / step <= 12) ?? 20_000;
  const ticks: string[] = [];
  for (let ms = 0; ms <= lastMs; ms += stepMs) {
    const at = x(ms).toFixed(1);
    ticks.push(`<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 6}" stroke="${paperInk.faint}"/>`);
    ticks.push(text(x(ms), bottom + 24, whole(ms), { anchor: 'middle', fill: paperInk.faint, size: 13 }));
  }
  const caption = 'ms from the caller’s last voiced packet to the agent’s first; bars are means, lines p50 and p95';
  return [...ticks, text(size.left, bottom + 50, caption, { fill: paperInk.faint, size: 13 })];
}

function row(group: LatencyGroup, top: number, x: Place): readonly string[] {
  const middle = top + size.bar / 2;
  let reachedMs = 0;
  const bars = shares.map((share) => {
    const from = x(reachedMs);
    reachedMs += group.meanShareMs[share];
    const width = x(reachedMs) - from;
    return width < 0.05
      ? ''
      : `<rect x="${from.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${size.bar}" fill="${shareInk[share]}"/>`;
  });
  const marks = [group.p50Ms, group.p95Ms].map((ms) => {
    const at = x(ms).toFixed(1);
    return `<line x1="${at}" x2="${at}" y1="${top - 5}" y2="${top + size.bar + 5}" stroke="${paperInk.text}" stroke-width="2"/>`;
  });
  const name = clipped(groupName(group), Math.floor((size.left - 50) / (CHARACTER_WIDTH + 1)));
  const figures = `p50 ${whole(group.p50Ms)} · p95 ${whole(group.p95Ms)} ms`;
  return [
    text(size.left - 16, middle, name, { anchor: 'end', weight: 'bold', size: 13 }),
    text(size.left - 16, middle + 17, counted(group.answers, 'answer'), {
      anchor: 'end',
      fill: paperInk.faint,
      size: 12,
    }),
    ...bars,
    ...marks,
    text(size.left + 4, top + size.bar + 20, figures, { fill: paperInk.text, size: 12 }),
    ...bandBar(group, top),
  ];
}

/** How many answers lie in each band. */
function bandBar({ bands: felt }: LatencyGroup, top: number): readonly string[] {
  let left: number = bandsLeft;
  return bands.flatMap((band) => {
    const width = felt[band] * bandsWidth;
    const at = left;
    left += width;
    if (width < 0.05) return [];
    const label = `${Math.round(felt[band] * 100)} %`;
    const bar = `<rect x="${at.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${size.bar}" fill="${bandInk[band]}"/>`;
    if (width < label.length * (CHARACTER_WIDTH + 2)) return [bar];
    return [
      bar,
      text(at + width / 2, top + size.bar / 2 + 5, label, {
        anchor: 'middle',
        fill: paperInk.paper,
        weight: 'bold',
        size: 13,
      }),
    ];
  });
}

function clipped(name: string, characters: number): string {
  return name.length <= characters ? name : `${name.slice(0, characters - 1)}…`;
}
