import { type SpeechBackendConfig, speechBackendConfig } from 'sip-voice-connector/cascade';
import * as z from 'zod';

const clockTime = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day as HH:MM' });
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Days of the week by the number that dates have. */
export function dayNumber(day: (typeof weekdays)[number]): number {
  return weekdays.indexOf(day);
}

const hours = z
  .strictObject({
    from: clockTime.describe('Local time.'),
    until: clockTime.describe('Not included. Earlier than `from`: over midnight; the same: all day.'),
    days: z.array(z.enum(weekdays)).min(1).max(7).optional().describe('On which it begins. Default: every day.'),
    timeZone: z
      .string()
      .max(64)
      .refine(isTimeZone, { error: 'expected a time zone, such as Europe/Berlin' })
      .default('UTC')
      .describe('Such as `Europe/Berlin`.'),
  })
  .describe('When it may be used. Default: at any time.');

const usd = z.number().min(0).max(100_000);

/** What a server says of its work, and so what a budget can be counted by. */
function priceKeyOf(
  backend: SpeechBackendConfig,
): 'usdPerHour' | 'usdPerMillionCharacters' | 'usdPerMinute' | undefined {
  switch (backend.provider) {
    case 'chatterbox':
    case 'replicate':
      return 'usdPerHour';
    case 'runpod':
      // RunPod's own endpoint is paid by the second of speech.
      return backend.endpoint === 'chatterbox-turbo' ? 'usdPerMinute' : 'usdPerHour';
    case 'together':
    case 'sherpa-onnx':
      return 'usdPerMillionCharacters';
    case 'openai-speech':
      // Events tell tokens.
      return backend.answer === 'events' ? undefined : 'usdPerMillionCharacters';
  }
}

/** What is said of every tier beside the server it has. */
export const tierSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'expected up to 32 small letters, digits and hyphens' })
      .describe('In call records and metrics.'),
    kind: z
      .enum(['local', 'dedicated', 'serverless'])
      .describe(
        '`local`: on the premises; `dedicated`: a machine of yours elsewhere; `serverless`: paid by the second.',
      ),
    backend: speechBackendConfig,
    voice: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'A name of your own for its voice. Tiers with the same name have the same voice, whatever each server calls it. ' +
          'Default: the same voice where `backend` says the same of it.',
      ),
    private: z
      .boolean()
      .optional()
      .describe('Private calls may be heard there. Default: where `kind` is `local`, or all with `profile: private`.'),
    concurrency: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe('Requests that it works on at once. Default: the `concurrency` of `backend`.'),
    queueMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(300)
      .describe('How long a sentence waits for it to be free before it goes to the next tier.'),
    hours: hours.optional(),
    usdPerHour: usd.optional().describe('Of its machine, for `budgetUsdPerDay`.'),
    usdPerMillionCharacters: usd.optional().describe('Of text, for `budgetUsdPerDay`.'),
    usdPerMinute: usd.optional().describe('Of speech, for `budgetUsdPerDay`.'),
    budgetUsdPerDay: usd.optional().describe('Nothing is asked of it once it has cost so much since midnight.'),
    keepWarm: z
      .enum(['never', 'calls', 'always'])
      .default('never')
      .describe('Start a machine before it is needed: while there are calls, or always; within hours and budget.'),
  })
  .superRefine((tier, context) => {
    const { backend, budgetUsdPerDay } = tier;
    const key = priceKeyOf(backend);
    // A budget that is never used up is none.
    if (budgetUsdPerDay === undefined || (key !== undefined && tier[key] !== undefined)) return;
    const message =
      key === undefined
        ? 'with `answer: events` the server counts tokens, which a tier has no price for'
        : `what this server reports is counted by ${key}, which is missing`;
    context.addIssue({ code: 'custom', path: ['budgetUsdPerDay'], message });
  });

/** A tier's section, defaults filled in. */
export type TierSection = z.output<typeof tierSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
