import * as z from 'zod';
import type { BudgetOptions } from './dialogue/budget.js';
import { budgetDefaults } from './dialogue/budget.js';
import type { SpeechToTextCapabilities } from './stages/speech-to-text.js';
import { clauseSplitterDefaults } from './text/clause-splitter.js';
import { patienceDefaults } from './turns/patience.js';
import { type TurnOptions, turnDefaults } from './turns/turn-state.js';

const ms = (least: number, most: number, value: number) => z.int().min(least).max(most).default(value);

const turns = z.strictObject({
  eager: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe(
      'Ask the model before it is certain that the caller has finished: faster, at the cost of more requests. `auto`: where the recogniser says itself that a turn is probably over.',
    ),
  fullStopMs: ms(0, 3_000, patienceDefaults.fullStopMs).describe('Silence that ends a turn after a complete sentence.'),
  openMs: ms(0, 5_000, patienceDefaults.openMs).describe(
    "The same after words that ask for more, until the caller's own pauses are known.",
  ),
  digitsMs: ms(0, 5_000, patienceDefaults.digitsMs).describe('The same after digits or letters that are dictated.'),
  mostMs: ms(100, 10_000, patienceDefaults.mostMs).describe('No silence is waited for longer, whatever was learnt.'),
  finalTimeoutMs: ms(200, 10_000, turnDefaults.finalTimeoutMs).describe(
    'Waited for the rest of the words; then those that are there make the turn.',
  ),
  digitPauseMs: ms(200, 10_000, turnDefaults.digitPauseMs).describe('Pause that ends a number on the keys; # ends it.'),
});

const filler = z.strictObject({
  text: z
    .string()
    .max(200)
    .default('')
    .describe('Said when the answer is slow; {{templates}} are filled in. Empty: nothing.'),
  afterMs: ms(300, 10_000, 2_000).describe(
    'From the end of the caller’s turn, when nothing of the answer is heard yet.',
  ),
});

const historyShape = z.strictObject({
  maxTokens: z
    .int()
    .min(500)
    .max(1_000_000)
    .default(budgetDefaults.maxTokens)
    .describe('Of the dialogue that goes to the model, about; the oldest turns are dropped.'),
  summarise: z.boolean().default(false).describe('Keep what was dropped as a summary, made by the same model.'),
});

/**
 * What a config file may say about any cascade. A flavor adds its stages:
 * `z.strictObject({ ...cascadeConfig.shape, stt: …, llm: …, tts: … })`.
 */
export const cascadeConfig = z.strictObject({
  instructions: z
    .string()
    .max(100_000)
    .default('You are a friendly agent on the phone. Answer in one or two short sentences.')
    .describe('What the agent is and does; {{templates}} are filled in. The instructions of a route go before it.'),
  greeting: z
    .string()
    .max(2_000)
    .default('Hello, how can I help you?')
    .describe('Spoken when the call is answered; the greeting of a route goes before it. Empty: none.'),
  turns: turns.prefault({}).describe('When it is the agent’s turn.'),
  history: historyShape.prefault({}).describe('What the model is told of a long call.'),
  filler: filler.prefault({}).describe('Words that bridge the wait for a slow answer.'),
  language: z.string().min(2).max(35).default('en').describe('BCP 47: how numbers, dates and signs are said.'),
  pronunciations: z
    .record(z.string().min(1).max(100), z.string().max(200))
    .default({})
    .describe('Words that the voice gets wrong, and what it is given in their place.'),
  modelTimeoutMs: ms(500, 60_000, 8_000).describe('Waited for each part of an answer of the model.'),
  voiceTimeoutMs: ms(500, 60_000, 5_000).describe('Waited for the sound of a clause.'),
});

/** What a cascade is told beside its stages, complete. */
export type CascadeOptions = z.output<typeof cascadeConfig>;

export const firstClauseCharacters = clauseSplitterDefaults.firstClauseCharacters;

/** The budget of a dialogue. */
export function budgetOf({ history }: CascadeOptions): BudgetOptions {
  return { ...budgetDefaults, maxTokens: history.maxTokens };
}

/** What a recogniser's capabilities make of the options, when it listens first and when it takes over. */
export function turnsWith(
  { endOfTurn, eagerEndOfTurn }: SpeechToTextCapabilities,
  { turns: { eager } }: Pick<CascadeOptions, 'turns'>,
): Pick<TurnOptions, 'endOfTurn' | 'eager'> {
  return { endOfTurn, eager: eager === 'auto' ? eagerEndOfTurn : eager };
}
