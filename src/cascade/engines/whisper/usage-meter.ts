import type { StageIdentity, StageUsage } from '../../stages/stage.js';

/** Usage is told whenever so much audio was sent, ms, so that a cap on spending can act in mid-call. */
const EVERY_MS = 30_000;

/** Adds up the audio that was sent. What is sent twice counts twice, as it is paid. */
export class UsageMeter {
  readonly #identity: StageIdentity;
  readonly #push: (event: StageUsage) => void;
  #audioMs = 0;

  constructor(identity: StageIdentity, push: (event: StageUsage) => void) {
    this.#identity = identity;
    this.#push = push;
  }

  add(audioMs: number): void {
    this.#audioMs += audioMs;
    if (this.#audioMs >= EVERY_MS) this.report();
  }

  report(): void {
    const quantity = Math.round(this.#audioMs);
    this.#audioMs = 0;
    if (quantity > 0) this.#push({ type: 'usage', ...this.#identity, unit: 'audio-ms', quantity });
  }
}
