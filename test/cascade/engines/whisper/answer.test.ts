import { expect, test } from 'vitest';
import { readAnswer } from '../../../../src/cascade/engines/whisper/answer.js';

/** What is made of the events of a stream, and what was shown of it as it came. */
async function readEvents(events: readonly object[]) {
  const body = (async function* () {
    for (const event of events) yield Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
  })();
  const answer = { status: 200, headers: { 'content-type': 'text/event-stream' }, body };
  const nothing = { json: async () => ({}), jsonValue: async () => ({}), discard: () => undefined };
  const shown: string[] = [];
  const heard = await readAnswer('the server', { ...answer, ...nothing }, (text) => shown.push(text));
  return { heard, shown };
}

const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text });
const done = { type: 'transcript.text.done', text: 'All.' };

test('a server whose text runs on is not shown word by word to its end: each look at it is longer', async () => {
  const { heard, shown } = await readEvents([
    ...Array.from({ length: 200 }, () => delta(` ${'word '.repeat(20)}`)),
    done,
  ]);
  expect(heard).toEqual({ text: 'All.' });
  expect(Math.max(...shown.map(({ length }) => length))).toBeLessThanOrEqual(4_000);
  expect(shown.length).toBeGreaterThan(30);
});

test('a blank goes between segments that have none, and none where there is one already', async () => {
  const { shown } = await readEvents([
    delta('Hello.'),
    delta('How '),
    delta('Are'),
    delta('n’t'),
    delta(' You?'),
    done,
  ]);
  expect(shown).toEqual(['Hello.', 'Hello. How ', 'Hello. How Are', 'Hello. How Aren’t', 'Hello. How Aren’t You?']);
});
