import { expect, test } from 'vitest';
import { uint16, vector } from '../../../src/media/dtls/octets-out.js';
import { DtlsPair } from '../../support/dtls-pair.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** A ClientHello of Chrome's size. */
const bigHello = { extensions: { 51: vector(2, uint16(0x11ec), vector(2, Buffer.alloc(1216, 7))) } };

interface OnItsWay {
  readonly datagram: Buffer;
  readonly dueAtMs: number;
}

/** Both sides over a network that loses, repeats and delays; in whichever order that comes to. */
function overBadNetwork(pair: DtlsPair, random: SeededRandom, lossPercent: number): void {
  const ways: [OnItsWay[], OnItsWay[]] = [[], []];
  let clientTimeoutMs = 50;
  let clientDueAtMs = 0;
  pair.client.start();
  while (pair.nowMs < 14_900 && !pair.client.established) {
    for (const [way, queue] of [
      [ways[0], pair.toServer.splice(0)],
      [ways[1], pair.toClient.splice(0)],
    ] as const) {
      for (const datagram of queue) {
        const copies = random.integer(5) === 0 ? 2 : 1;
        for (let copy = 0; copy < copies; copy += 1) {
          if (random.integer(100) < lossPercent) continue;
          way.push({ datagram, dueAtMs: pair.nowMs + 5 + random.integer(60) });
        }
      }
    }
    pair.nowMs += 5;
    for (const [way, receive] of [
      [ways[0], (datagram: Buffer) => pair.receive(datagram)],
      [ways[1], (datagram: Buffer) => pair.client.receive(datagram)],
    ] as const) {
      const due = way.filter(({ dueAtMs }) => dueAtMs <= pair.nowMs).sort((a, b) => a.dueAtMs - b.dueAtMs);
      way.splice(0, way.length, ...way.filter(({ dueAtMs }) => dueAtMs > pair.nowMs));
      for (const { datagram } of due) receive(datagram);
    }
    if (pair.nowMs % 20 === 0) pair.server.tick(pair.nowMs);
    if (pair.nowMs >= clientDueAtMs) {
      if (clientDueAtMs > 0) pair.client.repeat();
      clientDueAtMs = pair.nowMs + clientTimeoutMs;
      clientTimeoutMs = Math.min(2 * clientTimeoutMs, 3_200);
    }
  }
}

test.each([
  [0, undefined],
  [20, undefined],
  [50, undefined],
  [20, 300],
  [20, 100],
] as const)(
  '%i %% loss, repetition and disorder, datagrams of %s bytes: it is established',
  (lossPercent, maxBytes) => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const pair = new DtlsPair({ hello: bigHello, ...(maxBytes && { maxBytes }) });
      overBadNetwork(pair, new SeededRandom(seed), lossPercent);
      expect([seed, pair.client.established, pair.events]).toEqual([seed, true, ['established']]);
      expect(pair.srtp?.remoteKey.subarray(0, 16)).toEqual(new Uint8Array(pair.client.keyingMaterial(16)));
    }
  },
);

test('fragments of one byte, backwards and each one twice: it is established', () => {
  // Record header, protection and handshake header besides the one byte.
  const pair = new DtlsPair({ maxBytes: 13 + 24 + 12 + 1 });
  pair.client.start();
  for (let round = 0; round < 2; round += 1) {
    const datagrams = pair.toServer.splice(0).reverse();
    // The last flight's Finished can be read once the rest is there.
    for (const datagram of [...datagrams.flatMap((one) => [one, one]), ...datagrams]) pair.receive(datagram);
    for (const datagram of pair.toClient.splice(0)) pair.client.receive(datagram);
  }
  expect(pair.events).toEqual(['established']);
  expect(pair.client.established).toBe(true);
});

test('a lost flight is sent again after 200 ms, then twice as long, and 15 s are the end', () => {
  const pair = new DtlsPair();
  pair.client.start();
  for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
  expect(pair.toClient).toHaveLength(1);
  const sentAtMs: number[] = [];
  while (pair.events.length === 0) {
    pair.toClient = [];
    pair.pass(20);
    if (pair.toClient.length > 0) sentAtMs.push(pair.nowMs);
  }
  expect(sentAtMs).toEqual([200, 600, 1_400, 3_000, 6_200, 9_400, 12_600]);
  expect(pair.nowMs).toBe(15_000);
  expect(pair.events).toEqual(['DTLS: the peer did not complete the handshake within 15 s']);
});

test('who never sends a ClientHello is given up after 15 s of ticks', () => {
  const pair = new DtlsPair();
  pair.nowMs = 1_000_000;
  pair.pass(15_000);
  expect(pair.events).toEqual([]);
  pair.pass(20);
  expect(pair.events).toEqual(['DTLS: the peer sent no ClientHello within 15 s']);
  expect(pair.toClient).toEqual([]);
});

test('what is sent again has new record numbers, and the same message numbers', () => {
  const pair = new DtlsPair();
  pair.client.start();
  for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
  pair.pass(200);
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = pair.toClient;
  expect(second.length).toBe(first.length);
  expect([first.readUIntBE(5, 6), second.readUIntBE(5, 6)]).toEqual([0, 5]);
  expect(second.subarray(13, 40)).toEqual(first.subarray(13, 40));
});

test('a last flight that was lost is sent again when the client repeats its own', () => {
  const pair = new DtlsPair();
  pair.client.start();
  for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
  for (const datagram of pair.toClient.splice(0)) pair.client.receive(datagram);
  for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
  pair.toClient = [];
  expect(pair.events).toEqual(['established']);
  // Nobody sends it unasked.
  pair.pass(5_000);
  expect(pair.toClient).toEqual([]);
  pair.client.repeat();
  pair.deliver();
  expect(pair.client.established).toBe(true);
  expect(pair.events).toEqual(['established']);
});

test('a stranger gets a flight only for a whole ClientHello, at most one in 100 ms, and ten by asking', () => {
  const ask = (): { pair: DtlsPair; hello: readonly Buffer[] } => {
    const pair = new DtlsPair({ hello: bigHello });
    pair.client.start();
    const hello = pair.toServer.splice(0);
    for (const datagram of hello) pair.receive(datagram);
    expect(pair.toClient.splice(0)).toHaveLength(1);
    pair.nowMs += 100;
    return { pair, hello };
  };
  // Its short end alone, which is a sixth of it.
  const short = ask();
  for (let i = 0; i < 5; i += 1) short.pair.receive(short.hello[1] as Buffer);
  expect(short.pair.toClient).toEqual([]);
  const atOnce = ask();
  for (let i = 0; i < 9; i += 1) for (const datagram of atOnce.hello) atOnce.pair.receive(datagram);
  expect(atOnce.pair.toClient).toHaveLength(1);
  const often = ask();
  for (let i = 0; i < 100; i += 1) {
    for (const datagram of often.hello) often.pair.receive(datagram);
    often.pair.nowMs += 100;
  }
  expect(often.pair.toClient).toHaveLength(10);
});
