import { paperInk, svgPicture, text } from '../../picture/svg.js';
import { niceAbove } from '../nice-above.js';
import { counted, money, whole } from '../text-table.js';
import type { ComparedWay, Comparison } from './comparison.js';
import { cheaperText, headline } from './cost-table.js';

const size = { width: 1600, left: 90, right: 480, top: 120, plotHeight: 620, row: 34 } as const;
/** Ends of the axis, times a power of ten. */
const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const;
const plotWidth = size.width - size.left - size.right;
const bottom = size.top + size.plotHeight;

/** Told apart also by those who do not see red and green: blue, orange, bluish green, purple, sky, yellow and so on. */
const colours = [
  '#c81e4a',
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#6d43b5',
  '#56b4e9',
  '#8c6d31',
  '#444444',
  '#b35900',
  '#d36ba6',
];
const dashes = ['', '10 5', '3 4'];

/** How far the axis of minutes goes beyond what is asked and the last break-even, and how far that may draw it out. */
const BEYOND = 1.25;
const MOST_TIMES = 12;

/** Draws what the ways cost over the minutes of a month, and where each becomes cheaper than the first one, as SVG. */
export function drawCosts(comparison: Comparison): string {
  const { ways, minutes } = comparison;
  const lastMinute = niceAbove(STEPS, lastMinuteOf(comparison));
  // As high as the first way at the end: what leaves the picture upwards is dear anyway.
  const highest = niceAbove(STEPS, Math.max(ways[0]?.usdAt(lastMinute) ?? 0, ways[0]?.usdPerMonth ?? 0, 1) * 1.05);
  const x = (at: number): number => size.left + (at / lastMinute) * plotWidth;
  const y = (usd: number): number => bottom - (usd / highest) * size.plotHeight;
  const labels = placed(ways, (way) => y(way.usdAt(lastMinute)));
  const height = Math.max(bottom + 90, ...labels.map((at) => at + 60));
  return svgPicture({ width: size.width, height }, [
    text(size.left, 46, 'What a month of calls costs', { size: 26, weight: 'bold' }),
    text(size.left, 76, headline(comparison), { fill: paperInk.faint }),
    ...axes(lastMinute, highest, x, y),
    `<line x1="${x(minutes).toFixed(1)}" x2="${x(minutes).toFixed(1)}" y1="${size.top}" y2="${bottom}" stroke="${paperInk.faint}" stroke-dasharray="4 4"/>`,
    text(x(minutes) + 6, size.top + 4, counted(minutes, 'minute'), { fill: paperInk.faint, size: 13 }),
    ...ways.map((way, index) => curve(way, strokeOf(index), { lastMinute, highest }, x, y)),
    ...breakEvens(ways, { lastMinute, highest }, x, y),
    ...ways.flatMap((way, index) => label(way, strokeOf(index), labels[index] ?? 0, minutes)),
  ]);
}

interface Stroke {
  readonly colour: string;
  readonly dash: string;
}

interface Reach {
  readonly lastMinute: number;
  readonly highest: number;
}

type Place = (value: number) => number;

function strokeOf(index: number): Stroke {
  return {
    colour: colours[index % colours.length] ?? paperInk.text,
    dash: dashes[Math.floor(index / colours.length) % dashes.length] ?? '',
  };
}

function lastMinuteOf({ ways, minutes }: Comparison): number {
  const ends = ways.flatMap(({ cheaper = [] }) =>
    cheaper.flatMap(({ fromMinutes, toMinutes }) => [fromMinutes, toMinutes ?? 0]),
  );
  return Math.max(minutes, ...ends.filter((at) => at <= minutes * MOST_TIMES)) * BEYOND;
}

