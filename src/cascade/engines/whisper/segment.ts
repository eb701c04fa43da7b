import { FlavorError } from '../../../flavor-api/index.js';
import { Agreement } from './agreement.js';
import type { SegmentAudio } from './segment-audio.js';
import type { TextSeam } from './text-seam.js';

/** One request for the text of a segment. */
export class Attempt {
  readonly controller = new AbortController();
  /** The text, cleaned. Its rejection may be left alone. */
  readonly text: Promise<string>;
  /** It has got its place at the server. */
  sent = false;
  done = false;
  /** Of no meaning where it was given up. */
  failure: FlavorError | undefined;

  /** @param work resolves to the text */
  constructor(work: (attempt: Attempt) => Promise<string>) {
    this.text = Promise.resolve()
      .then(() => work(this))
      .finally(() => {
        this.done = true;
      });
    this.text.catch((error: unknown) => {
      this.failure = error instanceof FlavorError ? error : unnamed();
    });
  }
}

/** A mistake: without an error, callers would not be understood, and nobody be told. */
function unnamed(): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', 'the recogniser failed in a way it did not name', true);
}

/** The segment before was cut in the middle of speech. */
export interface SegmentLead {
  readonly seam: TextSeam;
  /** Of this segment's audio, how much comes before the cut, ms. */
  readonly beforeMs: number;
}

/** A stretch of the caller's speech, and what is known of its text. */
export class Segment {
  readonly audio: SegmentAudio;
  /** Where its audio begins, on the clock of `AudioFrame.positionMs`. */
  readonly positionMs: number;
  readonly lead: SegmentLead | undefined;
  readonly agreement = new Agreement();
  /** Voice in it, ms. */
  voicedMs = 0;
  /** The latest request; at most one is under way. */
  attempt: Attempt | undefined;
  /** Made in the hope that nothing follows; `undefined` once something has. */
  hope: Attempt | undefined;
  /** Audio of the last request, ms. */
  askedMs = 0;
  /** What is shown of it. */
  shown = '';
  /** It is over. */
  closed = false;
  /** It was cut in the middle of speech, and goes on as this one. */
  next: Segment | undefined;
  /** What may be said of its text at first: of some of it, if it is not over. */
  readonly heard: Promise<string>;
  #hear: (text: string) => void = () => {};

  constructor(audio: SegmentAudio, positionMs: number, lead?: SegmentLead) {
    this.audio = audio;
    this.positionMs = positionMs;
    this.lead = lead;
    this.heard = new Promise((resolve) => {
      this.#hear = resolve;
    });
  }

  /** A text of it. None yet says nothing, unless it is over. */
  hear(text: string): void {
    if (text !== '' || this.closed) this.#hear(text);
  }

  /** What it says after the one before. */
  rest(text: string): string {
    return this.lead === undefined ? text : this.lead.seam.rest(text);
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.attempt !== undefined && !this.attempt.done;
  }

  /** Gives the request under way up. */
  drop(): void {
    this.attempt?.controller.abort();
    this.attempt = undefined;
    this.hope = undefined;
  }
}
