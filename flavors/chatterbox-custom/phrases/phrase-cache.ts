import { createHash } from 'node:crypto';
import type { Clock, Random } from 'sip-voice-connector/cascade';
import type { Tier } from '../tiers/tier.js';
import type { PhraseSound } from './phrase-file.js';
import { PhraseFolder } from './phrase-folder.js';

export interface PhraseCacheOptions {
  /** Where phrases are kept over restarts. Absent: in memory alone. */
  readonly folder?: string;
  /** Bytes on disk, and in memory. A second of speech at 24 kHz takes 48,000. */
  readonly maxBytes: number;
  readonly maxMemoryBytes: number;
  /** Whether sentences of private calls are kept on disk. What was configured always is: it is nobody's. */
  readonly keepPrivate: boolean;
  /** Rendered at start, in the voice of each tier: greetings, fillers, what is said often. */
  readonly phrases: readonly string[];
}

export const phraseCacheDefaults = {
  maxBytes: 200_000_000,
  maxMemoryBytes: 50_000_000,
  keepPrivate: false,
  phrases: [],
} as const satisfies PhraseCacheOptions;

/** A sentence is kept once it is said for this time: most are said once. */
const KEEP_FROM = 2;
/** Sentences counted; the oldest are forgotten first. */
const COUNTED = 5_000;
/** Longer ones are not said again, characters. */
const MAX_CHARACTERS = 300;

/** Sentences that were rendered before, by text, voice, parameters and model. */
export class PhraseCache {
  readonly #options: PhraseCacheOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #folder: PhraseFolder | undefined;
  /** The least recently used first. */
  readonly #memory = new Map<string, PhraseSound>();
  #memoryBytes = 0;
  /** How often each was said, by the same hash. */
  readonly #said = new Map<string, number>();

  constructor(options: PhraseCacheOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options;
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  /** Opens the folder. @throws Error of the file system */
  async open(): Promise<void> {
    const { folder, maxBytes } = this.#options;
    if (folder !== undefined) this.#folder ??= await PhraseFolder.open(folder, maxBytes, this.#random);
  }

  /** What is rendered at start. */
  get phrases(): readonly string[] {
    return this.#options.phrases;
  }

  has(text: string, tier: Tier): boolean {
    const key = keyOf(text, tier);
    return this.#memory.has(key) || this.#folder?.has(key) === true;
  }

  /** The phrase in that tier's voice. Does not wait where there is none. */
  async find(text: string, tier: Tier): Promise<PhraseSound | undefined> {
    const key = keyOf(text, tier);
    const known = this.#memory.get(key);
    if (known !== undefined) {
      this.#memory.delete(key);
      this.#memory.set(key, known);
      return known;
    }
    const found = await this.#folder?.read(key, this.#clock.wallTime());
    if (found) this.#remember(key, found);
    return found;
  }

  /**
   * Something has been said as a whole; it is kept when that happens often, or where `always`.
   *
   * @param isPrivate said in a private call
   */
  offer(text: string, tier: Tier, sound: PhraseSound, { isPrivate = false, always = false } = {}): void {
    if (text.length > MAX_CHARACTERS) return;
    const key = keyOf(text, tier);
    const times = this.#count(key);
    if (!always && times < KEEP_FROM) return;
    this.#remember(key, sound);
    if (!isPrivate || always || this.#options.keepPrivate) void this.#folder?.write(key, sound);
  }

  #count(key: string): number {
    const times = (this.#said.get(key) ?? 0) + 1;
    this.#said.delete(key);
    this.#said.set(key, times);
    if (this.#said.size > COUNTED) {
      const [oldest] = this.#said.keys();
      if (oldest !== undefined) this.#said.delete(oldest);
    }
    return times;
  }

  #remember(key: string, sound: PhraseSound): void {
    const { maxMemoryBytes } = this.#options;
    if (sound.samples.byteLength > maxMemoryBytes) return;
    this.#memoryBytes += sound.samples.byteLength - (this.#memory.get(key)?.samples.byteLength ?? 0);
    this.#memory.delete(key);
    this.#memory.set(key, sound);
    for (const [oldest, { samples }] of this.#memory) {
      if (this.#memoryBytes <= maxMemoryBytes) break;
      this.#memory.delete(oldest);
      this.#memoryBytes -= samples.byteLength;
    }
  }
}

/** Fields are told apart by their lengths: no text can pass for another with other parameters. */
function keyOf(text: string, { sound, backend }: Tier): string {
  const { provider, model } = backend.identity;
  const hash = createHash('sha256');
  for (const field of [provider, model, sound, text]) hash.update(`${Buffer.byteLength(field)}:`).update(field);
  return hash.digest('hex');
}