function axes(lastMinute: number, highest: number, x: Place, y: Place): readonly string[] {
  const steps = [0, 1, 2, 3, 4, 5];
  const rows = steps.map((step) => {
    const usd = (highest / 5) * step;
    const at = y(usd).toFixed(1);
    const line = `<line x1="${size.left}" x2="${size.left + plotWidth}" y1="${at}" y2="${at}" stroke="${paperInk.grid}"/>`;
    return line + text(size.left - 12, Math.round(y(usd)) + 5, whole(usd), { anchor: 'end', fill: paperInk.faint });
  });
  const ticks = steps.map((step) => {
    const at = (lastMinute / 5) * step;
    return text(x(at), bottom + 26, whole(at), { anchor: 'middle', fill: paperInk.faint });
  });
  return [
    ...rows,
    ...ticks,
    text(size.left - 12, size.top - 18, 'USD', { anchor: 'end', fill: paperInk.faint }),
    text(size.left + plotWidth / 2, bottom + 54, 'minutes a month', { anchor: 'middle', fill: paperInk.faint }),
  ];
}

function curve(way: ComparedWay, { colour, dash }: Stroke, reach: Reach, x: Place, y: Place): string {
  const points: string[] = [];
  for (let step = 0; step <= 200; step++) {
    const at = (reach.lastMinute / 200) * step;
    const usd = way.usdAt(at);
    if (usd > reach.highest) break;
    points.push(`${x(at).toFixed(1)} ${y(usd).toFixed(1)}`);
  }
  if (points.length < 2) return '';
  const dashed = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2.6"${dashed}/>`;
}

/** Rings where a way meets the first one, with the minutes beside those that have room for it. */
function breakEvens(
  ways: readonly ComparedWay[],
  { lastMinute, highest }: Reach,
  x: Place,
  y: Place,
): readonly string[] {
  const [first] = ways;
  const rings = ways
    .flatMap(({ cheaper = [] }, index) =>
      cheaper
        .flatMap(({ fromMinutes, toMinutes }) => [Math.ceil(fromMinutes), Math.floor(toMinutes ?? 0)])
        .map((at) => ({ at, usd: first?.usdAt(at) ?? 0, colour: strokeOf(index).colour })),
    )
    .filter(({ at, usd }) => at > 0 && at <= lastMinute && usd <= highest)
    .toSorted((a, b) => a.at - b.at);
  let freeFrom = 0;
  return rings.flatMap(({ at, usd, colour }) => {
    const ring = `<circle cx="${x(at).toFixed(1)}" cy="${y(usd).toFixed(1)}" r="6" fill="${paperInk.paper}" stroke="${colour}" stroke-width="2.6"/>`;
    if (x(at) < freeFrom) return [ring];
    freeFrom = x(at) + 40;
    return [ring, text(x(at), Math.round(y(usd)) - 12, whole(at), { fill: colour, weight: 'bold', anchor: 'end' })];
  });
}

/** Rows of labels beside the ends of the curves, in their order, none over another. */
function placed(ways: readonly ComparedWay[], end: (way: ComparedWay) => number): readonly number[] {
  const order = ways.map((way, index) => ({ index, at: Math.max(size.top + 8, end(way)) })).sort((a, b) => a.at - b.at);
  const places: number[] = ways.map(() => 0);
  // From below upwards, so that what is cheap, and lies together, moves away from the axis and not over it.
  let below = bottom + size.row;
  for (const { index, at } of order.toReversed()) {
    below = Math.min(at, below - size.row);
    places[index] = below;
  }
  const lift = Math.min(...places);
  return lift < size.top ? places.map((at) => at + size.top - lift) : places;
}

function label(way: ComparedWay, { colour, dash }: Stroke, at: number, minutes: number): readonly string[] {
  const left = size.left + plotWidth + 16;
  const y = Math.round(at);
  const even = way.cheaper === undefined ? '' : ` · cheaper: ${cheaperText(way.cheaper)}`;
  const dashed = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return [
    `<line x1="${left}" x2="${left + 22}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="4"${dashed}/>`,
    text(left + 30, y, way.name, { fill: colour, weight: 'bold', size: 13 }),
    text(left + 30, y + 15, `${money(way.usdPerMonth)} for ${counted(minutes, 'minute')}${even}`, {
      fill: paperInk.faint,
      size: 12,
    }),
  ];
}
