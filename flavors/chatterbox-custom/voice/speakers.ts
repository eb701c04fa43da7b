import { type Clock, mayBeTakenOver, type StageUsage, type TextToSpeechEvent } from 'sip-voice-connector/cascade';
import { type AudioFormat, FlavorError } from 'sip-voice-connector/flavor';
import type { PhraseCache } from '../phrases/phrase-cache.js';
import type { TierDemands, TierReason } from '../router.js';
import type { Tier } from '../tiers/tier.js';
import type { TierDesk, Turn } from './desk.js';
import { Rendering } from './rendering.js';
import { firstPart, isSayable, textFor } from './shape.js';

export interface SpeakingOptions {
  /** Handed on ahead of playout while a rendering may still break off, ms: what the host needs to be safe. */
  readonly leadMs: number;
  /** From a request to its first audio, ms, where nothing else is known. */
  readonly firstAudioMs: number;
  /** Silence at the caller's ear in the middle of a sentence, ms, after which another tier goes on, if there is one. */
  readonly stallMs: number;
  /** Longest piece, characters. */
  readonly maxCharacters: number;
}

export interface SpeakingDeps {
  readonly desk: TierDesk;
  readonly cache: PhraseCache | undefined;
  readonly clock: Clock;
  readonly options: SpeakingOptions;
  readonly format: AudioFormat;
  readonly private: boolean;
  /** Who said the sentence before, in this call. */
  readonly last: { tier: string | undefined };
}

/** A rendering that has begun to sound. */
export interface Spoken {
  readonly rendering: Rendering;
  readonly reason: TierReason;
}

/** Why a tier is left that was asked: the code of its error; `late`: another, asked beside it, was first. */
export type TierLeft = FlavorError['code'] | 'late';

/** Of a text nothing can be said by the tier whose turn it is: a sign that it does not act, or bare punctuation. */
export class NothingToSay extends Error {}

/** How often it is looked whether somebody is late, ms. */
export const LOOK_MS = 50;
/** A hedge is not worth it earlier, ms. */
const LEAST_HEDGE_MS = 150;
/** Renderings of one sentence that may fail. */
const MAX_FAILURES = 6;

/** What {@link Speakers} need of the utterance they speak for. */
export interface SpeakersCall {
  readonly signal: AbortSignal;
  /** What the caller still has to hear, ms. */
  aheadMs(): number;
  push(event: TextToSpeechEvent): void;
  /** A tier that was asked is left, and nothing of it was heard. */
  onLeft(tier: string, reason: TierReason, why: TierLeft): void;
}

/** Finds tiers for the sentences of one utterance, until one of them speaks. */
export class Speakers {
  /** Renderings that have not come to rest. */
  readonly open = new Set<Rendering>();
  /** Tiers that have failed at this sentence: nobody listens to it again for the rest of it while another can speak. */
  readonly #left = new Set<string>();
  readonly #deps: SpeakingDeps;
  readonly #call: SpeakersCall;

  constructor(deps: SpeakingDeps, call: SpeakersCall) {
    this.#deps = deps;
    this.#call = call;
  }

  /** A sentence begins. */
  begin(): void {
    this.#left.clear();
  }

