import { expect, test } from 'vitest';
import type { RemoteAddress } from '../../../src/media/sockets/remote-address.js';
import { ELSEWHERE, ICE, setUpBrowser } from '../../support/browser-bench.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { CALLER } from '../../support/stream-bench.js';
import {
  CONTROLLED,
  CONTROLLING,
  errorCodeOf,
  PRIORITY,
  REALM,
  type StunAttribute,
  stunCheck,
  USE_CANDIDATE,
} from '../../support/stun-client.js';

test.each([
  ['before there are keys', false],
  ['in a call', true],
])('20,000 packets of strangers %s: counted, answered by nothing, and they move nobody', (_, talking) => {
  const { clock, stream, establish, connect, receive, sealed, sentTo, exchanges, datagrams, events } = setUpBrowser();
  const random = new SeededRandom(31);
  if (talking) establish();
  else connect();
  clock.advance(20);
  const answered = datagrams.length;
  const handshakes = exchanges[0]?.received.length;
  const username = `${ICE.localFragment}:${ICE.remoteFragment}`;
  const genuine = stunCheck({ username, password: ICE.localPassword, attributes: [CONTROLLED] });
  const anywhere = (): RemoteAddress => ({
    address: `203.0.113.${random.integer(255)}`,
    port: 1 + random.integer(65_535),
  });
  const kinds: readonly (() => Buffer)[] = [
    () => stunCheck({ username, password: random.hex(8), attributes: [CONTROLLING, USE_CANDIDATE] }),
    () => stunCheck({ username: random.hex(8), password: ICE.localPassword }),
    () => stunCheck({ username, password: undefined }),
    () => stunCheck({ username, password: ICE.localPassword, type: random.integer(0x4000) & ~1 }),
    () => {
      const bytes = Buffer.from(genuine);
      const at = random.integer(bytes.length - 8);
      bytes[at] = (bytes[at] as number) ^ (1 + random.integer(255));
      return bytes.subarray(0, random.integer(2) === 0 ? random.integer(bytes.length) : bytes.length);
    },
    () => Buffer.concat([Buffer.from([20 + random.integer(44)]), random.bytes(random.integer(300))]),
    () => Buffer.concat([Buffer.from([random.integer(4)]), random.bytes(random.integer(300))]),
    () => random.bytes(random.integer(200)),
    () => Buffer.from(talking ? sealed() : genuine.subarray(0, 20)),
  ];
  const count = 20_000;
  for (let index = 0; index < count; index += 1) {
    receive((kinds[random.integer(kinds.length)] as () => Buffer)(), anywhere());
    if (index % 100 === 0) clock.advance(20);
  }
  const { in: received } = stream.stats();
  expect(Object.values(received.dropped).reduce((sum, one) => sum + one, 0)).toBe(count);
  expect(received.packets).toBe(0);
  expect(datagrams).toHaveLength(answered);
  expect(exchanges[0]?.received).toHaveLength(handshakes ?? 0);
  expect(sentTo()).toEqual(new Set(talking ? [`${CALLER.address}:${CALLER.port}`] : []));
  expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
  if (talking) {
    receive(sealed());
    expect(stream.stats().in.packets).toBe(1);
  }
});

test('10,000 checks of an authentic peer are answered once each, and move nothing unless they may', () => {
  const { establish, receive, datagrams, packets, clock, stream, say } = setUpBrowser();
  establish();
  datagrams.length = 0;
  const random = new SeededRandom(5);
  const username = `${ICE.localFragment}:${ICE.remoteFragment}`;
  const kinds: readonly (readonly StunAttribute[])[] = [
    [CONTROLLED, USE_CANDIDATE],
    [REALM, CONTROLLING, USE_CANDIDATE],
    [PRIORITY, CONTROLLING],
  ];
  for (let index = 0; index < 10_000; index += 1) {
    const attributes = kinds[random.integer(kinds.length)] ?? [];
    const bytes = stunCheck({ username, password: ICE.localPassword, attributes });
    receive(bytes, { ...ELSEWHERE, port: 1 + index });
  }
  clock.advance(40);
  expect(datagrams).toHaveLength(10_000);
  expect(new Set(datagrams.map(({ bytes }) => errorCodeOf(bytes)))).toEqual(new Set([487, 420, undefined]));
  expect(datagrams.every(({ to }, index) => to.port === 1 + index)).toBe(true);
  expect(packets.at(-1)).toMatchObject(CALLER);
  say(3);
  expect(stream.stats().in).toMatchObject({ packets: 3, dropped: {} });
});
