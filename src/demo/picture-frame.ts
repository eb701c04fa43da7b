import { paperInk } from '../picture/svg.js';

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

export const ink = {
  ...paperInk,
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

/** Where a second column of the table begins, and how wide each is, px. */
export const column = { left: 740, width: 690 } as const;
