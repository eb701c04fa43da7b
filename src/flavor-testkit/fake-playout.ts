import type { PlayoutReport } from '../flavor-api/index.js';

interface Track {
  readonly responseId: string;
  queuedBytes: number;
  receivedBytes: number;
  heardBytes: number;
  done: boolean;
  started: boolean;
  readonly cues: { readonly text: string; readonly atMs: number }[];
}

/** What of the response under the playhead has been played. */
export type Playing = Pick<PlayoutReport, 'responseId' | 'heardMs' | 'heardChars'>;

/**
 * The host's playout on a virtual clock: plays responses in the order of their first audio, 20 ms a tick, keeps the
 * heard clock, and reports as the real one does. Audio is counted, not kept.
 */
export class FakePlayout {
  readonly #bytesPerMs: number;
  readonly #report: (report: PlayoutReport) => void;
  readonly #tracks: Track[] = [];
  /** Flushed or finished: what still comes for these is dropped. */
  readonly #closed = new Set<string>();
  #acknowledgements: PlayoutReport[] = [];
  #paused = false;

  /** `report` gets what the host says to the flavor, from inside {@link tick}. */
  constructor(bytesPerMs: number, report: (report: PlayoutReport) => void) {
    this.#bytesPerMs = bytesPerMs;
    this.#report = report;
  }

  /** The response under the playhead, if any of its audio is there. */
  get playing(): Playing | undefined {
    const head = this.#tracks[0];
    if (!head || (head.queuedBytes === 0 && !head.started)) return undefined;
    const { responseId, heardMs, heardChars } = this.#position(head, 'started');
    return { responseId, heardMs, heardChars };
  }

  /** Ids of responses that have not had their terminal report. */
  get pending(): readonly string[] {
    return this.#tracks.map((track) => track.responseId);
  }

  /** The response that has been played as far as it came, and holds up what follows. */
  get unfinished(): string | undefined {
    const head = this.#tracks[0];
    return head && !head.done && head.queuedBytes === 0 ? head.responseId : undefined;
  }

  /** Audio received and not yet played, ms. */
  get queuedMs(): number {
    return this.#tracks.reduce((sum, track) => sum + track.queuedBytes, 0) / this.#bytesPerMs;
  }

  audio(responseId: string, bytes: number): void {
    const track = this.#track(responseId);
    if (!track) return;
    track.queuedBytes += bytes;
    track.receivedBytes += bytes;
  }

  text(responseId: string, text: string, atMs: number | undefined): void {
    const track = this.#track(responseId);
    track?.cues.push({ text, atMs: atMs ?? track.receivedBytes / this.#bytesPerMs });
  }

  done(responseId: string): void {
    const track = this.#tracks.find((candidate) => candidate.responseId === responseId);
    if (track) track.done = true;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Drops everything queued and playing, ends a pause. The reports follow with the next tick: the acknowledgement. */
  flush(): void {
    this.#paused = false;
    for (const track of this.#tracks.splice(0)) {
      this.#closed.add(track.responseId);
      this.#acknowledgements.push(this.#position(track, 'interrupted'));
    }
  }

  /** Plays `ms` milliseconds. */
  tick(ms: number): void {
    const acknowledgements = this.#acknowledgements;
    this.#acknowledgements = [];
    for (const report of acknowledgements) this.#report(report);
    let budget = this.#paused ? 0 : Math.round(ms * this.#bytesPerMs);
    for (let head = this.#tracks[0]; head; head = this.#tracks[0]) {
      const taken = Math.min(budget, head.queuedBytes);
      if (taken > 0 && !head.started) {
        head.started = true;
        this.#report(this.#position(head, 'started'));
      }
      head.queuedBytes -= taken;
      head.heardBytes += taken;
      budget -= taken;
      if (this.#paused || head.queuedBytes > 0 || !head.done) return;
      this.#tracks.shift();
      this.#closed.add(head.responseId);
      this.#report(this.#position(head, head.heardBytes > 0 ? 'finished' : 'interrupted'));
    }
  }

  #track(responseId: string): Track | undefined {
    if (this.#closed.has(responseId)) return undefined;
    const known = this.#tracks.find((candidate) => candidate.responseId === responseId);
    if (known) return known;
    const track: Track = {
      responseId,
      queuedBytes: 0,
      receivedBytes: 0,
      heardBytes: 0,
      done: false,
      started: false,
      cues: [],
    };
    this.#tracks.push(track);
    return track;
  }

  #position(track: Track, state: PlayoutReport['state']): PlayoutReport {
    const heardMs = Math.round(track.heardBytes / this.#bytesPerMs);
    let heard = '';
    for (const cue of track.cues) {
      if (cue.atMs < heardMs || state === 'finished') heard += cue.text;
    }
    return { responseId: track.responseId, state, heardMs, heardText: heard.trimEnd(), heardChars: heard.length };
  }
}
