import {
  asFlavorError,
  type Clock,
  createResampler,
  FrameReader,
  inTurns,
  type Permit,
  type Resampler,
  SmoothEdges,
  SoundingTime,
  type StageUsage,
  type Steps,
} from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import type { PhraseSound } from '../phrases/phrase-file.js';
import type { Lease } from '../tiers/slots.js';
import type { Tier } from '../tiers/tier.js';

export interface RenderingDeps {
  readonly clock: Clock;
  /** Hz. */
  readonly sampleRate: number;
  /** The sound is kept as it came, for a cache. */
  readonly keepSource: boolean;
  /** What was used is used, also by a rendering that nobody hears. */
  onUsage(usage: StageUsage): void;
}

/** Longest answer that is kept, ms: a server that does not stop is broken. */
const MOST_MS = 120_000;
/** Of what comes at once, so much is taken in at a step, ms. */
const STEP_MS = 200;
/** What is shorter says little about a voice. */
const LEARN_FROM_MS = 700;

/** One text as one tier says it: samples as they come, at the rate that the call has. */
export class Rendering {
  readonly tier: Tier;
  readonly text: string;
  readonly frames: FrameReader;
  /** Resolves when the tier is left alone, and all that it has used is told. */
  readonly settled: Promise<void>;
  state: 'waiting' | 'speaking' | 'done' | 'failed' = 'waiting';
  /** The tier says that it must start first. */
  starting = false;
  error: FlavorError | undefined;
  readonly #deps: RenderingDeps;
  readonly #controller = new AbortController();
  readonly #beganMs: number;
  #samples: Int16Array;
  #length = 0;
  #lastMs: number;
  #resampler: Resampler | undefined;
  /** Servers cut where they like: what begins or ends with a step would click where sentences join. */
  #edges: SmoothEdges | undefined;
  /** Samples that the resampler makes of nothing, before the first of the sound. */
  #skip = 0;
  #sourceRate = 0;
  #cancelled = false;
  readonly #listeners = new Set<() => void>();
  readonly #source: Int16Array[] = [];
  #mixed = false;
  #taking = false;

  /** @param lease given back when the tier is free again @param permit told what came of it */
  constructor(tier: Tier, text: string, lease: Lease, permit: Permit | undefined, deps: RenderingDeps) {
    this.tier = tier;
    this.text = text;
    this.#deps = deps;
    this.frames = new FrameReader(deps.sampleRate);
    this.#samples = new Int16Array(deps.sampleRate * 4);
    this.#beganMs = deps.clock.now();
    this.#lastMs = this.#beganMs;
    this.settled = this.#read(lease, permit);
  }

  /** Samples so far. */
  get length(): number {
    return this.#length;
  }

