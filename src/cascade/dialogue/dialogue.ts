import type { ConversationItem } from '../../flavor-api/index.js';
import type { ModelOpaque, ModelToolCall, ModelToolResult } from '../stages/language-model.js';
import { toolOutput } from './tool-output.js';

/** A call of a tool, and what came of it so far. */
export interface DialogueCall {
  readonly call: ModelToolCall;
  /** Absent while the tool runs. */
  readonly result?: ModelToolResult;
}

/** One entry of the dialogue as the model is told of it. */
export type DialogueEntry =
  | { readonly kind: 'caller'; readonly text: string }
  /** Said to the model on the host's behalf. */
  | { readonly kind: 'note'; readonly text: string }
  | {
      readonly kind: 'agent';
      readonly id: string;
      /** As the model wrote it, as far as it was heard. */
      readonly text: string;
      readonly calls: readonly DialogueCall[];
      /** Only while the entry is what the model wrote. */
      readonly opaque?: ModelOpaque;
    };

/** The dialogue so far, oldest first. Every operation returns a new one. */
export type Dialogue = readonly DialogueEntry[];

/** What an agent's entry is made of. */
export interface AgentEntry {
  readonly text: string;
  readonly calls: readonly ModelToolCall[];
  readonly opaque?: ModelOpaque;
}

/** The dialogue of a session that takes over a call: words as they were heard, tools with their results. */
export function dialogueOf(history: readonly ConversationItem[]): Dialogue {
  let dialogue: Dialogue = [];
  for (const [index, item] of history.entries()) {
    switch (item.role) {
      case 'caller':
        dialogue = addCaller(dialogue, item.text);
        break;
      case 'agent':
        if (item.heardText.trim() !== '') {
          dialogue = [...dialogue, { kind: 'agent', id: `earlier-${index}`, text: item.heardText, calls: [] }];
        }
        break;
      case 'tool': {
        // Ids may be another service's, or too long for this one.
        const id = `earlier_${index}`;
        const call = { id, name: item.name, arguments: item.arguments ?? {} };
        const { output, error } = item;
        const result = resultOf(call, { output, ...(error !== undefined && { error }) });
        dialogue = [...dialogue, { kind: 'agent', id: `earlier-${index}`, text: '', calls: [{ call, result }] }];
      }
    }
  }
  return dialogue;
}

export function addCaller(dialogue: Dialogue, text: string): Dialogue {
  return text.trim() === '' ? dialogue : [...dialogue, { kind: 'caller', text: text.trim() }];
}

export function addNote(dialogue: Dialogue, text: string): Dialogue {
  return text.trim() === '' ? dialogue : [...dialogue, { kind: 'note', text: text.trim() }];
}

/**
 * Sets what the agent's answer `id` says; a new one comes last. One that says and calls nothing is none. Calls that have moved
 * to the end with their results, see {@link addToolResult}, stay there: a model takes no call twice.
 */
export function setAgent(dialogue: Dialogue, id: string, { text, calls, opaque }: AgentEntry): Dialogue {
  const index = dialogue.findIndex((entry) => entry.kind === 'agent' && entry.id === id);
  const known = dialogue[index];
  const results = known?.kind === 'agent' ? known.calls : [];
  const own = calls.filter((call) => !dialogue.some((each, at) => at !== index && hasCall(each, call.id)));
  const entry: DialogueEntry = {
    kind: 'agent',
    id,
    text,
    calls: own.map((call) => results.find((each) => each.call.id === call.id) ?? { call }),
    ...(opaque !== undefined && own.length === calls.length && { opaque }),
  };
  const empty = text.trim() === '' && own.length === 0;
  if (index < 0) return empty ? dialogue : [...dialogue, entry];
  return dialogue.flatMap((each, at) => (at !== index ? [each] : empty ? [] : [entry]));
}

/** Cuts the agent's answer `id` to what the caller heard of it. The calls in it were made all the same. */
export function cutAgent(dialogue: Dialogue, id: string, heard: string): Dialogue {
  return dialogue.flatMap((entry): Dialogue => {
    if (entry.kind !== 'agent' || entry.id !== id) return [entry];
    if (heard.trim() === '' && entry.calls.length === 0) return [];
    return [{ kind: 'agent', id, text: heard.trimEnd(), calls: entry.calls }];
  });
}

/**
 * Enters the result of a tool. Where the dialogue has gone on since the call, the call moves to its end together with the
 * result: there the model answers to it, and every call is followed by its result.
 */
export function addToolResult(
  dialogue: Dialogue,
  id: string,
  result: { readonly output: unknown; readonly error?: string },
): Dialogue {
  const index = dialogue.findIndex((entry) => hasCall(entry, id));
  const entry = dialogue[index];
  const known = entry?.kind === 'agent' ? entry.calls.find((each) => each.call.id === id) : undefined;
  if (entry?.kind !== 'agent' || !known || known.result) return dialogue;
  const settled = { call: known.call, result: resultOf(known.call, result) };
  if (!dialogue.slice(index + 1).some(({ kind }) => kind !== 'note')) {
    const calls = entry.calls.map((each) => (each === known ? settled : each));
    return dialogue.with(index, { ...entry, calls });
  }
  const { opaque: _, ...rest } = entry;
  const stripped = { ...rest, calls: entry.calls.filter((each) => each !== known) };
  const gone = stripped.text.trim() === '' && stripped.calls.length === 0;
  const late: DialogueEntry = { kind: 'agent', id: `late-${id}`, text: '', calls: [settled] };
  const others = dialogue.flatMap((each, at): Dialogue => (at !== index ? [each] : gone ? [] : [stripped]));
  return [...others, late];
}

function hasCall(entry: DialogueEntry, id: string): boolean {
  return entry.kind === 'agent' && entry.calls.some(({ call }) => call.id === id);
}

function resultOf(
  call: ModelToolCall,
  result: { readonly output?: unknown; readonly error?: string },
): ModelToolResult {
  return { id: call.id, name: call.name, output: toolOutput(result), failed: result.error !== undefined };
}
