import type { Clock, TimerHandle } from '../../base/clock.js';
import { isNestedTooDeep } from '../../base/nesting.js';
import type { FlavorEvent, ToolResult } from '../../flavor-api/index.js';
import type { Filler, ToolContext } from '../../tools/tool.js';
import type { ToolRunner } from '../../tools/tool-runner.js';
import { CALL_OVER } from '../call-over.js';
import type { ConversationNotes } from '../conversation-notes.js';
import type { CurrentSession } from '../session/current-session.js';
import type { SessionLink } from '../session/session-link.js';
import { ToolFiller } from './tool-filler.js';

interface ToolDeskHandlers {
  /** The caller waits for a tool in silence: these words are to be said aside. */
  onFiller(filler: Filler): void;
}

export interface ToolDeskParts {
  readonly session: CurrentSession;
  readonly notes: Pick<ConversationNotes, 'dialogue' | 'onTool' | 'onWarning'>;
  readonly tools: ToolRunner;
  /** What tools may do to the call. */
  readonly context: ToolContext;
  readonly clock: Clock;
  /** Of the call; asked for with each tool that runs. */
  signal(): AbortSignal;
  readonly handlers: ToolDeskHandlers;
}

/** Tools at the same time, and of one call altogether: a model in a loop must not hammer somebody's service. */
const MAX_RUNNING = 8;
const MAX_CALLS = 200;
/** In place of a name that no tool has: what a model makes up belongs in no metric. */
const UNKNOWN = 'unknown';
/**
 * Turns of the microtask queue that a result has to arrive after its tool was stopped. A transfer ends its call in the
 * instant in which it succeeds, while the result is still on its way through promises.
 */
const GRACE_TURNS = 10;
/**
 * Time that is left, once the call is over, to what does something for the operator: whoever was called hangs up first
 * as often as not, while the agent still reports how it went. Less than a connector that stops waits for its calls. ms
 */
const AFTER_CALL_MS = 2_500;

/** Why a tool was given up: the reason of its signal, and what the model gets. */
class ToolStopped extends Error {
  override readonly name = 'ToolStopped';

  constructor(
    message: string,
    readonly reply: boolean,
  ) {
    super(message);
  }
}

interface Running {
  readonly cancellable: boolean;
  /** The end of the call waits for it. */
  readonly awaited: boolean;
  readonly abort: AbortController;
}

/**
 * Where the agent's tool calls are taken, run, written down and answered. Calls run side by side, and each gets exactly
 * one result, in the order in which they end: that of the tool, or an error when it took too long, was refused or was
 * given up. A result goes to the session that asked for it; where that has been replaced, only the dialogue has it.
 */
export class ToolDesk {
  readonly #parts: ToolDeskParts;
  readonly #filler: ToolFiller;
  /** These are made with the first call of a tool. */
  #running: Set<Running> | undefined;
  #runs: Set<Promise<boolean>> | undefined;
  /** Calls of the present session, by id. */
  #taken: Set<string> | undefined;
  #takenFrom: SessionLink | undefined;
  #calls = 0;
  #closed = false;
  #onWorkDone: (() => void) | undefined;

  constructor(parts: ToolDeskParts) {
    this.#parts = parts;
    this.#filler = new ToolFiller(parts.clock, (filler) => parts.handlers.onFiller(filler));
  }

  /** A tool runs whose result the present session awaits. */
  get busy(): boolean {
    return this.#filler.waiting;
  }

