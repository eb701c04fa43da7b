import type { ConversationItem, SpeakRequest } from '../../flavor-api/index.js';

/** In what state a session left the conversation. */
export interface LeftBehind {
  /** It broke off in the middle of an answer. */
  readonly cutOff: boolean;
  /** The caller waits for one. */
  readonly owed: boolean;
}

/**
 * How a session that takes over in the middle of a call goes on, given the dialogue so far. `undefined`: it is the caller's
 * turn, and nothing needs to be said.
 */
export function continuation(history: readonly ConversationItem[], left: LeftBehind): SpeakRequest | undefined {
  const last = history.at(-1);
  if (left.cutOff && last?.role === 'agent') {
    return { instructions: 'You were cut off in the middle of your answer. Go on from the last words you spoke.' };
  }
  if (last !== undefined && last.role !== 'agent') {
    return { instructions: 'Answer what the caller said last. Do not greet again, and do not mention any fault.' };
  }
  if (!left.owed) return undefined;
  return { instructions: 'You missed what the caller said last. Apologise in a few words and ask them to repeat it.' };
}
