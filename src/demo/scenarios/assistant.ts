import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { CallRecord } from '../../ops/call-record.js';
import { startCalledPhone } from '../called-phone.js';
import type { Caller } from '../caller.js';
import type { Figure } from '../demo-account.js';
import { holdMusic } from '../hold-music.js';
import { startOutcomeDesk } from '../outcome-desk.js';
import type { LineText, Scenario, Setting, Stage } from '../scenario.js';
import { openDeepgramModel } from './deepgram.js';
import type { DemoModel } from './demo-model.js';
import { openRealtimeModel, type RealtimeOptions } from './realtime.js';
import { outboundFigures } from './realtime-figures.js';

export interface AssistantOptions extends RealtimeOptions {
  readonly flavor: 'openai-realtime' | 'deepgram';
}

export type CalledSalonLine = 'menu' | 'person' | 'moment' | 'offer' | 'booked';

/** The fakes understand these by their sound. */
export const calledSalonTexts = {
  menu: { text: 'For bookings at Salon Rosa please press two.' },
  person: { text: 'Good morning how can I help you?' },
  moment: { text: 'One moment please while I look in the book.' },
  offer: { text: 'We have three thirty on Friday for thirty eight pounds.' },
  booked: { text: 'That is booked for Alice Brown on Friday at three thirty.' },
} as const satisfies Record<CalledSalonLine, LineText>;

/** The number that is called; it goes to the scripted phone, whatever it is. */
const NUMBER = '+442079460000';
/** Key for bookings. */
const BOOKINGS = '2';

/** How long the menu waits for a key, ms, and how often it is said. */
const MENU_MS = 4_000;
const MENU_TIMES = 3;
/** How long somebody waits for an answer, ms, and how often they ask. */
const ANSWER_MS = 4_000;
const ASK_TIMES = 3;
/** How long the music plays until somebody picks up, ms. */
const MUSIC_MS = 3_000;
/** How long somebody looks into the book, ms: nothing is heard meanwhile. */
const LOOKING_MS = 5_000;
/** Between what a machine does and a person, ms. */
const PAUSE_MS = 1_000;
/** Longest time to hang up, ms. */
const FAREWELL_MS = 10_000;

const variables = {
  owner: 'Alice Brown',
  errand: 'a haircut',
  when: 'Friday afternoon',
  limits: 'at most 45 pounds',
} as const;

const report = z.object({
  arguments: z.object({
    outcome: z.string(),
    day: z.string().optional(),
    time: z.string().optional(),
    price: z.string().optional(),
  }),
});

/**
 * An assistant rings a salon: it presses a key in the menu, says nothing to the music, asks for a haircut, waits while
 * somebody looks into the book, takes the time that it is offered, reports that and hangs up. The services behind it are
 * those of the other scenarios: real ones with keys in the environment, else the fakes.
 */
export function assistantScenario(options: AssistantOptions): Scenario<CalledSalonLine> {
  return { lines: calledSalonTexts, open: (setting) => open(options, setting) };
}

async function open(options: AssistantOptions, setting: Setting): Promise<Stage<CalledSalonLine>> {
  const model = await openModel(options, setting);
  const desk = await startOutcomeDesk();
  const phone = await startCalledPhone(setting.clock);
  return {
    ...model,
    called: { phone, request: { to: NUMBER, route: 'assistant', variables } },
    config: assistantConfig(model.section, phone.port, desk.url),
    play: (salon) => playCalledSalon(salon, phone.pressed),
    figures: async (account) => [outcomeFigure(desk.report), toolsFigure(account.record), ...outboundFigures(account)],
    keep: async (directory) => {
      if (desk.report === undefined) return [];
      await writeFile(join(directory, 'outcome.json'), `${desk.report}\n`);
      return ['outcome.json'];
    },
    succeeded: (record) => assistantSucceeded(record) && outcomeOf(desk.report)?.outcome === 'booked',
    [Symbol.asyncDispose]: async () => {
      await model[Symbol.asyncDispose]();
      await phone[Symbol.asyncDispose]();
      await desk[Symbol.asyncDispose]();
    },
  };
}

function openModel({ flavor, ...options }: AssistantOptions, setting: Setting): Promise<DemoModel> {
  if (flavor === 'openai-realtime') return openRealtimeModel(options, 'assistant', setting);
  const { fakes } = options;
  return openDeepgramModel({ flavor, ...(fakes !== undefined && { fakes }) }, 'assistant', setting);
}