  /**
   * Runs a tool to its result. Never rejects.
   *
   * @returns whether the present session was given a result that it is to say something about
   */
  async run(event: FlavorEvent & { type: 'tool-call' }): Promise<boolean> {
    const run = this.#run(event);
    this.#runs ??= new Set();
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /**
   * For the record of a call that is over: what tools have done. Those that were stopped are a few turns away, those that
   * work for the operator {@link AFTER_CALL_MS} at most. `undefined`: nothing runs.
   */
  results(): Promise<unknown> | undefined {
    if (this.#runs === undefined || this.#runs.size === 0) return undefined;
    const all = Promise.all(this.#runs);
    return this.#working ? all : Promise.race([all, turns(2 * GRACE_TURNS)]);
  }

  /**
   * Calls `then` once nothing runs that does something for the operator: at once, or when the last of it has ended, in
   * the time that each tool has. What tools do to the call itself ends with it. Not after {@link close}. The goodbye was
   * heard: nobody is asked to wait any more.
   */
  afterWork(then: () => void): void {
    this.#filler.forget();
    this.#onWorkDone = then;
    this.#tellWorkDone();
  }

  /** Something runs that does something for the operator. */
  get #working(): boolean {
    return [...(this.#running ?? [])].some(({ awaited }) => awaited);
  }

  #tellWorkDone(): void {
    const then = this.#onWorkDone;
    if (then === undefined || this.#working) return;
    this.#onWorkDone = undefined;
    then();
  }

  async #run(event: FlavorEvent & { type: 'tool-call' }): Promise<boolean> {
    const { session, notes, tools, clock } = this.#parts;
    const { link } = session;
    if (this.#closed || !this.#take(event.id, link)) return false;
    const startedMs = clock.now();
    const end = this.#filler.begin(tools.timing(event.name));
    const nested = isNestedTooDeep(event.arguments);
    const result = nested
      ? failed(event.id, 'The arguments are nested too deeply.', true)
      : (this.#refusal(event) ?? (await this.#execute(event)));
    end();
    notes.onTool(tools.has(event.name) ? event.name : UNKNOWN, result.error === undefined, clock.now() - startedMs);
    notes.dialogue.onTool(
      {
        role: 'tool',
        id: event.id,
        name: event.name,
        // The session that comes next has to write them again.
        arguments: nested ? {} : event.arguments,
        output: result.output,
        ...(result.error !== undefined && { error: result.error }),
      },
      clock.now(),
    );
    if (this.#closed || session.link !== link) return false;
    link.onToolResult(result);
    return result.reply;
  }

  /**
   * The caller has interrupted the agent. Tools that are declared cancellable are given up, and their results ask for no
   * reply: what the caller says is answered instead, by a model that knows what was not done.
   */
  onInterrupted(): void {
    const stopped = new ToolStopped('The caller interrupted, and this was given up.', false);
    for (const { cancellable, abort } of this.#running ?? []) if (cancellable) abort.abort(stopped);
  }

  onAgentSpeaking(speaking: boolean): void {
    this.#filler.onAgentSpeaking(speaking);
  }

  onCallerSpeaking(speaking: boolean): void {
    this.#filler.onCallerSpeaking(speaking);
  }

  /** Another session has taken over. What its forerunner began goes on, for the dialogue alone. */
  onReplaced(): void {
    this.#filler.forget();
  }

  /** The call is over: results that are still to come go nowhere. */
  close(): void {
    this.#closed = true;
    this.#onWorkDone = undefined;
    this.#filler.forget();
  }

  /** False: a result of this id was promised already, and two would be one too many. */
  #take(id: string, link: SessionLink): boolean {
    this.#taken ??= new Set();
    if (this.#takenFrom !== link) this.#taken.clear();
    this.#takenFrom = link;
    this.#calls += 1;
    if (this.#taken.has(id)) {
      this.#parts.notes.onWarning('ERR_FLAVOR_PROTOCOL', 'two tool calls of the same id: the second was ignored');
      return false;
    }
    if (this.#calls <= MAX_CALLS) this.#taken.add(id);
    return true;
  }

  #refusal({ id }: { readonly id: string }): ToolResult | undefined {
    if (this.#calls > MAX_CALLS) return failed(id, 'There have been too many tool calls in this phone call.', true);
    if (this.#running !== undefined && this.#running.size >= MAX_RUNNING)
      return failed(id, 'Too many tools are running: wait for their results.', true);
    return undefined;
  }

  async #execute({ id, name, arguments: given, responseId }: FlavorEvent & { type: 'tool-call' }): Promise<ToolResult> {
    const { tools, context, clock } = this.#parts;
    const signal = this.#parts.signal();
    if (signal.aborted) return failed(id, CALL_OVER, false);
    const abort = new AbortController();
    const stopped = new Promise<undefined>((resolve) => {
      abort.signal.addEventListener('abort', () => void turns(GRACE_TURNS).then(resolve), { once: true });
    });
    const timer = clock.setTimeout(
      () => abort.abort(new ToolStopped('This took too long and was given up.', true)),
      tools.timing(name).timeoutMs,
    );
    const cancellable = tools.isCancellable(name);
    // What may be given up for a word of the caller's may be for their goodbye.
    const running = { cancellable, awaited: tools.isExternal(name) && !cancellable, abort };
    let overTimer: TimerHandle | undefined;
    const stop = (): void => abort.abort(new ToolStopped(CALL_OVER, false));
    const onOver = (): void => {
      if (running.awaited) overTimer = clock.setTimeout(stop, AFTER_CALL_MS);
      else stop();
    };
    signal.addEventListener('abort', onOver, { once: true });
    this.#running ??= new Set();
    this.#running.add(running);
    try {
      const call = { id, name, arguments: given, responseId };
      const result = await Promise.race([tools.run(call, context, abort.signal), stopped]);
      // What a tool makes of being stopped is nobody's business; what it has done is.
      if (result && (result.error === undefined || !abort.signal.aborted)) return result;
      return stoppedResult(id, abort.signal.reason);
    } finally {
      this.#running.delete(running);
      this.#tellWorkDone();
      clock.clearTimeout(timer);
      clock.clearTimeout(overTimer);
      signal.removeEventListener('abort', onOver);
    }
  }
}

function stoppedResult(id: string, reason: unknown): ToolResult {
  return reason instanceof ToolStopped
    ? failed(id, reason.message, reason.reply)
    : failed(id, 'It was given up.', true);
}

async function turns(count: number): Promise<undefined> {
  for (let turn = 0; turn < count; turn += 1) await undefined;
  return undefined;
}

function failed(id: string, error: string, reply: boolean): ToolResult {
  return { id, output: null, error, reply };
}
