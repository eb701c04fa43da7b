import type { AudioFormat, FlavorModule, ToolDefinition } from '../flavor-api/index.js';

/**
 * A situation that a check needs. The harness makes its provider (or fake) ready for it; the kit then opens a session
 * and does what the setup's `trigger` says.
 */
export type ScenarioName =
  /** What the caller does next is answered with speech. Needed by every flavor. */
  | 'conversation'
  /** Answered with at least 3 s of speech, so that it can be interrupted. Needed where `interruptible`. */
  | 'long-answer'
  /** Leads to exactly one tool call; its result, if a reply is wanted, to speech. Needed where `tools`. */
  | 'tool-call'
  /** Leads to two tool calls before any result. Needed where `parallelTools`. */
  | 'parallel-tool-calls'
  /** Digits lead to speech. Needed where `dtmf`. */
  | 'digits';

/** What the caller does. */
export type CallerAction =
  /** Speaks; the sound is that of {@link ContractHarness.callerSpeech}. */
  | { readonly type: 'speaks'; readonly durationMs: number }
  /** Presses keys, `0-9*#A-D`, 100 ms apart. */
  | { readonly type: 'presses'; readonly digits: string };

/** What a scenario needs besides its name. */
export interface ScenarioSetup {
  /** Sets the scenario off. Default: 1,200 ms of speech; for `digits`: `12`. */
  readonly trigger?: CallerAction;
  /** Tools that the scenario's model will call. `hang_up` is offered in any case. */
  readonly tools?: readonly ToolDefinition[];
}

/** How a provider can refuse to work. */
export type ProviderFault =
  /** 401, or whatever says "wrong credentials". */
  | 'unauthorized'
  /** 429. */
  | 'rate-limited'
  /** 5xx, or a close with a server error. */
  | 'server-error'
  /** Takes the connection and the request, then says nothing. */
  | 'hang';

/** What the model was given for one reply. */
export interface ProviderRequest {
  /**
   * All that the model saw, as text: instructions, dialogue, tool results. For a provider that keeps the dialogue
   * itself: what its memory held at that moment.
   */
  readonly prompt: string;
  /** Where the provider cuts an interrupted answer by time: the milliseconds it was told to keep, most recent cut. */
  readonly truncatedToMs?: number;
}

/**
 * A provider, or a fake of it that speaks its real wire protocol, in the hands of the kit. A flavor that talks to
 * anything outside its process brings one for each service it uses.
 */
export interface ProviderControl {
  /** Names it in messages: `llm`, `tts`. */
  readonly name: string;
  /** Breaks every open connection at once, as a crash would. New ones are accepted. */
  drop(): void | Promise<void>;
  /** From now on, until {@link recover}, new connections and requests fail this way. */
  fail(fault: ProviderFault): void | Promise<void>;
  recover(): void | Promise<void>;
  /** The next thing it says, at once if a connection stands, breaks its own protocol; the connection stays. */
  malformNext(): void | Promise<void>;
  /** Connections open now. */
  connections(): number;
  /** One entry for each reply that a model was asked for, oldest first. Empty for services without a model. */
  requests(): readonly ProviderRequest[];
}

/**
 * What the author of a flavor hands to the kit. Nothing in it can excuse a flavor from what its capabilities promise: a
 * part that is missing though promised is a failed check, not a skipped one.
 */
export interface ContractHarness {
  readonly module: FlavorModule;
  /** The flavor's section of a config file, without `use`. Secrets in it serve as canaries in check 23. */
  readonly validConfig: Readonly<Record<string, unknown>>;
  /** Configs that must be refused, by the schema or by `create`, beyond those that the kit derives from the schema. */
  readonly badConfigs?: readonly unknown[];
  /** Called before a session is opened or, for a later turn of the same session, before the caller acts. */
  scenario(name: ScenarioName): ScenarioSetup | Promise<ScenarioSetup>;
  /** Leave out only if the flavor works entirely inside the process: the kit watches for connections. */
  readonly providers?: readonly ProviderControl[];
  /** Speech that the provider understands: `durationMs` in `format`. Default: a synthetic vowel. */
  callerSpeech?(format: AudioFormat, durationMs: number): Uint8Array;
  /**
   * Wall milliseconds that a frame of 20 ms takes. Default 20: real time, needed as soon as flavor or provider use
   * timers of their own. 0: as fast as the event loop turns, for flavors that take all time from their frames.
   */
  readonly frameIntervalMs?: number;
}
