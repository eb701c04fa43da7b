import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import type { InputMessage } from './conversation-item.js';
import type { Send } from './server-event.js';
import type { TranscriptionConfig } from './session-config.js';
import { textTokens } from './usage.js';

/** The part of the delay after which the first words are there. */
const FIRST_WORDS = 0.6;

/** The transcription model beside the realtime one: it tells what callers said, later than the model heard it. */
export class Transcriber {
  readonly #clock: Clock;
  readonly #send: Send;
  readonly #delayMs: number;
  readonly #timers = new Set<TimerHandle>();
  /** What was told of items whose speech goes on. */
  readonly #told = new Map<string, string>();

  constructor(clock: Clock, send: Send, delayMs: number) {
    this.#clock = clock;
    this.#send = send;
    this.#delayMs = delayMs;
  }

  /** Tells words of an utterance that goes on; `words` are all of it so far. What was told once is not taken back. */
  interim(itemId: string, words: string): void {
    const told = this.#told.get(itemId) ?? '';
    if (words.length <= told.length || !words.startsWith(told)) return;
    this.#told.set(itemId, words);
    this.#delta(itemId, words.slice(told.length));
  }

  /** Tells the words of a committed item: deltas at first, then the whole. `whisper-1` has one delta only. */
  transcribe(item: InputMessage, { model }: TranscriptionConfig): void {
    const text = item.heard;
    const told = this.#told.get(item.id) ?? '';
    this.#told.delete(item.id);
    const rest = text.startsWith(told) ? text.slice(told.length) : text;
    const pieces = model === 'whisper-1' ? [rest] : (rest.match(/\s*\S+/g) ?? []);
    for (const [index, piece] of pieces.entries()) {
      const part = FIRST_WORDS + (1 - FIRST_WORDS) * (index / pieces.length);
      this.#later(this.#delayMs * part, () => this.#delta(item.id, piece));
    }
    this.#later(this.#delayMs, () => {
      item.transcript = text;
      this.#send({
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: item.id,
        content_index: 0,
        transcript: text,
        usage: usageOf(item, text, model),
      });
    });
  }

  /** Says nothing more. */
  close(): void {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #delta(itemId: string, delta: string): void {
    this.#send({
      type: 'conversation.item.input_audio_transcription.delta',
      item_id: itemId,
      content_index: 0,
      delta,
    });
  }

  #later(delayMs: number, callback: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }
}

/** `whisper-1` is billed by the second, its successors by tokens. */
function usageOf(item: InputMessage, text: string, model: string | undefined): Readonly<Record<string, unknown>> {
  if (model === 'whisper-1') return { type: 'duration', seconds: Math.ceil((item.audio?.durationMs ?? 0) / 1000) };
  const input = Math.ceil((item.audio?.durationMs ?? 0) / 100);
  const output = textTokens(text);
  return {
    type: 'tokens',
    total_tokens: input + output,
    input_tokens: input,
    input_token_details: { text_tokens: 0, audio_tokens: input },
    output_tokens: output,
  };
}
