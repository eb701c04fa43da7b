import { expect, test } from 'vitest';
import { readAnswer } from '../../../../src/cascade/engines/whisper/answer.js';

test('a server whose text runs on is not shown word by word to its end: each look at it is longer', async () => {
  const delta = { type: 'transcript.text.delta', delta: ` ${'word '.repeat(20)}` };
  const events = [...Array.from({ length: 200 }, () => delta), { type: 'transcript.text.done', text: 'All.' }];
  const body = (async function* () {
    for (const event of events) yield Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
  })();
  const shown: number[] = [];
  const answer = { status: 200, headers: { 'content-type': 'text/event-stream' }, body };
  const nothing = { json: async () => ({}), jsonValue: async () => ({}), discard: () => undefined };
  const heard = await readAnswer('the server', { ...answer, ...nothing }, (text) => shown.push(text.length));
  expect(heard).toEqual({ text: 'All.' });
  expect(Math.max(...shown)).toBeLessThanOrEqual(4_000);
  expect(shown.length).toBeGreaterThan(30);
});
