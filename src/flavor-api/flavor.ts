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
  /** False: the caller cannot interrupt it. The host sees to that; a flavor that cancels by itself must not. */
  readonly interruptible?: boolean;
  /**
   * Said aside, such as "one moment" while a tool runs: kept out of the model's history, and dropped if what it was to
   * bridge has come before its first sound. It never delays or replaces the answer.
   */
  readonly aside?: boolean;
}

/** What changes in a session that is up; what is absent stays. */
export interface SessionPatch {
  readonly instructions?: string;
  readonly context?: string;
  readonly tools?: readonly ToolDefinition[];
}

/** One call's mind. Methods other than `update` are synchronous and never throw, also after `end`. */
export interface FlavorSession {
  /**
   * Hot path, 50 times a second: synchronous, never throws, never blocks. May come before `start`; pauses while the call
   * is on hold, `positionMs` with it.
   */
  write(frame: AudioFrame): void;
  /**
   * Caller audio that the session still needs before it does anything with what it was written, ms: for one that sends its
   * provider pieces of 60 ms, the rest of the piece. Looked at after each `write` and each event. The host may keep frames
   * until so much is there, at most 100 ms, and write them one after the other when the last is due; it keeps none where
   * it takes the turns, a voice begins or ends, or an interruption is decided. Absent: every frame comes at once. Hot path.
   */
  readonly awaitedInputMs?: number | undefined;
  /**
   * One ordered stream, iterated once, by the host. Ends with exactly one `end`; nothing follows it. After
   * `end/completed` the host plays what is queued and then hangs up.
   */
  readonly events: AsyncIterable<FlavorEvent>;
  /**
   * The caller can hear: called once, when the call is answered (ACK, or early media). A flavor with a greeting of its
   * own starts it now and not before: no audio or text precedes `start`. Never called again after a hold.
   */
  start(): void;
  /** Not called before `start`. What the flavor cannot do is answered by a `warning` with `ERR_FLAVOR_UNSUPPORTED`. */
  speak(request: SpeakRequest): void;
  /**
   * The host has decided the caller is interrupting (host VAD, DTMF, API). Ends every response begun or asked for so
   * far: no `audio` or `text` for those follows. What the caller says or presses next is answered as ever.
   */
  interrupt(cause: InterruptCause): void;
  /**
   * Host VAD; delivered only where `capabilities.needsVad`. `positionMs`, on the clock of `AudioFrame.positionMs`, is
   * where the stretch of speech began (its first voiced sample) or ended (after its last voiced sample). The call comes
   * later than that by the detector's delay, after the `write` of the frame that decided it.
   */
  onVoice?(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void;
  /**
   * The host's verdict on each onset, after its `started` and before any `interrupt` that it causes; `positionMs` repeats
   * the onset's. Only `accepted`, or a later end of turn, may start a reply. Delivered where `capabilities.needsVad`.
   */
  onOnset?(verdict: 'accepted' | 'rejected', positionMs: number): void;
  /** A whole caller turn, when `turnTaking` is `host`: after the last `stopped`. Never for rejected onsets alone. */
  endTurn?(): void;
  /**
   * What left the socket. Every responseId that emitted audio or text gets at most one `started` and exactly one
   * terminal report, in order (never played = `interrupted`, 0). `interrupt()` comes at once; its report follows the
   * playout's acknowledgement (normally within 25 ms). Between the two a flavor cancels provider work but builds no new
   * request. A report for an unknown response, or a second one, is ignored.
   */
  onPlayout(report: PlayoutReport): void;
  /** Keys the caller pressed, `0-9*#A-D`, in order; usually one, at once after its press. */
  onDtmf(digits: string): void;
  /** The outcome of a `tool-call` of this session; results with an unknown `id` are ignored. */
  onToolResult(result: ToolResult): void;
  /** Throws `ERR_FLAVOR_UNSUPPORTED` where the flavor has nothing to change. */
  update(patch: SessionPatch): Promise<void>;
}

/** Identity, for its types: `export default defineFlavor({...})`. */
export function defineFlavor<Config>(module: FlavorModule<Config>): FlavorModule<Config> {
  return module;
}
