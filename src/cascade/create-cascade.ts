import { type Clock, createSystemClock, type TimerHandle } from '../base/clock.js';
import {
  type CallContext,
  type Flavor,
  type FlavorCapabilities,
  FlavorError,
  type FlavorSession,
} from '../flavor-api/index.js';
import { type CascadeOptions, cascadeConfig, turnsWith } from './options.js';
import { CascadeSession } from './session/cascade-session.js';
import type { LanguageModel } from './stages/language-model.js';
import type { SpeechToText } from './stages/speech-to-text.js';
import type { Stage } from './stages/stage.js';
import { asFlavorError } from './stages/stage-error.js';
import type { TextToSpeech } from './stages/text-to-speech.js';
import { createSpeakable } from './text/speakable.js';
import { type TurnOptions, turnDefaults } from './turns/turn-state.js';

/** The stages of a cascade. They serve all calls of a flavor, and belong to what is made of them. */
export interface CascadeStages {
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

/** What a cascade is lent beside its stages; what is optional has a default. */
export interface CascadeDeps {
  /** Monotonic milliseconds: `FlavorDeps.now`. */
  now(): number;
  /** In place of the process's timers, for tests. Called once for each call. */
  clock?(): Clock;
  /** In place of the one for `options.language`: written text to text that can be spoken. */
  speakable?(text: string): string;
  /** Whether the words of a call must not leave the premises. Absent: they may. */
  isPrivate?(call: CallContext): boolean;
}

/** Silence after the caller's last word, beside patience: the recogniser needs it for its transcript, ms. */
const TRANSCRIPT_MS = 700;
/** Once one stage has failed its check, the others are given so long to say the same, ms. */
const OTHERS_MS = 2_000;

/**
 * A flavor made of three stages: what is left to its author is a config schema. The caller is answered by `llm`, which
 * hears through `stt` and speaks through `tts`; the history holds what the caller heard, tools are the host's, and
 * `speak({ text })` is word for word.
 *
 * @param options as {@link cascadeConfig} yields them; what is left out is as in an empty config file
 * @throws FlavorError `ERR_FLAVOR_CONFIG` where the stages share no use: one without an audio format
 */
export function createCascade(stages: CascadeStages, options: Partial<CascadeOptions>, deps: CascadeDeps): Flavor {
  return new Cascade(stages, { ...cascadeConfig.parse({}), ...options }, deps);
}

/** What a cascade of these stages can do. */
export function cascadeCapabilities({ stt, llm, tts }: CascadeStages, options: CascadeOptions): FlavorCapabilities {
  const { turns } = options;
  const patienceMs = Math.max(turns.openMs, turns.digitsMs, turns.mostMs) + TRANSCRIPT_MS;
  return {
    kind: 'cascade',
    input: stt.capabilities.input,
    output: tts.capabilities.output,
    turnTaking: 'flavor',
    truncation: true,
    tools: true,
    parallelTools: llm.parallelTools,
    verbatimSpeech: true,
    needsVad: true,
    interruptible: true,
    endOfTurnMs: stt.capabilities.endOfTurn ? turnDefaults.turnTimeoutMs : patienceMs,
    greets: options.greeting !== '',
    dtmf: true,
    updatable: true,
  };
}

class Cascade implements Flavor {
  readonly capabilities: FlavorCapabilities;
  readonly #stages: CascadeStages;
  readonly #options: CascadeOptions;
  readonly #turns: TurnOptions;
  readonly #clock: () => Clock;
  readonly #speakable: (text: string) => string;
  readonly #isPrivate: (call: CallContext) => boolean;

  constructor(stages: CascadeStages, options: CascadeOptions, deps: CascadeDeps) {
    this.#stages = stages;
    this.#options = options;
    this.capabilities = cascadeCapabilities(stages, options);
    if (this.capabilities.input.length === 0 || this.capabilities.output.length === 0) {
      throw new FlavorError('ERR_FLAVOR_CONFIG', 'a stage names no audio format', false);
    }
    this.#turns = turnOptions(stages.stt, options);
    const { language, pronunciations } = options;
    const { voiceSigns = false } = stages.tts.capabilities;
    this.#speakable = deps.speakable ?? createSpeakable({ language, pronunciations, voiceSigns });
    this.#isPrivate = deps.isPrivate?.bind(deps) ?? (() => false);
    this.#clock = deps.clock?.bind(deps) ?? (() => ({ ...createSystemClock(), now: () => deps.now() }));
  }

  /** Asks all stages; where several cannot be had, the error names each that has said so by then. */
  async check(signal: AbortSignal): Promise<void> {
    const clock = this.#clock();
    const errors: FlavorError[] = [];
    let timer: TimerHandle | undefined;
    await new Promise<void>((resolve) => {
      const asked = this.#all().map((stage) =>
        stage.check(signal).catch((error: unknown) => {
          errors.push(asFlavorError(error));
          timer ??= clock.setTimeout(resolve, OTHERS_MS);
        }),
      );
      void Promise.all(asked).then(() => resolve());
    });
    clock.clearTimeout(timer);
    signal.throwIfAborted();
    const [first, ...others] = errors;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    const message = errors.map(({ code, message: text }) => `${text} (${code})`).join('; ');
    throw new FlavorError(
      first.code,
      message,
      errors.every(({ retryable }) => retryable),
    );
  }

  async warmup(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((stage) => stage.warmup?.(signal)));
  }

  /**
   * Recogniser and voice are opened side by side. The first that cannot be had is the reason at once; what becomes of the
   * other is closed.
   */
  async open(call: CallContext): Promise<FlavorSession> {
    const { stt, llm, tts } = this.#stages;
    call.signal.throwIfAborted();
    const opening = [
      stt.open({ input: call.input }, call.signal),
      tts.open({ output: call.output, private: this.#isPrivate(call) }, call.signal),
    ] as const;
    try {
      const [stream, voice] = await Promise.all(opening);
      const parts = {
        call,
        options: this.#options,
        turns: this.#turns,
        stt,
        llm,
        tts,
        clock: this.#clock(),
        speakable: this.#speakable,
      };
      return new CascadeSession(parts, stream, voice);
    } catch (error) {
      for (const each of opening) void each.then((opened) => opened.close()).catch(() => {});
      call.signal.throwIfAborted();
      throw asFlavorError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#all().map((stage) => stage[Symbol.asyncDispose]()));
  }

  #all(): readonly Stage[] {
    const { stt, llm, tts } = this.#stages;
    return [stt, llm, tts];
  }
}

function turnOptions(stt: SpeechToText, options: CascadeOptions): TurnOptions {
  const { fullStopMs, openMs, digitsMs, mostMs, finalTimeoutMs, digitPauseMs } = options.turns;
  const { leastOpenMs } = turnDefaults.patience;
  return {
    ...turnDefaults,
    ...turnsWith(stt.capabilities, options),
    patience: { fullStopMs, openMs, digitsMs, leastOpenMs: Math.min(leastOpenMs, openMs), mostMs },
    finalTimeoutMs,
    digitPauseMs,
  };
}
