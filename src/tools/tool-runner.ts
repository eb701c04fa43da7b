import { errorMessage } from '../base/connector-error.js';
import type { ToolDefinition, ToolResult } from '../flavor-api/index.js';
import type { Tool, ToolCall, ToolContext } from './tool.js';

/** Runs the tools of one call. */
export class ToolRunner {
  readonly #tools: ReadonlyMap<string, Tool>;

  constructor(tools: readonly Tool[]) {
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
  }

  get definitions(): readonly ToolDefinition[] {
    return [...this.#tools.values()].map((tool) => tool.definition);
  }

  /** Never rejects: what goes wrong is a result with `error`, which the model can talk about. */
  async run(call: ToolCall, context: ToolContext, signal: AbortSignal): Promise<ToolResult> {
    const tool = this.#tools.get(call.name);
    if (!tool) {
      const known = [...this.#tools.keys()].join(', ') || 'none';
      return { id: call.id, output: null, error: `There is no tool of that name; there are: ${known}.`, reply: true };
    }
    try {
      const outcome = await tool.run(call, context, signal);
      return { id: call.id, output: outcome.output, reply: outcome.reply };
    } catch (error) {
      return { id: call.id, output: null, error: errorMessage(error), reply: true };
    }
  }
}
