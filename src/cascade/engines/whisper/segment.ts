import { FlavorError } from '../../../flavor-api/index.js';
import { Agreement } from './agreement.js';
import type { SegmentAudio } from './segment-audio.js';

/** One request for the text of a segment. */
export class Attempt {
  readonly controller = new AbortController();
  /** The text, cleaned. Its rejection may be left alone. */
  readonly text: Promise<string>;
  /** It has got its place at the server. */
  sent = false;
  done = false;
  failure: FlavorError | undefined;

  /** @param work resolves to the text */
  constructor(work: (attempt: Attempt) => Promise<string>) {
    this.text = Promise.resolve()
      .then(() => work(this))
      .finally(() => {
        this.done = true;
      });
    this.text.catch((error: unknown) => {
      if (error instanceof FlavorError) this.failure = error;
    });
  }
}

/** A stretch of the caller's speech, and what is known of its text. */
export class Segment {
  readonly audio: SegmentAudio;
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

  constructor(audio: SegmentAudio) {
    this.audio = audio;
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
