import { isObject, numberIn, objectIn, objectsIn, parseJson, textIn } from '../shared/json.js';
import { TICKS_PER_MS } from './wire-format.js';

/** A word and where in the turn's audio it begins. */
export interface SpokenAt {
  readonly text: string;
  readonly offsetMs: number;
}

/** The words of an `audio.metadata` message; `undefined` when it cannot be read. Punctuation is no word. */
export function wordsIn(body: string): readonly SpokenAt[] | undefined {
  const parsed = parseJson(body);
  if (!isObject(parsed)) return undefined;
  return objectsIn(parsed, 'Metadata').flatMap((entry) => {
    if (textIn(entry, 'Type') !== 'WordBoundary') return [];
    const data = objectIn(entry, 'Data');
    const word = objectIn(data, 'text');
    const text = textIn(word, 'Text').trim();
    const kind = textIn(word, 'BoundaryType');
    const offset = numberIn(data, 'Offset');
    if (text === '' || offset === undefined || kind === 'PunctuationBoundary') return [];
    return [{ text, offsetMs: Math.max(0, offset) / TICKS_PER_MS }];
  });
}

/** The id of the audio stream that a `response` message announces; `undefined` when it cannot be read. */
export function streamIdIn(body: string): string | undefined {
  const parsed = parseJson(body);
  if (!isObject(parsed)) return undefined;
  return textIn(objectIn(parsed, 'audio'), 'streamId') || undefined;
}
