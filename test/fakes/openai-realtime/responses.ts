import type { Clock } from '../../../src/base/clock.js';
import type { Random } from '../../../src/base/random.js';
import { type Conversation, promptOf } from './conversation.js';
import type { Item } from './conversation-item.js';
import type { Ids } from './ids.js';
import { isObject, type JsonObject } from './json-value.js';
import { type CancelReason, ModelResponse } from './model-response.js';
import { type Refusal, refusal } from './refusal.js';
import type { Reply } from './reply.js';
import { type Mind, type MindTurn, verbatimOf } from './script.js';
import type { Send } from './server-event.js';
import { type ResponseConfig, responseConfig, type SessionConfig } from './session-config.js';
import type { ResponseParameters } from './session-schema.js';
import type { SpokenTexts } from './speech.js';
import type { Timeline, TurnRecord } from './timeline.js';
import { inputTokens, type Tokens } from './usage.js';

export interface ResponsesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly send: Send;
  readonly texts: SpokenTexts;
  readonly conversation: Conversation;
  readonly mind: Mind;
  readonly timeline: Timeline;
  readonly sessionId: string;
  readonly audioRate: number;
  /** The turn that an item of the caller's came from. */
  turnOf(itemId: string): TurnRecord | undefined;
  /** May make the model's reply another one: faults do. */
  bend(reply: Reply): Reply;
  /** A response in the conversation has ended, with so much audio that is not played yet, ms. */
  onDone(unplayedMs: number): void;
}

/** Tokens of the account for a minute, as `rate_limits.updated` tells. */
const TOKENS_PER_MINUTE = 15_000_000;

/** What a response is made from. */
interface Context {
  readonly items: readonly Item[];
  readonly turn: MindTurn;
  /** The newest turn of the caller's that it answers. */
  readonly answers: TurnRecord | undefined;
}

/** The responses of a session: one at a time in its conversation, any number beside it. */
export class Responses {
  readonly #options: ResponsesOptions;
  readonly #active = new Map<string, ModelResponse>();
  #previousInput: Tokens | undefined;
  #remainingTokens = TOKENS_PER_MINUTE;

  constructor(options: ResponsesOptions) {
    this.#options = options;
  }

  /** The response under way in the conversation. */
  get current(): ModelResponse | undefined {
    return [...this.#active.values()].find(({ inConversation }) => inConversation);
  }

  /** Begins a response, or says why not. */
  create(session: SessionConfig, given: ResponseParameters): Refusal | undefined {
    const apart = given.conversation === 'none';
    const { current } = this;
    if (!apart && current !== undefined) {
      const message = `Conversation already has an active response in progress: ${current.id}. Wait until the response is finished before creating a new one.`;
      return refusal('conversation_already_has_active_response', message);
    }
    const config = responseConfig(session, given);
    const context = this.#contextOf(config, given);
    this.#begin(config, context, apart ? undefined : this.#options.conversation, verbatim(given, config, context.turn));
    return undefined;
  }

  /** Cancels the response named, or the one in the conversation. */
  cancel(responseId: string | undefined, reason: CancelReason): Refusal | undefined {
    const response = responseId === undefined ? this.current : this.#active.get(responseId);
    if (response === undefined) {
      return refusal('response_cancel_not_active', 'Cancellation failed: no active response found');
    }
    const { timeline, sessionId, clock } = this.#options;
    const record = timeline.responses.findLast((each) => each.responseId === response.id);
    timeline.cancellations.push({
      sessionId,
      responseId: response.id,
      atMs: clock.now(),
      reason,
      audioMs: record?.audioMs ?? 0,
    });
    response.cancel(reason);
    return undefined;
  }

  /** The connection is gone. */
  close(): void {
    for (const response of this.#active.values()) response.abandon();
    this.#active.clear();
  }

  #begin(
    config: ResponseConfig,
    { items, turn, answers }: Context,
    conversation: Conversation | undefined,
    exactly: string | undefined,
  ): void {
    const { ids, clock, timeline, sessionId, random, send, texts, audioRate, mind, bend, onDone } = this.#options;
    const nowMs = clock.now();
    const responseId = ids.next('resp');
    const record = {
      sessionId,
      responseId,
      ...(answers === undefined ? {} : { turn: answers }),
      createdAtMs: nowMs,
      audioMs: 0,
    };
    timeline.responses.push(record);
    this.#recordRequest(responseId, promptOf(config.instructions, items));
    const input = inputTokens(config.instructions, config.tools, items);
    const limitsFirst = random.integer(2) === 0;
    const response = new ModelResponse({
      clock,
      random,
      ids,
      send,
      texts,
      conversation,
      config,
      record,
      audioRate,
      delayFromMs: answers?.lastVoicedAtMs ?? nowMs,
      input,
      previousInput: this.#previousInput,
      think: async () => {
        const reply = exactly === undefined ? await mind.reply(turn) : { text: exactly, delayMs: 0 };
        return bend(onlyOffered(reply, config));
      },
      onDone: () => {
        this.#active.delete(responseId);
        if (!limitsFirst) this.#tellLimits();
        if (conversation !== undefined) onDone(unplayedMs(record, clock.now()));
      },
    });
    this.#active.set(responseId, response);
    this.#previousInput = input;
    this.#remainingTokens -= input.text + input.audio;
    response.start();
    // The service sends it now here, now there: a client must not wait for it anywhere.
    if (limitsFirst) this.#tellLimits();
  }

  #recordRequest(responseId: string, prompt: string): void {
    const { timeline, sessionId, clock } = this.#options;
    const cut = timeline.truncations.findLast((each) => each.sessionId === sessionId && !each.refused);
    const truncatedToMs = cut === undefined ? {} : { truncatedToMs: cut.audioEndMs };
    timeline.requests.push({ sessionId, responseId, atMs: clock.now(), prompt, ...truncatedToMs });
  }

