import type { SpokenWord } from '../../../src/cascade/index.js';
import type { CallerAudio } from './input-audio.js';
import type { JsonObject } from './json-value.js';

export type ItemStatus = 'completed' | 'incomplete' | 'in_progress';

interface ItemBase {
  readonly id: string;
  status: ItemStatus;
}

/** What a caller or operator said or wrote. */
export interface InputMessage extends ItemBase {
  readonly kind: 'input';
  readonly role: 'user' | 'system';
  /** The content as the client gave it, audio left out; for a turn of audio, made here. */
  readonly parts: readonly JsonObject[];
  /** What the mind understood. */
  heard: string;
  /** The audio of a committed turn. */
  readonly audio?: CallerAudio;
  /** From the transcription model; `null` until it has spoken, and for good where none is configured. */
  transcript: string | null;
}

/** What the model said. */
export interface OutputMessage extends ItemBase {
  readonly kind: 'output';
  readonly modality: 'text' | 'audio';
  /** Text or transcript, as far as it was sent; `undefined` before the content part began. */
  text: string | undefined;
  /** Audio sent so far, ms; after a truncation, what was kept of it. */
  audioMs: number;
  /** Every word of the speech with its time. */
  words: readonly SpokenWord[];
  truncatedToMs: number | undefined;
}

export interface FunctionCall extends ItemBase {
  readonly kind: 'call';
  readonly callId: string;
  readonly name: string;
  arguments: string;
}

export interface FunctionOutput extends ItemBase {
  readonly kind: 'call-output';
  readonly callId: string;
  readonly output: string;
}

/** One item of a conversation, with what the service knows of it beyond what it shows. */
export type Item = InputMessage | OutputMessage | FunctionCall | FunctionOutput;

/** The item as events show it: without audio. */
export function itemOnWire(item: Item): JsonObject {
  const head = { id: item.id, object: 'realtime.item' };
  switch (item.kind) {
    case 'input':
      return { ...head, type: 'message', status: item.status, role: item.role, content: inputParts(item) };
    case 'output':
      return { ...head, type: 'message', status: item.status, role: 'assistant', content: outputParts(item) };
    case 'call':
      return {
        ...head,
        type: 'function_call',
        status: item.status,
        name: item.name,
        call_id: item.callId,
        arguments: item.arguments,
      };
    case 'call-output':
      return { ...head, type: 'function_call_output', status: item.status, call_id: item.callId, output: item.output };
  }
}

function inputParts(item: InputMessage): readonly JsonObject[] {
  return item.audio === undefined ? item.parts : [{ type: 'input_audio', transcript: item.transcript }];
}

function outputParts({ modality, text, truncatedToMs }: OutputMessage): readonly JsonObject[] {
  if (modality === 'text') return text === undefined ? [] : [{ type: 'output_text', text }];
  // A truncation takes the transcript away: nobody can say which of its words the audio that is left has.
  if (truncatedToMs !== undefined) return [{ type: 'output_audio', transcript: null }];
  return text === undefined ? [] : [{ type: 'output_audio', transcript: text }];
}
