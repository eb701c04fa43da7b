import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import type { Random } from '../../../src/base/random.js';
import type { Conversation } from './conversation.js';
import { type FunctionCall, type Item, itemOnWire, type OutputMessage } from './conversation-item.js';
import type { Ids } from './ids.js';
import type { JsonObject } from './json-value.js';
import type { Reply, ToolCall } from './reply.js';
import type { Send, ServerEventType } from './server-event.js';
import type { ResponseConfig } from './session-config.js';
import type { SpokenTexts, WireSpeech } from './speech.js';
import type { ResponseRecord } from './timeline.js';
import { OUTPUT_MS_PER_TOKEN, outputTokens, type Tokens, usageOf } from './usage.js';

/** Why a response was cut short. */
export type CancelReason = 'turn_detected' | 'client_cancelled';

export interface ModelResponseOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly send: Send;
  readonly texts: SpokenTexts;
  /** Where its items go; `undefined` for `conversation: "none"`. */
  readonly conversation: Conversation | undefined;
  readonly config: ResponseConfig;
  readonly record: ResponseRecord;
  /** Audio is sent so many times as fast as it plays. */
  readonly audioRate: number;
  /** Clock time from which the reply's delay counts. */
  readonly delayFromMs: number;
  readonly input: Tokens;
  readonly previousInput: Tokens | undefined;
  /** What the model says. */
  think(): Promise<Reply>;
  /** Called once, after `response.done`. */
  onDone(): void;
}

/** Delay of a reply that names none, ms. */
const DEFAULT_DELAY_MS = 300;
/** The transcript runs ahead of the audio by so much, ms. */
const TRANSCRIPT_LEAD_MS = 300;
/** Audio in one delta, ms: the first is small, the others vary. */
const FIRST_DELTA_MS = 50;
const SHORTEST_DELTA_MS = 100;
const LONGEST_DELTA_MS = 400;
const ARGUMENTS_PER_DELTA = 8;

/** One response on its way: it thinks, speaks in a burst, calls functions, and can be cancelled at any moment. */
export class ModelResponse {
  readonly id: string;
  readonly #options: ModelResponseOptions;
  readonly #output: Item[] = [];
  #over = false;
  #timer: TimerHandle | undefined;
  #wake: (() => void) | undefined;
  /** The message under way, for the events that close it. */
  #message: OutputMessage | undefined;

  constructor(options: ModelResponseOptions) {
    this.#options = options;
    this.id = options.record.responseId;
  }

  /** The response belongs to the conversation: no other can be made meanwhile. */
  get inConversation(): boolean {
    return this.#options.conversation !== undefined;
  }

  /** Says that it exists, and begins. */
  start(): void {
    this.#options.send({ type: 'response.created', response: this.#onWire('in_progress', null, null) });
    // What the script or the voice throws is a server error, as the service would have it.
    this.#run().catch(() => this.#fail({ type: 'server_error', code: 'server_error' }));
  }

