import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { PlayoutReport } from 'sip-voice-connector/flavor';
import type { RealtimeConfig } from '../config.js';
import { assistantText, createItem, deleteItem, truncateItem } from '../protocol/client-event.js';

/** A message of a response at the service, with as much of its audio as has come. */
interface SpokenItem {
  readonly id: string;
  bytes: number;
}

/** One response as the host knows it, until the host has said what was heard of it. */
export interface Spoken {
  readonly responseId: string;
  /** Beside the conversation: the service's memory has nothing to be corrected. */
  readonly aside: boolean;
  items: SpokenItem[];
  /** All its words so far. */
  text: string;
  /** The message of which the last words were. */
  wordsOf: string;
  bytes: number;
  /** The host has been given audio or text of it, or will be when the call is answered. */
  emitted: boolean;
  /** The service has nothing to add: it is complete, or given up. */
  complete: boolean;
  /** Given up: what still comes is not for the host. */
  dropped: boolean;
  /** Given up before it was complete: the service may have more of it than came here. */
  cut: boolean;
  /** The host has said that it is over, and how. */
  report: PlayoutReport | undefined;
  /** The item that stands for it in a conversation that was told of it as text. */
  textItemId: string | undefined;
}

export interface SpokenOptions {
  readonly bytesPerMs: number;
  readonly dialect: RealtimeConfig['dialect'];
  readonly clock: Clock;
  send(event: object): void;
  /** Nothing is interrupted and unreported any more. */
  onSettled(): void;
}

/** For the host's report on an interrupted response, ms: it owes it within 25. */
const REPORT_MS = 1_000;
/** Of speech, per millisecond: 15 characters a second. */
const CHARACTERS_PER_MS = 0.015;

/**
 * What was said, and what of it was heard. An interrupted response is corrected in the service's memory: an item that
 * was heard in part is cut there, an item that was not heard at all is removed.
 *
 * The service forgets the transcript of an item that is cut and keeps its audio up to the cut: the model goes on knowing
 * what it was heard to say. So no text is put in its place; the words would stand there twice.
 */
export class SpokenResponses {
  readonly #options: SpokenOptions;
  readonly #open = new Map<string, Spoken>();
  /** Interrupted, and the host has not said yet what was heard. */
  #unreported: Set<Spoken> | undefined;
  readonly #patience: Alarm;
  #count = 0;
  #textItems = 0;

  constructor(options: SpokenOptions) {
    this.#options = options;
    this.#patience = new Alarm(options.clock);
  }

  /** An interruption is not settled: the service would be asked on a memory that is wrong. */
  get unsettled(): boolean {
    return this.#unreported !== undefined && this.#unreported.size > 0;
  }

  /** The host has something to play, or to report. */
  get pending(): boolean {
    return this.#open.size > 0;
  }

  begin(aside = false): Spoken {
    this.#count += 1;
    const spoken: Spoken = {
      responseId: `response-${this.#count}`,
      aside,
      items: [],
      text: '',
      wordsOf: '',
      bytes: 0,
      emitted: false,
      complete: false,
      dropped: false,
      cut: false,
      report: undefined,
      textItemId: undefined,
    };
    this.#open.set(spoken.responseId, spoken);
    return spoken;
  }

  addItem(spoken: Spoken, id: string): void {
    if (!spoken.items.some((item) => item.id === id)) spoken.items = spoken.items.concat({ id, bytes: 0 });
  }

  /** Hot path. */
  addAudio(spoken: Spoken, itemId: string, bytes: number): void {
    const latest = spoken.items.at(-1);
    const item = latest?.id === itemId ? latest : this.#itemOf(spoken, itemId);
    if (item) item.bytes += bytes;
    spoken.bytes += bytes;
  }

  /** The service has nothing to add to the response. */
  complete(spoken: Spoken): void {
    spoken.complete = true;
    this.#settle(spoken);
  }

  /** Gives a response up before the host has heard of it, or with what it was given. */
  drop(spoken: Spoken): void {
    spoken.dropped = true;
    spoken.cut ||= !spoken.complete;
  }

