import {
  CircuitBreaker,
  type Clock,
  type Permit,
  type Random,
  type SpeechBackend,
  type SpeechBackendHealth,
  type StageUsage,
  VoiceMean,
} from 'sip-voice-connector/cascade';
import type { TierObservation, TierRules, TierView } from '../router.js';
import { VoicePace } from '../seam/pace.js';
import { isOpen, localDay } from './hours.js';
import { Measure } from './measure.js';
import { Slots } from './slots.js';

/** A tier as it is configured. */
export interface TierOptions {
  readonly rules: TierRules;
  /** Belongs to the tier from here on. */
  readonly backend: SpeechBackend;
  /** Tells voices apart: name, reference clip and all parameters, or a name of the operator's. Tiers of one voice have the same. */
  readonly voice: string;
  /** All that its sound depends upon, in one text: what is kept of it, and its pace, are known by that. Default: `voice`. */
  readonly sound?: string;
  /** What usage costs, USD; for the budget. Absent: nothing. */
  priceOf?(usage: StageUsage): number;
  /** Started before it is needed: never, while there are calls, or always. Only within its hours and budget. */
  readonly keepWarm: 'never' | 'calls' | 'always';
}

export interface TierLimits {
  /** Failures in a row that open the breaker, how long it stays open at first and at most, ms. */
  readonly failures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** How long a tier that broke off in the middle of a sentence comes after the others, ms. */
  readonly restMs: number;
}

export const tierLimits = {
  failures: 3,
  openMs: 5_000,
  maxOpenMs: 120_000,
  restMs: 20_000,
} as const satisfies TierLimits;

/** Requests after which what is usual is known. */
const LEARNT_FROM = 8;
/** A server that is twice as fast as speech. */
const ASSUMED_CHARACTER_MS = 33;

/** Money is counted by the day of this time zone where no hours name one. */
const UTC = 'UTC';

/** One tier at work: who uses it, how it does, what it has cost. Shared by all calls. */
export class Tier {
  readonly rules: TierRules;
  readonly backend: SpeechBackend;
  readonly voice: string;
  readonly sound: string;
  readonly keepWarm: TierOptions['keepWarm'];
  readonly slots: Slots;
  /** Whether it is up: probes tell, and speech. */
  readonly breaker: CircuitBreaker;
  /** Whether it speaks: speech tells, alone. A server may be well, and refuse the key or the voice. */
  readonly #speech: CircuitBreaker;
  /** A sentence tries whether it speaks again. */
  #onTrial = false;
  /** From a request to its first audio, ms; and the same for each character, where the answer comes whole. */
  readonly #firstAudioMs = new Measure();
  readonly #characterMs = new Measure();
  /** How fast its voice speaks, and what it sounds like here. */
  readonly pace: VoicePace;
  readonly mean = new VoiceMean();
  readonly #serviceMs = new Measure();
  readonly #realTimeFactors = new Measure();
  readonly #clock: Clock;
  readonly #limits: TierLimits;
  readonly #priceOf: ((usage: StageUsage) => number) | undefined;
  #health: TierObservation['health'] = 'unknown';
  #startMs: number | undefined;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #provedAtMs = Number.NEGATIVE_INFINITY;
  #spentUsd = 0;
  #spentOn = '';

  /** @param pace of its voice: tiers of one sound have it together, and each tells the others */
  constructor(
    options: TierOptions,
    deps: { readonly clock: Clock; readonly random: Random },
    limits: TierLimits = tierLimits,
    pace = new VoicePace(),
  ) {
    this.rules = options.rules;
    this.backend = options.backend;
    this.voice = options.voice;
    this.sound = options.sound ?? options.voice;
    this.pace = pace;
    this.keepWarm = options.keepWarm;
    this.slots = new Slots(options.rules.concurrency);
    const { failures, openMs, maxOpenMs } = limits;
    const patience = { failures, openMs, backOff: { maxOpenMs, random: deps.random } };
    this.breaker = new CircuitBreaker(patience, deps.clock);
    this.#speech = new CircuitBreaker(patience, deps.clock);
    this.#clock = deps.clock;
    this.#limits = limits;
    this.#priceOf = options.priceOf?.bind(options);
  }

  get name(): string {
    return this.rules.name;
  }

  /** When it last gave proof that it can speak: the clock's ms. */
  get provedAtMs(): number {
    return this.#provedAtMs;
  }

