import type { AudioFormat } from './audio.js';
import type { Logger } from './logger.js';
import type { ToolDefinition } from './tools.js';

/** One entry of the dialogue as it really happened. */
export type ConversationItem =
  | { readonly role: 'caller'; readonly turnId: string; readonly text: string }
  | {
      readonly role: 'agent';
      readonly responseId: string;
      readonly text: string;
      readonly heardText: string;
      readonly interrupted: boolean;
    }
  | {
      readonly role: 'tool';
      readonly id: string;
      readonly name: string;
      readonly arguments: unknown;
      readonly output?: unknown;
      readonly error?: string;
    };

/** Everything a session may know of its call. */
export interface CallContext {
  readonly id: string;
  /** Per *session*, a child of the call's: ends one failed flavor without ending the call. */
  readonly signal: AbortSignal;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  /** The SIP headers the route chose to expose; names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Route variables merged with the exposed headers. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * The route's greeting, variables filled in. Spoken by the flavor at `start()` in place of its own; the host does not
   * ask for it again through `speak`. Absent: the flavor greets as its configuration says. Empty: it says nothing at
   * `start()`, because the host greets with a recording, or because the call is under way and this session takes it over.
   */
  readonly greeting?: string;
  /** Instructions for this call, filled in: in place of those in the flavor's configuration. Absent: those. */
  readonly instructions?: string;
  /**
   * Fills `{{name}}`, `{{from}}`, `{{sip.Header}}`, `{{date}}` and the like into a text of the flavor's configuration,
   * such as its instructions. A name without a value leaves nothing behind. Never throws.
   */
  render(text: string): string;
  /** Fixed for the session: if the phone's codec changes, the host transcodes. */
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  /** Includes the host's own, such as `hang_up`. The flavor need not tell them apart. */
  readonly tools: readonly ToolDefinition[];
  /** Owned by the host: caller turns, agent text as heard, tool calls and results. Not empty after a fail-over. */
  readonly history: readonly ConversationItem[];
  readonly log: Logger;
}
