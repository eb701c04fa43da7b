import type { ConversationItem, FlavorEvent, PlayoutReport } from '../flavor-api/index.js';
import type { CallRecord } from '../ops/call-record.js';

/** Entries kept of one call's dialogue: the last ones, which are what whoever takes over needs. */
const KEPT_ITEMS = 5000;

/**
 * What was said and heard in one call, in order. The agent's lines are what left the socket, never what was generated;
 * so history, transcript and record agree.
 */
export class Dialogue {
  readonly #items: ConversationItem[] = [];
  readonly #times: number[] = [];

  /** For `CallContext.history`: live, grows during the call. */
  get history(): readonly ConversationItem[] {
    return this.#items;
  }

  onTranscript(event: FlavorEvent & { type: 'transcript' }, atMs: number): void {
    // Agent lines come from playout. A flavor's own transcript of itself says what it meant to say.
    if (event.role !== 'caller' || !event.final || event.text === '') return;
    this.#add({ role: 'caller', turnId: event.turnId, text: event.text }, atMs);
  }

  onPlayout(report: PlayoutReport, text: string, atMs: number): void {
    if (report.state === 'started' || text === '') return;
    const { responseId, heardText } = report;
    this.#add({ role: 'agent', responseId, text, heardText, interrupted: report.state === 'interrupted' }, atMs);
  }

  onTool(item: ConversationItem & { role: 'tool' }, atMs: number): void {
    this.#add(item, atMs);
  }

  /** Lines for the record; `originMs`: the clock's reading at the answer. */
  transcript(originMs: number): NonNullable<CallRecord['transcript']> {
    return this.#items.flatMap((item, index) => {
      if (item.role === 'tool') return [];
      const text = item.role === 'agent' ? item.heardText : item.text;
      if (text === '') return [];
      return [{ role: item.role, text, atMs: Math.round((this.#times[index] ?? originMs) - originMs) }];
    });
  }

  #add(item: ConversationItem, atMs: number): void {
    this.#items.push(item);
    this.#times.push(atMs);
    if (this.#items.length <= KEPT_ITEMS) return;
    this.#items.shift();
    this.#times.shift();
  }
}
