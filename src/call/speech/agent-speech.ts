import { dropOldest } from '../../base/drop-oldest.js';
import type { AudioFormat, ConversationItem, PlayoutReport } from '../../flavor-api/index.js';
import { ASSUMED_RATE, HeardText } from '../../heard/heard-text.js';

interface Response {
  readonly id: string;
  /** Number of the session that speaks it. */
  readonly session: number;
  readonly heard: HeardText;
  /** Something of it was handed to the media plane, which will report its end. */
  queued: boolean;
  /** Nothing more of it is taken: the flavor has said all, or it was flushed. */
  done: boolean;
}

/** In place of a session's number. */
const HOST = -1;

/** A response of which nothing more will be heard. */
export interface SpokenResponse {
  readonly report: PlayoutReport;
  /** All the flavor gave of it, heard or not. */
  readonly text: string;
  /** Spoken by the session that is on the phone now, not by one that it has replaced. */
  readonly current: boolean;
}

/** A response as long as this tells how fast a voice speaks, ms. */
const TELLING_MS = 2000;

/** Ids of finished responses that are remembered, so that late audio for them is dropped. */
const REMEMBERED_RESPONSES = 1000;

/**
 * Everything the agent says in one call, by response: text against audio against what the socket sent. The source of
 * `PlayoutReport`s, and the gate that late audio of a flushed response does not pass.
 */
export class AgentSpeech {
  #format: AudioFormat;
  /** Of the session's voice, as far as it was heard. */
  #rate = ASSUMED_RATE;
  #session = 0;
  readonly #open = new Map<string, Response>();
  /** The open one that was spoken of last: audio comes in pieces, most of them of the same response. */
  #latest: Response | undefined;
  #over: Set<string> | undefined;

  /** @param output of the first session. */
  constructor(output: AudioFormat) {
    this.#format = output;
  }

  /**
   * Another session speaks from now on, in `output`. Its forerunner says no more: returns the responses that the media
   * plane is to end after what it has of them.
   */
  beginSession(output: AudioFormat): readonly string[] {
    this.#format = output;
    this.#session += 1;
    this.#rate = ASSUMED_RATE;
    return [...this.#open.keys()].filter((responseId) => this.onDone(responseId));
  }

  /**
   * Speech of the host's own, complete: heard and written down like any other, reported to no session. `data` in the
   * present session's output format.
   */
  onHostSpeech(responseId: string, text: string, data: Uint8Array): void {
    const heard = new HeardText(this.#format);
    heard.addText(text);
    heard.addAudio(data);
    heard.complete();
    this.#open.set(responseId, { id: responseId, session: HOST, heard, queued: true, done: true });
  }

  /** Takes note of audio. Hot path. False: drop it; the response is over, or there is nothing in it. */
  onAudio(responseId: string, data: Uint8Array): boolean {
    const latest = this.#latest;
    const response = latest?.id === responseId ? latest : this.#response(responseId);
    if (!response || response.done || data.byteLength === 0) return false;
    response.queued = true;
    response.heard.addAudio(data);
    return true;
  }

  onText(responseId: string, text: string, atMs: number | undefined): void {
    const response = this.#response(responseId);
    if (response && !response.done) response.heard.addText(text, atMs);
  }

  /**
   * The flavor has said all of the response. True: the media plane has audio of it and is to be told. False: there is
   * nothing to play, and `takeUnheard` gives its report when its turn has come.
   */
  onDone(responseId: string): boolean {
    const response = this.#open.get(responseId);
    if (!response || response.done) return false;
    response.done = true;
    response.heard.complete();
    return response.queued;
  }

  onStarted(responseId: string): PlayoutReport | undefined {
    if (!this.isCurrent(responseId)) return undefined;
    return { responseId, state: 'started', heardMs: 0, heardText: '', heardChars: 0 };
  }

  /** The media plane's last word on a response. */
  onEnded(responseId: string, state: 'finished' | 'interrupted', heardMs: number): SpokenResponse | undefined {
    const response = this.#open.get(responseId);
    return response && this.#close(response, state, heardMs);
  }

  /** A flush: what was announced and never queued will not be played either. Its audio, should it come, is dropped. */
  dropUnplayed(): void {
    for (const response of this.#open.values()) if (!response.queued) response.done = true;
  }

  /**
   * Responses that nothing will be heard of, as far as no earlier one is still to be heard: reports come in the order in
   * which responses were announced.
   */
  takeUnheard(): readonly SpokenResponse[] {
    const unheard: SpokenResponse[] = [];
    for (const response of this.#open.values()) {
      if (response.queued || !response.done) break;
      unheard.push(this.#close(response, 'interrupted', 0));
    }
    return unheard;
  }

  /** Nothing is played any more: whatever has no report yet gets it. */
  closeAll(): readonly SpokenResponse[] {
    return [...this.#open.values()].map((response) => this.#close(response, 'interrupted', 0));
  }

  /**
   * What others than the present session say just now, or will, as it stands in the dialogue once it was heard. The
   * session knows its own words itself.
   */
  saidByOthers(): readonly ConversationItem[] {
    return [...this.#open.values()]
      .filter(({ queued, heard, session }) => session !== this.#session && queued && heard.text !== '')
      .map(({ id, heard: { text } }) => ({ role: 'agent', responseId: id, text, heardText: text, interrupted: false }));
  }

  /** Something has been announced whose end is not reported. */
  get underWay(): boolean {
    return this.#open.size > 0;
  }

  /** The response has been announced and its end not reported. */
  isOpen(responseId: string): boolean {
    return this.#latest?.id === responseId || this.#open.has(responseId);
  }

  /** The session that is on the phone now speaks it: neither the host nor a session before. */
  isCurrent(responseId: string): boolean {
    return this.#open.get(responseId)?.session === this.#session;
  }

  /** Its terminal report was made, lately enough to be remembered. */
  isOver(responseId: string): boolean {
    return this.#over?.has(responseId) === true;
  }

  #response(responseId: string): Response | undefined {
    if (this.#over?.has(responseId)) return undefined;
    let response = this.#open.get(responseId);
    if (!response) {
      const heard = new HeardText(this.#format, this.#rate);
      response = { id: responseId, session: this.#session, heard, queued: false, done: false };
      this.#open.set(responseId, response);
    }
    this.#latest = response;
    return response;
  }

  #close(response: Response, state: 'finished' | 'interrupted', heardMs: number): SpokenResponse {
    this.#open.delete(response.id);
    if (this.#latest === response) this.#latest = undefined;
    if (response.session === this.#session && response.heard.audioMs >= TELLING_MS) {
      this.#rate = response.heard.rate ?? this.#rate;
    }
    this.#over ??= new Set();
    this.#over.add(response.id);
    dropOldest(this.#over, REMEMBERED_RESPONSES);
    // Finished is finished: rounding of the last packet takes no word away.
    const heard = response.heard.heardAt(state === 'finished' ? Math.max(heardMs, response.heard.audioMs) : heardMs);
    const report = { responseId: response.id, state, heardMs, heardText: heard.text, heardChars: heard.chars };
    return { report, text: response.heard.text, current: response.session === this.#session };
  }
}
