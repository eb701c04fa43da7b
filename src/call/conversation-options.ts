import type { FlavorCapabilities } from '../flavor-api/index.js';
import type { MediaStream } from '../media/engine.js';
import type { Filler, ToolContext } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { ConversationNotes } from './conversation-notes.js';
import type { ReplyWatchHandlers, ReplyWatchOptions } from './reply-watch.js';
import type { SessionFormats } from './session/session-formats.js';
import type { SessionLink } from './session/session-link.js';
import type { SilenceWatchOptions } from './silence-watch.js';
import type { FarewellOptions } from './speech/farewell.js';
import type { InterruptionOptions } from './turns/turn-taking.js';

export interface ConversationOptions extends FarewellOptions {
  readonly capabilities: FlavorCapabilities;
  readonly formats: SessionFormats;
  readonly silence: SilenceWatchOptions;
  readonly reply: ReplyWatchOptions;
  readonly interruption: InterruptionOptions;
  /** Whether the first response of the call is a greeting; absent: it is, unless the caller speaks first. */
  readonly greets: boolean | undefined;
}

/** What a conversation asks of its call. */
export interface ConversationHandlers extends ReplyWatchHandlers {
  /** The caller is silent and is to be asked whether they are there, for the `asked`th time since their last sign. */
  onReprompt(asked: number): void;
  onSilenceLimit(): void;
  /** A sign of the caller, after `onSilenceLimit`. */
  onCallerReturned(): void;
  /** The agent, or the host in its place, speaks or has stopped. */
  onSpeaking(speaking: boolean): void;
  /** The session answers: audio of it has come. */
  onReply(): void;
  /** A response was heard to its end, and was no mere beginning: a provider that breaks off each time helps nobody. */
  onAnswerHeard(): void;
  /** A tool lets the caller wait in silence. */
  onFiller(filler: Filler): void;
}

/** The last words of an agent. */
export interface Goodbye {
  /** Of the response that they are, if it has a name. */
  readonly goodbyeId: string | undefined;
  /** How often the agent has hung up: from some goodbyes it is called back. */
  readonly hangUps: number;
  /** The agent hangs up behind them, and has not taken that back. */
  readonly hangsUp: boolean;
  /** Calls `then` at once, or where the agent has left the caller to a transfer, when it is known what became of that. */
  afterTransfer(then: () => void): void;
}

export interface ConversationParts {
  readonly stream: MediaStream;
  readonly link: SessionLink;
  readonly notes: ConversationNotes;
  readonly tools: ToolRunner;
  /** What tools may do to the call. */
  readonly control: ToolContext;
  /** Of the call. */
  signal(): AbortSignal;
}
