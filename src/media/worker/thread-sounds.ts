import type { BackgroundSound } from '../engine.js';
import type { ThreadOrder } from './thread-messages.js';

/**
 * The sounds that a media thread was given, by number. A sound is given once, for all streams, and by another way than
 * commands are: one may be asked for that is still to come.
 */
export class ThreadSounds {
  readonly #sounds = new Map<number, BackgroundSound>();
  readonly #awaited = new Map<number, ((sound: BackgroundSound) => void)[]>();

  /** Calls `use` with the sound, at once or when it has come. */
  use(id: number, use: (sound: BackgroundSound) => void): void {
    const sound = this.#sounds.get(id);
    if (sound !== undefined) use(sound);
    else this.#awaited.set(id, [...(this.#awaited.get(id) ?? []), use]);
  }

  add({ sound: id, samples, sampleRate }: Extract<ThreadOrder, { readonly type: 'sound' }>): void {
    const sound = { samples: new Int16Array(samples), sampleRate };
    this.#sounds.set(id, sound);
    for (const use of this.#awaited.get(id) ?? []) use(sound);
    this.#awaited.delete(id);
  }

  /** A stream that plays it goes on. */
  forget(id: number): void {
    this.#sounds.delete(id);
  }
}

/** The numbers of the sounds that a media thread was given; the rest of the process's end. */
export class SoundNumbers {
  readonly #post: (order: ThreadOrder) => void;
  readonly #numbers = new WeakMap<BackgroundSound, number>();
  readonly #forgotten = new FinalizationRegistry<number>((sound) => this.#post({ type: 'forget-sound', sound }));
  #next = 1;

  constructor(post: (order: ThreadOrder) => void) {
    this.#post = post;
  }

  /** The sound's number; the thread is told the sound with its first use. */
  of(sound: BackgroundSound): number {
    const known = this.#numbers.get(sound);
    if (known !== undefined) return known;
    const number = this.#next;
    this.#next += 1;
    this.#numbers.set(sound, number);
    this.#forgotten.register(sound, number);
    const samples = new SharedArrayBuffer(sound.samples.byteLength);
    new Int16Array(samples).set(sound.samples);
    this.#post({ type: 'sound', sound: number, samples, sampleRate: sound.sampleRate });
    return number;
  }
}
