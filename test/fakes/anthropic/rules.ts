import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import { invalid } from './refusal.js';
import { signatureOf } from './signature.js';

const knownParameters = new Set(
  'model max_tokens messages system tools tool_choice stream temperature top_p top_k stop_sequences metadata thinking output_config service_tier cache_control'.split(
    ' ',
  ),
);

/** Models after Claude Opus 4.6 take no temperature but 1, and no beginning of their answer. */
export function isNewer(model: string): boolean {
  return /^claude-(?:opus-4-[7-9]|(?:opus|sonnet|haiku|fable)-5)/.test(model);
}

/** Throws what the service would refuse. */
export function checkMessages(body: Json): void {
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name)) throw invalid(`${name}: Extra inputs are not permitted`);
  }
  const model = textOf(body['model']);
  if (model === '') throw invalid('model: Field required');
  if (typeof body['max_tokens'] !== 'number') throw invalid('max_tokens: Field required');
  const { temperature } = body;
  if (isNewer(model) && temperature !== undefined && temperature !== 1) {
    throw invalid('`temperature` may only be set to 1 with this model');
  }
  checkSystem(body);
  checkTools(body);
  checkDialogue(body, model);
  const marks = JSON.stringify(body).split('"cache_control":{').length - 1;
  if (marks > 4) throw invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`);
}

function checkSystem(body: Json): void {
  for (const [index, block] of listOf(body['system']).entries()) {
    if (textOf(objectOf(block)['text']).trim() === '') {
      throw invalid(`system.${index}: text content blocks must contain non-whitespace text`);
    }
  }
}

function checkTools(body: Json): void {
  const tools = listOf(body['tools']).map(objectOf);
  for (const [index, tool] of tools.entries()) {
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(textOf(tool['name']))) {
      throw invalid(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    if (objectOf(tool['input_schema'])['type'] !== 'object') {
      throw invalid(`tools.${index}.custom.input_schema.type: Input should be 'object'`);
    }
  }
  if (tools.length === 0 && body['tool_choice'] !== undefined) {
    throw invalid('tool_choice may only be specified while providing tools');
  }
}

function checkDialogue(body: Json, model: string): void {
  const messages = listOf(body['messages']).map(objectOf);
  if (messages.length === 0) throw invalid('messages: at least one message is required');
  if (messages[0]?.['role'] !== 'user') throw invalid('messages: first message must use the "user" role');
  if (isNewer(model) && messages.at(-1)?.['role'] === 'assistant') {
    throw invalid(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
  const thinks = objectOf(body['thinking'])['type'] === 'adaptive' || objectOf(body['thinking'])['type'] === 'enabled';
  const used = new Set<string>();
  let open: readonly string[] = [];
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message, index);
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => textOf(block['tool_use_id']));
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      throw invalid(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    }
    const stray = results.find((id) => !open.includes(id));
    if (stray !== undefined) {
      throw invalid(`messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}.`);
    }
    const firstWord = blocks.findIndex(({ type }) => type !== 'tool_result');
    if (firstWord >= 0 && blocks.slice(firstWord).some(({ type }) => type === 'tool_result')) {
      throw invalid(`messages.${index}: tool_result blocks must come before any other content`);
    }
    open = blocks.filter(({ type }) => type === 'tool_use').map((block) => textOf(block['id']));
    for (const id of open) {
      if (used.has(id)) throw invalid(`messages.${index}: \`tool_use\` ids must be unique`);
      used.add(id);
    }
    if (thinks && open.length > 0) checkThought(blocks, index);
  }
  if (open.length > 0) {
    throw invalid(
      `messages: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}`,
    );
  }
}

function blocksOf(message: Json, index: number): readonly Json[] {
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant')
    throw invalid(`messages.${index}.role: Input should be 'user' or 'assistant'`);
  if (typeof content === 'string') {
    if (content.trim() === '') throw invalid(`messages.${index}: text content blocks must contain non-whitespace text`);
    return [{ type: 'text', text: content }];
  }
  const blocks = listOf(content).map(objectOf);
  if (blocks.length === 0) throw invalid(`messages.${index}: all messages must have non-empty content`);
  for (const [at, block] of blocks.entries()) checkBlock(block, `messages.${index}.content.${at}`);
  return blocks;
}

function checkBlock(block: Json, where: string): void {
  switch (block['type']) {
    case 'text':
      if (textOf(block['text']) === '') throw invalid(`${where}: text content blocks must be non-empty`);
      if (textOf(block['text']).trim() === '') {
        throw invalid(`${where}: text content blocks must contain non-whitespace text`);
      }
      break;
    case 'tool_use':
      if (!/^[a-zA-Z0-9_-]+$/.test(textOf(block['id']))) {
        throw invalid(`${where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
      }
      if (!/^[a-zA-Z0-9_-]{1,200}$/.test(textOf(block['name']))) {
        throw invalid(`${where}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'`);
      }
      if (typeof block['input'] !== 'object' || block['input'] === null || Array.isArray(block['input'])) {
        throw invalid(`${where}.tool_use.input: Input should be a valid dictionary`);
      }
      break;
    case 'thinking':
      if (block['signature'] !== signatureOf(textOf(block['thinking']))) {
        throw invalid(`${where}: Invalid \`signature\` in \`thinking\` block`);
      }
      break;
    case 'tool_result':
    case 'redacted_thinking':
      break;
    default:
      throw invalid(
        `${where}: Input tag '${String(block['type'])}' found using 'type' does not match any of the expected tags`,
      );
  }
}

/** While its tools run, a model wants its thoughts back, before all else. */
function checkThought(blocks: readonly Json[], index: number): void {
  const first = blocks[0]?.['type'];
  if (first === 'thinking' || first === 'redacted_thinking') return;
  throw invalid(
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(first)}\`.`,
  );
}
