import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import { checkName, reasons } from './chat-rules.js';
import { ApiRefusal } from './refusal.js';

const knownParameters = new Set(
  'model input instructions stream stream_options store max_output_tokens temperature top_p tools tool_choice parallel_tool_calls reasoning include metadata previous_response_id service_tier text truncation user safety_identifier prompt_cache_key'.split(
    ' ',
  ),
);

/** Throws what the Responses API would refuse. */
export function checkResponses(body: Json): void {
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name))
      throw new ApiRefusal(400, `Unknown parameter: '${name}'.`, 'unknown_parameter', name);
  }
  const model = textOf(body['model']);
  if (reasons(model) && body['temperature'] !== undefined && body['temperature'] !== 1) {
    throw new ApiRefusal(400, "Unsupported parameter: 'temperature'", null, 'temperature');
  }
  if (!reasons(model) && (body['reasoning'] !== undefined || listOf(body['include']).length > 0)) {
    throw new ApiRefusal(400, 'Encrypted content is not supported with this model.', null, 'include');
  }
  for (const tool of listOf(body['tools'])) checkName(textOf(objectOf(tool)['name']), 'tools[0].name');
  checkItems(listOf(body['input']).map(objectOf));
}

function checkItems(items: readonly Json[]): void {
  if (items.length === 0)
    throw new ApiRefusal(400, "One of 'input' must be provided", 'missing_required_parameter', 'input');
  const calls = new Set<string>();
  const outputs = new Set<string>();
  for (const [index, item] of items.entries()) {
    const id = textOf(item['call_id']);
    switch (item['type']) {
      case 'function_call':
        checkName(textOf(item['name']), `input[${index}].name`);
        if (calls.has(id)) throw new ApiRefusal(400, `Duplicate function call ${id}.`, null, 'input');
        calls.add(id);
        break;
      case 'function_call_output':
        if (!calls.has(id)) {
          throw new ApiRefusal(400, `No tool call found for function call output with call_id ${id}.`, null, 'input');
        }
        outputs.add(id);
        break;
      case 'reasoning': {
        const next = items[index + 1];
        if (next === undefined || textOf(item['encrypted_content']) === '') {
          throw new ApiRefusal(
            400,
            "Item of type 'reasoning' was provided without its required following item.",
            null,
            'input',
          );
        }
        break;
      }
      default:
        if (typeof item['content'] !== 'string' && !Array.isArray(item['content'])) {
          throw new ApiRefusal(400, 'Invalid value for content', 'invalid_type', `input[${index}].content`);
        }
    }
  }
  for (const id of calls) {
    if (!outputs.has(id)) throw new ApiRefusal(400, `No tool output found for function call ${id}.`, null, 'input');
  }
}
