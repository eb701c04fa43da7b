import { speechFaults } from '../speech-server/faults.js';

/** Ways in which Together.ai fails, besides those of every server. */
export const togetherFaults = [
  /** An error among the events, after some speech. */
  'event-error',
  /** The events end without `[DONE]`. */
  'no-done',
  'events-cut',
  /** A WAV of 32-bit floating point comes at once, as if `stream` had not been asked for. */
  'ignores-stream',
  /** Chunks end within samples. */
  'odd-deltas',
  'upgrade-401',
  'upgrade-429',
  /** WebSocket: `conversation.item.tts.failed`, after some speech. */
  'tts-failed',
  /** WebSocket: the connection is closed after some speech. */
  'socket-close',
  /** WebSocket: nothing is said. */
  'socket-silent',
  /** WebSocket: speech goes on after the sentence is said to be over. */
  'late-delta',
  /** WebSocket: a message that is no JSON. */
  'socket-malformed',
] as const;

export type TogetherFault = (typeof togetherFaults)[number];

export function isTogetherFault(name: string): name is TogetherFault {
  return (togetherFaults as readonly string[]).includes(name);
}

export const allTogetherFaults: readonly string[] = [...speechFaults, ...togetherFaults];
