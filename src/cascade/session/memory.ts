import type { ConversationItem, ToolDefinition, ToolResult } from '../../flavor-api/index.js';
import { type BudgetOptions, fitDialogue } from '../dialogue/budget.js';
import {
  type AgentEntry,
  addCaller,
  addNote,
  addToolResult,
  cutAgent,
  type Dialogue,
  dialogueOf,
  setAgent,
} from '../dialogue/dialogue.js';
import { messagesOf } from '../dialogue/messages.js';
import type { LanguageModelRequest } from '../stages/language-model.js';
import { SAY_MORE } from './phrases.js';

export interface MemoryOptions {
  readonly system: string;
  readonly tools: readonly ToolDefinition[];
  readonly history: readonly ConversationItem[];
  readonly budget: BudgetOptions;
  /** Turns were dropped; absent: nobody wants to know. */
  onDropped?(dropped: Dialogue): void;
}

export interface RequestOptions {
  /** Words of the caller that are no turn yet. */
  readonly guess?: string;
  /** A last word on the host's behalf. */
  readonly order?: string;
  /** Default true. */
  readonly mayCallTools?: boolean;
}

/** What the model is told: the instructions, the same in every request, and the dialogue as it was heard. */
export class Memory {
  readonly #options: MemoryOptions;
  #system: string;
  #tools: readonly ToolDefinition[];
  #dialogue: Dialogue;
  /** Of turns that were dropped. */
  #summary = '';
  #order: { readonly text: string; readonly entry: string } | undefined;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#system = options.system;
    this.#tools = options.tools;
    this.#dialogue = dialogueOf(options.history);
  }

  update(patch: { readonly instructions?: string; readonly tools?: readonly ToolDefinition[] }): void {
    this.#system = patch.instructions ?? this.#system;
    this.#tools = patch.tools ?? this.#tools;
  }

  addCaller(text: string): void {
    this.#dialogue = addCaller(this.#dialogue, text);
  }

  addNote(text: string): void {
    this.#dialogue = addNote(this.#dialogue, text);
  }

  /**
   * The agent's answer `entry` was made on an order of the host's, and has called a tool or broken off: until
   * {@link forgetOrder} the order stands before it, or what follows would be made by a model that knows nothing of it.
   */
  keepOrder(text: string, entry: string): void {
    this.#order = { text, entry };
  }

  forgetOrder(): void {
    this.#order = undefined;
  }

  setAgent(entry: string, what: AgentEntry): void {
    this.#dialogue = setAgent(this.#dialogue, entry, what);
  }

  cutAgent(entry: string, heard: string): void {
    this.#dialogue = cutAgent(this.#dialogue, entry, heard);
  }

  addToolResult({ id, output, error }: Pick<ToolResult, 'id' | 'output' | 'error'>): void {
    this.#dialogue = addToolResult(this.#dialogue, id, { output, ...(error !== undefined && { error }) });
  }

  /** What the turns that were dropped were about, in a few words. */
  summarise(summary: string): void {
    this.#summary = summary.trim();
  }

  get summary(): string {
    return this.#summary;
  }

  request({ guess, order, mayCallTools = true }: RequestOptions = {}): LanguageModelRequest {
    this.#fit();
    let dialogue = guess === undefined ? this.#withOrder() : addCaller(this.#dialogue, guess);
    if (this.#summary !== '') {
      dialogue = [{ kind: 'note', text: `(What was said before, in short: ${this.#summary})` }, ...dialogue];
    }
    const messages = messagesOf(dialogue, order);
    return {
      system: this.#system,
      messages: messages.at(-1)?.role === 'assistant' ? messagesOf(dialogue, SAY_MORE) : messages,
      tools: this.#tools,
      mayCallTools,
    };
  }

  #withOrder(): Dialogue {
    const { text, entry } = this.#order ?? {};
    const index = this.#dialogue.findIndex((each) => each.kind === 'agent' && each.id === entry);
    return text === undefined || index < 0
      ? this.#dialogue
      : this.#dialogue.toSpliced(index, 0, { kind: 'note', text });
  }

  #fit(): void {
    const { kept, dropped } = fitDialogue(this.#dialogue, this.#options.budget);
    this.#dialogue = kept;
    if (dropped.length > 0) this.#options.onDropped?.(dropped);
  }
}
