import {
  asFlavorError,
  type Clock,
  createResampler,
  EventStream,
  mayBeTakenOver,
  type StageUsage,
  type TextToSpeechEvent,
  type TextToSpeechUtterance,
} from 'sip-voice-connector/cascade';
import { type AudioFormat, FlavorError } from 'sip-voice-connector/flavor';
import type { PhraseCache } from '../phrases/phrase-cache.js';
import type { TierDemands, TierReason } from '../router.js';
import { type Joint, JointSearch } from '../seam/joint.js';
import type { TierDesk, Turn } from './desk.js';
import { Handover, type Part } from './handover.js';
import { Rendering } from './rendering.js';
import { firstPart, textFor } from './shape.js';

export interface SpeakingOptions {
  /** Handed on ahead of playout while a rendering may still break off, ms: what the host needs to be safe. */
  readonly leadMs: number;
  /** From a request to its first audio, ms, where nothing else is known. */
  readonly firstAudioMs: number;
  /** Silence at the caller's ear in the middle of a sentence, ms. */
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

interface Spoken {
  readonly rendering: Rendering;
  readonly reason: TierReason;
}

/** How often a stalled rendering is looked for, ms. */
const LOOK_MS = 50;
/** Both sides of a joint are faded into each other for so long, ms. */
const FADE_MS = 8;
/** A hedge is not worth it earlier, ms. */
const LEAST_HEDGE_MS = 150;
/** Waited for what abandoned renderings have used, ms: the contract allows 500. */
const SETTLE_MS = 250;
/** Renderings of one sentence that may fail. */
const MAX_FAILURES = 6;

/** One answer, piece by piece, whoever speaks it. */
export class TieredUtterance implements TextToSpeechUtterance {
  readonly #deps: SpeakingDeps;
  readonly #events = new EventStream<TextToSpeechEvent>();
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #handover: Handover;
  readonly #pieces: string[] = [];
  readonly #open = new Set<Rendering>();
  #finished = false;
  #spoken = 0;
  #wake: (() => void) | undefined;
  #told = '';
  readonly #onAbort = (): void => this.cancel();

  constructor(deps: SpeakingDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#outer = signal;
    this.#handover = new Handover(deps.clock, deps.format, deps.options.leadMs, (data) => {
      if (!this.#controller.signal.aborted) this.#events.push({ type: 'audio', data });
    });
    if (signal.aborted) this.cancel();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
    void this.#run();
  }

  get events(): AsyncIterable<TextToSpeechEvent> {
    return this.#events;
  }

