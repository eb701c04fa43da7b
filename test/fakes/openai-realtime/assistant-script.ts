import type { Reply, ToolCall } from './reply.js';
import { asReply, type Mind, type MindTurn, type Script } from './script.js';

/** What is to be heard of a salon that an assistant rings, in the order of a call: its menu, then the person there. */
export const calledSalonLines = [
  'For bookings at Salon Rosa please press two.',
  'Good morning how can I help you?',
  'One moment please while I look in the book.',
  'We have three thirty on Friday for thirty eight pounds.',
  'That is booked for Alice Brown on Friday at three thirty.',
] as const;

const says = {
  request: 'Hello, I am calling for Alice Brown. She would like a haircut on Friday afternoon.',
  accept: 'Three thirty is fine. Please book it for Alice Brown.',
  goodbye: 'Thank you very much. Goodbye.',
  misheard: 'I am sorry, could you say that again?',
} as const;

/** All that it says. */
export const assistantReplies: readonly string[] = Object.values(says);

const outcome = { outcome: 'booked', day: 'Friday', time: '15:30', price: '38 pounds' } as const;

/** Each thing that is heard, by its words, and what is done about it; the first that fits is taken. */
const topics: readonly (readonly [words: RegExp, reply: (turn: MindTurn) => Reply | string])[] = [
  [/\bpress two\b/i, (turn) => silently(turn, { name: 'send_dtmf', arguments: { digits: '2' } })],
  [/\b(one moment|hold the line)\b/i, (turn) => silently(turn)],
  [/\bbooked\b/i, goodbye],
  [/\bpounds\b/i, () => says.accept],
  [/\bhelp you\b/i, () => says.request],
];

/**
 * The mind of an assistant that rings a salon for Alice Brown, for the demo and by hand: presses two in the menu, keeps
 * quiet while it hears music or is asked to wait, takes the time that it is offered, reports, says goodbye and hangs up.
 */
export const assistantScript: Script = () => new Assistant();

class Assistant implements Mind {
  /** Music, or a noise. */
  guess(): string {
    return '';
  }

  reply(turn: MindTurn): Reply {
    switch (turn.cause) {
      case 'caller': {
        if (turn.heard === '') return silently(turn);
        const topic = topics.find(([words]) => words.test(turn.heard));
        return asReply(topic?.[1](turn) ?? says.misheard);
      }
      case 'greeting':
      case 'continuation':
      case 'tool-result':
        return silently(turn);
    }
  }
}

/** A tool in place of an answer; `stay_silent` if there is nothing to be done. */
function silently({ tools }: MindTurn, call: ToolCall = { name: 'stay_silent', arguments: {} }): Reply {
  return tools.includes(call.name) ? { toolCalls: [call] } : { text: says.misheard };
}

function goodbye({ tools }: MindTurn): Reply {
  const calls = [
    { name: 'report_outcome', arguments: outcome },
    { name: 'hang_up', arguments: {} },
  ];
  return { text: says.goodbye, toolCalls: calls.filter(({ name }) => tools.includes(name)) };
}
