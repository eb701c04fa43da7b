import type { Clock } from '../../base/clock.js';
import type { AudioFormat } from '../../flavor-api/index.js';
import type { StageIdentity } from '../stages/stage.js';
import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechRequest,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../stages/text-to-speech.js';
import { Candidates, type FailOverDeps } from './candidates.js';
import type { EngineDesk, SpeakingEngine } from './engine-desk.js';
import { commonFormats } from './formats.js';
import { openFirst } from './open-first.js';
import { type TextToSpeechFailOverOptions, textToSpeechFailOverDefaults } from './options.js';
import { SpeechPace } from './seam.js';
import { FailOverUtterance } from './utterance.js';

/**
 * Several voices as one: when an engine fails, the next says the rest of what was begun, from the word on at which the
 * first broke off.
 *
 * @param engines the preferred one first; at least one. They belong to what is returned.
 * @throws FlavorError `ERR_FLAVOR_CONFIG` without an engine, or where no format is common to all.
 */
export function failOverTextToSpeech(
  engines: readonly TextToSpeech[],
  deps: FailOverDeps,
  options: Partial<TextToSpeechFailOverOptions> = {},
): TextToSpeech {
  return new FailOverTextToSpeech(engines, deps, { ...textToSpeechFailOverDefaults, ...options });
}

class FailOverTextToSpeech implements TextToSpeech {
  readonly identity: StageIdentity;
  readonly capabilities: TextToSpeechCapabilities;
  readonly #candidates: Candidates<TextToSpeech>;
  readonly #clock: Clock;
  readonly #log: FailOverDeps['log'];
  readonly #options: TextToSpeechFailOverOptions;
  /** What one call has heard of a voice holds for the next. */
  readonly #paces: ReadonlyMap<TextToSpeech, SpeechPace>;

  constructor(engines: readonly TextToSpeech[], { clock, log }: FailOverDeps, options: TextToSpeechFailOverOptions) {
    this.#candidates = new Candidates(engines, clock);
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#paces = new Map(engines.map((engine) => [engine, new SpeechPace()]));
    const all = engines.map(({ capabilities }) => capabilities);
    this.identity = engines[0]?.identity ?? { provider: '', model: '' };
    this.capabilities = {
      output: commonFormats(all.map(({ output }) => output)),
      text: all.every(({ text }) => text === 'stream') ? 'stream' : 'sentence',
      wordTimes: all.every(({ wordTimes }) => wordTimes),
      maxCharacters: Math.min(...all.map(({ maxCharacters }) => maxCharacters)),
      voiceSigns: all.every(({ voiceSigns }) => voiceSigns),
    };
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#candidates.check(signal, this.#log);
  }

  warmup(signal: AbortSignal): Promise<void> {
    return this.#candidates.warmup(signal);
  }

  async open(request: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    const session = new FailOverSession(this.#candidates, this.#paces, this.#clock, this.#options, request, signal);
    await session.connect();
    return session;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#candidates[Symbol.asyncDispose]();
  }
}

class FailOverSession implements TextToSpeechSession, EngineDesk {
  readonly options: TextToSpeechFailOverOptions;
  readonly clock: Clock;
  readonly #request: TextToSpeechRequest;
  readonly #candidates: Candidates<TextToSpeech>;
  readonly #paces: ReadonlyMap<TextToSpeech, SpeechPace>;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #current: SpeakingEngine | undefined;
  #connecting: Promise<SpeakingEngine> | undefined;

  constructor(
    candidates: Candidates<TextToSpeech>,
    paces: ReadonlyMap<TextToSpeech, SpeechPace>,
    clock: Clock,
    options: TextToSpeechFailOverOptions,
    request: TextToSpeechRequest,
    signal: AbortSignal,
  ) {
    this.#candidates = candidates;
    this.#paces = paces;
    this.clock = clock;
    this.options = options;
    this.#request = request;
    this.#signal = AbortSignal.any([signal, this.#controller.signal]);
  }

  get output(): AudioFormat {
    return this.#request.output;
  }

  get current(): SpeakingEngine | undefined {
    return this.#current;
  }

  begin(): TextToSpeechUtterance {
    return new FailOverUtterance(this, this.#signal);
  }

  hasOther({ engine }: SpeakingEngine): boolean {
    return this.#candidates.hasOther(engine);
  }

  another(failed: SpeakingEngine | undefined): Promise<SpeakingEngine> {
    // Two utterances may find out about the same failure.
    if (this.#current && this.#current !== failed) return Promise.resolve(this.#current);
    if (this.#current) {
      this.#current.leave();
      this.#candidates.brokeOff(this.#current.engine);
      this.#current = undefined;
    }
    return this.connect();
  }

  /** Opens the first engine that can be had. */
  connect(): Promise<SpeakingEngine> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<SpeakingEngine> {
    const { engine, opened, forget } = await openFirst({
      candidates: this.#candidates,
      clock: this.clock,
      limitMs: this.options.openMs,
      signal: this.#signal,
      open: (candidate, signal) => candidate.open(this.#request, signal),
    });
    const leave = (): void => {
      opened.close();
      forget();
    };
    this.#current = { engine, session: opened, pace: this.#paces.get(engine) ?? new SpeechPace(), leave };
    return this.#current;
  }

  close(): void {
    this.#controller.abort();
    this.#current?.leave();
    this.#current = undefined;
  }
}