  append(piece: string): void {
    if (this.#finished || this.#controller.signal.aborted) return;
    this.#pieces.push(piece);
    this.#wake?.();
  }

  finish(): void {
    this.#finished = true;
    this.#wake?.();
  }

  cancel(): void {
    if (this.#controller.signal.aborted) return;
    this.#finished = true;
    this.#controller.abort();
    this.#handover.stop();
    for (const rendering of this.#open) rendering.cancel();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    let error: FlavorError | undefined;
    try {
      for (let index = 0; ; index += 1) {
        while (this.#pieces.length <= index && !this.#finished) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        const piece = this.#pieces[index];
        if (piece === undefined || signal.aborted) break;
        await this.#say(index, piece);
        this.#spoken = index + 1;
      }
    } catch (thrown) {
      if (!signal.aborted) error = asFlavorError(thrown);
    }
    await this.#end(error);
  }

  async #end(error: FlavorError | undefined): Promise<void> {
    this.#outer.removeEventListener('abort', this.#onAbort);
    this.#handover.stop();
    for (const rendering of this.#open) rendering.cancel();
    if (this.#open.size > 0) {
      const { clock } = this.#deps;
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, SETTLE_MS);
        void Promise.all([...this.#open].map(({ settled }) => settled)).then(() => {
          clock.clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#events.push({ type: 'end', spokenPieces: this.#spoken, ...(error && { error }) });
  }

  async #say(index: number, piece: string): Promise<void> {
    let begun = false;
    const begin = (): void => {
      if (!begun) this.#events.push({ type: 'piece', index });
      begun = true;
    };
    if (!(await this.#sayKnown(piece, begin))) {
      for (let rest = piece.trim(); rest !== ''; ) rest = await this.#speak(rest, begin);
    }
    begin();
  }

  /** From the cache, in the voice of whoever would speak. */
  async #sayKnown(piece: string, begin: () => void): Promise<boolean> {
    const { cache, desk, format } = this.#deps;
    if (cache === undefined) return false;
    const { order } = desk.choose(this.#demands());
    for (const { name } of order) {
      const tier = desk.tiers.find((each) => each.name === name);
      const text = tier && textFor(tier, piece);
      if (tier === undefined || text === undefined || !cache.has(text, tier)) continue;
      const sound = await cache.find(text, tier);
      this.#controller.signal.throwIfAborted();
      if (sound === undefined) continue;
      begin();
      this.#tell(name, 'cache');
      this.#deps.last.tier = name;
      const resampler = createResampler(sound.sampleRate, format.sampleRate);
      const delay = Math.ceil((resampler.delaySamples * sound.sampleRate) / format.sampleRate);
      const padded = new Int16Array(sound.samples.length + delay);
      padded.set(sound.samples);
      this.#handover.say(Int16Array.from(resampler.process(padded)).subarray(Math.round(resampler.delaySamples)));
      return true;
    }
    return false;
  }

  /** Says the beginning of a text, and returns what is left of it. */
  async #speak(text: string, begin: () => void): Promise<string> {
    const failed = new Set<string>();
    const asked = await this.#ask(text, failed);
    const { spoken } = asked;
    let rest = asked.rest;
    let part: Part = { rendering: spoken.rendering, sent: 0 };
    begin();
    this.#tell(spoken.rendering.tier.name, spoken.reason);
    let whole = true;
    for (;;) {
      this.#handover.follow(part);
      await this.#followed(part);
      if (part.rendering.state === 'done') break;
      whole = false;
      const over = await this.#takeOver(part, rest, failed);
      [part, rest] = [over.part, over.rest];
      this.#tell(part.rendering.tier.name, 'fail-over');
    }
    this.#handover.follow(undefined);
    const { rendering } = part;
    this.#deps.last.tier = rendering.tier.name;
    const sound = rendering.source;
    if (whole && rest === '' && sound) {
      this.#deps.cache?.offer(rendering.text, rendering.tier, sound, { isPrivate: this.#deps.private });
    }
    return rest;
  }

  /** Until the rendering is over: whole and handed on, or broken. */
  async #followed(part: Part): Promise<void> {
    const { rendering } = part;
    const { clock, options, format } = this.#deps;
    const perMs = format.sampleRate / 1_000;
    while (!rendering.over) {
      await this.#change([rendering], LOOK_MS);
      this.#handover.wake();
      const heldMs = (rendering.length - part.sent) / perMs;
      const silentMs = clock.now() - rendering.lastMs;
      if (heldMs < 1 && this.#handover.aheadMs < LOOK_MS && silentMs >= options.stallMs) {
        rendering.fail(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the tier has stopped speaking', true));
      }
    }
    this.#handover.wake();
  }

  /** Another tier goes on where this one broke off. */
  async #takeOver(
    old: Part,
    rest: string,
    failed: Set<string>,
  ): Promise<{ readonly part: Part; readonly rest: string }> {
    const error = old.rendering.error ?? new FlavorError('ERR_FLAVOR_NETWORK', 'the tier broke off', true);
    this.#onFailure(old.rendering, error, failed);
    if (old.sent === 0) {
      const { spoken, rest: more } = await this.#ask(old.rendering.text, failed);
      return { part: { rendering: spoken.rendering, sent: 0 }, rest: join(more, rest) };
    }
    const perMs = this.#deps.format.sampleRate / 1_000;
    const search = new JointSearch(old, perMs);
    this.#handover.follow(old);
    for (;;) {
      const { spoken, rest: more } = await this.#ask(search.text, failed).catch((thrown: unknown) => {
        // Nobody is left: what was made of it is said.
        old.limit = old.rendering.length;
        this.#handover.say(old.rendering.slice(old.sent, old.limit));
        throw thrown;
      });
      const { rendering } = spoken;
      search.begin(rendering);
      for (;;) {
        const joint = rendering.state === 'failed' ? undefined : search.find(this.#handover.aheadMs < LOOK_MS);
        if (joint) {
          this.#handover.follow(undefined);
          this.#splice(old, rendering, joint, perMs);
          return { part: { rendering, sent: joint.enter }, rest: join(more, rest) };
        }
        if (rendering.state === 'failed') break;
        const silentMs = this.#deps.clock.now() - rendering.lastMs;
        if (silentMs >= this.#deps.options.stallMs) {
          rendering.fail(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the tier has stopped speaking', true));
          continue;
        }
        await this.#change([rendering], LOOK_MS);
      }
      this.#onFailure(rendering, rendering.error ?? error, failed);
    }
  }

  /** Says what is left of the old one up to the joint. */
  #splice(old: Part, rendering: Rendering, { leave, enter, matched }: Joint, perMs: number): void {
    const before = Int16Array.from(old.rendering.slice(old.sent, leave));
    const fade = Math.min(before.length, enter, Math.round(FADE_MS * perMs));
    const after = rendering.slice(enter - fade, enter);
    for (let i = 0; i < fade; i += 1) {
      const share = (i + 1) / (fade + 1);
      const at = before.length - fade + i;
      const incoming = matched ? (after[i] as number) * share : 0;
      before[at] = Math.round((before[at] as number) * (1 - share) + incoming);
    }
    this.#handover.say(before);
    old.sent = leave;
  }

  /** Asks for the beginning of a text, until somebody speaks; returns what was not asked for. */
  async #ask(text: string, failed: Set<string>): Promise<{ readonly spoken: Spoken; readonly rest: string }> {
    let error: FlavorError | undefined;
    for (let failures = 0; ; ) {
      const turn = await this.#deps.desk
        .turn(this.#demands(failed), this.#controller.signal)
        .catch((thrown: unknown) => {
          // Why the last one failed says more than that nobody is left.
          throw this.#controller.signal.aborted ? thrown : (error ?? thrown);
        });
      const wanted = textFor(turn.tier, text);
      if (wanted === '') {
        turn.lease.release();
        turn.permit?.released();
        throw new FlavorError('ERR_FLAVOR_UNSUPPORTED', 'there is nothing in it that this voice can say', false);
      }
      const [first, rest] = firstPart(wanted, turn.tier, this.#handover.aheadMs, this.#deps.options.maxCharacters);
      const outcome = await this.#begun(this.#render(turn, first), turn.reason, failed);
      if ('rendering' in outcome) return { spoken: outcome, rest };
      error = outcome.error;
      failures += 1;
      if (failures >= MAX_FAILURES) throw error;
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
          for (const { rendering } of running) if (rendering !== each.rendering) rendering.cancel();
          return each;
        }
        if (each.rendering.state === 'failed') {
          error = each.rendering.error ?? error;
          this.#onFailure(each.rendering, error, failed);
        } else if (clock.now() - each.rendering.lastMs >= options.firstAudioMs) each.rendering.fail(error);
      }
      running = running.filter(({ rendering }) => rendering.state !== 'failed');
      const late = first.starting || clock.now() - first.beganMs >= lateMs;
      if (!hedged && late && running.length > 0) {
        const turn = desk.second(this.#demands(new Set([...failed, first.tier.name])));
        hedged = turn !== undefined;
        if (turn) running.push({ rendering: this.#render(turn, textFor(turn.tier, first.text)), reason: 'hedge' });
      }
      if (running.length > 0) {
        await this.#change(
          running.map(({ rendering }) => rendering),
          LOOK_MS,
        );
      }
    }
    return { error };
  }

  #render({ tier, lease, permit }: Turn, text: string): Rendering {
    const rendering = new Rendering(tier, text, lease, permit, {
      clock: this.#deps.clock,
      sampleRate: this.#deps.format.sampleRate,
      keepSource: this.#deps.cache !== undefined,
      onUsage: (usage: StageUsage) => this.#events.push(usage),
    });
    this.#open.add(rendering);
    void rendering.settled.then(() => this.#open.delete(rendering));
    return rendering;
  }

  #onFailure(rendering: Rendering, error: FlavorError, failed: Set<string>): void {
    if (failed.has(rendering.tier.name)) return;
    if (!mayBeTakenOver(error, this.#controller.signal)) throw error;
    failed.add(rendering.tier.name);
    if (rendering.length > 0) rendering.tier.onBrokeOff();
    this.#events.push({ type: 'warning', error });
  }

  #demands(failed?: ReadonlySet<string>): TierDemands {
    const { last } = this.#deps;
    return {
      private: this.#deps.private,
      ...(last.tier !== undefined && { current: last.tier }),
      ...(failed && { failed }),
    };
  }

  #tell(tier: string, reason: TierReason): void {
    const told = `${tier} ${reason}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#events.push({ type: 'tier', tier, reason });
  }

  /** Until something happens to one of them, or so long. @throws the reason of an abort */
  async #change(renderings: readonly Rendering[], mostMs: number): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#controller;
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

function join(one: string, other: string): string {
  return one === '' ? other : other === '' ? one : `${one} ${other}`;
}
