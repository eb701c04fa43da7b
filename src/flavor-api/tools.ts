/** A tool the agent may call. The host runs it; built-in, webhook and MCP tools look alike to a flavor. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: object;
  /** A barge-in may cancel it while it runs. Default: it survives. */
  readonly cancellable?: boolean;
}

/** The outcome of one `tool-call` event, by its `id`. */
export interface ToolResult {
  readonly id: string;
  readonly output: unknown;
  /** Set when the tool failed: a sentence for the model. */
  readonly error?: string;
  /** False lets the agent stay quiet, for example after `hang_up`. */
  readonly reply: boolean;
}
