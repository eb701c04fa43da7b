/** What the scripted mind says and does for one response. */
export interface Reply {
  /**
   * Said before it, as a message of its own in the same response: models that reason (`gpt-realtime-2`) do that while
   * they think. Its delay is `delayMs`; what follows comes right after it.
   */
  readonly preamble?: string;
  /** Spoken, or written where the response is of text. Nothing is said without it. */
  readonly text?: string;
  /**
   * From receipt of the last voiced sample of the caller's turn to the first audio delta, ms; for a response that
   * answers no turn, from the receipt of its `response.create`.
   */
  readonly delayMs?: number;
  /** Functions to be called after what is said. */
  readonly toolCalls?: readonly ToolCall[];
  /** The response fails instead, as `response.done` with these. */
  readonly failure?: ResponseFailure;
}

export interface ToolCall {
  readonly name: string;
  /** Sent as JSON. A string is sent as it is, JSON or not. */
  readonly arguments: Readonly<Record<string, unknown>> | string;
}

/** `status_details.error` of a failed response. */
export interface ResponseFailure {
  readonly type: string;
  readonly code: string;
  readonly message?: string;
}
