import type { ToolTiming } from './tool.js';

/** Of what the host does itself: it waits for phones, and says nothing of its own meanwhile. */
export const builtInTiming = {
  timeoutMs: 180_000,
  filler: undefined,
  fillerAfterMs: 0,
} as const satisfies ToolTiming;