  /** Closes what is under way, and ends. */
  cancel(reason: CancelReason): void {
    if (this.#over) return;
    const message = this.#message;
    if (message !== undefined) {
      message.status = 'incomplete';
      this.#closeMessage(message);
    }
    this.#finish('cancelled', { type: 'cancelled', reason });
  }

  /** Ends without a word: the connection is gone. */
  abandon(): void {
    this.#over = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const reply = await this.#options.think();
    if (this.#over) return;
    if (reply.failure !== undefined) {
      await this.#waitUntil(this.#due(reply));
      if (!this.#over) this.#fail(reply.failure);
      return;
    }
    const texts = [reply.preamble, reply.text].filter((text) => text !== undefined);
    if (texts.length === 0) await this.#waitUntil(this.#due(reply));
    for (const text of texts) {
      const complete = await this.#say(reply, text);
      if (this.#over) return;
      if (complete) continue;
      this.#finish('incomplete', { type: 'incomplete', reason: 'max_output_tokens' });
      return;
    }
    if (this.#over) return;
    for (const call of reply.toolCalls ?? []) this.#call(call);
    this.#finish('completed', null);
  }

  /** Speaks or writes. Resolves with whether all of it was said; not at all, when cancelled. */
  async #say(reply: Reply, text: string): Promise<boolean> {
    const { ids, config, record, texts, clock } = this.#options;
    const message: OutputMessage = {
      kind: 'output',
      id: ids.next('item'),
      status: 'in_progress',
      modality: config.modality,
      text: undefined,
      audioMs: 0,
      words: [],
      truncatedToMs: undefined,
    };
    this.#message = message;
    record.itemId = message.id;
    record.text = record.text === undefined ? text : `${record.text} ${text}`;
    this.#announce(message);
    message.text = '';
    this.#part('response.content_part.added', message, {
      part: config.modality === 'audio' ? { type: 'audio', transcript: '' } : { type: 'text', text: '' },
    });
    const speech = config.modality === 'audio' ? await texts.encoded(text, config.format) : undefined;
    record.dueAtMs ??= this.#due(reply);
    await this.#waitUntil(record.dueAtMs);
    if (this.#over) return false;
    record.firstAudioAtMs ??= clock.now();
    const complete = speech === undefined ? this.#write(message, text) : await this.#speak(message, text, speech);
    if (this.#over) return false;
    message.status = complete ? 'completed' : 'incomplete';
    this.#closeMessage(message);
    return complete;
  }

  #write(message: OutputMessage, text: string): boolean {
    for (const delta of text.match(/\s*\S+\s*$|\s*\S+/g) ?? []) {
      message.text = (message.text ?? '') + delta;
      this.#part('response.output_text.delta', message, { delta });
    }
    return true;
  }

  /** Sends audio and transcript, interleaved, faster than they play. Resolves with whether nothing was left out. */
  async #speak(message: OutputMessage, text: string, speech: WireSpeech): Promise<boolean> {
    const { clock, config, record, audioRate } = this.#options;
    const { maxOutputTokens, format } = config;
    const limitMs = maxOutputTokens === 'inf' ? Number.POSITIVE_INFINITY : maxOutputTokens * OUTPUT_MS_PER_TOKEN;
    const limit = Math.min(speech.bytes.length, limitMs * speech.bytesPerMs);
    const sampleBytes = format.type === 'audio/pcm' ? 2 : 1;
    const samplesPerMs = speech.bytesPerMs / sampleBytes;
    const transcript = transcriptDeltas(text, speech);
    const startMs = clock.now();
    const earlierMs = record.audioMs;
    message.words = speech.words;
    for (let sent = 0; sent < limit; ) {
      const end = Math.min(limit, sent + this.#deltaSamples(sent, samplesPerMs) * sampleBytes);
      for (const delta of transcript.before(
        end / speech.bytesPerMs + TRANSCRIPT_LEAD_MS,
        end === speech.bytes.length,
      )) {
        if (message.truncatedToMs === undefined) message.text = (message.text ?? '') + delta;
        this.#part('response.output_audio_transcript.delta', message, { delta });
      }
      const audio = speech.bytes.subarray(sent, end);
      sent = end;
      const sentMs = sent / speech.bytesPerMs;
      record.audioMs = earlierMs + sentMs;
      record.lastAudioAtMs = clock.now();
      if (message.truncatedToMs === undefined) message.audioMs = sentMs;
      this.#part('response.output_audio.delta', message, { delta: Buffer.from(audio).toString('base64') });
      await this.#waitUntil(startMs + sentMs / audioRate);
      if (this.#over) return false;
    }
    return limit === speech.bytes.length;
  }

  /** Samples in the next delta: a multiple of nothing, as from the service. */
  #deltaSamples(sent: number, samplesPerMs: number): number {
    if (sent === 0) return FIRST_DELTA_MS * samplesPerMs;
    const spread = (LONGEST_DELTA_MS - SHORTEST_DELTA_MS) * samplesPerMs;
    return SHORTEST_DELTA_MS * samplesPerMs + this.#options.random.integer(spread);
  }

  /** The events that end a message, with exactly what its deltas said. */
  #closeMessage(message: OutputMessage): void {
    this.#message = undefined;
    const text = message.text ?? '';
    if (message.modality === 'audio') {
      this.#part('response.output_audio.done', message, {});
      this.#part('response.output_audio_transcript.done', message, { transcript: text });
      this.#part('response.content_part.done', message, { part: { type: 'audio', transcript: text } });
    } else {
      this.#part('response.output_text.done', message, { text });
      this.#part('response.content_part.done', message, { part: { type: 'text', text } });
    }
    this.#concludeItem(message);
  }

  #call({ name, arguments: given }: ToolCall): void {
    const { ids, send } = this.#options;
    const all = typeof given === 'string' ? given : JSON.stringify(given);
    const call: FunctionCall = {
      kind: 'call',
      id: ids.next('item'),
      status: 'in_progress',
      callId: ids.next('call'),
      name,
      arguments: '',
    };
    this.#announce(call);
    const place = {
      response_id: this.id,
      item_id: call.id,
      output_index: this.#output.length - 1,
      call_id: call.callId,
    };
    for (let at = 0; at < all.length; at += ARGUMENTS_PER_DELTA) {
      const delta = all.slice(at, at + ARGUMENTS_PER_DELTA);
      send({ type: 'response.function_call_arguments.delta', ...place, delta });
    }
    call.arguments = all;
    call.status = 'completed';
    send({ type: 'response.function_call_arguments.done', ...place, name, arguments: all });
    this.#concludeItem(call);
  }

  #announce(item: Item): void {
    const { send, conversation } = this.#options;
    this.#output.push(item);
    send({
      type: 'response.output_item.added',
      response_id: this.id,
      output_index: this.#output.length - 1,
      item: itemOnWire(item),
    });
    conversation?.add(item);
  }