  /**
   * Asks for the beginning of a text, until somebody speaks; returns what was not asked for.
   *
   * @param leastMs speech that the beginning must have
   * @param why what it is asked for. Absent: what the policy says
   * @param error why the last tier was left
   * @throws FlavorError, the reason of an abort, {@link NothingToSay}
   */
  async ask(
    text: string,
    failed: Set<string>,
    leastMs = 0,
    why?: TierReason,
    error?: FlavorError,
  ): Promise<{ readonly spoken: Spoken; readonly rest: string }> {
    let last = error;
    for (let failures = 0; ; ) {
      const turn = await this.#deps.desk.turn(this.demands(failed), this.#call.signal).catch((thrown: unknown) => {
        // Why the last one failed says more than that nobody is left.
        throw this.#call.signal.aborted ? thrown : (last ?? thrown);
      });
      const wanted = textFor(turn.tier, text);
      if (!isSayable(wanted)) {
        giveBack(turn);
        throw new NothingToSay();
      }
      const { maxCharacters } = this.#deps.options;
      const [first, rest] = firstPart(wanted, turn.tier, this.#call.aheadMs(), maxCharacters, leastMs);
      const outcome = await this.#begun(this.#render(turn, first), why ?? turn.reason, failed);
      if ('rendering' in outcome) return { spoken: outcome, rest };
      last = outcome.error;
      failures += 1;
      if (failures >= MAX_FAILURES) throw last;
    }
  }

  /** Waits for the first audio; a second tier is asked beside one that is late, and the first to speak wins. */
  async #begun(
    first: Rendering,
    reason: TierReason,
    failed: Set<string>,
  ): Promise<Spoken | { readonly error: FlavorError }> {
    const { clock, desk, options } = this.#deps;
    const lateMs = Math.max(LEAST_HEDGE_MS, first.tier.lateAfterMs(first.text) ?? options.firstAudioMs / 2);
    let error = new FlavorError('ERR_FLAVOR_TIMEOUT', 'nothing was heard of the tier in time', true);
    let running: Spoken[] = [{ rendering: first, reason }];
    let hedged = false;
    while (running.length > 0) {
      for (const each of running) {
        if (each.rendering.state === 'speaking' || each.rendering.state === 'done') {
          for (const other of running) {
            if (other === each) continue;
            if (each.reason === 'hedge') this.#onLate(other);
            else other.rendering.cancel();
          }
          return each;
        }
        if (each.rendering.state === 'failed') {
          error = each.rendering.error ?? error;
          this.onUnheard(each, error, failed);
        } else if (clock.now() - each.rendering.lastMs >= options.firstAudioMs) each.rendering.fail(error);
      }
      running = running.filter(({ rendering }) => rendering.state !== 'failed');
      const late = first.starting || clock.now() - first.beganMs >= lateMs;
      if (!hedged && late && running.length > 0) {
        const turn = desk.second(this.demands(new Set([...failed, first.tier.name])));
        hedged = turn !== undefined;
        const wanted = turn && textFor(turn.tier, first.text);
        if (turn && wanted !== undefined && isSayable(wanted)) {
          running.push({ rendering: this.#render(turn, wanted), reason: 'hedge' });
        } else if (turn) giveBack(turn);
      }
      if (running.length > 0) {
        await this.change(
          running.map(({ rendering }) => rendering),
          LOOK_MS,
        );
      }
    }
    return { error };
  }

  /** It was beaten by one that was asked later: a tier that takes requests and never speaks is to be left alone as well. */
  #onLate({ rendering, reason }: Spoken): void {
    if (rendering.starting) rendering.cancel();
    else rendering.fail(new FlavorError('ERR_FLAVOR_TIMEOUT', 'another tier was asked later, and spoke first', true));
    this.#call.onLeft(rendering.tier.name, reason, 'late');
  }

  #render({ tier, lease, permit }: Turn, text: string): Rendering {
    const rendering = new Rendering(tier, text, lease, permit, {
      clock: this.#deps.clock,
      sampleRate: this.#deps.format.sampleRate,
      keepSource: this.#deps.cache !== undefined,
      onUsage: (usage: StageUsage) => this.#call.push(usage),
    });
    this.open.add(rendering);
    void rendering.settled.then(() => this.open.delete(rendering));
    return rendering;
  }

  /** Takes note that one failed of which nothing was heard. @throws the error where nobody could do better */
  onUnheard({ rendering, reason }: Spoken, error: FlavorError, failed: Set<string>): void {
    this.#call.onLeft(rendering.tier.name, reason, error.code);
    this.onFailure(rendering, error, failed);
  }

  /** Takes note of a failure. @throws the error where nobody could do better */
  onFailure(rendering: Rendering, error: FlavorError, failed: Set<string>): void {
    if (failed.has(rendering.tier.name)) return;
    if (!mayBeTakenOver(error, this.#call.signal)) throw error;
    failed.add(rendering.tier.name);
    this.#left.add(rendering.tier.name);
    if (rendering.length > 0) rendering.tier.onBrokeOff();
    this.#call.push({ type: 'warning', error });
  }

  /**
   * Whether a tier that has fallen silent is left: for another one soon; where nobody else could go on, a late word is better
   * than none.
   *
   * @param silentMs at the caller's ear, and all that came of it is heard
   */
  leaves({ tier, lastMs }: Rendering, silentMs: number, failed: ReadonlySet<string>): boolean {
    const { clock, desk, options } = this.#deps;
    const idleMs = clock.now() - lastMs;
    if (idleMs >= options.firstAudioMs) return true;
    // What has not spoken for so long is not about to, however much the caller had in hand.
    const stalled = idleMs >= options.stallMs && (silentMs >= options.stallMs || idleMs >= 2 * options.stallMs);
    return stalled && desk.couldSpeak(this.demands(new Set([...failed, tier.name])));
  }

  /** Who will be asked next, most likely. */
  next(failed: ReadonlySet<string>): Tier | undefined {
    const { desk } = this.#deps;
    const next = desk.choose(this.demands(failed)).order.find(({ name }) => !failed.has(name));
    return desk.tiers.find(({ name }) => name === next?.name);
  }

  /** What this call asks for now. */
  demands(failed?: ReadonlySet<string>): TierDemands {
    const { last } = this.#deps;
    return {
      private: this.#deps.private,
      ...(last.tier !== undefined && { current: last.tier }),
      ...(failed && { failed }),
      left: this.#left,
    };
  }

  /** Until something happens to one of them, or so long. @throws the reason of an abort */
  async change(renderings: readonly Rendering[], mostMs: number): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#call;
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      const stops: (() => void)[] = [];
      const done = (): void => {
        for (const stop of stops) stop();
        resolve();
      };
      const timer = clock.setTimeout(done, mostMs);
      stops.push(() => clock.clearTimeout(timer));
      for (const rendering of renderings) stops.push(rendering.onChange(done));
      signal.addEventListener('abort', done, { once: true });
      stops.push(() => signal.removeEventListener('abort', done));
    });
    signal.throwIfAborted();
  }
}

/** The tier is not asked after all. */
function giveBack({ lease, permit }: Turn): void {
  lease.release();
  permit?.released();
}
