import type { Clock, TimerHandle } from '../../base/clock.js';
import type { BackgroundSound, MediaStream } from '../../media/engine.js';

/** What a caller hears besides words, as far as there is any. */
export interface CallSounds {
  /** The room the agent speaks from: from the answer to the end, but not under music. */
  readonly ambient: BackgroundSound | undefined;
  /** The agent at work: heard when the caller has waited for `afterMs`, until somebody speaks. */
  readonly thinking: { readonly sound: BackgroundSound; readonly afterMs: number } | undefined;
  /** Music, while the caller is on hold or a transfer is under way. */
  readonly hold: BackgroundSound | undefined;
}

/**
 * Decides what is mixed in beneath and between the words of one call. Told of what changes, tells the stream only of
 * what that changes to the ear.
 */
export class BackgroundScene {
  readonly #sounds: CallSounds;
  readonly #stream: () => Pick<MediaStream, 'setBackground'> | undefined;
  readonly #clock: Clock;
  readonly #now: { ambient: BackgroundSound | undefined; foreground: BackgroundSound | undefined } = {
    ambient: undefined,
    foreground: undefined,
  };
  #begun = false;
  #speaking = false;
  /** Holds and transfers under way. */
  #parked = 0;
  /** Since when the caller waits for the agent. */
  #waitingSinceMs: number | undefined;
  /** The caller has waited for long enough. */
  #thinking = false;
  #timer: TimerHandle | undefined;

  /** @param stream the call's, once it is open */
  constructor(sounds: CallSounds, stream: () => Pick<MediaStream, 'setBackground'> | undefined, clock: Clock) {
    this.#sounds = sounds;
    this.#stream = stream;
    this.#clock = clock;
  }

  /** The caller can hear. */
  begin(): void {
    this.#begun = true;
    this.#update();
  }

  /** The agent, or the host in its place, speaks or has stopped. */
  onSpeaking(speaking: boolean): void {
    this.#speaking = speaking;
    this.#watch(this.#clock.now());
  }

  /** An answer is owed or a tool runs since then ({@link Clock.now}); `undefined`: neither. */
  onWaiting(sinceMs: number | undefined): void {
    this.#waitingSinceMs = sinceMs;
    if (sinceMs !== undefined) this.#watch(sinceMs);
    else this.#rest();
  }

  /** The caller is put on hold or a transfer begins; or one of them is over. */
  onParked(parked: boolean): void {
    this.#parked += parked ? 1 : -1;
    this.#watch(this.#clock.now());
  }

  /** Nothing is to be heard any more: the call is over, or two people talk through it. */
  close(): void {
    this.#begun = false;
    this.#rest();
  }

  /** Thinking is heard `afterMs` after `fromMs`, unless something happens before. */
  #watch(fromMs: number): void {
    this.#rest();
    const { thinking } = this.#sounds;
    if (!thinking || !this.#begun || this.#speaking || this.#parked > 0 || this.#waitingSinceMs === undefined) return;
    const onDue = (): void => {
      this.#thinking = true;
      this.#update();
    };
    this.#timer = this.#clock.setTimeout(onDue, Math.max(0, fromMs + thinking.afterMs - this.#clock.now()));
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#thinking = false;
    this.#update();
  }

  #update(): void {
    const { ambient, thinking, hold } = this.#sounds;
    const music = this.#parked > 0 ? hold : undefined;
    this.#set('ambient', this.#begun && music === undefined ? ambient : undefined);
    const between = music ?? (this.#thinking ? thinking?.sound : undefined);
    this.#set('foreground', this.#begun && !this.#speaking ? between : undefined);
  }

  #set(layer: 'ambient' | 'foreground', sound: BackgroundSound | undefined): void {
    if (this.#now[layer] === sound) return;
    this.#now[layer] = sound;
    this.#stream()?.setBackground(layer, sound);
  }
}
