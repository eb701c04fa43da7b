import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import type { AskedQuestion } from '../language-model/scripted-answer.js';

/** A request in terms that all services share. */
export function messagesQuestion(body: Json): AskedQuestion {
  const { system } = body;
  return {
    model: textOf(body['model']),
    system:
      typeof system === 'string'
        ? system
        : listOf(system)
            .map((block) => textOf(objectOf(block)['text']))
            .join('\n'),
    dialogue: listOf(body['messages'])
      .map(objectOf)
      .flatMap(({ role, content }) => {
        if (typeof content === 'string') return [`${textOf(role)}: ${content}`];
        return listOf(content)
          .map(objectOf)
          .flatMap((block) => {
            switch (block['type']) {
              case 'text':
                return [`${textOf(role)}: ${textOf(block['text'])}`];
              case 'tool_use':
                return [`assistant calls ${textOf(block['name'])}(${JSON.stringify(block['input'])})`];
              case 'tool_result':
                return [`tool: ${textOf(block['content'])}`];
              default:
                return [];
            }
          });
      }),
    tools: listOf(body['tools']).map((tool) => textOf(objectOf(tool)['name'])),
    mayCallTools: objectOf(body['tool_choice'])['type'] !== 'none' && body['tools'] !== undefined,
  };
}
