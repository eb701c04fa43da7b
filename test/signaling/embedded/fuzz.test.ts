import { expect, test } from 'vitest';
import { createHarness, PEER, settle } from '../../support/embedded-harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { mutatedMessage, overflow, overflowCount } from '../../support/sip-mutations.js';
import { newBranch, requestText, SDP } from '../../support/sip-text.js';
import { addressOf, startSocketDriver } from '../../support/socket-driver.js';
import { UdpPeer } from '../../support/socket-peer.js';

test('4,000 mutated messages: nothing throws, every call ends, no timer stays', async () => {
  const random = new SeededRandom(4475);
  const h = await createHarness({
    lookup: async () => {
      throw new Error('ENOTFOUND');
    },
  });
  h.udp.strict = false;
  h.tcp.strict = false;
  for (let index = 0; index < 4000; index += 1) {
    const bytes = mutatedMessage(random);
    const transport = index % 4 === 0 ? h.tcp : h.udp;
    transport.receive(PEER, bytes);
    h.udp.take();
    h.tcp.take();
    h.clock.advance(random.integer(40));
  }
  h.send({ method: 'OPTIONS', callId: 'alive' });
  expect(h.statuses()).toContain(200);
  for (let second = 0; second < 45; second += 1) {
    h.clock.advance(1000);
    await settle();
  }
  expect(h.legs.length).toBeGreaterThan(100);
  expect(h.legs.filter(({ events }) => events.at(-1)?.type !== 'ended')).toEqual([]);
  h.clock.advance(100_000);
  expect(h.clock.pendingTimers).toBe(0);
  expect(h.warnings).toEqual([]);
});

test('2,000 mutated messages over a real socket, with a sign of life after every 50', async () => {
  const random = new SeededRandom(5118);
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP));
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  for (let index = 1; index <= 2000; index += 1) {
    peer.send(mutatedMessage(random));
    if (index % 50 !== 0) continue;
    const callId = `alive-${index}`;
    peer.send(
      requestText({ method: 'OPTIONS', callId, via: `UDP 127.0.0.1:${peer.port};branch=${newBranch()};rport` }),
    );
    await peer.next(({ headers }) => headers.get('Call-ID') === callId);
    peer.received.length = 0;
  }
  expect(endpoint.warnings).toEqual([]);
  peer.close();
});

test('1,000 messages with a field that overflows: nothing throws, every call ends, no timer stays', async () => {
  const h = await createHarness();
  h.udp.strict = false;
  // A step that shares no factor with the number of fields or anomalies reaches all of them.
  for (let index = 0; index < 1_000; index += 1) {
    h.udp.receive(PEER, overflow((index * 25_411) % overflowCount));
    h.udp.take();
    h.clock.advance(10);
  }
  h.send({ method: 'OPTIONS', callId: 'alive' });
  expect(h.statuses()).toContain(200);
  for (let second = 0; second < 45; second += 1) {
    h.clock.advance(1000);
    await settle();
  }
  expect(h.legs.length).toBeGreaterThan(100);
  expect(h.legs.filter(({ events }) => events.at(-1)?.type !== 'ended')).toEqual([]);
  h.clock.advance(100_000);
  expect(h.clock.pendingTimers).toBe(0);
  expect(h.warnings).toEqual([]);
});
