/** Sizes of the picture, px. */
export const frame = {
  width: 1600,
  left: 110,
  /** Room for the words of an agent who says goodbye. */
  right: 130,
  plot: 1600 - 110 - 130,
  /** Half the height of a voice. */
  laneHalf: 74,
  callerY: 210,
  agentY: 440,
  axisY: 578,
  /** The row of tools, and what the axis makes room for it. */
  toolsY: 594,
  toolsRow: 50,
  figuresGap: 62,
  figureRow: 30,
  lineHeight: 17,
} as const;

/** Average, of DejaVu Sans at 13 px. */
export const CHARACTER_WIDTH = 7.6;

export const ink = {
  text: '#1f2933',
  faint: '#7b8794',
  grid: '#e4e7eb',
  paper: '#ffffff',
  caller: '#2f6fdb',
  callerTint: '#e3edfb',
  agent: '#0b8a5f',
  agentTint: '#def5ec',
  hostTint: '#eef1f4',
  alarm: '#c81e4a',
  digit: '#a35200',
  tool: '#6d43b5',
  toolTint: '#ece4f9',
} as const;

/** The place of a moment, px; the moment in ms from the answer of the call. */
export type Place = (ms: number) => number;

export interface TextStyle {
  readonly size?: number;
  readonly fill?: string;
  readonly weight?: 'bold';
  readonly anchor?: 'middle' | 'end';
}

/** Where a second column of the table begins, and how wide each is, px. */
export const column = { left: 740, width: 690 } as const;

/** An SVG text; `content` is a stranger's. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
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
