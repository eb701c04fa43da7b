import type { CallRecord } from '../../ops/call-record.js';
import type { Caller } from '../caller.js';
import { DEMO_NUMBER } from '../demo-config.js';
import type { LineText } from '../scenario.js';

export type SalonLine = 'request' | 'day' | 'question' | 'murmur' | 'interruption' | 'goodbye';

/** The fakes understand these by their sound. */
export const salonLines = {
  request: { text: 'Hello, I would like to book a haircut.' },
  day: { text: 'On Friday afternoon, please.' },
  question: { text: 'What does a haircut include?' },
  murmur: { text: 'Mm-hm.', spokenAs: 'um-hum' },
  interruption: { text: 'Three thirty is fine. My name is Alice Brown.' },
  goodbye: { text: 'Goodbye, and thank you.' },
} as const satisfies Record<SalonLine, LineText>;

/** How far into the agent's long answer the caller shows that they listen, and how much later they interrupt, ms. */
const MURMUR_AFTER_MS = 2500;
const INTERRUPT_AFTER_MS = 2500;
/** Longest time to decide whether a sound was an interruption, ms. */
const VERDICT_MS = 3000;

/**
 * Books a haircut, encourages the agent while it explains, interrupts it, says goodbye.
 *
 * @param beforeQuestion called before the question is asked that is answered at length
 */
export async function playSalonCaller(caller: Caller<SalonLine>, beforeQuestion = () => {}): Promise<void> {
  await caller.listen();
  await caller.say('request');
  await caller.listen();
  const before = caller.seen;
  await caller.say('day');
  await caller.listenToLookUp(before);
  beforeQuestion();
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

/** Whether the agent looked up what is free, went on after the "mm-hm", was interrupted, and hung up. */
export function salonSucceeded({ cause, endedBy, bargeIns, turns, tools }: CallRecord): boolean {
  return (
    cause.text === 'normal' &&
    endedBy === 'agent' &&
    bargeIns.some(({ resumed }) => resumed) &&
    turns.some(({ interrupted }) => interrupted) &&
    tools.some(({ name, ok }) => name === 'find_slots' && ok)
  );
}

/**
 * The salon's configuration.
 *
 * @param flavor lines of the flavor's section, indented by four
 */
export function salonConfig(flavor: string, slotsUrl: string): string {
  return `http:
  allow: [127.0.0.0/8]    # the calendar below; tools reach public addresses only, unless it says so here
flavors:
  salon:
${flavor}tools:
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
