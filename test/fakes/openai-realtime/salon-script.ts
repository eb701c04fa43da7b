import type { Reply } from './reply.js';
import { asReply, type Mind, type MindTurn, type Script } from './script.js';

/** What a caller may say who dials the salon; in an order that makes a conversation. */
export const salonCallerLines = [
  'Hello, I would like to book a haircut.',
  'On Friday afternoon, please.',
  'What does a haircut include?',
  'Three thirty is fine. My name is Alice Brown.',
  'Goodbye, and thank you.',
] as const;

const MURMUR = 'Mm-hm.';

/** All that such a caller may utter: the lines, and the sound of somebody who listens. */
export const salonUtterances: readonly { readonly text: string; readonly spokenAs?: string }[] = [
  ...salonCallerLines.map((text) => ({ text })),
  // The voice would spell it out.
  { text: MURMUR, spokenAs: 'um-hum' },
];

/** Shorter sounds are murmurs, with the silence around them that the detector keeps, ms. */
const MURMUR_MS = 1_400;

const says = {
  greeting: 'Hello, this is the salon. How can I help you?',
  whichDay: 'With pleasure. Which day would suit you?',
  free: 'We are free at three thirty. Shall I book that?',
  booked: 'You are booked for Friday at three thirty. Is there anything else I can do for you?',
  haircut: `A haircut with us takes about forty five minutes. First we wash your hair, with warm water and a shampoo
that suits it. Then one of our stylists cuts it, dry or wet, as you prefer, and shows you the back with a mirror. After
that we blow it dry and style it, and we tell you how to keep it that way at home. Tea, coffee and water are on the house.
All of it costs thirty eight pounds, and students and pensioners pay thirty.`.replaceAll('\n', ' '),
  anythingElse: 'I see. Shall I book a haircut for you?',
  transferring: 'One moment, I will put you through.',
  goodbye: 'Thank you for calling. Goodbye!',
  done: 'That is done.',
  failed: 'I am sorry, that did not work. Can I help you otherwise?',
  misheard: 'I am sorry, I did not catch that.',
  stillThere: 'Are you still there?',
} as const;

/** All that it says. */
export const salonReplies: readonly string[] = Object.values(says);

/** Each topic by its words, and what is said to it; the first that fits is taken. */
const topics: readonly (readonly [words: RegExp, reply: (turn: MindTurn) => Reply | string])[] = [
  [/\b(good ?bye|bye|that is all|hang up)\b/i, (turn) => withTool(turn, 'hang_up', {}, says.goodbye)],
  [
    /\b(transfer|real person|human|operator|manager)\b/i,
    (turn) => withTool(turn, 'transfer', { target: 'reception' }, says.transferring),
  ],
  [/\b(include|explain|tell me|story|long|how (does|do)|what does)\b/i, () => says.haircut],
  [/\b(haircut|cut|book|appointment)\b/i, () => says.whichDay],
  [/\b(monday|tuesday|wednesday|thursday|friday|saturday)\b/i, lookingUp],
  [/\b(fine|yes|name is|okay|please)\b/i, () => says.booked],
];

/**
 * The mind of a hairdresser's receptionist, for calls by hand and for the demo: greets, books a haircut, speaks at length
 * when asked what it includes, calls `find_slots`, `transfer` and `hang_up`. A caller whom it cannot understand is taken
 * to murmur, or to say what comes next of {@link salonCallerLines}, over and over.
 */
export const salonScript: Script = () => new Salon();

class Salon implements Mind {
  /** The line that comes next. */
  #next = 0;

  guess(audioMs: number): string {
    if (audioMs < MURMUR_MS) return MURMUR;
    const line = salonCallerLines[this.#next % salonCallerLines.length] ?? '';
    this.#next += 1;
    return line;
  }

  reply(turn: MindTurn): Reply {
    switch (turn.cause) {
      case 'greeting':
        return { text: says.greeting, delayMs: 0 };
      case 'tool-result':
        return afterTools(turn);
      case 'continuation':
        return { text: says.stillThere };
      case 'caller': {
        if (turn.heard === '') return { text: says.misheard };
        this.#follow(turn.heard);
        const topic = topics.find(([words]) => words.test(turn.heard));
        return asReply(topic?.[1](turn) ?? says.anythingElse);
      }
    }
  }

  /** After a line that was understood comes the one behind it. */
  #follow(heard: string): void {
    const lines: readonly string[] = salonCallerLines;
    const index = lines.indexOf(heard);
    if (index >= 0) this.#next = index + 1;
  }
}

/** Free times come out of a tool, if there is one. */
function lookingUp({ heard, tools }: MindTurn): Reply {
  if (!tools.includes('find_slots')) return { text: says.free };
  const day = /\b(\w+day)\b/i.exec(heard)?.[1] ?? 'Friday';
  return { toolCalls: [{ name: 'find_slots', arguments: { day } }] };
}

function withTool(turn: MindTurn, name: string, args: Readonly<Record<string, unknown>>, text: string): Reply {
  return turn.tools.includes(name) ? { text, toolCalls: [{ name, arguments: args }] } : { text };
}

function afterTools({ toolResults }: MindTurn): Reply {
  if (toolResults.some(({ output }) => /error|fail/i.test(output))) return { text: says.failed };
  return { text: toolResults.some(({ name }) => name === 'find_slots') ? says.free : says.done };
}
