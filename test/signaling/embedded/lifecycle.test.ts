import { expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { ConnectorError } from '../../../src/base/connector-error.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { createEmbeddedDriver } from '../../../src/signaling/embedded/embedded-driver.js';
import { type EmbeddedOptions, embeddedDefaults } from '../../../src/signaling/embedded/embedded-options.js';
import type { SignalingHandlers } from '../../../src/signaling/port.js';
import { answeredCall, createHarness, establishedCall, settle } from '../../support/embedded-harness.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeSipTransport } from '../../support/fake-sip-transport.js';
import { SDP } from '../../support/sip-text.js';

const handlers: SignalingHandlers = { onInvite: () => {}, onRefused: () => {}, onStateChange: () => {} };

function realDriver(options: EmbeddedOptions) {
  return createEmbeddedDriver(options, { clock: createSystemClock(), random: createSystemRandom() });
}

const local = (protocol: 'udp' | 'tcp', port = 0) => ({ protocol, host: '127.0.0.1', port }) as const;

test('starts on all addresses, tells what was bound, and says up once', async () => {
  const states: string[] = [];
  const driver = realDriver({ listen: [local('udp'), local('tcp')], allow: ['127.0.0.0/8'] });
  const bound = await driver.start({ ...handlers, onStateChange: (state) => states.push(state) });
  expect(bound.map(({ protocol, address, port }) => [protocol, address, port > 0])).toEqual([
    ['udp', '127.0.0.1', true],
    ['tcp', '127.0.0.1', true],
  ]);
  expect(states).toEqual(['up']);
  await expect(driver.start(handlers)).rejects.toMatchObject({ code: 'ERR_SIP_STATE' });
  await driver[Symbol.asyncDispose]();
  await driver[Symbol.asyncDispose]();
});

test('a busy port is ERR_LISTEN, and what was bound before it is let go', async () => {
  const first = realDriver({ listen: [local('tcp')], allow: [] });
  const [busy] = await first.start(handlers);
  const port = busy?.port ?? 0;
  const probe = realDriver({ listen: [local('udp')], allow: [] });
  const [free] = await probe.start(handlers);
  await probe[Symbol.asyncDispose]();
  const udp = local('udp', free?.port);
  const second = realDriver({ listen: [udp, local('tcp', port)], allow: [] });
  await expect(second.start(handlers)).rejects.toMatchObject({ code: 'ERR_LISTEN' });
  const third = realDriver({ listen: [udp], allow: [] });
  await third.start(handlers);
  await Promise.all([first, third].map((driver) => driver[Symbol.asyncDispose]()));
});

test('a transport that cannot be bound is closed, and so are those before it', async () => {
  const clock = new FakeClock();
  const good = new FakeSipTransport('udp', clock);
  const bad = new FakeSipTransport('tcp', clock);
  bad.start = async () => {
    throw new ConnectorError('ERR_LISTEN', 'busy');
  };
  const driver = createEmbeddedDriver(
    { listen: [local('udp'), local('tcp')], allow: [] },
    { clock, random: createSystemRandom(), createTransport: ({ protocol }) => (protocol === 'udp' ? good : bad) },
  );
  await expect(driver.start(handlers)).rejects.toMatchObject({ code: 'ERR_LISTEN' });
  expect([good.closed, bad.closed]).toEqual([true, true]);
  await expect(driver.start(handlers)).rejects.toMatchObject({ code: 'ERR_SIP_STATE' });
});

test('closing while a socket is being bound closes that socket too', async () => {
  const driver = realDriver({ listen: [local('udp'), local('tcp')], allow: [] });
  const starting = driver.start(handlers);
  const closing = driver[Symbol.asyncDispose]();
  await expect(starting).rejects.toMatchObject({ code: 'ERR_SIP_STATE' });
  await closing;
});

test('closing while a name is being looked up', async () => {
  const h = await createHarness({ lookup: () => new Promise(() => {}) });
  const { events } = h.dial({ uri: 'sip:bob@slow.example' });
  await h.driver[Symbol.asyncDispose]();
  await settle();
  expect(events).toMatchObject([{ type: 'ended', end: { by: 'local' } }]);
  expect(h.clock.pendingTimers).toBe(0);
});

test('an aborted start leaves nothing behind', async () => {
  const driver = realDriver({ listen: [local('udp')], allow: [] });
  await expect(driver.start(handlers, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});

test('a block that is no CIDR is ERR_CONFIG_INVALID before anything is bound', () => {
  expect(() => realDriver({ listen: [], allow: ['10.0.0.0/33'] })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
  );
});

test('down only when the last listening socket is gone', async () => {
  const h = await createHarness();
  h.tcp.fail(new Error('gone'));
  h.tcp.fail(new Error('gone again'));
  expect(h.states).toEqual(['up']);
  h.udp.fail(new Error('gone'));
  h.udp.fail(new Error('gone again'));
  expect(h.states).toEqual(['up', 'down']);
});

test('closing ends every leg once and leaves no timer', async () => {
  const h = await createHarness({ onInvite: (leg) => (leg.callId === 'pending' ? leg.ring(180) : leg.accept(SDP)) });
  establishedCall(h, { callId: 'up' });
  answeredCall(h, { callId: 'unacknowledged' });
  h.send({ method: 'INVITE', callId: 'pending', body: SDP });
  h.send({ method: 'OPTIONS', callId: 'other' });
  const { events } = h.dial();
  h.udp.take();
  const closed = h.driver[Symbol.asyncDispose]();
  await settle();
  const sent = () => h.udp.take().map(({ message }) => (message.kind === 'request' ? message.method : message.status));
  expect(sent()).toEqual(['BYE', 'BYE', 503]);
  // Our INVITE, which nobody answers, is waited for, but not sent again.
  h.clock.advance(embeddedDefaults.limits.closeMs);
  await closed;
  expect(sent()).not.toContain('INVITE');
  expect(h.legs.map((entry) => entry.events.at(-1))).toMatchObject([
    { type: 'ended', end: { by: 'local' } },
    { type: 'ended', end: { by: 'local' } },
    { type: 'ended', end: { by: 'local', status: 503 } },
  ]);
  expect(events).toMatchObject([{ type: 'ended', end: { by: 'local' } }]);
  expect([h.clock.pendingTimers, h.udp.closed, h.tcp.closed]).toEqual([0, true, true]);
});

test('a BYE that waits for the ACK leaves as the driver closes, and says what it was to say', async () => {
  const h = await createHarness();
  answeredCall(h);
  h.leg().hangUp({ reason: 'SIP;cause=200;text="drain"', headers: new Map([['X-Call', '1']]) });
  expect(h.udp.takeRequests()).toEqual([]);
  await h.driver[Symbol.asyncDispose]();
  const [bye, ...others] = h.udp.takeRequests();
  expect([bye?.method, bye?.headers.get('Reason'), bye?.headers.get('X-Call'), others]).toEqual([
    'BYE',
    'SIP;cause=200;text="drain"',
    '1',
    [],
  ]);
});

test('two thousand calls leave no timer and no transaction behind', async () => {
  const h = await createHarness();
  for (let index = 0; index < 2000; index += 1) {
    const callId = `call-${index}`;
    const { to } = establishedCall(h, { callId });
    h.send({ method: 'BYE', to, callId, cseq: 2 });
    h.udp.take();
    h.clock.advance(20);
  }
  h.clock.advance(70_000);
  expect(h.clock.pendingTimers).toBe(0);
  expect(h.legs.every(({ events }) => events.filter(({ type }) => type === 'ended').length === 1)).toBe(true);
});
