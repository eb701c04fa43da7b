import type { ToolResult } from '../../flavor-api/index.js';
import type { ModelToolCall } from '../stages/language-model.js';

/** Calls that belong to one answer. */
interface Round {
  waiting: number;
  /** The answer is complete: no further call is to come. */
  closed: boolean;
  /** A result wants to be spoken about. */
  reply: boolean;
}

/** Calls that may wait for their results. */
const MAX_PENDING = 64;
/** Ids remembered, since some models use the same again and again. */
const MAX_KNOWN = 1_000;

/** Calls of tools and their results: one answer a round, when the last of its results is there and any of them wants one. */
export class ToolDesk {
  readonly #roundOf = new Map<string, number>();
  readonly #rounds = new Map<number, Round>();
  readonly #known = new Set<string>();
  #renamed = 0;

  /** The call under an id that no other call of the session has. */
  unique(call: ModelToolCall): ModelToolCall {
    let { id } = call;
    while (id === '' || this.#known.has(id)) {
      this.#renamed += 1;
      id = `${call.id === '' ? 'call' : call.id.slice(0, 48)}_${this.#renamed}`;
    }
    this.#known.add(id);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return { ...call, id };
  }

  /** Takes note of a call. False: too many wait. */
  open(id: string, answer: number): boolean {
    if (this.#roundOf.size >= MAX_PENDING) return false;
    this.#roundOf.set(id, answer);
    const round = this.#rounds.get(answer) ?? { waiting: 0, closed: false, reply: false };
    round.waiting += 1;
    this.#rounds.set(answer, round);
    return true;
  }

  /** A result. `undefined`: nobody waits for it; else whether an answer is due. */
  onResult({ id, reply }: Pick<ToolResult, 'id' | 'reply'>): boolean | undefined {
    const answer = this.#roundOf.get(id);
    if (answer === undefined) return undefined;
    this.#roundOf.delete(id);
    const round = this.#rounds.get(answer);
    if (!round) return false;
    round.waiting -= 1;
    round.reply ||= reply;
    return this.#isDue(answer);
  }

  /** The answer is over. True: one to its results is due. */
  onAnswerOver(answer: number): boolean {
    const round = this.#rounds.get(answer);
    if (round) round.closed = true;
    return this.#isDue(answer);
  }

  #isDue(answer: number): boolean {
    const round = this.#rounds.get(answer);
    if (!round?.closed || round.waiting > 0) return false;
    this.#rounds.delete(answer);
    return round.reply;
  }
}

/** The arguments of a call as the host takes them: an object; `undefined` where the model wrote something else. */
export function callArguments(call: ModelToolCall): Readonly<Record<string, unknown>> | undefined {
  const { arguments: given } = call;
  if (given === undefined || given === null || given === '') return {};
  return typeof given === 'object' && !Array.isArray(given) ? { ...given } : undefined;
}
