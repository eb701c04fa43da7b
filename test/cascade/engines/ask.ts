import type {
  LanguageModel,
  LanguageModelEvent,
  LanguageModelRequest,
} from '../../../src/cascade/stages/language-model.js';

/** A short call: one question, one tool. */
export const question: LanguageModelRequest = {
  system: 'You answer the phone.',
  messages: [{ role: 'user', text: 'Hello, is there a slot on Friday?' }],
  tools: [
    {
      name: 'find_slot',
      description: 'Finds a free slot.',
      parameters: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
    },
  ],
  mayCallTools: true,
};

/** The dialogue after a tool was called and has answered. */
export const afterTool: LanguageModelRequest = {
  ...question,
  messages: [
    ...question.messages,
    {
      role: 'assistant',
      text: 'One moment.',
      toolCalls: [{ id: 'call_1', name: 'find_slot', arguments: { day: 'friday' } }],
    },
    { role: 'tool', results: [{ id: 'call_1', name: 'find_slot', output: '{"slot":"10:00"}', failed: false }] },
  ],
};

/** Everything the model says; throws what the iteration throws. */
export async function ask(
  model: LanguageModel,
  request: LanguageModelRequest = question,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly LanguageModelEvent[]> {
  const events: LanguageModelEvent[] = [];
  for await (const event of model.answer(request, signal)) events.push(event);
  return events;
}

/** What it throws. */
export async function failureOf(answer: Promise<unknown>): Promise<unknown> {
  try {
    await answer;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

export function textOf(events: readonly LanguageModelEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}

export function callsOf(events: readonly LanguageModelEvent[]): readonly unknown[] {
  return events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []));
}

export function usageOf(events: readonly LanguageModelEvent[]): Readonly<Record<string, number>> {
  return Object.fromEntries(events.flatMap((event) => (event.type === 'usage' ? [[event.unit, event.quantity]] : [])));
}

export function endOf(events: readonly LanguageModelEvent[]): LanguageModelEvent | undefined {
  return events.at(-1);
}
