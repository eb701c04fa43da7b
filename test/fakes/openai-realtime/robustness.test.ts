import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { eventually, useScene } from './scene.js';

const { start, connect } = useScene();

const anything = fc.jsonValue({ maxDepth: 3 });
const types = fc.constantFrom(
  'session.update',
  'input_audio_buffer.append',
  'input_audio_buffer.commit',
  'input_audio_buffer.clear',
  'conversation.item.create',
  'conversation.item.truncate',
  'conversation.item.delete',
  'conversation.item.retrieve',
  'response.create',
  'response.cancel',
);
const item = fc.record(
  {
    type: fc.constantFrom('message', 'function_call', 'function_call_output', 'item_reference', 'x'),
    id: fc.constantFrom('a', 'b', ''),
    role: fc.constantFrom('user', 'assistant', 'system', 'x'),
    content: fc.oneof(
      anything,
      fc.array(fc.record({ type: fc.constantFrom('input_text', 'output_text'), text: anything })),
    ),
    call_id: fc.constantFrom('c', 1),
    name: fc.constantFrom('f', null),
    arguments: fc.constantFrom('{}', '{'),
    output: anything,
  },
  { requiredKeys: [] },
);
const configuration = fc.oneof(
  anything,
  fc.record(
    {
      type: fc.constantFrom('realtime', 'transcription', 1),
      instructions: fc.oneof(anything, fc.constant('Say exactly: "x"')),
      conversation: fc.constantFrom('none', 'auto', 'x'),
      output_modalities: fc.constantFrom(['text'], ['audio'], ['text', 'audio'], []),
      tools: fc.oneof(anything, fc.array(fc.record({ type: fc.constant('function'), name: fc.string() }))),
      input: fc.oneof(anything, fc.array(fc.oneof(anything, item))),
      modalities: anything,
      turn_detection: anything,
      input_audio_format: anything,
      audio: fc.oneof(
        anything,
        fc.record({
          input: fc.record(
            {
              format: fc.constantFrom({ type: 'audio/pcma' }, { type: 'audio/pcm', rate: 24_000 }, 'x'),
              turn_detection: anything,
            },
            { requiredKeys: [] },
          ),
        }),
      ),
    },
    { requiredKeys: [] },
  ),
);
const message = fc.oneof(
  anything,
  fc.record(
    {
      type: types,
      event_id: fc.oneof(fc.string(), fc.integer()),
      session: configuration,
      response: configuration,
      item: fc.oneof(item, anything),
      item_id: fc.constantFrom('a', 'b', 'c', 3),
      previous_item_id: fc.constantFrom('root', 'a', null, 'zzz'),
      content_index: fc.constantFrom(0, 1, -1),
      audio_end_ms: fc.constantFrom(0, 1, 1e9, -1, 0.5),
      audio: fc.oneof(fc.base64String({ maxLength: 4000 }), anything),
    },
    { requiredKeys: ['type'] },
  ),
);

test.each(['ga', 'beta'] as const)('no message that a client may think of breaks the fake (%s)', async (dialect) => {
  const fake = await start({ dialect });
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
      const client = await RawClient.open(fake.origin);
      for (const each of messages) client.socket.send(JSON.stringify(each));
      client.send({ type: 'conversation.item.retrieve', item_id: 'the last one', event_id: 'last' });
      await client.next('error', (event) => JSON.stringify(event).includes('"event_id":"last"'));
      await client.close();
    }),
    { numRuns: 150, seed: 7 },
  );
});

test.each(['//', '/v1/realtime?model=%ZZ', '/\\', '/v1/realtime?model=gpt-realtime&model=x'])(
  'an upgrade of %j is answered',
  async (path) => {
    const fake = await start();
    const socket = connectTcp(fake.port, '127.0.0.1');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer x\r\n\r\n`,
    );
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 (101|404)/);
    socket.destroy();
  },
);

test('a hundred sessions that go away in the middle of speech leave nothing behind', async () => {
  const fake = await start({ audioRate: 2 });
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(fake)));
  for (const client of clients) {
    client.send({ type: 'response.create', response: { instructions: 'Say exactly: "one two three four five"' } });
  }
  await Promise.all(clients.map((client) => client.next('response.output_audio.delta')));
  for (const [index, client] of clients.entries()) {
    if (index % 2 === 0) client.socket.terminate();
    else client.socket.close();
  }
  await eventually(() => fake.connections()).toBe(0);
  expect(fake.timeline.open).toHaveLength(0);
  expect(fake.timeline.sessions).toHaveLength(100);
});
