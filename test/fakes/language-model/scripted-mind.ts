import type { Reply } from '../openai-realtime/reply.js';
import type { MindTurn, Script } from '../openai-realtime/script.js';
import type { AskedQuestion, Mind, ScriptedAnswer } from './scripted-answer.js';

/** The mind of a script of the other fakes, as a model that is asked: it remembers nothing but what it is told. */
export function scriptedMind(script: Script): Mind {
  return (question): ScriptedAnswer => {
    const reply = script().reply(turnOf(question));
    // They are written so that nothing has to be waited for.
    return reply instanceof Promise ? { text: '' } : answerOf(reply);
  };
}

function turnOf({ dialogue, system, tools }: AskedQuestion): MindTurn {
  const common = { instructions: system, tools };
  const last = dialogue.at(-1) ?? '';
  if (last.startsWith('tool: ')) {
    const asked = dialogue.findLast((line) => line.startsWith('assistant calls ')) ?? '';
    const name = /^assistant calls ([\w-]+)\(/.exec(asked)?.[1] ?? '';
    const toolResults = [{ name, output: last.slice('tool: '.length) }];
    return { ...common, cause: 'tool-result', heard: '', toolResults };
  }
  const heard = last.startsWith('user: ') ? last.slice('user: '.length) : '';
  return { ...common, cause: dialogue.length === 0 ? 'greeting' : 'caller', heard, toolResults: [] };
}

function answerOf({ text, toolCalls }: Reply): ScriptedAnswer {
  return { ...(text !== undefined && { text }), ...(toolCalls !== undefined && { toolCalls }) };
}