  #contextOf(config: ResponseConfig, given: ResponseParameters): Context {
    const { conversation, turnOf } = this.#options;
    const items = given.input === undefined ? conversation.items : this.#givenItems(given.input);
    const lastWord = items.findLastIndex(({ kind }) => kind === 'output' || kind === 'call');
    const fresh = items.slice(lastWord + 1);
    const heard = fresh.flatMap((item) => (item.kind === 'input' && item.role === 'user' ? [item] : []));
    const results = fresh.flatMap((item) => (item.kind === 'call-output' ? [item] : []));
    const callNames = new Map(items.flatMap((item) => (item.kind === 'call' ? [[item.callId, item.name]] : [])));
    const newest = heard.at(-1);
    return {
      items,
      answers: newest === undefined ? undefined : turnOf(newest.id),
      turn: {
        cause: causeOf(items, heard.length, results.length),
        heard: heard
          .map((item) => item.heard)
          .join(' ')
          .trim(),
        toolResults: results.map(({ callId, output }) => ({ name: callNames.get(callId) ?? '', output })),
        instructions: config.instructions,
        tools: toolNames(config),
      },
    };
  }

  /** `input` of a `response.create`: references to items of the conversation, and text. */
  #givenItems(input: readonly JsonObject[]): readonly Item[] {
    const { conversation, ids } = this.#options;
    return input.flatMap((given): readonly Item[] => {
      if (given['type'] === 'item_reference') {
        const item = conversation.find(String(given['id']));
        return item === undefined ? [] : [item];
      }
      const content: unknown = given['content'];
      const parts = Array.isArray(content) ? content.filter(isObject) : [];
      const role = given['role'] === 'system' ? 'system' : 'user';
      const heard = parts.map((part) => String(part['text'] ?? '')).join(' ');
      return [{ kind: 'input', id: ids.next('item'), status: 'completed', role, parts, heard, transcript: null }];
    });
  }

  #tellLimits(): void {
    this.#options.send({
      type: 'rate_limits.updated',
      rate_limits: [
        { name: 'tokens', limit: TOKENS_PER_MINUTE, remaining: this.#remainingTokens, reset_seconds: 0.001 },
      ],
    });
  }
}

function causeOf(items: readonly Item[], heard: number, results: number): MindTurn['cause'] {
  if (heard > 0) return 'caller';
  if (results > 0) return 'tool-result';
  const begun = items.some((item) => item.kind !== 'input' || item.role !== 'system');
  return begun ? 'continuation' : 'greeting';
}

/** A response's own instructions are followed to the letter; the session's only where nothing else is to be said. */
function verbatim(given: ResponseParameters, config: ResponseConfig, turn: MindTurn): string | undefined {
  if (given.instructions !== undefined) return verbatimOf(given.instructions);
  return turn.cause === 'greeting' ? verbatimOf(config.instructions) : undefined;
}

/** A model calls nothing that it was not offered. */
function onlyOffered(reply: Reply, config: ResponseConfig): Reply {
  if (reply.toolCalls === undefined) return reply;
  const offered = config.toolChoice === 'none' ? [] : toolNames(config);
  return { ...reply, toolCalls: reply.toolCalls.filter(({ name }) => offered.includes(name)) };
}

function toolNames(config: ResponseConfig): readonly string[] {
  return config.tools.flatMap((tool) => (tool.type === 'function' ? [tool.name] : []));
}

function unplayedMs(record: { readonly audioMs: number; readonly firstAudioAtMs?: number }, nowMs: number): number {
  return record.firstAudioAtMs === undefined ? 0 : Math.max(0, record.audioMs - (nowMs - record.firstAudioAtMs));
}
