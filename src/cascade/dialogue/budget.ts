import type { Dialogue, DialogueEntry } from './dialogue.js';

export interface BudgetOptions {
  /** Of the dialogue that goes to the model, tokens. The system prompt and the tools come on top. */
  readonly maxTokens: number;
  /** Share of it that is kept when it is exceeded: to drop more at once leaves the beginning the same for longer. */
  readonly keptShare: number;
}

export const budgetDefaults = { maxTokens: 12_000, keptShare: 0.6 } as const satisfies BudgetOptions;

/** What a message costs beside its words, tokens. */
const FRAME_TOKENS = 4;
/** In the languages of Europe a token has about four characters; others have fewer, and are counted as such. */
const CHARACTERS_PER_TOKEN = 4;

/** About how many tokens an entry takes. */
function entryTokens(entry: DialogueEntry): number {
  if (entry.kind !== 'agent') return FRAME_TOKENS + textTokens(entry.text);
  const calls = entry.calls.reduce((sum, { call, result }) => {
    const args = typeof call.arguments === 'string' ? call.arguments : (JSON.stringify(call.arguments) ?? '');
    return sum + 2 * FRAME_TOKENS + textTokens(call.name) + textTokens(args) + textTokens(result?.output ?? '');
  }, 0);
  return FRAME_TOKENS + textTokens(entry.text) + calls;
}

export function dialogueTokens(dialogue: Dialogue): number {
  return dialogue.reduce((sum, entry) => sum + entryTokens(entry), 0);
}

function textTokens(text: string): number {
  const wide = text.match(/[^\p{Script=Latin}\p{Script=Common}]/gu)?.length ?? 0;
  return Math.ceil((text.length - wide) / CHARACTERS_PER_TOKEN + wide);
}

/**
 * Drops the oldest turns of a dialogue that is longer than its budget. Whole turns only: what is kept begins with words
 * to the agent, and no tool is parted from its result. The latest turn stays whatever it costs, as do calls that wait for
 * their results.
 */
export function fitDialogue(
  dialogue: Dialogue,
  options: BudgetOptions = budgetDefaults,
): { readonly kept: Dialogue; readonly dropped: Dialogue } {
  if (dialogueTokens(dialogue) <= options.maxTokens) return { kept: dialogue, dropped: [] };
  const target = options.maxTokens * options.keptShare;
  const starts = [...dialogue.keys()].filter((index) => index > 0 && beginsTurn(dialogue, index));
  const open = dialogue.findIndex((entry) => entry.kind === 'agent' && entry.calls.some(({ result }) => !result));
  const movable = starts.filter((index) => open < 0 || index <= open);
  const start = movable.find((index) => dialogueTokens(dialogue.slice(index)) <= target) ?? movable.at(-1) ?? 0;
  return { kept: dialogue.slice(start), dropped: dialogue.slice(0, start) };
}

/** A caller who only presses keys has turns as well. Behind a tool's result a note is in the middle of one. */
function beginsTurn(dialogue: Dialogue, index: number): boolean {
  const [before, entry] = [dialogue[index - 1], dialogue[index]];
  return entry?.kind === 'caller' || (entry?.kind === 'note' && before?.kind === 'agent' && before.calls.length === 0);
}
