import { get, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { eventStreamDefaults } from '../../../src/ops/admin/event-stream.js';
import { eventHubDefaults } from '../../../src/ops/event-hub.js';
import { ADMIN_TOKEN, type AdminBench, adminBench } from '../../support/admin-bench.js';
import { digitEvent, endedEvent } from '../../support/sample-events.js';

interface Stream {
  readonly response: IncomingMessage;
  /** Everything received. */
  text(): string;
  /** The received fields of one name, in order. */
  fields(name: string): string[];
  readonly ended: Promise<'end' | 'aborted'>;
}

/** Opens `GET /events`. A paused one reads nothing before it is resumed. */
function open({ port }: AdminBench, path = '/events', headers = {}, paused = false): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers } };
    const request = get(options, (response) => {
      let received = '';
      response.setEncoding('utf8');
      const read = (): void => {
        response.on('data', (chunk: string) => {
          received += chunk;
        });
      };
      if (paused) response.once('resume', read);
      else read();
      const ended = new Promise<'end' | 'aborted'>((resolveEnd) => {
        response.once('end', () => resolveEnd('end'));
        response.once('error', () => resolveEnd('aborted'));
      });
      const fields = (name: string): string[] =>
        received
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2));
      resolve({ response, text: () => received, fields, ended });
    });
    request.on('error', reject);
    onTestFinished(() => {
      request.destroy();
    });
  });
}

test('events come as they happen, each with id, type and data', async () => {
  const bench = await adminBench();
  const stream = await open(bench);
  expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(stream.response.headers['cache-control']).toBe('no-store');
  bench.events.publish(digitEvent('call-1', 5));
  bench.events.publish(endedEvent());
  await expect.poll(() => stream.fields('event')).toEqual(['digit', 'call-ended']);
  expect(JSON.parse(stream.fields('data')[0] ?? '')).toEqual(digitEvent('call-1', 5));
  expect(stream.fields('id')).toHaveLength(2);
  expect(stream.fields('retry')).toEqual([String(eventStreamDefaults.retryMs)]);
  expect(stream.text()).not.toContain('+442071838750');
});

test('a stream of one call has that call only', async () => {
  const bench = await adminBench();
  const stream = await open(bench, '/events?call=call-2');
  bench.events.publish(digitEvent('call-1', 1));
  bench.events.publish(digitEvent('call-2', 2));
  bench.events.publish(digitEvent('call-2', 3));
  await expect.poll(() => stream.fields('data')).toHaveLength(2);
  expect(stream.text()).not.toContain('call-1');
});

test('a client that comes back with Last-Event-ID misses nothing', async () => {
  const bench = await adminBench();
  const first = await open(bench);
  bench.events.publish(digitEvent('call-1', 1));
  await expect.poll(() => first.fields('id')).toHaveLength(1);
  first.response.destroy();
  bench.events.publish(digitEvent('call-1', 2));
  const second = await open(bench, '/events', { 'last-event-id': first.fields('id')[0] });
  bench.events.publish(digitEvent('call-1', 3));
  await expect
    .poll(() => second.fields('data'))
    .toEqual([2, 3].map((atMs) => JSON.stringify(digitEvent('call-1', atMs))));
});

test('a quiet stream shows every 15 seconds that it lives', async () => {
  const bench = await adminBench();
  const stream = await open(bench);
  const beats = (): number =>
    stream
      .text()
      .split('\n')
      .filter((line) => line.startsWith(':')).length;
  for (let beat = 1; beat <= 3; beat += 1) {
    bench.clock.advance(15_000);
    await expect.poll(beats).toBe(beat);
  }
});

test('a client that reads nothing holds up nobody and misses the oldest; it is told when it reads again', async () => {
  const bench = await adminBench();
  const slow = await open(bench, '/events', {}, true);
  const quick = await open(bench);
  // Far more than the sockets' buffers and the memory of the hub together.
  const filler = 'x'.repeat(500);
  const total = eventHubDefaults.memory * 5;
  for (let index = 0; index < total; index += 1) {
    bench.events.publish({ ...digitEvent('call-1', index), callId: filler });
    if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => quick.fields('data').length + gaps(quick)).toBe(total);
  const before = bench.events.stats.dropped;
  slow.response.resume();
  await expect.poll(() => slow.fields('data').length + gaps(slow)).toBe(total);
  expect(gaps(slow)).toBeGreaterThan(0);
  expect(bench.events.stats.dropped).toBeGreaterThan(before);
  expect(bench.clock.pendingTimers).toBe(2);
});

/** Events missed, less the `gap` events themselves. */
function gaps(stream: Stream): number {
  return stream
    .fields('data')
    .map((data) => JSON.parse(data) as { missed?: number })
    .reduce((sum, { missed }) => sum + (missed === undefined ? 0 : missed - 1), 0);
}

test('a client that goes leaves no subscription and no timer', async () => {
  const bench = await adminBench();
  const streams = await Promise.all([open(bench), open(bench), open(bench)]);
  expect(bench.events.stats.subscribers).toBe(3);
  for (const stream of streams) stream.response.destroy();
  await expect.poll(() => bench.events.stats.subscribers).toBe(0);
  expect(bench.clock.pendingTimers).toBe(0);
});

test('streams are limited in number', async () => {
  const bench = await adminBench();
  for (let count = 0; count < eventHubDefaults.subscribers; count += 1) await open(bench);
  const refused = await bench.request('/events');
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: 'ERR_ADMIN_BUSY' } });
});

test('at shutdown streams end cleanly, after the last event', async () => {
  const bench = await adminBench();
  const stream = await open(bench);
  bench.events.publish(digitEvent('call-1', 1));
  bench.events.publish(digitEvent('call-1', 2));
  await bench.server.close();
  expect(await stream.ended).toBe('end');
  expect(stream.fields('data')).toHaveLength(2);
});

test('a client that reads nothing does not hold up the shutdown', async () => {
  const bench = await adminBench();
  const stream = await open(bench, '/events', {}, true);
  const filler = 'x'.repeat(500);
  for (let index = 0; index < eventHubDefaults.memory * 3; index += 1) {
    bench.events.publish({ ...digitEvent(), callId: filler });
    if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = bench.server.close();
  // The bench's clock stands still: the grace period ends when it is told to.
  await expect.poll(() => bench.clock.pendingTimers).toBeGreaterThan(0);
  bench.clock.advance(1000);
  await closed;
  stream.response.destroy();
  expect(bench.events.stats.subscribers).toBe(0);
});
