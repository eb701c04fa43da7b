import * as z from 'zod';
import { configDefaults as defaults } from '../defaults.js';
import { parseTimeZone } from '../notation/time-zone.js';
import { checked } from './notation.js';
import { saying } from './saying.js';

const usd = () => z.number().min(0).max(1_000_000).exactOptional();

const day = () =>
  z
    .string()
    .regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, { error: 'expected a day as YYYY-MM-DD' })
    .exactOptional();

/** One price, in the configuration as in the list that comes with the package. */
export const priceSchema = z
  .strictObject({
    provider: z.string().min(1).max(100).describe('As call records name it: openai, anthropic, deepgram, azure.'),
    model: z
      .string()
      .min(1)
      .max(200)
      .describe('As call records name it; a * at one end stands for anything there. A date behind it is ignored.'),
    from: day().describe('First day it holds, UTC.'),
    until: day().describe('Last day it holds, UTC.'),
    usdPerMinute: usd().describe('Of audio.'),
    usdPerMillionCharacters: usd().describe('Of text that is spoken.'),
    usdPerHour: usd().describe('Of a machine.'),
    usdPerMillionTokens: z
      .strictObject({
        input: usd().describe('Input that is neither sound nor has to do with a cache.'),
        cached: usd().describe('Input out of a cache of the provider.'),
        cacheWrite: usd().describe('Input that goes into it.'),
        output: usd().describe('Text, reasoning and calls of tools.'),
        audioInput: usd().describe('Sound that a speech-to-speech model hears.'),
        audioCached: usd().describe('The same, out of its cache.'),
        audioOutput: usd().describe('Sound that it makes.'),
      })
      .exactOptional()
      .describe('Each token counts once.'),
    source: z.string().max(500).exactOptional().describe('Where it comes from. For people.'),
  })
  .describe('A price, USD.');

/** What calls cost, and may. */
export const costSchema = z
  .strictObject({
    prices: z
      .array(priceSchema)
      .max(1_000)
      .default([])
      .describe('Prices of your own; they come before those of the package, sip-config/prices.yaml.'),
    perCallUsd: z
      .number()
      .positive()
      .max(1_000_000)
      .exactOptional()
      .describe('A call that has cost so much is ended, after the goodbye. Absent: no limit.'),
    perDayUsd: z
      .number()
      .positive()
      .max(1_000_000)
      .exactOptional()
      .describe(
        'When all calls of a day have cost so much, they are ended like that, and new ones get 503 until the next day.',
      ),
    timeZone: checked(parseTimeZone).prefault(defaults.cost.timeZone).describe('Where that day begins and ends.'),
    goodbye: saying().prefault(defaults.cost.goodbye).describe('Said before a call is ended for its cost.'),
  })
  .prefault({})
  .describe('What calls cost, and may.');
