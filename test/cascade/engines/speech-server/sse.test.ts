import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from '../../../../src/cascade/engines/speech-server/sse.js';

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 5, maxCharacters?: number): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents('the speech server', inPieces(text, size), maxCharacters)) events.push(event);
  return events;
}

const stream = '\uFEFF: hello\n\ndata: {"a":1}\r\n\r\nevent: done\ndata: naïve\ndata: two\n\ndata: unfinished';

test('events are the same wherever the network cuts them, characters of several bytes included', async () => {
  for (let size = 1; size <= 40; size += 1) {
    expect(await read(stream, size)).toEqual([
      { event: '', data: '{"a":1}' },
      { event: 'done', data: 'naïve\ntwo' },
    ]);
  }
});

test('an event comes as soon as it is whole', async () => {
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('data: first\n\n');
    throw new Error('the rest never comes');
  }
  const events = serverEvents('the speech server', slow());
  expect(await events.next()).toMatchObject({ value: { data: 'first' } });
  await expect(events.next()).rejects.toThrow('the rest never comes');
});

test('an event without end is not collected', async () => {
  await expect(read(`data: ${'x'.repeat(2_000)}`, 100, 1_000)).rejects.toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('fields that nobody knows are passed over, and a body of nothing else is not read to its end', async () => {
  expect(await read(`${'x: y\n'.repeat(100)}data: 1\n\n`)).toEqual([{ event: '', data: '1' }]);
  // A field beside each event is no such body, however long it is.
  expect(await read('x: y\ndata: 1\n\n'.repeat(1_500), 4_096)).toHaveLength(1_500);
  let taken = 0;
  async function* page(): AsyncGenerator<Uint8Array> {
    for (; taken < 100; taken += 1) yield Buffer.from('x\n'.repeat(1_000));
  }
  const events = serverEvents('the speech server', page());
  await expect(events.next()).rejects.toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
  expect(taken).toBeLessThan(3);
});

test('a line of half a megabyte in small pieces takes no time to speak of', async () => {
  const [event] = await read(`data: ${'x'.repeat(500_000)}\n\n`, 1_400);
  expect(event?.data.length).toBe(500_000);
});
