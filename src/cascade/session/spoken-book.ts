import type { PlayoutReport } from '../../flavor-api/index.js';
import type { SpeechOut } from './speech-out.js';

interface Spoken {
  readonly speech: SpeechOut;
  /** The entry of the dialogue that it is; `undefined`: nobody remembers it. */
  readonly entry: string | undefined;
}

/** Responses remembered whose report has not come; a host that forgets some costs no more. */
const KEPT = 64;

/** What has been said, until the host has said how much of it was heard. */
export class SpokenBook {
  readonly #open = new Map<string, Spoken>();
  /** Interrupted, and the host has not said yet what was heard. */
  readonly #unreported = new Set<string>();

  open(speech: SpeechOut, entry: string | undefined): void {
    this.#open.set(speech.responseId, { speech, entry });
    if (this.#open.size <= KEPT) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.forget(oldest);
  }

  /** The host has heard nothing of it, and never will. */
  forget(responseId: string): void {
    this.#open.delete(responseId);
    this.#unreported.delete(responseId);
  }

  /** The host interrupts. True: it will report on something. */
  interrupt(): boolean {
    for (const [responseId, { speech }] of this.#open) {
      if (speech.emitted) this.#unreported.add(responseId);
    }
    return this.#unreported.size > 0;
  }

  /**
   * A terminal report. Returns what was heard of which entry, if it was interrupted; and whether nothing is owed any
   * more.
   */
  onReport(report: PlayoutReport): { readonly entry?: string; readonly heard?: string; readonly settled: boolean } {
    const spoken = this.#open.get(report.responseId);
    if (!spoken || report.state === 'started') return { settled: false };
    const owed = this.#unreported.has(report.responseId);
    this.forget(report.responseId);
    const settled = owed && this.#unreported.size === 0;
    if (report.state === 'finished' || spoken.entry === undefined) return { settled };
    return { entry: spoken.entry, heard: spoken.speech.text.slice(0, Math.max(0, report.heardChars)), settled };
  }

  clear(): void {
    this.#open.clear();
    this.#unreported.clear();
  }
}
