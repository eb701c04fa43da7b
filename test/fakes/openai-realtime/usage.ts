import type { Item } from './conversation-item.js';
import type { JsonObject } from './json-value.js';

/** Milliseconds of audio that a token stands for: the caller's, and the assistant's. */
const INPUT_MS_PER_TOKEN = 100;
export const OUTPUT_MS_PER_TOKEN = 50;
const CHARS_PER_TOKEN = 4;
/** The service counts cached tokens in blocks. */
const CACHE_BLOCK = 64;

/** Tokens by kind. */
export interface Tokens {
  readonly text: number;
  readonly audio: number;
}

export function textTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** What the model has to read before it answers. */
export function inputTokens(instructions: string, tools: unknown, items: readonly Item[]): Tokens {
  let text = textTokens(instructions) + textTokens(JSON.stringify(tools));
  let audio = 0;
  for (const item of items) {
    if (item.kind === 'output' && item.modality === 'audio') audio += Math.ceil(item.audioMs / OUTPUT_MS_PER_TOKEN);
    else if (item.kind === 'input' && item.audio !== undefined) {
      audio += Math.ceil(item.audio.durationMs / INPUT_MS_PER_TOKEN);
    } else text += textTokens(textOf(item));
  }
  return { text, audio };
}

/** What it said. */
export function outputTokens(items: readonly Item[]): Tokens {
  return inputTokens('', '', items);
}

/** `usage` of a `response.done`. What a request has in common with the one before it, its beginning, was cached. */
export function usageOf(input: Tokens, output: Tokens, previousInput: Tokens | undefined): JsonObject {
  const cached = {
    text: blocks(Math.min(input.text, previousInput?.text ?? 0)),
    audio: blocks(Math.min(input.audio, previousInput?.audio ?? 0)),
  };
  return {
    total_tokens: input.text + input.audio + output.text + output.audio,
    input_tokens: input.text + input.audio,
    output_tokens: output.text + output.audio,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: 0,
      cached_tokens: cached.text + cached.audio,
      cached_tokens_details: { text_tokens: cached.text, audio_tokens: cached.audio, image_tokens: 0 },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

function textOf(item: Item): string {
  switch (item.kind) {
    case 'input':
      return item.heard;
    case 'output':
      return item.text ?? '';
    case 'call':
      return item.name + item.arguments;
    case 'call-output':
      return item.output;
  }
}

function blocks(tokens: number): number {
  return tokens - (tokens % CACHE_BLOCK);
}
