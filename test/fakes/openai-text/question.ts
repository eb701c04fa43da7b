import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import type { AskedQuestion } from '../language-model/scripted-answer.js';

/** A request of Chat Completions in terms that all services share. */
export function chatQuestion(body: Json): AskedQuestion {
  const messages = listOf(body['messages']).map(objectOf);
  return {
    model: textOf(body['model']),
    system: messages
      .filter(({ role }) => role === 'system')
      .map(({ content }) => textOf(content))
      .join('\n'),
    dialogue: messages
      .filter(({ role }) => role !== 'system')
      .flatMap((message) => {
        const calls = listOf(message['tool_calls']).map((call) => {
          const called = objectOf(objectOf(call)['function']);
          return `assistant calls ${textOf(called['name'])}(${textOf(called['arguments'])})`;
        });
        const text = textOf(message['content']);
        return [...(text === '' ? [] : [`${textOf(message['role'])}: ${text}`]), ...calls];
      }),
    tools: listOf(body['tools']).map((tool) => textOf(objectOf(objectOf(tool)['function'])['name'])),
    mayCallTools: body['tool_choice'] !== 'none' && body['tools'] !== undefined,
  };
}

/** A request of the Responses API in the same terms. */
export function responsesQuestion(body: Json): AskedQuestion {
  return {
    model: textOf(body['model']),
    system: textOf(body['instructions']),
    dialogue: listOf(body['input'])
      .map(objectOf)
      .flatMap((item) => {
        switch (item['type']) {
          case 'function_call':
            return [`assistant calls ${textOf(item['name'])}(${textOf(item['arguments'])})`];
          case 'function_call_output':
            return [`tool: ${textOf(item['output'])}`];
          case 'reasoning':
            return [];
          default:
            return [`${textOf(item['role'])}: ${textOf(item['content'])}`];
        }
      }),
    tools: listOf(body['tools']).map((tool) => textOf(objectOf(tool)['name'])),
    mayCallTools: body['tool_choice'] !== 'none' && body['tools'] !== undefined,
  };
}