  get durationMs(): number {
    return (this.#length * 1_000) / this.#deps.sampleRate;
  }

  get beganMs(): number {
    return this.#beganMs;
  }

  /** More is being taken in than there is of it so far: what came in one piece is looked at as a whole. */
  get taking(): boolean {
    return this.#taking;
  }

  /** When something came last. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** The sound as it came, where it was to be kept and had one rate. */
  get source(): PhraseSound | undefined {
    if (!this.#deps.keepSource || this.state !== 'done' || this.#mixed) return undefined;
    const samples = new Int16Array(this.#source.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#source) {
      samples.set(chunk, at);
      at += chunk.length;
    }
    return { samples, sampleRate: this.#sourceRate };
  }

  /** Nothing follows. */
  get over(): boolean {
    return this.state === 'done' || this.state === 'failed';
  }

  /** Samples from `from` up to `to`; borrowed until more come. */
  slice(from: number, to: number): Int16Array {
    return this.#samples.subarray(Math.max(0, from), Math.min(to, this.#length));
  }

  /** Calls back at whatever happens. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Nobody wants it any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#controller.abort();
  }

  /** It is taken for broken: silence is no answer. */
  fail(error: FlavorError): void {
    if (this.over) return;
    this.#end('failed', error);
    this.#controller.abort();
  }

  async #read(lease: Lease, permit: Permit | undefined): Promise<void> {
    const { tier } = this;
    let failure: unknown;
    try {
      for await (const chunk of tier.backend.synthesize(this.text, this.#controller.signal)) {
        if (chunk.type === 'usage') {
          tier.onUsage(chunk);
          this.#deps.onUsage(chunk);
          continue;
        }
        if (this.over || this.#cancelled) continue;
        if (chunk.type === 'format') this.#onFormat(chunk.sampleRate);
        else if (chunk.type === 'audio') {
          const long = this.#onAudio(chunk.samples);
          if (long) await long;
        } else this.#onProgress(chunk.state);
      }
      if (!this.over && !this.#cancelled) {
        this.#flush();
        if (this.#length === 0) failure = new FlavorError('ERR_FLAVOR_PROTOCOL', 'the answer has no sound', true);
      }
    } catch (error) {
      failure = error;
    }
    lease.release();
    if (this.state === 'failed') permit?.failed();
    else if (this.#cancelled) permit?.released();
    else if (failure !== undefined) {
      permit?.failed();
      this.#flushEdges();
      this.#end('failed', asFlavorError(failure));
    } else {
      permit?.succeeded();
      this.#learn();
      this.#end('done');
    }
  }

  #onProgress(state: 'queued' | 'starting' | 'working'): void {
    this.#lastMs = this.#deps.clock.now();
    this.starting = state === 'starting';
    if (this.starting) this.tier.onStarting();
    this.#tell();
  }

  #onFormat(sampleRate: number): void {
    if (sampleRate === this.#sourceRate) return;
    this.#flush();
    this.#mixed = this.#length > 0;
    this.#sourceRate = sampleRate;
    this.#edges = new SmoothEdges(sampleRate);
    this.#resampler = createResampler(sampleRate, this.#deps.sampleRate);
    this.#skip = Math.round(this.#resampler.delaySamples);
  }

  /** Takes in what has come; of what is long, in turns of the event loop. */
  #onAudio(samples: Int16Array): Promise<void> | undefined {
    if (this.#resampler === undefined) this.#onFormat(this.tier.backend.capabilities.sampleRate);
    const now = this.#deps.clock.now();
    if (this.state === 'waiting') {
      this.state = 'speaking';
      this.tier.onFirstAudio(now - this.#beganMs, this.text);
    }
    this.#lastMs = now;
    this.#taking = true;
    const long = inTurns(this.#takeAll(samples), this.#deps.clock, this.#controller.signal);
    if (long instanceof Promise) return long.then(() => this.#taken());
    this.#taken();
    return undefined;
  }

  *#takeAll(samples: Int16Array): Steps<void> {
    const step = (this.#sourceRate * STEP_MS) / 1_000;
    for (let at = 0; at < samples.length && this.durationMs <= MOST_MS; at += step) {
      this.#take(samples.subarray(at, at + step));
      if (at + step >= samples.length) return;
      // What of it is here is spoken already.
      this.#tell();
      yield;
      this.#lastMs = this.#deps.clock.now();
    }
  }

  #taken(): void {
    this.#taking = false;
    if (this.durationMs <= MOST_MS) this.#tell();
    else this.fail(new FlavorError('ERR_FLAVOR_PROTOCOL', 'the answer does not end', true));
  }

  #take(samples: Int16Array): void {
    this.#keep(this.#edges?.push(samples) ?? samples);
  }

  #keep(samples: Int16Array): void {
    if (this.#deps.keepSource) this.#source.push(samples);
    this.#add(this.#resampler?.process(samples) ?? samples);
  }

  /** The last few milliseconds, which end softly. */
  #flushEdges(): void {
    if (this.#edges !== undefined) this.#keep(this.#edges.end());
    this.#edges = undefined;
  }

  /** What is still held back. */
  #flush(): void {
    this.#flushEdges();
    if (this.#resampler === undefined || this.#sourceRate === this.#deps.sampleRate) return;
    const delay = Math.ceil((this.#resampler.delaySamples * this.#sourceRate) / this.#deps.sampleRate);
    this.#add(this.#resampler.process(new Int16Array(delay)));
  }

  #add(samples: Int16Array): void {
    const kept = samples.subarray(Math.min(this.#skip, samples.length));
    this.#skip -= samples.length - kept.length;
    if (this.#length + kept.length > this.#samples.length) {
      const larger = new Int16Array(2 * (this.#length + kept.length));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    this.#samples.set(kept, this.#length);
    this.#length += kept.length;
    this.frames.push(kept);
  }

  #learn(): void {
    this.tier.onSpoken(this.#deps.clock.now() - this.#beganMs, this.durationMs);
    if (this.durationMs < LEARN_FROM_MS) return;
    this.tier.pace.learn(this.text, new SoundingTime(this.frames.frames).totalMs);
    this.tier.mean.learn(this.frames.frames);
  }

  #end(state: 'done' | 'failed', error?: FlavorError): void {
    if (this.over) return;
    this.state = state;
    this.error = error;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