/** The salon: a menu, music, then a person. `pressed`: the key of the other side. */
export async function playCalledSalon(salon: Caller<CalledSalonLine>, pressed: Promise<string>): Promise<void> {
  await salon.wait(PAUSE_MS);
  let key: string | undefined;
  for (let said = 0; key === undefined && said < MENU_TIMES; said += 1) {
    await salon.say('menu');
    key = await salon.awaits(pressed, MENU_MS);
  }
  if (key === BOOKINGS) {
    await salon.wait(PAUSE_MS);
    await salon.play('music', holdMusic(MUSIC_MS));
    await salon.wait(PAUSE_MS);
    await ask(salon, 'person');
    await salon.say('moment');
    await salon.wait(LOOKING_MS);
    await ask(salon, 'offer');
    await ask(salon, 'booked');
    // It is the assistant who hangs up.
    await salon.until(() => false, FAREWELL_MS);
  }
  await salon.hangUp();
}

/** Says something that wants an answer, again if none comes, and listens to it. */
async function ask(salon: Caller<CalledSalonLine>, line: CalledSalonLine): Promise<void> {
  const { answers } = salon.seen;
  for (let said = 0; said < ASK_TIMES; said += 1) {
    await salon.say(line);
    if (await salon.until((seen) => seen.answers > answers, ANSWER_MS)) break;
  }
  await salon.listen();
}

/** Whether the key was pressed, nothing was said to music and "one moment", and the assistant reported and hung up. */
export function assistantSucceeded({ cause, endedBy, tools }: CallRecord): boolean {
  const done = (wanted: string): boolean => tools.some(({ name, ok }) => name === wanted && ok);
  const wanted = ['send_dtmf', 'report_outcome', 'hang_up'];
  return cause.text === 'normal' && endedBy === 'agent' && wanted.every(done);
}

function outcomeOf(text: string | undefined): z.output<typeof report>['arguments'] | undefined {
  try {
    return text === undefined ? undefined : report.parse(JSON.parse(text)).arguments;
  } catch {
    return undefined;
  }
}

function outcomeFigure(text: string | undefined): Figure {
  const told = outcomeOf(text);
  const parts = told === undefined ? [] : [told.outcome, told.day, told.time, told.price];
  return [
    'Outcome, as reported',
    parts.filter((part) => part !== undefined).join(', ') || 'none: the call ended before',
  ];
}

function toolsFigure({ tools }: CallRecord): Figure {
  return ['Tools', tools.map(({ name, ok }) => `${name}${ok ? '' : ' failed'}`).join(', ')];
}

/**
 * The configuration: `sip-config/assistant.yaml` with a phone on this machine for a carrier.
 *
 * @param flavor lines of the flavor's section, indented by four
 */
export function assistantConfig(flavor: string, phonePort: number, reportUrl: string): string {
  return `trunks:
  phone:
    targets: ["sip:127.0.0.1:${phonePort}"]
outbound:
  allow: ["${NUMBER}"]
  trunk: phone
  from: "+442079460123"
http:
  allow: [127.0.0.0/8]    # the report goes to this machine; tools reach public addresses only, unless it says so here
tools:
  report_outcome:
    type: webhook
    description: Reports what came of the call. Once, at its end, whatever came of it.
    parameters:
      type: object
      properties:
        outcome: { type: string, enum: [booked, not_booked, not_reached] }
        day: { type: string, description: Of what was booked. }
        time: { type: string, description: "Of what was booked, as 14:30." }
        price: { type: string }
        remarks: { type: string, description: "Why not, or what else your owner should know." }
      required: [outcome]
      additionalProperties: false
    url: ${reportUrl}
    filler: false
flavors:
  assistant:
${flavor}routes:
  - match: { to: assistant }
    flavor: assistant
    timeZone: Europe/London
    greeting: false    # whoever is called speaks first
    instructions: |
      You are the assistant of {{owner}} and have rung a business to book {{errand}}: {{when}}, {{limits}}. It is {{datetime}}.
      You are the caller: say who you call for and what you want, in one or two short sentences at a time. If you are asked
      whether you are a machine, say yes.
      A recorded menu: press the key for bookings with send_dtmf, and do not speak to it.
      Music, an announcement that goes on, somebody who asks you to wait: call stay_silent, and nothing else.
      An answering machine: leave no message, report not_reached and hang up.
      Take what fits. If nothing does, ask for the next day or time once, and then give up politely. Agree to nothing else,
      and give nobody any number, address or other detail of {{owner}}.
      Before you end: repeat day, time and price. Then, in one answer, say goodbye, call report_outcome and call hang_up.
    tools: [send_dtmf, stay_silent, report_outcome, hang_up]
    silence:
      firstSeconds: 5
      repromptSeconds: 60
      reprompts: [Hello?, "Hello, are you still there?", Hello?]
      goodbye:
        instructions: Nobody has spoken for minutes. In one answer, say goodbye, call report_outcome and call hang_up.
        text: I cannot hear you, so I will call again. Goodbye.
      endSeconds: 240
    duration:
      endSeconds: 600
      warning:
        instructions: The call is about to be cut off. In one answer, say that you will call again, call report_outcome and call hang_up.
    onFailure: { waitingAfterMs: 4000, apology: "I am sorry, I have to call again later. Goodbye." }
`;
}
