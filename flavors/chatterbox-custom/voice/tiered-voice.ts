import {
  asFlavorError,
  type Clock,
  createSystemClock,
  createSystemRandom,
  type Random,
  type StageIdentity,
  type TextToSpeech,
  type TextToSpeechCapabilities,
  type TextToSpeechRequest,
  type TextToSpeechSession,
  type TextToSpeechUtterance,
} from 'sip-voice-connector/cascade';
import { type AudioFormat, FlavorError, type Logger } from 'sip-voice-connector/flavor';
import { PhraseCache, type PhraseCacheOptions, phraseCacheDefaults } from '../phrases/phrase-cache.js';
import type { TierView } from '../router.js';
import { VoicePace } from '../seam/pace.js';
import { type KeeperOptions, keeperDefaults, TierKeeper } from '../tiers/keeper.js';
import { Tier, type TierLimits, type TierOptions, tierLimits } from '../tiers/tier.js';
import { TierDesk } from './desk.js';
import { Rendering } from './rendering.js';
import { isSayable, textFor } from './shape.js';
import type { SpeakingOptions } from './speakers.js';
import { TieredUtterance } from './utterance.js';

export interface TieredVoicePolicy extends SpeakingOptions, TierLimits, KeeperOptions {}

export const tieredVoicePolicy = {
  ...tierLimits,
  ...keeperDefaults,
  leadMs: 250,
  firstAudioMs: 4_000,
  stallMs: 400,
  // Chatterbox loses its way in longer ones.
  maxCharacters: 300,
} as const satisfies TieredVoicePolicy;

export interface TieredVoiceOptions {
  /** In the order of preference; at least one. */
  readonly tiers: readonly TierOptions[];
  /** Absent: nothing is kept. */
  readonly cache?: Partial<PhraseCacheOptions>;
  readonly policy?: Partial<TieredVoicePolicy>;
}

export interface TieredVoiceDeps {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/** A voice made of tiers. */
export interface TieredVoice extends TextToSpeech {
  /** How the tiers are, in order. */
  readonly tiers: readonly TierView[];
}

/** All rates that calls have. The first two go to phones as they are. */
const output: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8_000 },
  { encoding: 'alaw', sampleRate: 8_000 },
  { encoding: 'pcm16', sampleRate: 24_000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 8_000 },
  { encoding: 'pcm16', sampleRate: 48_000 },
];

/**
 * One voice over several tiers: each sentence is spoken by whom the policy chooses (see `router.ts`), and goes on in
 * another tier, at the word, where one breaks off. A tier that is late is not waited for, what is said often is kept, and
 * `tier` events tell who spoke and why.
 *
 * Calls opened with `private: true` are heard by private tiers alone.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` without a tier, or where two have the same name.
 */
export function createTieredVoice(options: TieredVoiceOptions, deps: TieredVoiceDeps = {}): TieredVoice {
  const names = options.tiers.map(({ rules }) => rules.name);
  if (names.length === 0) throw new FlavorError('ERR_FLAVOR_CONFIG', 'a voice needs a tier', false);
  if (new Set(names).size < names.length) {
    throw new FlavorError('ERR_FLAVOR_CONFIG', 'two tiers have the same name', false);
  }
  return new Voice(options, deps);
}

class Voice implements TieredVoice {
  readonly identity: StageIdentity;
  readonly capabilities: TextToSpeechCapabilities;
  readonly #policy: TieredVoicePolicy;
  readonly #tiers: readonly Tier[];
  readonly #clock: Clock;
  readonly #log: Logger | undefined;
  readonly #desk: TierDesk;
  readonly #keeper: TierKeeper;
  readonly #cache: PhraseCache | undefined;

