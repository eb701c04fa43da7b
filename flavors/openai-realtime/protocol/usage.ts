import type { FlavorEvent } from 'sip-voice-connector/flavor';
import { countIn, isObject, objectIn, textIn } from './json.js';

type UsageEvent = FlavorEvent & { readonly type: 'usage' };

/** Tokens of one response. Input excludes what came out of the cache, which costs a fraction. */
export interface ResponseUsage {
  readonly text: { readonly input: number; readonly cached: number; readonly output: number };
  readonly audio: { readonly input: number; readonly cached: number; readonly output: number };
}

/** What a transcription cost, in the unit its model is billed by. */
export type TranscriptionUsage =
  | { readonly type: 'tokens'; readonly input: number; readonly output: number }
  | { readonly type: 'duration'; readonly ms: number };

/** `response.usage`, or `undefined` when there is none. */
export function responseUsage(value: unknown): ResponseUsage | undefined {
  if (!isObject(value)) return undefined;
  const input = objectIn(value, 'input_token_details');
  const cached = objectIn(input, 'cached_tokens_details');
  const output = objectIn(value, 'output_token_details');
  const audioIn = countIn(input, 'audio_tokens');
  const audioCached = Math.min(countIn(cached, 'audio_tokens'), audioIn);
  const audioOut = countIn(output, 'audio_tokens');
  // Whatever is not audio counts as text: servers without the details give the sums alone.
  const plainIn = Math.max(0, countIn(value, 'input_tokens') - audioIn);
  const textCached = Math.min(Math.max(0, countIn(input, 'cached_tokens') - audioCached), plainIn);
  return {
    text: {
      input: plainIn - textCached,
      cached: textCached,
      output: Math.max(0, countIn(value, 'output_tokens') - audioOut),
    },
    audio: { input: audioIn - audioCached, cached: audioCached, output: audioOut },
  };
}

/** `usage` of a finished transcription, or `undefined` when there is none. */
export function transcriptionUsage(value: unknown): TranscriptionUsage | undefined {
  if (!isObject(value)) return undefined;
  if (textIn(value, 'type') === 'duration') return { type: 'duration', ms: countIn(value, 'seconds') * 1000 };
  return { type: 'tokens', input: countIn(value, 'input_tokens'), output: countIn(value, 'output_tokens') };
}

const PROVIDER = 'openai';

/** As events for the host; amounts of zero are left out. Audio tokens have prices, and so units, of their own. */
export function responseUsageEvents({ text, audio }: ResponseUsage, model: string): UsageEvent[] {
  return [
    ...usageEvent(model, 'input-tokens', text.input),
    ...usageEvent(model, 'cached-tokens', text.cached),
    ...usageEvent(model, 'output-tokens', text.output),
    ...usageEvent(model, 'audio-input-tokens', audio.input),
    ...usageEvent(model, 'audio-cached-tokens', audio.cached),
    ...usageEvent(model, 'audio-output-tokens', audio.output),
  ];
}

export function transcriptionUsageEvents(usage: TranscriptionUsage, model: string): UsageEvent[] {
  if (usage.type === 'duration') return usageEvent(model, 'audio-ms', usage.ms);
  return [...usageEvent(model, 'input-tokens', usage.input), ...usageEvent(model, 'output-tokens', usage.output)];
}

function usageEvent(model: string, unit: UsageEvent['unit'], quantity: number): UsageEvent[] {
  return quantity > 0 ? [{ type: 'usage', provider: PROVIDER, model, unit, quantity }] : [];
}
