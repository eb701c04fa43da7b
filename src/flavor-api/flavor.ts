import type { AudioFrame } from './audio.js';
import type { CallContext } from './call-context.js';
import type { FlavorEvent } from './events.js';
import type { Logger } from './logger.js';
import type { FlavorCapabilities, FlavorManifest } from './manifest.js';
import type { InterruptCause, PlayoutReport } from './playout.js';
import type { ToolDefinition, ToolResult } from './tools.js';

/** What the host lends a flavor for the life of the process. */
export interface FlavorDeps {
  readonly log: Logger;
  /** Monotonic milliseconds; tests swap in a fake. */
  now(): number;
}

/** The default export of a flavor package: static, no side effects on import. */
export interface FlavorModule<Config = unknown> {
  readonly manifest: FlavorManifest<Config>;
  /** `config` has passed `manifest.configSchema`. Throws `ERR_FLAVOR_CONFIG` for what a schema cannot see. */
  create(config: Config, deps: FlavorDeps): Flavor | Promise<Flavor>;
}

/** One configured flavor, alive as long as the process (or until a reload replaces it). */
export interface Flavor extends AsyncDisposable {
  /** Resolved from the config: turn-taking, formats and tools may depend on it. */
  readonly capabilities: FlavorCapabilities;
  /** Cheapest authenticated call the provider offers. Used by `check --providers` and readiness, never per call. */
  check(signal: AbortSignal): Promise<void>;
  /** Open pools, load models, render the greeting. Optional, idempotent. */
  warmup?(signal: AbortSignal): Promise<void>;
  /**
   * Started while the phone still rings. `call.signal` aborts when the call is over: the stream then ends with
   * `end/aborted` within 500 ms, or `open` rejects.
   */
  open(call: CallContext): Promise<FlavorSession>;
}

/** A request for speech now: exact words, or a reply along these lines. Exactly one of the two is set. */
export interface SpeakRequest {
  readonly text?: string;
  readonly instructions?: string;
  readonly interruptible?: boolean;
}

export interface SessionPatch {
  readonly instructions?: string;
  readonly context?: string;
  readonly tools?: readonly ToolDefinition[];
}

/** One call's mind. Methods other than `update` are synchronous and never throw, also after `end`. */
export interface FlavorSession {
  /** Hot path, 50 times a second: synchronous, never throws, never blocks. */
  write(frame: AudioFrame): void;
  /** One ordered stream, iterated once, by the host. Ends with exactly one `end`; nothing follows it. */
  readonly events: AsyncIterable<FlavorEvent>;
  /**
   * The caller can hear: called once, when the call is answered (ACK, or early media). A flavor with a greeting of its
   * own starts it now and not before. Never called again after a hold.
   */
  start(): void;
  speak(request: SpeakRequest): void;
  /** The host has decided the caller is interrupting (host VAD, DTMF, API). */
  interrupt(cause: InterruptCause): void;
  /** Host VAD; delivered only where `capabilities.needsVad`. */
  onVoice?(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void;
  /** The host's verdict on each onset; only `accepted`, or a later end of turn, may start a reply. */
  onOnset?(verdict: 'accepted' | 'rejected', positionMs: number): void;
  /** A whole caller turn, when `turnTaking` is `host`. */
  endTurn?(): void;
  /**
   * What left the socket. Every responseId that emitted audio or text gets at most one `started` and exactly one
   * terminal report, in order (never played = `interrupted`, 0). `interrupt()` comes at once; its report follows the
   * playout's acknowledgement (normally within 25 ms). Between the two a flavor cancels provider work but builds no new
   * request.
   */
  onPlayout(report: PlayoutReport): void;
  onDtmf(digits: string): void;
  onToolResult(result: ToolResult): void;
  /** Throws `ERR_FLAVOR_UNSUPPORTED` where the flavor has nothing to change. */
  update(patch: SessionPatch): Promise<void>;
}

/** Identity, for its types: `export default defineFlavor({...})`. */
export function defineFlavor<Config>(module: FlavorModule<Config>): FlavorModule<Config> {
  return module;
}
