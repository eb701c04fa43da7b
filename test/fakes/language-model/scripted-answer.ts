/** A call of a tool that the model is to make. */
export interface ScriptedCall {
  /** Default: one of the service's making. */
  readonly id?: string;
  readonly name: string;
  /** Text is sent as it is, whole or not. */
  readonly arguments: object | string;
}

/** What the model says next, and when. */
export interface ScriptedAnswer {
  /** Cut into tokens, each with the blank before it. */
  readonly text?: string;
  /** The tokens themselves, in place of `text`. */
  readonly tokens?: readonly string[];
  readonly toolCalls?: readonly ScriptedCall[];
  /** What it thinks before, and nobody must hear. */
  readonly reasoning?: string;
  /** How it ends, where not as its content says. */
  readonly end?: 'length' | 'refused';
  /** From the request to the first token, ms. Default: 0. */
  readonly firstTokenMs?: number;
  /** Between two tokens, ms. Default: 0. */
  readonly tokenMs?: number;
}

/** What a request asked, in terms that all services share. */
export interface AskedQuestion {
  readonly model: string;
  readonly system: string;
  /** One line each: `user: ...`, `assistant: ...`, `assistant calls name({...})`, `tool: ...`. */
  readonly dialogue: readonly string[];
  /** Names. */
  readonly tools: readonly string[];
  readonly mayCallTools: boolean;
}

/** Decides what is answered. */
export type Mind = (question: AskedQuestion, turn: number) => ScriptedAnswer;

export function tokensOf(answer: ScriptedAnswer): readonly string[] {
  return answer.tokens ?? (answer.text ?? '').match(/\s*\S+|\s+$/g) ?? [];
}

/** About as many as a real tokenizer makes. */
export function tokenCount(text: string): number {
  return Math.ceil(text.length / 4);
}

export function writtenCall(call: ScriptedCall): string {
  return typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
}
