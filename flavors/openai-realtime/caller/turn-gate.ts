/** What is to be done about a stretch of the caller's speech that the service has put into the conversation. */
export type TurnDecision =
  | { readonly type: 'answer'; readonly itemId: string }
  /** The host says it was none: no trace of it is to be left. */
  | { readonly type: 'discard'; readonly itemId: string };

/** An onset of the host's detector. */
interface Onset {
  readonly positionMs: number;
  endMs: number | undefined;
  verdict: 'accepted' | 'rejected' | undefined;
}

/** A stretch of speech as the service hears it, by the item that it becomes. */
interface Stretch {
  readonly itemId: string;
  readonly startMs: number;
  endMs: number | undefined;
  /** It is an item of the conversation. */
  present: boolean;
}

/** By how much two detectors may differ about where the same speech lies, ms. */
const SLACK_MS = 250;
/** Onsets and stretches remembered. */
const KEPT = 32;

/**
 * Brings together what the service hears and what the host makes of it. The service's own answers are switched off: a
 * stretch is answered as soon as it is complete, unless the host has rejected every onset in it; where the host has not
 * made up its mind, the answer waits for it.
 *
 * Positions are the call's, ms.
 */
export class TurnGate {
  #onsets: Onset[] = [];
  #stretches: Stretch[] = [];

  /** There is speech that is not decided upon, or still goes on. */
  get undecided(): boolean {
    return this.#stretches.length > 0;
  }

  onVoice(type: 'started' | 'stopped', positionMs: number): void {
    if (type === 'started') {
      this.#keep(this.#onsets, { positionMs, endMs: undefined, verdict: undefined });
      return;
    }
    const latest = this.#onsets.at(-1);
    if (latest && latest.endMs === undefined) latest.endMs = positionMs;
  }

  /** The host's verdict; on an onset that was not announced if the host has it from elsewhere. */
  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): readonly TurnDecision[] {
    let onset = this.#onsets.findLast((each) => each.positionMs === positionMs);
    if (!onset) {
      onset = { positionMs, endMs: undefined, verdict };
      this.#keep(this.#onsets, onset);
    }
    onset.verdict = verdict;
    return this.#settle();
  }

  onSpeechStarted(itemId: string, positionMs: number): void {
    this.#keep(this.#stretches, { itemId, startMs: positionMs, endMs: undefined, present: false });
  }

  onSpeechStopped(itemId: string, positionMs: number): void {
    const stretch = this.#stretches.find((each) => each.itemId === itemId);
    if (stretch) stretch.endMs = positionMs;
  }

  /** The stretch is in the conversation. `positionMs`: where the caller's audio is now. */
  onPresent(itemId: string, positionMs: number): readonly TurnDecision[] {
    const stretch = this.#stretches.find((each) => each.itemId === itemId);
    if (stretch) {
      stretch.endMs ??= positionMs;
      stretch.present = true;
    } else {
      // Committed without a word about where it lies: it ends here.
      this.#keep(this.#stretches, { itemId, startMs: positionMs, endMs: positionMs, present: true });
    }
    return this.#settle();
  }

  /** The connection is lost: its items are gone; the speech in them will be heard again. */
  forgetStretches(): void {
    this.#stretches = [];
  }

  #settle(): readonly TurnDecision[] {
    const decisions: TurnDecision[] = [];
    this.#stretches = this.#stretches.filter((stretch) => {
      if (!stretch.present) return true;
      const verdict = this.#verdictOn(stretch);
      if (verdict === 'open') return true;
      decisions.push({ type: verdict === 'accepted' ? 'answer' : 'discard', itemId: stretch.itemId });
      return false;
    });
    return decisions;
  }

  #verdictOn(stretch: Stretch): 'accepted' | 'rejected' | 'open' {
    const fromMs = stretch.startMs - SLACK_MS;
    const toMs = (stretch.endMs ?? Number.POSITIVE_INFINITY) + SLACK_MS;
    const onsets = this.#onsets.filter((each) => {
      return each.positionMs <= toMs && (each.endMs ?? Number.POSITIVE_INFINITY) >= fromMs;
    });
    // Speech that the host has not noticed was not rejected either.
    if (onsets.length === 0 || onsets.some(({ verdict }) => verdict === 'accepted')) return 'accepted';
    return onsets.some(({ verdict }) => verdict === undefined) ? 'open' : 'rejected';
  }

  #keep<Entry>(list: Entry[], entry: Entry): void {
    list.push(entry);
    if (list.length > KEPT) list.shift();
  }
}