  #concludeItem(item: Item): void {
    const { send, conversation } = this.#options;
    send({
      type: 'response.output_item.done',
      response_id: this.id,
      output_index: this.#output.indexOf(item),
      item: itemOnWire(item),
    });
    if (conversation?.find(item.id) !== undefined) conversation.done(item);
  }

  #part(type: ServerEventType, message: OutputMessage, members: JsonObject): void {
    this.#options.send({
      type,
      response_id: this.id,
      item_id: message.id,
      output_index: this.#output.indexOf(message),
      content_index: 0,
      ...members,
    });
  }

  #fail({ type, code, message }: { type: string; code: string; message?: string }): void {
    const error = message === undefined ? { type, code } : { type, code, message };
    this.#finish('failed', { type: 'failed', error });
  }

  #finish(status: string, details: JsonObject | null): void {
    if (this.#over) return;
    this.abandon();
    const { record, clock, send, onDone, input, previousInput } = this.#options;
    record.doneAtMs = clock.now();
    record.status = status;
    const usage = usageOf(input, outputTokens(this.#output), previousInput);
    send({ type: 'response.done', response: this.#onWire(status, details, usage) });
    onDone();
  }

  #onWire(status: string, details: JsonObject | null, usage: JsonObject | null): JsonObject {
    const { config, conversation } = this.#options;
    return {
      object: 'realtime.response',
      id: this.id,
      status,
      status_details: details,
      output: this.#output.map(itemOnWire),
      conversation_id: conversation?.id ?? null,
      output_modalities: [config.modality],
      max_output_tokens: config.maxOutputTokens,
      audio: { output: { format: config.format, voice: config.voice } },
      usage,
      metadata: config.metadata,
    };
  }

  #due({ delayMs = DEFAULT_DELAY_MS }: Reply): number {
    return this.#options.delayFromMs + delayMs;
  }

  async #waitUntil(atMs: number): Promise<void> {
    const { clock } = this.#options;
    const delayMs = atMs - clock.now();
    if (delayMs <= 0 || this.#over) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = clock.setTimeout(resolve, delayMs);
    });
  }
}

/** The text in pieces, each with the time from which it may be sent. */
function transcriptDeltas(
  text: string,
  { words }: WireSpeech,
): { before(ms: number, all: boolean): readonly string[] } {
  // The voice reads numbers and signs in words of its own, so its words are dealt out to those of the text.
  const pieces = text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
  let next = 0;
  const startOf = (index: number): number => words[Math.floor((index * words.length) / pieces.length)]?.startMs ?? 0;
  return {
    before(ms, all) {
      const from = next;
      while (next < pieces.length && (all || startOf(next) < ms)) next += 1;
      return pieces.slice(from, next);
    },
  };
}
