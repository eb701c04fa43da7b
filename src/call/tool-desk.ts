import type { Clock } from '../base/clock.js';
import type { FlavorEvent } from '../flavor-api/index.js';
import type { ToolContext } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { ConversationNotes } from './conversation-notes.js';
import type { CurrentSession } from './current-session.js';

export interface ToolDeskParts {
  readonly session: CurrentSession;
  readonly notes: Pick<ConversationNotes, 'dialogue' | 'onTool'>;
  readonly tools: ToolRunner;
  readonly context: ToolContext;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Where the agent's tool calls are taken, run, written down and answered. */
export class ToolDesk {
  readonly #parts: ToolDeskParts;
  #closed = false;

  constructor(parts: ToolDeskParts) {
    this.#parts = parts;
  }

  /** Whether the agent is to say something about it. Never rejects. The result goes to the session that asked; one that has been replaced hears no more. */
  async run(event: FlavorEvent & { type: 'tool-call' }): Promise<boolean> {
    const { session, notes, tools, context, clock, signal } = this.#parts;
    const { link } = session;
    const startedMs = clock.now();
    const call = { id: event.id, name: event.name, arguments: event.arguments, responseId: event.responseId };
    const result = await tools.run(call, context, signal);
    const ok = result.error === undefined;
    notes.onTool(event.name, ok, clock.now() - startedMs);
    notes.dialogue.onTool(
      {
        role: 'tool',
        id: event.id,
        name: event.name,
        arguments: event.arguments,
        output: result.output,
        ...(result.error !== undefined && { error: result.error }),
      },
      clock.now(),
    );
    if (!this.#closed && session.link === link) link.onToolResult(result);
    return result.reply;
  }

  /** The call is over: results that are still to come go nowhere. */
  close(): void {
    this.#closed = true;
  }
}
