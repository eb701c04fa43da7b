import type { ToolDefinition } from '../flavor-api/index.js';

/** What a tool may do to the call it runs in. */
export interface ToolContext {
  /**
   * Ends the call once the agent's last words were heard: those of `responseId`, or all that are queued. Returns at
   * once.
   */
  hangUp(responseId: string | undefined): void;
}

/** One call of a tool by the agent. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model gave them: hostile until checked. */
  readonly arguments: unknown;
  /** The speech that goes with the call. */
  readonly responseId: string | undefined;
}

export interface ToolOutcome {
  readonly output: unknown;
  /** False: the agent says nothing about it. */
  readonly reply: boolean;
}

/** Something an agent can do besides talking. */
export interface Tool {
  readonly definition: ToolDefinition;
  /** A rejection reaches the model as an error, in the words of its message. */
  run(call: ToolCall, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome>;
}
