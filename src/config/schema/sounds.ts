import * as z from 'zod';
import { configDefaults } from '../defaults.js';
import { SHORTHAND } from './marks.js';
import { milliseconds, path } from './notation.js';

const { sounds: defaults } = configDefaults.route;

const wav = () => path().describe('RIFF/WAVE, 16-bit PCM or G.711. Relative to the directory of this file.');

const level = (fallback: number) =>
  z
    .number()
    .min(-70)
    .max(-10)
    .default(fallback)
    .describe('How loud it is to be heard, dBFS (RMS), however loud the file is. Speech of agents has about -22.');

/** A path alone is short for `{ wav: ... }`. */
const fromPath = (value: unknown): unknown => (typeof value === 'string' ? { wav: value } : value);

/** What a caller hears besides words. */
export const soundsSchema = z
  .strictObject({
    ambient: z
      .preprocess(fromPath, z.strictObject({ wav: wav(), levelDb: level(defaults.ambient.levelDb) }))
      .meta({ [SHORTHAND]: 'wav' })
      .exactOptional()
      .describe('The room the agent speaks from, from the answer to the end of the call, except under music.'),
    thinking: z
      .preprocess(
        fromPath,
        z.strictObject({
          wav: wav(),
          levelDb: level(defaults.thinking.levelDb),
          afterMs: milliseconds(0, 60_000)
            .default(defaults.thinking.afterMs)
            .describe('How long the caller waits for an answer, or for a tool, before it begins, ms.'),
        }),
      )
      .meta({ [SHORTHAND]: 'wav' })
      .exactOptional()
      .describe('The agent at work, such as a keyboard: heard while the caller waits, until somebody speaks.'),
    hold: z
      .preprocess(fromPath, z.strictObject({ wav: wav(), levelDb: level(defaults.hold.levelDb) }))
      .meta({ [SHORTHAND]: 'wav' })
      .exactOptional()
      .describe('Music while the caller is on hold or a transfer is under way.'),
  })
  .prefault({})
  .describe('Sounds that are mixed in beneath and between the words, repeated without end.');
