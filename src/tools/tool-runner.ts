import { errorMessage } from '../base/connector-error.js';
import type { Logger, ToolDefinition, ToolResult } from '../flavor-api/index.js';
import { builtInTiming } from './built-in-timing.js';
import type { CallFacts, Tool, ToolCall, ToolContext, ToolTiming } from './tool.js';
import { fitError, fitOutput } from './tool-output.js';

/** What the tools of one call have in common. */
export interface ToolRunnerOptions {
  readonly call: CallFacts;
  readonly log: Logger;
}

/** Runs the tools of one call. */
export class ToolRunner {
  readonly #tools: () => readonly Tool[];
  readonly #options: ToolRunnerOptions;

  /** @param tools asked for whenever it matters: what an MCP server offers may change, and come late */
  constructor(tools: () => readonly Tool[], options: ToolRunnerOptions) {
    this.#tools = tools;
    this.#options = options;
  }

  get definitions(): readonly ToolDefinition[] {
    return this.#tools().map((tool) => tool.definition);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** How a tool is to be run; of an unknown one, anything: it fails at once. */
  timing(name: string): ToolTiming {
    return this.#find(name)?.timing ?? builtInTiming;
  }

  /** Whether a barge-in ends the tool. */
  isCancellable(name: string): boolean {
    return this.#find(name)?.definition.cancellable ?? false;
  }

  /** Whether it does its work outside the call. */
  isExternal(name: string): boolean {
    return this.#find(name)?.external ?? false;
  }

  /** Never rejects: what goes wrong is a result with `error`, which the model can talk about. */
  async run(call: ToolCall, phone: ToolContext, signal: AbortSignal): Promise<ToolResult> {
    const tool = this.#find(call.name);
    if (!tool) {
      const known = this.definitions.map(({ name }) => name).join(', ') || 'none';
      return failed(call, `There is no tool of that name; there are: ${known}.`);
    }
    try {
      const { output, reply } = await tool.run(call, { phone, ...this.#options }, signal);
      return { id: call.id, output: fitOutput(output), reply };
    } catch (error) {
      return failed(call, errorMessage(error));
    }
  }

  #find(name: string): Tool | undefined {
    return this.#tools().find((tool) => tool.definition.name === name);
  }
}

function failed(call: ToolCall, sentence: string): ToolResult {
  return { id: call.id, output: null, error: fitError(sentence), reply: true };
}
