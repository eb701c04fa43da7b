import type { ToolResult } from 'sip-voice-connector/flavor';
import { isObject, parseJson } from '../protocol/json.js';

/** A call of a tool, as the model made it. */
export interface ToolCall {
  /** The service's; the host's too. */
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

interface Pending {
  readonly call: ToolCall;
  readonly round: string;
  /** Which of the session's connections knows of the call. */
  readonly connection: number;
}

/** Calls that belong to one response. */
interface Round {
  waiting: number;
  /** The response is complete: no further call is to come. */
  closed: boolean;
  /** A result wants an answer. */
  reply: boolean;
}

/** What a result leads to. */
export interface ToolOutcome {
  readonly call: ToolCall;
  readonly connection: number;
  readonly output: string;
}

/** Longest arguments and results, characters. */
const MAX_ARGUMENTS = 64_000;
const MAX_OUTPUT = 64_000;
/** Calls that may wait for their results. */
const MAX_PENDING = 64;

/** Calls of tools and their results: one answer a round, when the last of its results is there and any of them wants one. */
export class ToolRounds {
  /** These are made with the first call. */
  #pending: Map<string, Pending> | undefined;
  #rounds: Map<string, Round> | undefined;

  /** Results are to come. */
  get pending(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0;
  }

  /** Takes note of a call. False: too many wait, or this one is known. */
  open(call: ToolCall, round: string, connection: number): boolean {
    this.#pending ??= new Map();
    this.#rounds ??= new Map();
    if (this.#pending.size >= MAX_PENDING || this.#pending.has(call.id)) return false;
    this.#pending.set(call.id, { call, round, connection });
    const known = this.#rounds.get(round);
    if (known) known.waiting += 1;
    else this.#rounds.set(round, { waiting: 1, closed: false, reply: false });
    return true;
  }

  /** A result; `undefined` when nobody waits for it. */
  onResult(result: ToolResult): (ToolOutcome & { readonly answer: boolean }) | undefined {
    const pending = this.#pending?.get(result.id);
    if (!pending) return undefined;
    this.#pending?.delete(result.id);
    const round = this.#rounds?.get(pending.round);
    if (round) {
      round.waiting -= 1;
      round.reply ||= result.reply;
    }
    const { call, connection } = pending;
    return { call, connection, output: toolOutput(result), answer: this.#isDue(pending.round) };
  }

  /** The response is complete. True: its answer is due. */
  onRoundClosed(round: string): boolean {
    const known = this.#rounds?.get(round);
    if (known) known.closed = true;
    return this.#isDue(round);
  }

  close(): void {
    this.#pending?.clear();
    this.#rounds?.clear();
  }

  #isDue(name: string): boolean {
    const round = this.#rounds?.get(name);
    if (!round?.closed || round.waiting > 0) return false;
    this.#rounds?.delete(name);
    return round.reply;
  }
}

/** The arguments of a call: an object, or `undefined` when the model produced none. */
export function toolArguments(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return {};
  if (text.length > MAX_ARGUMENTS) return undefined;
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
}

/** A result as the model reads it: JSON, not longer than it can be expected to. */
export function toolOutput({ output, error }: Pick<ToolResult, 'output' | 'error'>): string {
  const text = jsonOf(error === undefined ? (output ?? null) : { error });
  if (text.length <= MAX_OUTPUT) return text;
  return jsonOf({ truncated: true, beginning: text.slice(0, MAX_OUTPUT / 2) });
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return '{"error":"the result cannot be written as JSON"}';
  }
}
