import type {
  RawContentBlockDeltaEvent,
  RawContentBlockStartEvent,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { ModelToolCall } from '../../stages/language-model.js';
import { toolCall } from '../language-model/tool-calls.js';
import type { ThoughtBlock } from './request.js';

/** A call of a tool, or a thought, while it comes. */
type OpenBlock =
  | { readonly type: 'tool'; readonly id: string; readonly name: string; written: string }
  | { readonly type: 'thinking'; thinking: string; signature: string };

/** What an answer is made of: text, which goes out as it comes, and calls and thoughts, which are kept until they are whole. */
export class AnswerBlocks {
  readonly calls: ModelToolCall[] = [];
  readonly thoughts: ThoughtBlock[] = [];
  readonly #open = new Map<number, OpenBlock>();

  /** The beginning of a block, or more of it. Returns what of it is text. */
  read(event: RawContentBlockStartEvent | RawContentBlockDeltaEvent): string {
    return event.type === 'content_block_start' ? this.#begin(event) : this.#add(event);
  }

  close(index: number): void {
    const block = this.#open.get(index);
    this.#open.delete(index);
    if (block?.type === 'thinking') this.thoughts.push({ ...block });
    if (block?.type === 'tool') this.calls.push(toolCall(block.id, block.name, block.written));
  }

  #begin({ index, content_block: block }: RawContentBlockStartEvent): string {
    if (block.type === 'tool_use') this.#open.set(index, { type: 'tool', id: block.id, name: block.name, written: '' });
    if (block.type === 'thinking') {
      this.#open.set(index, { type: 'thinking', thinking: block.thinking, signature: block.signature });
    }
    if (block.type === 'redacted_thinking') this.thoughts.push({ type: 'redacted_thinking', data: block.data });
    return block.type === 'text' ? block.text : '';
  }

  #add({ index, delta }: RawContentBlockDeltaEvent): string {
    const block = this.#open.get(index);
    if (delta.type === 'input_json_delta' && block?.type === 'tool') block.written += delta.partial_json;
    if (delta.type === 'thinking_delta' && block?.type === 'thinking') block.thinking += delta.thinking;
    if (delta.type === 'signature_delta' && block?.type === 'thinking') block.signature += delta.signature;
    return delta.type === 'text_delta' ? delta.text : '';
  }
}
