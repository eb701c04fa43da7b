import { expect, it } from 'vitest';
import { MiClient } from '../../../src/signaling/opensips/mi/mi-client.js';
import { opensipsDefaults } from '../../../src/signaling/opensips/opensips-options.js';
import { Subscription } from '../../../src/signaling/opensips/subscription.js';
import { FakeOpensips } from '../../fakes/opensips/fake-opensips.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';
import { FakeClock } from '../../support/fake-clock.js';
import { linkTo } from '../../support/opensips-harness.js';

async function starting(opensips = new FakeOpensips()) {
  const clock = new FakeClock();
  const mi = new MiClient(linkTo(opensips), clock);
  await mi.open();
  const told: string[] = [];
  let socket = 'udp:127.0.0.1:7';
  const move = (to: string): void => {
    socket = to;
  };
  const subscription = new Subscription({
    mi,
    clock,
    options: opensipsDefaults.subscription,
    log: undefined,
    socket: () => socket,
    onChange: (state) => told.push(state),
    onRestart: () => told.push('restart'),
  });
  const started = subscription.start();
  const subscriptions = () => opensips.commands.filter(({ method }) => method === 'event_subscribe').length;
  return { opensips, clock, subscription, told, subscriptions, move, started };
}

async function subscribed(opensips?: FakeOpensips) {
  const scene = await starting(opensips);
  await scene.clock.advanceAsync(4_000, 250);
  await scene.started;
  return scene;
}

it('one that is under way when all ends is taken back', async () => {
  const opensips = new FakeOpensips();
  opensips.faults.loseAnswer = (method, { expire }) => method === 'event_subscribe' && expire !== 0;
  const { subscription } = await starting(opensips);
  await eventLoopTurns(2);
  expect(opensips.subscribers.size).toBe(1);
  await subscription.close();
  expect(opensips.subscribers.size).toBe(0);
});

it('the subscription is renewed every 30 s, long before it ends', async () => {
  const { clock, opensips, subscriptions } = await subscribed();
  await clock.advanceAsync(120_000, 500);
  expect(subscriptions()).toBeGreaterThanOrEqual(4);
  expect(subscriptions()).toBeLessThanOrEqual(6);
  expect(opensips.commands.find(({ method }) => method === 'event_subscribe')?.params).toEqual({
    event: 'E_UA_SESSION',
    socket: 'udp:127.0.0.1:7',
    expire: 90,
  });
});

it('it asks for the events where we are reached by the OpenSIPS that answers now', async () => {
  const { clock, opensips, move } = await subscribed();
  move('udp:10.0.0.2:7');
  await clock.advanceAsync(40_000, 500);
  expect([...opensips.subscribers]).toContain('udp:10.0.0.2:7');
});

it('a restart of OpenSIPS is noticed within seconds, and the subscription made anew', async () => {
  const { clock, opensips, told } = await subscribed();
  opensips.restart();
  await clock.advanceAsync(3_000, 250);
  expect(told).toEqual(['up', 'restart']);
  expect([...opensips.subscribers]).toEqual(['udp:127.0.0.1:7']);
});

it('an OpenSIPS that does not answer is told, and found when it is back', async () => {
  const { clock, opensips, told } = await subscribed();
  opensips.faults.loseRequest = () => true;
  await clock.advanceAsync(10_000, 250);
  expect(told).toEqual(['up', 'down']);
  opensips.faults.loseRequest = () => false;
  await clock.advanceAsync(5_000, 250);
  expect(told).toEqual(['up', 'down', 'up']);
});

it('another hub before OpenSIPS is subscribed to at once, and costs no call', async () => {
  const opensips = new FakeOpensips();
  opensips.hub = 'first';
  const { clock, subscription, subscriptions, told } = await subscribed(opensips);
  expect([subscription.behindHub, subscriptions()]).toEqual([true, 1]);
  opensips.subscribers.clear();
  opensips.hub = 'second';
  await clock.advanceAsync(2_500, 250);
  expect([opensips.subscribers.size, told]).toEqual([1, ['up']]);
});

it('closing leaves no timer and no subscriber', async () => {
  const { clock, opensips, subscription } = await subscribed();
  await subscription.close();
  expect(opensips.subscribers.size).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});