  get view(): TierView {
    const serviceMs = this.#serviceMs.mean;
    const firstAudioMs = this.#firstAudioMs.quantile(0.5);
    const realTimeFactor = this.#realTimeFactors.count >= 3 ? this.#realTimeFactors.quantile(0.5) : undefined;
    return {
      rules: this.rules,
      voice: this.voice,
      seen: {
        health: this.#health,
        ...(this.#startMs !== undefined && { startMs: this.#startMs }),
        breaker: this.standing,
        resting: this.#clock.now() < this.#restsUntilMs,
        busy: this.slots.busy,
        waiting: this.slots.waiting,
        ...(serviceMs !== undefined && { serviceMs }),
        ...(firstAudioMs !== undefined && { firstAudioMs }),
        ...(realTimeFactor !== undefined && { realTimeFactor }),
        spentUsd: this.spentUsd,
      },
    };
  }

  /** `closed`: it may be asked to speak. `half-open`: a probe is to tell whether it is up. */
  get standing(): TierObservation['breaker'] {
    const { state } = this.breaker;
    if (state !== 'closed') return state;
    const speech = this.#speech.state;
    return speech === 'open' || (speech === 'half-open' && this.#onTrial) ? 'open' : 'closed';
  }

  /** Leave to ask it to speak. Absent: it is known to be down, and learns nothing if it is asked all the same. */
  admit(): Permit | undefined {
    const onTrial = this.#speech.state === 'half-open';
    const [up, speech] = [this.breaker.acquire(), this.#speech.acquire()];
    if (up === undefined || speech === undefined) {
      up?.released();
      speech?.released();
      return undefined;
    }
    if (onTrial) this.#onTrial = true;
    const report = (fate: keyof Permit) => (): void => {
      if (onTrial) this.#onTrial = false;
      up[fate]();
      speech[fate]();
    };
    return { succeeded: report('succeeded'), failed: report('failed'), released: report('released') };
  }

  /** Since midnight. */
  get spentUsd(): number {
    return this.#today() === this.#spentOn ? this.#spentUsd : 0;
  }

  /** It may be asked now, as far as hours and money go. */
  get allowed(): boolean {
    const { hours, budgetUsdPerDay } = this.rules;
    if (hours !== undefined && !isOpen(hours, this.#clock.wallTime())) return false;
    return budgetUsdPerDay === undefined || this.spentUsd < budgetUsdPerDay;
  }

  onUsage(usage: StageUsage): void {
    const today = this.#today();
    if (today !== this.#spentOn) [this.#spentOn, this.#spentUsd] = [today, 0];
    this.#spentUsd += this.#priceOf?.(usage) ?? 0;
  }

  /** It says how it is. */
  onHealth(health: SpeechBackendHealth): void {
    this.#health = health.state;
    if (health.state === 'cold' && health.startMs !== undefined) this.#startMs = health.startMs;
    if (health.state === 'ready') this.#provedAtMs = this.#clock.now();
  }

  /** A request has not begun yet, since the tier is not up. */
  onStarting(): void {
    this.#health = 'starting';
  }

  onFirstAudio(afterMs: number, text: string): void {
    this.#health = 'ready';
    this.#firstAudioMs.add(afterMs);
    if (text.length > 0) this.#characterMs.add(afterMs / text.length);
  }

  /** When the first audio of `text` is later than nearly always, ms after the request; `undefined` while that is unknown. */
  lateAfterMs(text: string): number | undefined {
    if (this.#firstAudioMs.count < LEARNT_FROM) return undefined;
    if (this.backend.capabilities.streaming) return this.#firstAudioMs.quantile(0.95);
    return (this.#characterMs.quantile(0.95) ?? 0) * text.length;
  }

  /** When the first audio of `text` is to be expected, ms after the request. */
  firstAudioAfterMs(text: string): number {
    if (this.backend.capabilities.streaming) return this.#firstAudioMs.quantile(0.5) ?? 0;
    return (this.#characterMs.quantile(0.5) ?? ASSUMED_CHARACTER_MS) * text.length;
  }

  /** @param tookMs from the request to the end of the answer @param speechMs what was made in that time */
  onSpoken(tookMs: number, speechMs: number): void {
    this.#provedAtMs = this.#clock.now();
    this.#serviceMs.add(tookMs);
    if (speechMs >= 500) this.#realTimeFactors.add(tookMs / speechMs);
  }

  /** It stopped in the middle of a sentence. */
  onBrokeOff(): void {
    this.#restsUntilMs = this.#clock.now() + this.#limits.restMs;
  }

  #today(): string {
    return localDay(this.rules.hours?.timeZone ?? UTC, this.#clock.wallTime());
  }
}
