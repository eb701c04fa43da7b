import type { ConversationItem } from 'sip-voice-connector/flavor';
import { toolOutput } from './answers/tool-rounds.js';
import type { RealtimeConfig } from './config.js';
import {
  assistantText,
  createItem,
  type DialogueItem,
  functionCall,
  functionOutput,
  userText,
} from './protocol/client-event.js';

/** Entries of the dialogue, the latest, that a new session is told of, and characters in them. */
const MAX_ITEMS = 300;
const MAX_CHARACTERS = 60_000;

/**
 * The dialogue so far as events that put it into a conversation that knows nothing of it: words as text, the agent's as
 * far as they were heard, calls of tools with their results. The latest that fit.
 */
export function seedEvents(history: readonly ConversationItem[], dialect: RealtimeConfig['dialect']): object[] {
  const kept: DialogueItem[][] = [];
  let characters = 0;
  for (let index = history.length - 1; index >= 0 && kept.length < MAX_ITEMS; index -= 1) {
    const entry = history[index];
    if (!entry) continue;
    const items = itemsOf(entry, index);
    characters += JSON.stringify(items).length;
    if (characters > MAX_CHARACTERS) break;
    kept.push(items);
  }
  return kept
    .toReversed()
    .flat()
    .map((item) => createItem(item, dialect));
}

/** `index` tells calls of tools apart: their ids may be another service's, or too long for this one. */
function itemsOf(entry: ConversationItem, index: number): DialogueItem[] {
  switch (entry.role) {
    case 'caller':
      return entry.text.trim() === '' ? [] : [userText(entry.text)];
    case 'agent':
      return entry.heardText.trim() === '' ? [] : [assistantText(entry.heardText)];
    case 'tool': {
      const callId = `earlier_${index}`;
      const { output, error } = entry;
      const result = { output, ...(error !== undefined && { error }) };
      const name = entry.name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64);
      return [
        functionCall(callId, name, toolOutput({ output: entry.arguments ?? {} })),
        functionOutput(callId, toolOutput(result)),
      ];
    }
  }
}