  constructor(options: TieredVoiceOptions, deps: TieredVoiceDeps) {
    const { clock = createSystemClock(), random = createSystemRandom(), log } = deps;
    this.#policy = { ...tieredVoicePolicy, ...options.policy };
    const soundOf = ({ voice, sound = voice }: TierOptions): string => sound;
    const paces = new Map(options.tiers.map((tier) => [soundOf(tier), new VoicePace()]));
    this.#tiers = options.tiers.map(
      (tier) => new Tier(tier, { clock, random }, this.#policy, paces.get(soundOf(tier))),
    );
    this.#clock = clock;
    this.#log = log;
    this.#desk = new TierDesk(this.#tiers, { clock });
    this.#keeper = new TierKeeper(this.#tiers, { clock, random, ...(log && { log }) }, this.#policy);
    this.#cache = options.cache && new PhraseCache({ ...phraseCacheDefaults, ...options.cache }, { clock, random });
    const longest = this.#tiers.map(({ backend }) => backend.capabilities.maxCharacters);
    this.identity = this.#tiers[0]?.backend.identity ?? { provider: '', model: '' };
    this.capabilities = {
      output,
      text: 'sentence',
      wordTimes: false,
      maxCharacters: Math.min(this.#policy.maxCharacters, ...longest),
      voiceSigns: true,
    };
  }

  get tiers(): readonly TierView[] {
    return this.#tiers.map(({ view }) => view);
  }

  /**
   * Resolves when one of them can speak, or could after a start; logs those that cannot.
   *
   * @throws FlavorError of the first when none can
   */
  async check(signal: AbortSignal): Promise<void> {
    const answers = await Promise.allSettled(this.#tiers.map((tier) => this.#ask(tier, signal)));
    const [first] = answers;
    if (first?.status === 'rejected' && answers.every(({ status }) => status === 'rejected')) throw first.reason;
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') continue;
      const { code, message: detail } = asFlavorError(answer.reason);
      this.#log?.warn({ tier: this.#tiers[index]?.name, code, detail }, 'a tier does not work');
    }
  }

  /** What shows that address and credentials are right, be it that a machine starts for it. */
  async #ask(tier: Tier, signal: AbortSignal): Promise<void> {
    const { backend } = tier;
    if (backend.check === undefined) tier.onHealth(await backend.probe(signal));
    else {
      await backend.check(signal);
      tier.onHealth({ state: 'ready' });
    }
  }

  /** Asks all tiers how they are, starts those that are to be warm, and renders what is to be rendered at start. */
  async warmup(signal: AbortSignal): Promise<void> {
    await this.#keeper.askAll();
    this.#keeper.look();
    const cache = this.#cache;
    if (cache === undefined) return;
    try {
      await cache.open();
    } catch (error) {
      this.#log?.warn({ code: error instanceof Error && 'code' in error ? error.code : undefined }, 'no phrase folder');
    }
    for (const tier of this.#tiers) {
      // One voice needs to be rendered once.
      const ready = tier.allowed && tier.view.seen.health === 'ready';
      if (ready) await this.#prerender(tier, cache, signal);
    }
  }

  async open({ output: format, private: isPrivate = false }: TextToSpeechRequest, signal: AbortSignal) {
    signal.throwIfAborted();
    const leave = this.#keeper.enter();
    return new Session(
      {
        desk: this.#desk,
        cache: this.#cache,
        clock: this.#clock,
        options: this.#policy,
        format,
        private: isPrivate,
        last: { tier: undefined },
      },
      signal,
      leave,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.stop();
    await Promise.allSettled(this.#tiers.map(({ backend }) => backend[Symbol.asyncDispose]()));
  }

  async #prerender(tier: Tier, cache: PhraseCache, signal: AbortSignal): Promise<void> {
    for (const phrase of cache.phrases) {
      const text = textFor(tier, phrase);
      if (!isSayable(text) || text.length > this.capabilities.maxCharacters || cache.has(text, tier)) continue;
      // Calls go before: who is at work is not asked.
      const lease = tier.slots.tryTake();
      if (lease === undefined || signal.aborted) {
        lease?.release();
        return;
      }
      const rendering = new Rendering(tier, text, lease, tier.admit(), {
        clock: this.#clock,
        sampleRate: 8_000,
        keepSource: true,
        onUsage: () => undefined,
      });
      const cancel = (): void => rendering.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      await rendering.settled;
      signal.removeEventListener('abort', cancel);
      const sound = rendering.source;
      if (sound === undefined) {
        const { code, message: detail } = rendering.error ?? {};
        if (!signal.aborted) this.#log?.warn({ tier: tier.name, code, detail }, 'a tier cannot speak its phrases');
        return;
      }
      cache.offer(text, tier, sound, { always: true });
    }
  }
}

/** One call's voice. */
class Session implements TextToSpeechSession {
  readonly #deps: ConstructorParameters<typeof TieredUtterance>[0];
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  readonly #onAbort = (): void => this.close();

  constructor(deps: ConstructorParameters<typeof TieredUtterance>[0], signal: AbortSignal, leave: () => void) {
    this.#deps = deps;
    this.#signal = signal;
    this.#leave = leave;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  begin(): TextToSpeechUtterance {
    return new TieredUtterance(this.#deps, this.#controller.signal);
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
    this.#leave();
  }
}
