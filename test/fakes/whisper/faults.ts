import type { SpeechFault } from '../speech-server/faults.js';

const shared = [
  'refused',
  'hang',
  '401',
  '403',
  '404',
  '429',
  '500',
  '503',
  'cut',
  'empty',
  'slow-first-byte',
  'html',
  'flood',
] as const satisfies readonly SpeechFault[];

/** Ways in which servers of transcriptions fail. */
export const whisperFaults = [
  ...shared,
  /** Every recording says "Thank you.", as Whisper's do that are silent. */
  'hallucinate',
  /** Every recording thanks for watching. */
  'subtitles',
  /** `verbose_json` is refused, as by older servers. */
  'no-verbose',
  /** The model is being loaded: whisper.cpp answers 404 to everything. */
  'loading',
  /** There is no list of models. */
  'no-list',
  /** JSON that is none. */
  'malformed',
  /** An error within a stream of events, after 200. */
  'error-event',
] as const;

export type WhisperFault = (typeof whisperFaults)[number];

/** Those that meet every request, not only recordings. */
export const faultsOfAll: readonly WhisperFault[] = ['refused', '401', 'loading', 'no-list'];

export function isWhisperFault(name: string): name is WhisperFault {
  return (whisperFaults as readonly string[]).includes(name);
}
