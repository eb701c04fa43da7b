import { expect, test } from 'vitest';
import { budgetDefaults } from '../../../src/cascade/dialogue/budget.js';
import { addCaller, type Dialogue } from '../../../src/cascade/dialogue/dialogue.js';
import { Memory } from '../../../src/cascade/session/memory.js';
import { Summariser } from '../../../src/cascade/session/summariser.js';
import type { LanguageModel } from '../../../src/cascade/stages/language-model.js';
import { FlavorError, type FlavorEvent } from '../../../src/flavor-api/index.js';

test('a summary that cannot be had is a warning, and the next is asked for with what was dropped then', async () => {
  const events: FlavorEvent[] = [];
  const asked: string[] = [];
  const model = {
    async *answer({ messages }: Parameters<LanguageModel['answer']>[0]) {
      asked.push(JSON.stringify(messages));
      if (asked.length === 1) throw new FlavorError('ERR_FLAVOR_QUOTA', 'too many', true);
      yield { type: 'text', text: 'They want a room.' };
    },
  } as unknown as LanguageModel;
  const { signal } = new AbortController();
  const memory = new Memory({ system: '', tools: [], history: [], budget: budgetDefaults });
  const summariser = new Summariser({ model, signal, push: (event) => void events.push(event) });
  const said = (text: string): Dialogue => addCaller([], text);
  summariser.onDropped(memory, said('one'));
  for (let turn = 0; turn < 20; turn += 1) await undefined;
  expect(events).toMatchObject([{ type: 'warning', error: { code: 'ERR_FLAVOR_QUOTA' } }]);
  expect(memory.summary).toBe('');
  summariser.onDropped(memory, said('two'));
  for (let turn = 0; turn < 20; turn += 1) await undefined;
  expect(memory.summary).toBe('They want a room.');
  expect(asked[1]).toContain('two');
  expect(events).toHaveLength(1);
});
