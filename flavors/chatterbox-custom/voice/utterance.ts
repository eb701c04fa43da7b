import {
  asFlavorError,
  createResampler,
  EventStream,
  inTurns,
  type TextToSpeechEvent,
  type TextToSpeechUtterance,
} from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import type { TierReason } from '../router.js';
import { type Joint, JointSearch } from '../seam/joint.js';
import { Handover, type Part } from './handover.js';
import type { Rendering } from './rendering.js';
import { textFor } from './shape.js';
import { LOOK_MS, NothingToSay, Speakers, type SpeakingDeps, type TierLeft } from './speakers.js';

/** Both sides of a joint are faded into each other for so long, ms. */
const FADE_MS = 8;
/** Of a sentence of which nothing was heard, so much is asked for at least, ms. */
const LEAST_MS = 500;
/** Of what follows a rendering, so much is looked at where the place may be in there, ms. */
const BEYOND_MS = 800;
/** Waited for what abandoned renderings have used, ms: the contract allows 500. */
const SETTLE_MS = 250;

/** One answer, piece by piece, whoever speaks it. */
export class TieredUtterance implements TextToSpeechUtterance {
  readonly #deps: SpeakingDeps;
  readonly #events = new EventStream<TextToSpeechEvent>();
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #handover: Handover;
  readonly #pieces: string[] = [];
  readonly #speakers: Speakers;
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
    this.#speakers = new Speakers(deps, {
      signal: this.#controller.signal,
      aheadMs: () => this.#handover.leftMs,
      push: (event) => this.#events.push(event),
      onLeft: (tier, reason, why) => this.#tell(tier, reason, why),
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
    for (const rendering of this.#speakers.open) rendering.cancel();
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
    for (const rendering of this.#speakers.open) rendering.cancel();
    if (this.#speakers.open.size > 0) {
      const { clock } = this.#deps;
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, SETTLE_MS);
        void Promise.all([...this.#speakers.open].map(({ settled }) => settled)).then(() => {
          clock.clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#events.push({ type: 'end', spokenPieces: this.#spoken, ...(error && { error }) });
  }

  async #say(index: number, piece: string): Promise<void> {
    let begun = false;
    this.#speakers.begin();
    const begin = (): void => {
      if (!begun) this.#events.push({ type: 'piece', index });
      begun = true;
    };
    if (!(await this.#sayKnown(piece, begin))) {
      let leastMs = 0;
      for (let rest = piece.trim(); rest !== ''; ) {
        const said = await this.#speak(rest, begin, leastMs).catch(unlessNothing);
        if (said === undefined) break;
        rest = said.rest;
        // After a seam the caller has little in hand: the rest comes in pieces that grow with it.
        if (said.brokeOff) leastMs = LEAST_MS;
      }
    }
    begin();
  }

  /** From the cache, in the voice of whoever would speak. */
  async #sayKnown(piece: string, begin: () => void): Promise<boolean> {
    const { cache, desk, format } = this.#deps;
    if (cache === undefined) return false;
    const { order } = desk.choose(this.#speakers.demands());
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

  /**
   * Says the beginning of a text, and returns what is left of it.
   *
   * @param leastMs speech that the beginning must have
   */
  async #speak(
    text: string,
    begin: () => void,
    leastMs: number,
  ): Promise<{ readonly rest: string; readonly brokeOff: boolean }> {
    const failed = new Set<string>();
    const asked = await this.#speakers.ask(text, failed, leastMs);
    const { spoken } = asked;
    let rest = asked.rest;
    let part: Part = { rendering: spoken.rendering, sent: 0 };
    begin();
    this.#tell(spoken.rendering.tier.name, spoken.reason);
    let whole = true;
    for (;;) {
      this.#handover.follow(part);
      await this.#followed(part, failed);
      if (part.rendering.state === 'done') break;
      whole = false;
      const over = await this.#takeOver(part, rest, failed).catch(unlessNothing);
      if (over === undefined) {
        this.#handover.follow(undefined);
        return { rest, brokeOff: true };
      }
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
    return { rest, brokeOff: !whole };
  }

  /** Until the rendering is over: whole and handed on, or broken. */
  async #followed(part: Part, failed: ReadonlySet<string>): Promise<void> {
    const { rendering } = part;
    const perMs = this.#deps.format.sampleRate / 1_000;
    while (!rendering.over) {
      await this.#speakers.change([rendering], LOOK_MS);
      this.#handover.wake();
      const heldMs = (rendering.length - part.sent) / perMs;
      const isOut = heldMs < 1 && this.#handover.aheadMs < LOOK_MS;
      if (isOut && this.#speakers.leaves(rendering, this.#handover.silentMs, failed)) {
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
    this.#speakers.onFailure(old.rendering, error, failed);
    if (old.sent === 0) {
      const { spoken, rest: more } = await this.#speakers.ask(old.rendering.text, failed, LEAST_MS, 'fail-over', error);
      return { part: { rendering: spoken.rendering, sent: 0 }, rest: join(more, rest) };
    }
    const perMs = this.#deps.format.sampleRate / 1_000;
    const search = new JointSearch(old, perMs);
    this.#handover.follow(old);
    await inTurns(search.listen(this.#speakers.next(failed)), this.#deps.clock, this.#controller.signal);
    for (;;) {
      const { spoken, rest: more } = await this.#speakers
        .ask(search.text, failed, search.leastMs, 'fail-over', error)
        .catch((thrown: unknown) => {
          // Nobody is left: what was made of it is said.
          old.limit = old.rendering.length;
          this.#handover.say(old.rendering.slice(old.sent, old.limit));
          throw thrown;
        });
      const { rendering } = spoken;
      search.begin(rendering);
      for (;;) {
        const { length, over } = rendering;
        const looked = rendering.state !== 'failed' && !rendering.taking;
        const joint = looked ? await inTurns(search.find(), this.#deps.clock, this.#controller.signal) : undefined;
        if (joint === 'earlier') break;
        if (joint) {
          const after = join(more, rest);
          if (joint.atEnd && after !== '')
            return await this.#goBeyond(search, { old, rendering, joint }, after, failed);
          this.#handover.follow(undefined);
          this.#splice(old, rendering, joint, perMs);
          return { part: { rendering, sent: joint.enter }, rest: after };
        }
        if (rendering.state === 'failed') break;
        if (this.#speakers.leaves(rendering, this.#handover.silentMs, failed)) {
          rendering.fail(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the tier has stopped speaking', true));
          continue;
        }
        // What came in the meantime is looked at at once.
        if (rendering.length === length && rendering.over === over) await this.#speakers.change([rendering], LOOK_MS);
      }
      if (rendering.state === 'failed') this.#speakers.onUnheard(spoken, rendering.error ?? error, failed);
      else rendering.cancel();
    }
  }

  /** Asks for what follows, which is waited for anyway, and looks for the place there as well. */
  async #goBeyond(
    search: JointSearch,
    { old, rendering, joint }: { readonly old: Part; readonly rendering: Rendering; readonly joint: Joint },
    text: string,
    failed: Set<string>,
  ): Promise<{ readonly part: Part; readonly rest: string }> {
    const perMs = this.#deps.format.sampleRate / 1_000;
    const said = (): void => {
      this.#handover.follow(undefined);
      // What was in hand has been handed on meanwhile.
      const leave = Math.max(old.sent, joint.leave);
      const enter = Math.min(rendering.length, joint.enter + leave - joint.leave);
      this.#splice(old, rendering, { ...joint, leave, enter }, perMs);
      this.#tell(rendering.tier.name, 'fail-over');
      this.#handover.say(rendering.slice(enter, rendering.length));
    };
    const { spoken, rest } = await this.#speakers.ask(text, failed, LEAST_MS, 'fail-over').catch((thrown: unknown) => {
      said();
      throw thrown;
    });
    const next = spoken.rendering;
    while (next.taking || (!next.over && next.durationMs < BEYOND_MS)) {
      if (this.#speakers.leaves(next, this.#handover.silentMs, failed)) break;
      await this.#speakers.change([next], LOOK_MS);
    }
    const alike = next.tier.voice === rendering.tier.voice;
    const { clock } = this.#deps;
    const beyond = alike ? await inTurns(search.beyond(next), clock, this.#controller.signal) : undefined;
    if (beyond === undefined) {
      said();
      return { part: { rendering: next, sent: 0 }, rest };
    }
    this.#handover.follow(undefined);
    this.#splice(old, next, beyond, perMs);
    return { part: { rendering: next, sent: beyond.enter }, rest };
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

  #tell(tier: string, reason: TierReason, left?: TierLeft): void {
    const told = `${tier} ${reason} ${left}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#events.push({ type: 'tier', tier, reason, ...(left && { left }) });
  }
}

function join(one: string, other: string): string {
  return one === '' ? other : other === '' ? one : `${one} ${other}`;
}

/** What cannot be said is left out: the answer goes on behind it. */
function unlessNothing(thrown: unknown): undefined {
  if (!(thrown instanceof NothingToSay)) throw thrown;
}
