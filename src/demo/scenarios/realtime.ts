import type { Caller } from '../caller.js';
import { DEMO_NUMBER } from '../demo-config.js';
import { type FakeProvider, startFakeProvider } from '../fake-provider.js';
import type { LineText, Scenario, Setting, Stage } from '../scenario.js';
import { startSlotsService } from '../slots-service.js';
import { realtimeFigures } from './realtime-figures.js';

export interface RealtimeOptions {
  /** `undefined`: the flavor's own default. */
  readonly model: string | undefined;
  readonly voice: string | undefined;
  /** The program with the fakes, where tests have another. */
  readonly fakes?: URL;
}

type Line = 'request' | 'day' | 'question' | 'murmur' | 'interruption' | 'goodbye';

/** The fake understands these by their sound. */
export const realtimeLines = {
  request: { text: 'Hello, I would like to book a haircut.' },
  day: { text: 'On Friday afternoon, please.' },
  question: { text: 'What does a haircut include?' },
  murmur: { text: 'Mm-hm.', spokenAs: 'um-hum' },
  interruption: { text: 'Three thirty is fine. My name is Alice Brown.' },
  goodbye: { text: 'Goodbye, and thank you.' },
} as const satisfies Record<Line, LineText>;

/** How far into the agent's long answer the caller shows that they listen, and how much later they interrupt, ms. */
const MURMUR_AFTER_MS = 2500;
const INTERRUPT_AFTER_MS = 2500;
/** Longest time to decide whether a sound was an interruption, ms. */
const VERDICT_MS = 3000;
/** Variables with which people point the flavor elsewhere. */
const KEY = 'OPENAI_API_KEY';
const URL_VARIABLE = 'OPENAI_REALTIME_URL';

/**
 * A salon with a speech-to-speech model: the caller books a haircut, the agent looks up free times, is encouraged with
 * "mm-hm" while it explains, then interrupted, and hangs up when both have said goodbye. With a key (`OPENAI_API_KEY`) or
 * an address (`OPENAI_REALTIME_URL`) in the environment the real service answers, else the fake of this repository.
 */
export function realtimeScenario(options: RealtimeOptions): Scenario<Line> {
  return { lines: realtimeLines, open: (setting) => open(options, setting) };
}

async function open(options: RealtimeOptions, { env, tell, clock, signal }: Setting): Promise<Stage<Line>> {
  const { [KEY]: key, [URL_VARIABLE]: url } = env;
  const slots = await startSlotsService(clock);
  const fake = key || url ? undefined : await startFake(options, { tell, clock, signal }, slots);
  return {
    config: realtimeConfig({ ...options, url: fake?.url ?? url, slotsUrl: slots.url }),
    env: key ? { [KEY]: key } : {},
    agent: `flavor openai-realtime, ${fake ? 'with the fake of this repository' : 'the real service'}`,
    play,
    figures: async (account) => realtimeFigures(account, await fake?.account()),
    succeeded: ({ cause, endedBy, bargeIns, turns, tools }) =>
      cause.text === 'normal' &&
      endedBy === 'agent' &&
      bargeIns.some(({ resumed }) => resumed) &&
      turns.some(({ interrupted }) => interrupted) &&
      tools.some(({ name, ok }) => name === 'find_slots' && ok),
    [Symbol.asyncDispose]: async () => {
      await fake?.[Symbol.asyncDispose]();
      await slots[Symbol.asyncDispose]();
    },
  };
}

async function startFake(
  { fakes }: RealtimeOptions,
  { tell, clock, signal }: Pick<Setting, 'tell' | 'clock' | 'signal'>,
  slots: AsyncDisposable,
): Promise<FakeProvider> {
  tell('OPENAI_API_KEY is not set: starting the fake of the Realtime API ...');
  const program = fakes === undefined ? {} : { program: fakes };
  try {
    return await startFakeProvider({ name: 'openai-realtime', clock, ...program }, signal);
  } catch (error) {
    await slots[Symbol.asyncDispose]();
    throw error;
  }
}

async function play(caller: Caller<Line>): Promise<void> {
  await caller.listen();
  await caller.say('request');
  await caller.listen();
  const before = caller.seen;
  await caller.say('day');
  await caller.listenToLookUp(before);
  await caller.say('question');
  await caller.until(({ speaking }) => speaking);
  await caller.wait(MURMUR_AFTER_MS);
  const { resumed, interrupted } = caller.seen;
  await caller.say('murmur');
  await caller.until((seen) => seen.resumed > resumed || seen.interrupted > interrupted, VERDICT_MS);
  await caller.wait(INTERRUPT_AFTER_MS);
  await caller.say('interruption');
  await caller.listen();
  await caller.say('goodbye');
  // It is the agent who hangs up.
  await caller.listen();
  await caller.until(() => false, VERDICT_MS);
  await caller.hangUp();
}

interface ConfigValues extends Pick<RealtimeOptions, 'model' | 'voice'> {
  readonly url: string | undefined;
  readonly slotsUrl: string;
}

function realtimeConfig({ url, model, voice, slotsUrl }: ConfigValues): string {
  const options = Object.entries({ url, model, voice }).flatMap(([name, value]) =>
    value === undefined ? [] : [`    ${name}: ${JSON.stringify(value)}\n`],
  );
  return `http:
  allow: [127.0.0.0/8]    # the calendar below; tools reach public addresses only, unless it says so here
flavors:
  salon:
    use: openai-realtime
    apiKey: \${${KEY}:-none}
${options.join('')}tools:
  find_slots:
    type: webhook
    description: Looks up when the salon is free on a day. Call it before you offer a time.
    parameters:
      type: object
      properties: { day: { type: string, description: Day of the week } }
      required: [day]
      additionalProperties: false
    url: ${slotsUrl}
    filler: Let me look that up for you.
    fillerAfterMs: 500
routes:
  - match: { to: "${DEMO_NUMBER}" }
    flavor: salon
    greeting: Hello, this is the salon. How can I help you?
    instructions: |
      You answer the phone of a hair salon. Speak English, whatever you hear, in one or two short sentences.
      Ask for the day, look up free times with find_slots, and offer one. A haircut costs thirty eight pounds.
      Only when asked what a haircut includes, explain every step of it in at least six long sentences.
      When the caller says goodbye, say goodbye and call hang_up in the same answer.
    tools: [hang_up, find_slots]
`;
}