  /** The host interrupts: everything that it was given and has not reported on will be reported on now. */
  interrupt(): void {
    for (const spoken of this.#open.values()) {
      this.drop(spoken);
      if (spoken.emitted && !spoken.report) this.#awaitReport(spoken);
    }
    if (!this.unsettled || this.#patience.pending) return;
    this.#patience.set(REPORT_MS, () => {
      this.#unreported?.clear();
      this.#options.onSettled();
    });
  }

  /** A terminal report. Returns its response, if it is one that waits for it. */
  onReport(report: PlayoutReport): Spoken | undefined {
    const spoken = this.#open.get(report.responseId);
    if (!spoken || spoken.report || report.state === 'started') return undefined;
    spoken.report = report;
    if (report.state === 'interrupted') this.drop(spoken);
    this.#settle(spoken);
    this.#unreported?.delete(spoken);
    if (!this.unsettled && this.#patience.pending) {
      this.#patience.clear();
      this.#options.onSettled();
    }
    return spoken;
  }

  /** The conversation is gone with its connection: another will be told of these responses in words. */
  forgetItems(): void {
    for (const spoken of this.#open.values()) {
      if (!spoken.complete && !spoken.aside)
        spoken.text = heardWords(spoken.text, spoken.bytes / this.#options.bytesPerMs);
      spoken.items = [];
      this.complete(spoken);
    }
  }

  /** What another connection must be told beside the host's history: responses that are still being heard. */
  asItems(): object[] {
    const items: object[] = [];
    for (const spoken of this.#open.values()) {
      if (spoken.aside || !spoken.emitted || spoken.text.trim() === '') continue;
      this.#textItems += 1;
      spoken.textItemId = `spoken_${this.#textItems}`;
      items.push(createItem(assistantText(spoken.text.trim(), spoken.textItemId), this.#options.dialect));
    }
    return items;
  }

  close(): void {
    this.#patience.clear();
    this.#open.clear();
    this.#unreported?.clear();
  }

  #awaitReport(spoken: Spoken): void {
    this.#unreported ??= new Set();
    this.#unreported.add(spoken);
  }

  #itemOf(spoken: Spoken, itemId: string): SpokenItem | undefined {
    this.addItem(spoken, itemId);
    return spoken.items.find(({ id }) => id === itemId);
  }

  /** Corrects the service's memory as soon as both sides have said their last word, and forgets the response. */
  #settle(spoken: Spoken): void {
    if (!spoken.complete || (spoken.emitted && !spoken.report)) return;
    this.#open.delete(spoken.responseId);
    if (spoken.aside || spoken.report?.state === 'finished') return;
    if (spoken.textItemId !== undefined) this.#correctText(spoken.textItemId, spoken.report?.heardText ?? '');
    else this.#correctAudio(spoken, spoken.report?.heardMs ?? 0);
  }

  #correctAudio({ items, cut }: Spoken, heardMs: number): void {
    let restMs = Math.max(0, heardMs);
    for (const item of items) {
      const itemMs = item.bytes / this.#options.bytesPerMs;
      const heardOfItemMs = Math.floor(Math.min(restMs, itemMs));
      const unheard = restMs < itemMs || (cut && item === items.at(-1));
      if (heardOfItemMs <= 0) this.#options.send(deleteItem(item.id));
      else if (unheard) this.#options.send(truncateItem(item.id, heardOfItemMs));
      restMs = Math.max(0, restMs - itemMs);
    }
  }

  /** The words as far as they were heard, in the same place. */
  #correctText(itemId: string, heardText: string): void {
    if (heardText.trim() !== '') {
      const event = createItem(assistantText(heardText.trim()), this.#options.dialect);
      this.#options.send({ ...event, previous_item_id: itemId });
    }
    this.#options.send(deleteItem(itemId));
  }
}

/** The words that fit into `audioMs` of speech: transcripts run ahead of their audio. */
export function heardWords(text: string, audioMs: number): string {
  const length = Math.floor(audioMs * CHARACTERS_PER_MS);
  if (text.length <= length) return text;
  const end = text.lastIndexOf(' ', length);
  return end <= 0 ? '' : text.slice(0, end);
}
