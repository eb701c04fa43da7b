import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../../../src/cascade/index.js';
import type { FlavorError } from '../../../src/flavor-api/index.js';
import { faultError, type StageFault } from './stage-fault.js';

/** What the model says and does; tokens are words. */
export interface Reply {
  readonly text?: string;
  readonly calls?: readonly { readonly id?: string; readonly name: string; readonly arguments: unknown }[];
  /** Breaks off behind the text. */
  readonly error?: FlavorError;
  /** Says nothing more behind the text. */
  readonly hangs?: boolean;
  /** How it ends, where not as its content says. */
  readonly end?: 'length' | 'refused';
  /** Waited for before the first word, and after each word. */
  readonly gate?: Promise<void>;
}

export type Script = (request: LanguageModelRequest, number: number) => Reply;

/** A language model in memory, which says what the script says and remembers what it was asked. */
export class ScriptedLlm implements LanguageModel {
  readonly identity = { provider: 'scripted', model: 'mind' };
  readonly parallelTools = true;
  readonly requests: LanguageModelRequest[] = [];
  fault: StageFault | undefined;
  /** Thrown by the next answer. */
  nextError: FlavorError | undefined;
  running = 0;
  aborted = 0;
  script: Script;
  readonly #breakers = new Set<(error: FlavorError) => void>();
  #calls = 0;

  constructor(script: Script = () => ({ text: 'Yes.' })) {
    this.script = script;
  }

  async check(): Promise<void> {
    if (this.fault) throw faultError(this.fault);
  }

  /** Breaks off every answer under way. */
  drop(error: FlavorError): void {
    for (const breaker of this.#breakers) breaker(error);
  }

  async *answer(request: LanguageModelRequest, signal: AbortSignal): AsyncGenerator<LanguageModelEvent> {
    signal.throwIfAborted();
    this.requests.push(request);
    this.running += 1;
    let onAbort = (): void => {};
    let breaker = (_: FlavorError): void => {};
    const broken = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      breaker = reject;
      signal.addEventListener('abort', onAbort, { once: true });
      this.#breakers.add(breaker);
    });
    broken.catch(() => undefined);
    const orBroken = <Value>(promise: Promise<Value>): Promise<Value> => Promise.race([promise, broken]);
    try {
      if (this.fault === 'hang') await broken;
      if (this.fault) throw faultError(this.fault);
      const error = this.nextError;
      this.nextError = undefined;
      if (error) throw error;
      const reply = this.script(request, this.requests.length - 1);
      await orBroken(reply.gate ?? Promise.resolve());
      for (const word of (reply.text ?? '').split(/(?<=\s)/)) {
        await orBroken(reply.gate ?? Promise.resolve());
        if (word !== '') yield { type: 'text', text: word };
      }
      if (reply.error) throw reply.error;
      if (reply.hangs) await broken;
      for (const call of reply.calls ?? []) {
        this.#calls += 1;
        yield {
          type: 'tool-call',
          call: { id: call.id ?? `call_${this.#calls}`, name: call.name, arguments: call.arguments },
        };
      }
      yield { type: 'usage', provider: 'scripted', model: 'mind', unit: 'output-tokens', quantity: 7 };
      yield { type: 'done', reason: reply.end ?? (reply.calls ? 'tool-calls' : 'completed') };
    } finally {
      if (signal.aborted) this.aborted += 1;
      this.running -= 1;
      signal.removeEventListener('abort', onAbort);
      this.#breakers.delete(breaker);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
