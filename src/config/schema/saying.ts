import * as z from 'zod';
import { SHORTHAND } from './marks.js';
import { path } from './notation.js';

const text = () => z.string().min(1).exactOptional();

const wav = () =>
  path()
    .exactOptional()
    .describe('A recording: RIFF/WAVE, 16-bit PCM or G.711. Relative to the directory of this file.');

/** Words of the operator's. A text alone is short for `{ text: ... }`. */
export const saying = () =>
  z
    .preprocess(
      fullSaying,
      z
        .strictObject({ text: text().describe('The words; of a recording, its transcript.'), wav: wav() })
        .refine(({ text, wav }) => text !== undefined || wav !== undefined, {
          error: 'neither text nor wav',
          params: { help: 'write the words themselves, or { wav: FILE, text: "what it says" }' },
        }),
    )
    .meta({ [SHORTHAND]: 'text' });

/** The same, or what the agent is told, which then does and says what it sees fit. */
export const cue = () =>
  z
    .preprocess(
      fullSaying,
      z
        .strictObject({
          text: text().describe('The words; of a recording, its transcript; beside instructions, where no agent can.'),
          wav: wav(),
          instructions: z
            .string()
            .min(1)
            .exactOptional()
            .describe('What the agent is told, in place of words: it says and does what it sees fit, tools included.'),
        })
        .refine(({ text, wav, instructions }) => [text, wav, instructions].some((given) => given !== undefined), {
          error: 'neither text nor wav nor instructions',
          params: { help: 'write the words themselves, { wav: FILE } or { instructions: "what the agent is to do" }' },
        })
        .refine(({ wav, instructions }) => wav === undefined || instructions === undefined, {
          error: 'a recording and instructions: one of them is said',
          params: { help: 'remove wav; text is what is said where no agent can' },
        }),
    )
    .meta({ [SHORTHAND]: 'text' });

/**
 * A saying, or `false` for none. A reference is text, and where this is its whole value that is what it means:
 * `${GREETING:-false}`. Who wants the word itself said writes `{ text: "false" }`.
 */
export const sayingOrNone = () => z.union([z.preprocess(noneOf, z.literal(false)), saying()]);

function fullSaying(value: unknown): unknown {
  return typeof value === 'string' ? { text: value } : value;
}

function noneOf(value: unknown): unknown {
  return value === 'false' ? false : value;
}
