import { dropOldest } from '../../base/drop-oldest.js';
import type { FlavorEvent } from '../../flavor-api/index.js';
import { BackChannels } from './back-channels.js';
import type { Words } from './turn-taking.js';

/** A turn whose transcript has not come by then will get none, ms. */
const DUE_MS = 3000;
/** So long after a turn, words of which no sound was heard may be the rest of it, ms. */
const STRAY_MS = 5000;
/** Turns remembered by their ids. */
const KEPT_TURNS = 32;

/**
 * Knows which of the caller's stretches of speech a transcript belongs to. That matters: the words of the turn that the
 * agent is answering often come when it has begun to speak, and interrupt nobody.
 *
 * A transcript goes by its `turnId` once that was seen. A new one belongs to the oldest accepted turn that still waits
 * for its words, or else to the present stretch, or the latest.
 */
export class CallerWords {
  readonly #backChannels: BackChannels;
  #stretchOf: Map<string, number> | undefined;
  /** Stretches that were accepted and have no transcript yet. */
  #due: { readonly stretch: number; readonly untilMs: number }[] = [];
  #stretch = 0;
  #turnOverAtMs = Number.NEGATIVE_INFINITY;

  constructor(backchannels: readonly string[]) {
    this.#backChannels = new BackChannels(backchannels);
  }

  /** Turns that may still get their words. */
  get due(): number {
    return this.#due.length;
  }

  /** A stretch of speech begins. */
  onStretch(): void {
    this.#stretch += 1;
  }

  /** The present stretch was a turn, and is over. */
  onTurnOver(atMs: number): void {
    this.#turnOverAtMs = atMs;
    const stretch = this.#stretch;
    for (const known of this.#stretchOf?.values() ?? []) if (known === stretch) return;
    // Of a flavor that transcribes nothing all of them would be kept.
    this.#due = this.#due.filter(({ untilMs }) => untilMs >= atMs);
    this.#due.push({ stretch, untilMs: atMs + DUE_MS });
  }

  /** What a transcript says of the present or latest stretch; `undefined` if it belongs to an earlier one. */
  read(event: FlavorEvent & { type: 'transcript' }, atMs: number): Words | undefined {
    if (event.role !== 'caller') return undefined;
    const stretch = this.#stretchOf?.get(event.turnId) ?? this.#assign(event.turnId, atMs);
    if (stretch !== this.#stretch) return undefined;
    return { final: event.final, ...this.#backChannels.read(event.text) };
  }

  /** Whether a transcript that comes while nobody was heard to speak tells of speech: none that was heard can be meant. */
  tellsOfSpeech({ role, turnId }: FlavorEvent & { type: 'transcript' }, atMs: number): boolean {
    return role === 'caller' && this.#stretchOf?.has(turnId) !== true && atMs - this.#turnOverAtMs > STRAY_MS;
  }

  /** Whether `text` is more than a listener says. */
  interrupts(text: string): boolean {
    const { count, backChannel } = this.#backChannels.read(text);
    return count > 0 && !backChannel;
  }

  #assign(turnId: string, atMs: number): number {
    this.#due = this.#due.filter(({ untilMs }) => untilMs >= atMs);
    const stretch = this.#due.shift()?.stretch ?? this.#stretch;
    this.#stretchOf ??= new Map();
    this.#stretchOf.set(turnId, stretch);
    dropOldest(this.#stretchOf, KEPT_TURNS);
    return stretch;
  }
}
