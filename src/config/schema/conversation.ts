import * as z from 'zod';
import { configDefaults } from '../defaults.js';
import { milliseconds, seconds } from './notation.js';
import { cue, saying } from './saying.js';

const { interruption, silence, duration, onFailure } = configDefaults.route;

/** What may be said of interruptions, without defaults. */
export const interruptionFields = {
  enabled: z.boolean(),
  minSpeechMs: milliseconds(0, 10_000),
  minWords: z.number().int().min(0).max(20),
  rejectAfterMs: milliseconds(100, 10_000),
  backchannels: z.array(z.string().min(1)),
  greeting: z.boolean(),
  echoGuardMs: milliseconds(0, 5000),
};

/** When a caller who speaks interrupts the agent. */
export const interruptionSchema = z
  .strictObject({
    enabled: interruptionFields.enabled
      .default(interruption.enabled)
      .describe('Whether a caller who speaks interrupts the agent. false: the agent speaks to its end.'),
    minSpeechMs: interruptionFields.minSpeechMs
      .default(interruption.minSpeechMs)
      .describe(
        'Voice that makes an interruption, ms; until then the agent only pauses. Where backchannels are listed, the whole sound must outlast one, too: 620 ms.',
      ),
    minWords: interruptionFields.minWords
      .default(interruption.minWords)
      .describe('Words that must be understood besides, where the flavor reports words while the caller speaks.'),
    rejectAfterMs: interruptionFields.rejectAfterMs
      .default(interruption.rejectAfterMs)
      .describe(
        'A sound that is over by then without being confirmed was no interruption, ms: the agent goes on where it stopped.',
      ),
    backchannels: interruptionFields.backchannels
      .default([...interruption.backchannels])
      .describe(
        'Words by which callers show that they listen. They interrupt nothing; case and punctuation are ignored.',
      ),
    greeting: interruptionFields.greeting
      .default(interruption.greeting)
      .describe('Whether the greeting may be interrupted.'),
    echoGuardMs: interruptionFields.echoGuardMs
      .default(interruption.echoGuardMs)
      .describe(
        'For so long after the agent begins or ends to speak, what does not last longer is taken for its echo, ms. For phones on loudspeaker.',
      ),
  })
  .prefault({})
  .describe('When a caller who speaks interrupts the agent.');

/** What is said to a caller who says nothing. */
export const silenceSchema = z
  .strictObject({
    repromptSeconds: seconds()
      .default(silence.repromptSeconds)
      .describe('A caller who says nothing for this long is spoken to, and again after as long.'),
    firstSeconds: seconds()
      .exactOptional()
      .describe(
        'The same for somebody who has not said a word yet: who is called and only picks up. Default: repromptSeconds.',
      ),
    endSeconds: seconds()
      .exactOptional()
      .describe('A call in which the caller says nothing for this long is ended. Default: limits.silenceSeconds.'),
    reprompts: z
      .array(cue())
      .default([...silence.reprompts])
      .describe('What is said then, one after the other. An empty list: nothing.'),
    goodbye: cue().exactOptional().describe('What is said before a silent call is ended. Default: nothing.'),
  })
  .prefault({})
  .describe('What is said to a caller who says nothing, and when the call is ended.');

/** How long a call may last, and what is said before its end. */
export const durationSchema = z
  .strictObject({
    endSeconds: seconds().exactOptional().describe('Longest call of this route. Default: limits.callSeconds.'),
    warningSeconds: seconds()
      .default(duration.warningSeconds)
      .describe('How long before that end the warning is said.'),
    warning: cue().exactOptional().describe('The warning. Default: none.'),
  })
  .prefault({})
  .describe('How long a call may last, and what is said before its end.');

/** What becomes of a call whose flavor fails. */
export const onFailureSchema = z
  .strictObject({
    retries: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(onFailure.retries)
      .describe('How often a flavor is opened again before the next one is tried.'),
    flavors: z
      .array(z.string().min(1))
      .default([...onFailure.flavors])
      .describe('Flavors that take the call over, tried in this order. What was said so far goes with it.'),
    waiting: saying().prefault(onFailure.waiting).describe('Said when the agent keeps the caller waiting.'),
    waitingAfterMs: milliseconds(0, 60_000)
      .default(onFailure.waitingAfterMs)
      .describe('How long the caller waits for an answer before that is said, ms.'),
    replyTimeoutMs: milliseconds(500, 120_000)
      .default(onFailure.replyTimeoutMs)
      .describe('An agent that has not answered by then counts as failed, ms.'),
    apology: saying().prefault(onFailure.apology).describe('Said when nobody is left to try.'),
    transfer: z
      .string()
      .min(1)
      .exactOptional()
      .describe('Target of transfer.targets that gets the call after the apology. Default: the call is ended.'),
  })
  .prefault({})
  .describe('What becomes of a call whose flavor fails.');
