import type { PlayoutReport } from '../flavor-api/index.js';
import { HeardText } from './heard-text.js';

interface Response {
  readonly id: string;
  readonly heard: HeardText;
  /** Something of it was handed to the media plane, which will report its end. */
  queued: boolean;
  done: boolean;
}

/** Ids of finished responses that are remembered, so that late audio for them is dropped. */
const REMEMBERED_RESPONSES = 1000;

/**
 * Everything the agent says in one call, by response: text against audio against what the socket sent. The source of
 * `PlayoutReport`s, and the gate that late audio of a flushed response does not pass.
 */
export class AgentSpeech {
  readonly #bytesPerMs: number;
  readonly #open = new Map<string, Response>();
  readonly #over = new Set<string>();

  /** @param bytesPerMs of the session's output format. */
  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** Takes note of audio. False: the response is over, drop it. */
  onAudio(responseId: string, bytes: number): boolean {
    const response = this.#response(responseId);
    if (!response || response.done) return false;
    response.queued = true;
    response.heard.addAudio(bytes / this.#bytesPerMs);
    return true;
  }

  onText(responseId: string, text: string, atMs: number | undefined): void {
    const response = this.#response(responseId);
    if (response && !response.done) response.heard.addText(text, atMs);
  }

  /**
   * The flavor has said all of the response. `play`: the media plane has audio of it and is to be told. Otherwise the
   * response is over, unheard, and this is its report.
   */
  onDone(
    responseId: string,
  ): { readonly play: true } | { readonly play: false; readonly report: PlayoutReport | undefined } {
    const response = this.#open.get(responseId);
    if (!response || response.done) return { play: false, report: undefined };
    response.done = true;
    response.heard.complete();
    if (response.queued) return { play: true };
    return { play: false, report: this.#close(response, 'interrupted', 0) };
  }

  onStarted(responseId: string): PlayoutReport | undefined {
    if (!this.#open.has(responseId)) return undefined;
    return { responseId, state: 'started', heardMs: 0, heardText: '', heardChars: 0 };
  }

  /** The media plane's last word on a response. */
  onEnded(responseId: string, state: 'finished' | 'interrupted', heardMs: number): PlayoutReport | undefined {
    const response = this.#open.get(responseId);
    return response && this.#close(response, state, heardMs);
  }

  /** Closes what was announced but never queued: after a flush, or at the end of the call. */
  closeUnplayed(): readonly PlayoutReport[] {
    const unplayed = [...this.#open.values()].filter((response) => !response.queued);
    return unplayed.map((response) => this.#close(response, 'interrupted', 0));
  }

  /** The response has been announced and its end not reported. */
  isOpen(responseId: string): boolean {
    return this.#open.has(responseId);
  }

  /** The whole text the flavor gave for a response that is still open. */
  textOf(responseId: string): string {
    return this.#open.get(responseId)?.heard.text ?? '';
  }

  #response(responseId: string): Response | undefined {
    if (this.#over.has(responseId)) return undefined;
    let response = this.#open.get(responseId);
    if (!response) {
      response = { id: responseId, heard: new HeardText(), queued: false, done: false };
      this.#open.set(responseId, response);
    }
    return response;
  }

  #close(response: Response, state: 'finished' | 'interrupted', heardMs: number): PlayoutReport {
    this.#open.delete(response.id);
    this.#over.add(response.id);
    if (this.#over.size > REMEMBERED_RESPONSES) {
      for (const oldest of this.#over) {
        this.#over.delete(oldest);
        break;
      }
    }
    // Finished is finished: rounding of the last packet takes no word away.
    const heard = response.heard.heardAt(state === 'finished' ? Math.max(heardMs, response.heard.audioMs) : heardMs);
    return { responseId: response.id, state, heardMs, heardText: heard.text, heardChars: heard.chars };
  }
}
