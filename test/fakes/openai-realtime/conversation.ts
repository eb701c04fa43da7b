import { type Item, itemOnWire, type OutputMessage } from './conversation-item.js';
import { type Refusal, refusal } from './refusal.js';
import type { Send } from './server-event.js';
import { wordsUntil } from './speech.js';

/** The items of a session's default conversation, in order, and the events that tell of them. */
export class Conversation {
  readonly id: string;
  readonly #send: Send;
  #items: Item[] = [];

  constructor(id: string, send: Send) {
    this.id = id;
    this.#send = send;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  find(id: string): Item | undefined {
    return this.#items.find((item) => item.id === id);
  }

  /** The id before `item`, or `null` for the first. */
  previousId(item: Item): string | null {
    return this.#items[this.#items.indexOf(item) - 1]?.id ?? null;
  }

  /** Whether any of it was spoken by the model: the voice is then fixed. */
  get hasAssistantAudio(): boolean {
    return this.#items.some((item) => item.kind === 'output' && item.modality === 'audio' && item.audioMs > 0);
  }

  get lastId(): string | null {
    return this.#items.at(-1)?.id ?? null;
  }

  /**
   * Adds an item: at the end, or after the item named, or first for `root`. `undefined` when it was added.
   */
  add(item: Item, afterId?: string | null): Refusal | undefined {
    if (this.find(item.id) !== undefined) {
      return refusal('invalid_value', `An item with id '${item.id}' already exists in the conversation.`, 'item.id');
    }
    if (item.kind === 'call-output' && !this.#hasCall(item.callId)) {
      const message = `Tool call ID '${item.callId}' not found in conversation.`;
      return refusal('invalid_tool_call_id', message, 'item.call_id');
    }
    const index = this.#indexAfter(afterId);
    if (index === undefined) {
      const message = `Previous item with id '${afterId}' not found in the conversation.`;
      return refusal('item_not_found', message, 'previous_item_id');
    }
    this.#items.splice(index, 0, item);
    this.#send({
      type: 'conversation.item.added',
      previous_item_id: this.previousId(item),
      item: itemOnWire(item),
    });
    if (item.status !== 'in_progress') this.done(item);
    return undefined;
  }

  /** Tells that an item is as it will stay. */
  done(item: Item): void {
    this.#send({ type: 'conversation.item.done', previous_item_id: this.previousId(item), item: itemOnWire(item) });
  }

  delete(itemId: string): Refusal | undefined {
    if (this.find(itemId) === undefined) return unknownItem('delete', 'deleting', itemId);
    this.#items = this.#items.filter(({ id }) => id !== itemId);
    this.#send({ type: 'conversation.item.deleted', item_id: itemId });
    return undefined;
  }

  retrieve(itemId: string): Refusal | undefined {
    const item = this.find(itemId);
    if (item === undefined) return unknownItem('retrieve', 'retrieving', itemId);
    const wire = itemOnWire(item);
    const audio = item.kind === 'input' ? item.audio : undefined;
    const content = [
      { type: 'input_audio', transcript: null, audio: Buffer.from(audio?.bytes ?? []).toString('base64') },
    ];
    this.#send({ type: 'conversation.item.retrieved', item: audio === undefined ? wire : { ...wire, content } });
    return undefined;
  }

  /**
   * Keeps the first `audioEndMs` of what an assistant's item has sent, and removes its transcript. Refused for anything
   * but audio of the model's, before any audio was sent, and beyond its end.
   */
  truncate(itemId: string, contentIndex: number, audioEndMs: number): OutputMessage | Refusal {
    const item = this.find(itemId);
    if (item === undefined) return unknownItem('truncate', 'truncating', itemId);
    if (item.kind !== 'output' || item.modality !== 'audio' || item.audioMs === 0) {
      return refusal('unsupported_content_type', 'Only model output audio messages can be truncated');
    }
    if (contentIndex !== 0) {
      return refusal('invalid_value', `Content at index ${contentIndex} does not exist.`, 'content_index');
    }
    const audioMs = Math.floor(item.audioMs);
    if (audioEndMs > audioMs) {
      const message = `Audio content of ${audioMs}ms is already shorter than ${audioEndMs}ms`;
      return refusal('invalid_value', message, 'audio_end_ms');
    }
    item.audioMs = audioEndMs;
    item.truncatedToMs = audioEndMs;
    this.#send({ type: 'conversation.item.truncated', item_id: itemId, content_index: 0, audio_end_ms: audioEndMs });
    return item;
  }

  #hasCall(callId: string): boolean {
    return this.#items.some((item) => item.kind === 'call' && item.callId === callId);
  }

  #indexAfter(afterId: string | null | undefined): number | undefined {
    if (afterId === undefined || afterId === null) return this.#items.length;
    if (afterId === 'root') return 0;
    const index = this.#items.findIndex(({ id }) => id === afterId);
    return index < 0 ? undefined : index + 1;
  }
}

/**
 * What the model remembers, as text: a line for each item. Of its own speech it knows what was sent and not cut off, by
 * the words whose sound had begun.
 */
export function promptOf(instructions: string, items: readonly Item[]): string {
  return [`instructions: ${instructions}`, ...items.map(lineOf)].join('\n');
}

function lineOf(item: Item): string {
  switch (item.kind) {
    case 'input':
      return `${item.role}: ${item.heard}`;
    case 'output':
      return `assistant: ${item.modality === 'text' ? (item.text ?? '') : wordsUntil(item.words, item.audioMs)}`;
    case 'call':
      return `call ${item.callId}: ${item.name}(${item.arguments})`;
    case 'call-output':
      return `result ${item.callId}: ${item.output}`;
  }
}

function unknownItem(verb: string, gerund: string, itemId: string): Refusal {
  const message = `Error ${gerund} item: the item with id '${itemId}' does not exist.`;
  return refusal(`item_${verb}_invalid_item_id`, message, 'item_id');
}
