import { expect, test } from 'vitest';
import { openImmediate } from './call.js';

const frame = (value: number, concealed = false) => {
  const data = Buffer.alloc(160, value);
  return { data, positionMs: value * 20, concealed };
};

test('every frame comes back at once as it was, in one response, invented ones included', async () => {
  const { session, events } = await openImmediate();
  session.start();
  for (let value = 0; value < 5; value += 1) session.write(frame(value, value === 3));
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toHaveLength(5);
  for (const [value, event] of events.entries()) {
    expect(event).toMatchObject({ type: 'audio', responseId: 'echo' });
    expect(event.type === 'audio' && Buffer.from(event.data)).toEqual(Buffer.alloc(160, value));
  }
});

test('what the host does to a frame after write() does not change the echo, even if it is a Buffer', async () => {
  const { session, events } = await openImmediate();
  session.start();
  const written = frame(7);
  session.write(written);
  written.data.fill(99);
  await new Promise((resolve) => setImmediate(resolve));
  const [event] = events;
  expect(event?.type === 'audio' && Buffer.from(event.data)).toEqual(Buffer.alloc(160, 7));
});

test('nothing comes back before start', async () => {
  const { session, events } = await openImmediate();
  session.write(frame(1));
  session.start();
  session.write(frame(2));
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toHaveLength(1);
});

test('a greeting of the route is answered by a warning: there is no voice to speak it', async () => {
  const { session, events } = await openImmediate({ greeting: 'Hello.' });
  session.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toMatchObject([{ type: 'warning', error: { code: 'ERR_FLAVOR_UNSUPPORTED', retryable: false } }]);
});

test('the end of the call ends the stream, and a late frame changes nothing', async () => {
  const { session, events, controller } = await openImmediate();
  session.start();
  controller.abort();
  session.write(frame(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual([{ type: 'end', reason: 'aborted' }]);
});
