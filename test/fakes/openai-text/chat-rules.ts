import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import { ApiRefusal, type OpenAiVariant } from './refusal.js';

const knownParameters = new Set(
  'model messages stream stream_options max_tokens max_completion_tokens temperature top_p tools tool_choice parallel_tool_calls reasoning_effort stop seed n user response_format service_tier store metadata prompt_cache_key safety_identifier verbosity'.split(
    ' ',
  ),
);

/** Models that reason: they take no temperature, and call the limit by its new name alone. */
export function reasons(model: string): boolean {
  return /^(?:gpt-5|o\d)/.test(model);
}

/** Throws what the service would refuse. Servers of one's own let most of it pass. */
export function checkChat(body: Json, variant: OpenAiVariant): void {
  const messages = listOf(body['messages']).map(objectOf);
  if (messages.length === 0) {
    throw new ApiRefusal(400, 'Invalid messages: empty array', 'empty_array', 'messages');
  }
  if (variant === 'ollama' || variant === 'llama.cpp') return;
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name)) {
      throw new ApiRefusal(400, `Unrecognized request argument supplied: ${name}`, 'unknown_parameter', name);
    }
  }
  if (variant === 'azure' && objectOf(body['stream_options'])['include_obfuscation'] !== undefined) {
    throw new ApiRefusal(400, 'Unrecognized request argument supplied', 'unknown_parameter', 'stream_options');
  }
  checkModelParameters(body);
  checkTools(body);
  checkPairs(messages);
}

function checkModelParameters(body: Json): void {
  const model = textOf(body['model']);
  if (reasons(model)) {
    const { temperature } = body;
    if (temperature !== undefined && temperature !== 1) {
      throw new ApiRefusal(400, "Unsupported value: 'temperature'", 'unsupported_value', 'temperature');
    }
    if (body['max_tokens'] !== undefined) {
      throw new ApiRefusal(400, "Unsupported parameter: 'max_tokens'", 'unsupported_parameter', 'max_tokens');
    }
  } else if (body['reasoning_effort'] !== undefined) {
    throw new ApiRefusal(400, 'Unrecognized request argument', 'unsupported_parameter', 'reasoning_effort');
  }
  if (body['stream'] !== true && body['stream_options'] !== undefined) {
    throw new ApiRefusal(400, "'stream_options' is only allowed when 'stream' is enabled", null, 'stream_options');
  }
}

function checkTools(body: Json): void {
  const tools = listOf(body['tools']);
  if (tools.length === 0) {
    if (body['tools'] !== undefined) throw new ApiRefusal(400, '[] is too short', 'empty_array', 'tools');
    for (const param of ['tool_choice', 'parallel_tool_calls']) {
      if (body[param] === undefined) continue;
      throw new ApiRefusal(400, `'${param}' is only allowed when 'tools' are specified`, null, param);
    }
  }
  for (const tool of tools) checkName(textOf(objectOf(objectOf(tool)['function'])['name']), 'tools.function.name');
}

export function checkName(name: string, param: string): void {
  if (!/^[\w-]{1,64}$/.test(name)) throw new ApiRefusal(400, 'Invalid name', 'invalid_value', param);
}

/** Each call of a tool has its result right behind it, and no result is without its call. */
function checkPairs(messages: readonly Json[]): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const role = textOf(message['role']);
    if (role === 'tool') {
      const id = textOf(message['tool_call_id']);
      if (!open.delete(id)) {
        throw new ApiRefusal(
          400,
          "messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
          null,
          `messages.[${index}].role`,
        );
      }
      continue;
    }
    if (open.size > 0) throw unanswered(open);
    if (role !== 'assistant') {
      if (typeof message['content'] !== 'string' && !Array.isArray(message['content'])) {
        throw new ApiRefusal(400, 'Invalid value for content', 'invalid_type', `messages.[${index}].content`);
      }
      continue;
    }
    const calls = listOf(message['tool_calls']).map(objectOf);
    if (calls.length === 0 && message['content'] === null) {
      throw new ApiRefusal(400, 'Invalid value for content: expected a string', null, `messages.[${index}].content`);
    }
    for (const call of calls) checkCall(objectOf(call['function']), index);
    open = new Set(calls.map((call) => callId(textOf(call['id']), index)));
    if (open.size < calls.length) throw new ApiRefusal(400, 'Duplicate tool call id', null, `messages.[${index}]`);
  }
  if (open.size > 0) throw unanswered(open);
}

function checkCall(called: Json, index: number): void {
  const place = `messages[${index}].tool_calls[0].function`;
  checkName(textOf(called['name']), `${place}.name`);
  if (typeof called['arguments'] !== 'string')
    throw new ApiRefusal(400, 'Invalid type', 'invalid_type', `${place}.arguments`);
}

function callId(id: string, index: number): string {
  if (id.length <= 40) return id;
  throw new ApiRefusal(400, 'string too long', 'string_above_max_length', `messages.[${index}].tool_calls.[0].id`);
}

function unanswered(open: ReadonlySet<string>): ApiRefusal {
  return new ApiRefusal(
    400,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': ${[...open].join(', ')}`,
    null,
    'messages',
  );
}
