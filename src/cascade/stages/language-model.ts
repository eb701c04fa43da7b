import type { FlavorError, ToolDefinition } from '../../flavor-api/index.js';
import type { Stage, StageUsage } from './stage.js';

/** A call of a tool as the model wrote it. */
export interface ModelToolCall {
  /** The provider's own. */
  readonly id: string;
  readonly name: string;
  /** Parsed JSON; the text itself where the model wrote something else. */
  readonly arguments: unknown;
}

/** One message of the dialogue, in the terms that all providers share. */
export type ModelMessage =
  | { readonly role: 'user'; readonly text: string }
  | {
      readonly role: 'assistant';
      /** May be empty beside tool calls. */
      readonly text: string;
      readonly toolCalls: readonly ModelToolCall[];
      /** What the same model wants back word for word, such as its reasoning; from `done`. Other models are not given it. */
      readonly opaque?: ModelOpaque;
    }
  /** All results of the assistant message before it. */
  | { readonly role: 'tool'; readonly results: readonly ModelToolResult[] };

/** What a tool has said, or why it has not. */
export interface ModelToolResult {
  readonly id: string;
  readonly name: string;
  /** Text or JSON. */
  readonly output: string;
  readonly failed: boolean;
}

/** What a model wants back word for word, such as its thoughts; only for one of the same name. */
export interface ModelOpaque {
  readonly provider: string;
  readonly model: string;
  readonly content: unknown;
}

/** What an answer is asked for with. */
export interface LanguageModelRequest {
  /** Unchanged over the whole call where it can be: providers cache the beginning of a request. */
  readonly system: string;
  /** Begins with a `user` message; each `tool` message follows the assistant message that asked. Never empty. */
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDefinition[];
  /** False: the model must answer in words, although it knows the tools. */
  readonly mayCallTools: boolean;
}

/**
 * What a model says, in order: any number of events, then exactly one `done`, unless the iteration throws.
 */
export type LanguageModelEvent =
  /** What is to be spoken, as it comes: parts of words. Never reasoning. */
  | { readonly type: 'text'; readonly text: string }
  /** Whole: nothing is reported while its arguments still come. */
  | { readonly type: 'tool-call'; readonly call: ModelToolCall }
  | StageUsage
  /** The answer goes on, for example from another model. */
  | { readonly type: 'warning'; readonly error: FlavorError }
  | {
      readonly type: 'done';
      /** `length`: cut off by the limit. `refused`: the provider or the model declined; what was said may stop mid-sentence. */
      readonly reason: 'completed' | 'tool-calls' | 'length' | 'refused';
      readonly opaque?: ModelOpaque;
    };

/** A model that answers in text. */
export interface LanguageModel extends Stage {
  /** May call several tools in one answer. */
  readonly parallelTools: boolean;
  /**
   * Asks for one answer; the request is sent when iteration begins. Aborting `signal`, or leaving the iteration, breaks
   * off the request at once; the iteration then throws `signal.reason`.
   *
   * @throws FlavorError from the iteration when the model fails. Nothing is retried once an event was delivered.
   */
  answer(request: LanguageModelRequest, signal: AbortSignal): AsyncIterable<LanguageModelEvent>;
}
