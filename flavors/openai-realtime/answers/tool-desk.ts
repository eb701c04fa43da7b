import type { ConversationItem, FlavorEvent, ToolResult } from 'sip-voice-connector/flavor';
import { type DialogueItem, functionCall, functionOutput } from '../protocol/client-event.js';
import { protocolFault } from '../protocol/errors.js';
import type { Spoken } from './spoken.js';
import { type ToolCall, type ToolOutcome, ToolRounds, toolArguments } from './tool-rounds.js';

export interface ToolDeskHandlers {
  push(event: FlavorEvent): void;
  /** Adds to the conversation. */
  add(item: DialogueItem): void;
  /** The results of a response are complete, and one of them wants to be spoken about. */
  onAnswerDue(): void;
}

/** The model's calls of tools on their way to the host, and the results on their way back. */
export class ToolDesk {
  readonly #handlers: ToolDeskHandlers;
  readonly #rounds = new ToolRounds();
  /** Counts connections: only the one that a call came over knows of it. */
  #connection = 0;
  #connected = false;
  /** Results that came while there was no connection. */
  #late: ToolOutcome[] = [];

  constructor(handlers: ToolDeskHandlers) {
    this.#handlers = handlers;
  }

  get pending(): boolean {
    return this.#rounds.pending;
  }

  onCall(call: ToolCall, spoken: Spoken): void {
    const { responseId, emitted } = spoken;
    if (!this.#rounds.open(call, responseId, this.#connection)) {
      this.#warn('a call of a tool twice, or too many at once');
      return;
    }
    const args = toolArguments(call.arguments);
    if (args === undefined) {
      // The model can mend it, if it is told.
      this.#warn('a call of a tool whose arguments are no object');
      this.onResult({ id: call.id, output: null, error: 'the arguments were no JSON object', reply: true });
      return;
    }
    this.#handlers.push({
      type: 'tool-call',
      id: call.id,
      ...(emitted && { responseId }),
      name: call.name,
      arguments: args,
    });
  }

  /** The response is complete: it will call no more tools. */
  onResponseDone({ responseId }: Spoken): void {
    if (this.#rounds.onRoundClosed(responseId)) this.#handlers.onAnswerDue();
  }

  onResult(result: ToolResult): void {
    const outcome = this.#rounds.onResult(result);
    if (!outcome) return;
    if (this.#connected) this.#tell(outcome);
    else this.#late.push(outcome);
    if (outcome.answer) this.#handlers.onAnswerDue();
  }

  onLost(): void {
    this.#connected = false;
    this.#connection += 1;
  }

  /** Another connection knows `history`. */
  onReplaced(history: readonly ConversationItem[]): void {
    this.#connected = true;
    for (const outcome of this.#late.splice(0)) {
      const known = history.some((entry) => entry.role === 'tool' && entry.id === outcome.call.id);
      if (!known) this.#tell(outcome);
    }
  }

  close(): void {
    this.#rounds.close();
    this.#late = [];
  }

  #tell({ call, connection, output }: ToolOutcome): void {
    if (connection !== this.#connection) this.#handlers.add(functionCall(call.id, call.name, call.arguments));
    this.#handlers.add(functionOutput(call.id, output));
  }

  #warn(what: string): void {
    this.#handlers.push({ type: 'warning', error: protocolFault(what) });
  }
}
