import type { FlavorEvent } from '../../flavor-api/index.js';
import type { Dialogue } from '../dialogue/dialogue.js';
import type { LanguageModel } from '../stages/language-model.js';
import { asFlavorError } from '../stages/stage-error.js';
import type { Memory } from './memory.js';

export interface SummariserParts {
  readonly model: LanguageModel;
  readonly signal: AbortSignal;
  push(event: FlavorEvent): void;
}

const INSTRUCTIONS =
  'You keep the notes of a telephone conversation. Sum up in at most 120 words what is worth knowing for the rest of it: ' +
  'who the caller is, what they want, names, numbers and dates exactly as they were given, what was agreed, and what is ' +
  'open. Write nothing but the notes.';
/** Longest summary, characters. */
const MAX_SUMMARY = 2_000;

/** Keeps in a few words what had to be dropped from a long dialogue. It works beside the call, which never waits for it. */
export class Summariser {
  readonly #parts: SummariserParts;
  #waiting: Dialogue = [];
  #running = false;

  constructor(parts: SummariserParts) {
    this.#parts = parts;
  }

  onDropped(memory: Memory, dropped: Dialogue): void {
    this.#waiting = [...this.#waiting, ...dropped];
    if (!this.#running) void this.#run(memory);
  }

  async #run(memory: Memory): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0 && !this.#parts.signal.aborted) {
      const dialogue = this.#waiting;
      this.#waiting = [];
      try {
        memory.summarise(await this.#sumUp(memory.summary, dialogue));
      } catch (error) {
        // The call goes on without what was said long ago.
        if (!this.#parts.signal.aborted) this.#parts.push({ type: 'warning', error: asFlavorError(error) });
      }
    }
    this.#running = false;
  }

  async #sumUp(earlier: string, dialogue: Dialogue): Promise<string> {
    const text = [...(earlier === '' ? [] : [`Notes so far: ${earlier}`]), ...dialogue.map(lineOf)].join('\n');
    const request = {
      system: INSTRUCTIONS,
      messages: [{ role: 'user' as const, text }],
      tools: [],
      mayCallTools: false,
    };
    let summary = '';
    for await (const event of this.#parts.model.answer(request, this.#parts.signal)) {
      if (event.type === 'usage') this.#parts.push(event);
      if (event.type === 'text' && summary.length < MAX_SUMMARY) summary += event.text;
    }
    return summary === '' ? earlier : summary.slice(0, MAX_SUMMARY);
  }
}

function lineOf(entry: Dialogue[number]): string {
  if (entry.kind !== 'agent') return `Caller: ${entry.text}`;
  const tools = entry.calls.map(({ call, result }) => `[${call.name}: ${result?.output.slice(0, 500) ?? 'no result'}]`);
  return `Agent: ${[entry.text, ...tools].join(' ')}`;
}
