import type { FlavorEvent, ToolResult } from 'sip-voice-connector/flavor';
import { parseObject } from './json.js';
import type { FunctionCall } from './server-message.js';
import { outputText } from './settings.js';

/** Calls that may be open at once; a model that makes more is mad. */
const MAX_OPEN = 32;

export interface ToolDeskHandlers {
  push(event: FlavorEvent): void;
  /** Tells the connection. */
  send(message: object): void;
  /** The result of a call of which the service knows no more: its connection is gone, or the caller spoke into it. */
  onLate(name: string, output: string): void;
}

/** The model's calls of functions on their way to the host, and the results on their way back. */
export class ToolDesk {
  readonly #handlers: ToolDeskHandlers;
  /** By id. `connection`: the one that waits for the result, if any does. */
  readonly #open = new Map<string, { readonly name: string; readonly connection: number | undefined }>();
  #connection = 0;
  /** One of the results since the last answer is to be spoken about. */
  #wanted = false;

  constructor(handlers: ToolDeskHandlers) {
    this.#handlers = handlers;
  }

  /** Returns whether all of them were passed on. */
  onCalls(calls: readonly FunctionCall[], responseId: string | undefined): boolean {
    let fine = true;
    for (const { id, name, arguments: text } of calls) {
      // A text with JSON in it, an empty one for a function without parameters.
      const given = text.trim() === '' ? {} : parseObject(text);
      if (given === undefined || this.#open.has(id) || this.#open.size >= MAX_OPEN) {
        fine = false;
        if (!this.#open.has(id)) this.#answer(id, name, outputText(undefined, 'the arguments were no JSON object'));
        continue;
      }
      this.#open.set(id, { name, connection: this.#connection });
      this.#handlers.push({
        type: 'tool-call',
        id,
        ...(responseId !== undefined && { responseId }),
        name,
        arguments: given,
      });
    }
    return fine;
  }

  /** The service takes no result of these any more. */
  onCancelled(ids: readonly string[]): void {
    for (const id of ids) {
      const call = this.#open.get(id);
      if (call !== undefined) this.#open.set(id, { name: call.name, connection: undefined });
    }
  }

  /** Returns whether an answer will follow: the last result of those that the model waits for. */
  onResult({ id, output, error, reply }: ToolResult): 'answer' | 'silence' | 'more' {
    const call = this.#open.get(id);
    if (call === undefined) return 'more';
    this.#open.delete(id);
    const text = outputText(output, error);
    const known = call.connection === this.#connection;
    if (known) this.#answer(id, call.name, text);
    else if (reply) this.#handlers.onLate(call.name, text);
    if (reply) this.#wanted = true;
    if (this.#open.size > 0) return 'more';
    const wanted = this.#wanted;
    this.#wanted = false;
    if (wanted) return 'answer';
    // What nobody is told of, nobody speaks about.
    return known ? 'silence' : 'more';
  }

  /** Another connection knows nothing of calls that the last one made. */
  onLost(): void {
    this.#connection += 1;
  }

  close(): void {
    this.#open.clear();
  }

  #answer(id: string, name: string, content: string): void {
    this.#handlers.send({ type: 'FunctionCallResponse', id, name, content });
  }
}
