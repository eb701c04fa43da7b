import type { HeaderFields } from '../base/header-fields.js';
import type { Logger, ToolDefinition } from '../flavor-api/index.js';

/**
 * `blind`: the caller's phone is told whom to call (REFER). `attended`: the target is called first; when it answers, the
 * caller's phone takes our place there (REFER with Replaces), or the two are bridged where it does not. `bridge`: the
 * two are joined here, and the call lasts as long as they talk.
 */
export type TransferMode = 'blind' | 'attended' | 'bridge';

/** Somebody a call may be transferred to, by the name the operator gave. */
export interface TransferTarget {
  readonly name: string;
  /** `sip:`, `sips:` or `tel:`. The model never sees it. */
  readonly uri: string;
  /** For the model: who answers there. */
  readonly description?: string;
  /** SIP header fields of the REFER, and of the INVITE to the target. */
  readonly headers?: HeaderFields;
  /** How the caller gets there. Default `blind`. */
  readonly mode?: TransferMode;
  /** How long the target is rung, ms; not for `blind`, where the caller's phone decides. */
  readonly ringMs?: number;
  /** Said to the target alone, in the host's voice, before the caller gets there; not for `blind`. */
  readonly announce?: { readonly text?: string; readonly wav?: string };
}

/** What the peer made of a transfer. `status` is the target's final SIP status, or that of the REFER itself. */
export interface TransferOutcome {
  readonly ok: boolean;
  readonly status: number;
}

/** What a tool may do to the call it runs in. The call implements it. */
export interface ToolContext {
  /**
   * Ends the call once the agent's last words were heard: those of `responseId`, or all that are queued. Returns at
   * once. False, and nothing is done: a transfer was asked for in the same turn, and the call ends with that.
   */
  hangUp(responseId: string | undefined): boolean;
  /**
   * Hands the caller over, once the agent's words of `responseId` were heard. Resolves when it is known what became of
   * it. Until then, and after a failure, the caller is here.
   */
  transfer(target: TransferTarget, responseId: string | undefined): Promise<TransferOutcome>;
  /**
   * Presses keys, `0-9*#A-D`: by RFC 4733 where that was negotiated, else by INFO. Resolves when the last of them was
   * sent. Rejects where the other side takes neither, or more than 256 would wait.
   */
  sendDigits(digits: string): Promise<void>;
  /**
   * Puts the caller on hold for a while. Resolves when the caller is back, also when `signal` ends it early. Rejects when
   * the phone refuses the hold.
   */
  hold(seconds: number, signal: AbortSignal): Promise<void>;
  /**
   * Leaves out of the recording what is said from now on, or takes it in again, at once. False where the call is not
   * recorded, or must not be.
   */
  pauseRecording(paused: boolean): boolean;
}

/** What every tool may know of its call. */
export interface CallFacts {
  readonly id: string;
  /** Users of the From URI and of the dialled number. */
  readonly from: string;
  readonly to: string;
  /** Variables of the route, merged with the SIP headers it exposes. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The surroundings of one run of a tool. */
export interface ToolScope {
  readonly phone: ToolContext;
  readonly call: CallFacts;
  readonly log: Logger;
}

/** One call of a tool by the agent. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model gave them: hostile until checked. */
  readonly arguments: unknown;
  /** The speech that goes with the call. */
  readonly responseId: string | undefined;
}

export interface ToolOutcome {
  /** JSON, or nearly: it is bounded and cleaned before the model gets it. */
  readonly output: unknown;
  /** False: the agent says nothing about it. */
  readonly reply: boolean;
}

/** What the host says of its own when a tool lets the caller wait. */
export interface Filler {
  readonly text?: string;
  /** Absolute path; `text` then is its transcript. */
  readonly wav?: string;
}

/** How a tool is run. */
export interface ToolTiming {
  /** After this the model gets an error, whatever the tool does. */
  readonly timeoutMs: number;
  /** Said once while it runs and the agent is silent. */
  readonly filler: Filler | undefined;
  readonly fillerAfterMs: number;
}

/** Something an agent can do besides talking. */
export interface Tool {
  readonly definition: ToolDefinition;
  readonly timing: ToolTiming;
  /** It does its work outside the call, and somebody counts on that being done. Default: false. */
  readonly external?: boolean;
  /** A rejection reaches the model as an error, in the words of its message. */
  run(call: ToolCall, scope: ToolScope, signal: AbortSignal): Promise<ToolOutcome>;
}
