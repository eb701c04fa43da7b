import * as z from 'zod';
import { SHORTHAND } from './marks.js';
import { path } from './notation.js';

/** Words of the operator's. A text alone is short for `{ text: ... }`. */
export const saying = () =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? { text: value } : value),
      z
        .strictObject({
          text: z.string().min(1).exactOptional().describe('The words; of a recording, its transcript.'),
          wav: path()
            .exactOptional()
            .describe('A recording: RIFF/WAVE, 16-bit PCM or G.711. Relative to the directory of this file.'),
        })
        .refine(({ text, wav }) => text !== undefined || wav !== undefined, {
          error: 'neither text nor wav',
          params: { help: 'write the words themselves, or { wav: FILE, text: "what it says" }' },
        }),
    )
    .meta({ [SHORTHAND]: 'text' });

/**
 * The same, or `false` for none. A reference is text, and where this is its whole value that is what it means:
 * `${GREETING:-false}`. Who wants the word itself said writes `{ text: "false" }`.
 */
export const sayingOrNone = () => z.union([z.preprocess(noneOf, z.literal(false)), saying()]);

function noneOf(value: unknown): unknown {
  return value === 'false' ? false : value;
}
