import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFragments, writeFragments } from '../../../src/media/dtls/handshake-message.js';
import { Reassembly } from '../../../src/media/dtls/reassembly.js';
import { parseRecords, writeRecord } from '../../../src/media/dtls/record.js';
import { DtlsPair } from '../../support/dtls-pair.js';
import { SeededRandom } from '../../support/seeded-random.js';

const bytes = fc.uint8Array({ maxLength: 300 });
/** Something with a record's header, and perhaps with a fragment's. */
const record = fc
  .record({
    type: fc.constantFrom(19, 20, 21, 22, 22, 22, 23, 24, 63),
    epoch: fc.constantFrom(0, 0, 0, 1, 2, 65_535),
    sequence: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    payload: fc.oneof(
      bytes,
      fc
        .record({ type: fc.integer({ min: 0, max: 25 }), sequence: fc.integer({ min: 0, max: 9 }), body: bytes })
        .map((message) => Buffer.concat(writeFragments(message, 100))),
    ),
  })
  .map(writeRecord);
const datagram = fc.oneof(
  bytes.map((some) => Uint8Array.of(20 + (some.length % 44), ...some)),
  fc.array(record, { minLength: 1, maxLength: 4 }).map((records) => Buffer.concat(records)),
);

/** How far a handshake has come: how many datagrams of the client's have arrived. */
function comeTo(stage: 0 | 1 | 2): DtlsPair {
  const pair = new DtlsPair();
  if (stage > 0) {
    pair.client.start();
    for (const one of pair.toServer.splice(0)) pair.receive(one);
  }
  if (stage > 1) pair.deliver();
  pair.toClient = [];
  return pair;
}

test.each([0, 1] as const)(
  'whatever comes at stage %i: nothing is thrown, nothing established, and hardly anything sent',
  (stage) => {
    fc.assert(
      fc.property(fc.array(datagram, { maxLength: 12 }), (datagrams) => {
        const pair = comeTo(stage);
        for (const one of datagrams) {
          pair.nowMs += 20;
          pair.receive(one);
          pair.server.tick(pair.nowMs);
        }
        expect(pair.srtp).toBeUndefined();
        expect(pair.events.filter((event) => !event.startsWith('DTLS: '))).toEqual([]);
        // At most the end, and the flight once more.
        expect(pair.events.length).toBeLessThanOrEqual(1);
        expect(pair.toClient.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300, seed: 16 },
    );
  },
);

test.each([
  [7, true],
  [8, false],
])('a long message that is begun anew %i times is kept room for again: %s', (times, isTaken) => {
  const reassembly = new Reassembly();
  const claim = (length: number, body: Uint8Array): void =>
    reassembly.add(0, { type: 11, sequence: 0, length, offset: 0, body });
  for (let time = 0; time < times; time += 1) claim(16_383 - (time % 2), Uint8Array.of(1));
  // Brings nothing, and costs nothing.
  for (let time = 0; time < 100; time += 1) claim(16_000 + (time % 2), new Uint8Array());
  claim(16_384, new Uint8Array(16_384));
  expect(reassembly.take(0) !== undefined).toBe(isTaken);
});

test('whatever comes once it is established changes nothing, and gets no answer', () => {
  const pair = comeTo(2);
  expect(pair.events).toEqual(['established']);
  fc.assert(
    fc.property(datagram, (one) => {
      pair.receive(one);
    }),
    { numRuns: 3_000, seed: 16 },
  );
  const random = new SeededRandom(16);
  for (let i = 0; i < 5_000; i += 1)
    pair.receive(Buffer.concat([Buffer.from('16fefd0001', 'hex'), random.bytes(random.integer(80))]));
  expect(pair.toClient).toEqual([]);
  expect(pair.events).toEqual(['established']);
  // It is alive.
  pair.client.sendRecord(1, 21, Uint8Array.of(1, 0));
  pair.deliver();
  expect(pair.events).toEqual(['established', 'closed']);
});

test('a flight with any one bit changed establishes nothing', () => {
  const honest = new DtlsPair();
  honest.client.start();
  const [hello = Buffer.alloc(0)] = honest.toServer;
  const random = new SeededRandom(5);
  for (let at = 13; at < hello.length; at += 1 + random.integer(4)) {
    const pair = new DtlsPair();
    pair.client.start();
    // What the client counts with is the hello that it sent.
    const [mine = Buffer.alloc(0)] = pair.toServer.splice(0);
    mine.writeUInt8(mine.readUInt8(at) ^ (1 << random.integer(8)), at);
    pair.receive(mine);
    pair.deliver();
    expect([at, pair.srtp]).toEqual([at, undefined]);
  }
});

test('a last flight with any one bit of its messages changed establishes nothing', () => {
  const random = new SeededRandom(6);
  for (let round = 0; round < 150; round += 1) {
    const pair = comeTo(0);
    pair.client.start();
    for (const one of pair.toServer.splice(0)) pair.receive(one);
    for (const one of pair.toClient.splice(0)) pair.client.receive(one);
    const records = pair.toServer.splice(0).flatMap((one) => parseRecords(one));
    const messages = records.filter(({ type }) => type === 22);
    const victim = messages[round % messages.length];
    expect(messages).toHaveLength(4);
    for (const one of records) {
      const payload = Buffer.from(one.payload);
      const at = random.integer(payload.length);
      if (one === victim) payload.writeUInt8(payload.readUInt8(at) ^ (1 << random.integer(8)), at);
      pair.receive(writeRecord({ ...one, payload }));
    }
    expect([round, pair.srtp]).toEqual([round, undefined]);
  }
});

test('fragments are put together in any order and however they overlap, bounded in size and number', () => {
  const body = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 0xff));
  const fragment = (offset: number, length: number, sequence = 0) => ({
    type: 1,
    sequence,
    length: 300,
    offset,
    body: body.subarray(offset, offset + length),
  });
  const reassembly = new Reassembly();
  for (const [offset, length] of [
    [200, 100],
    [0, 10],
    [5, 100],
    [100, 101],
  ] as const) {
    expect(reassembly.take(0)).toBeUndefined();
    reassembly.add(0, fragment(offset, length));
  }
  expect(reassembly.take(1)).toBeUndefined();
  expect(reassembly.take(0)).toEqual({ type: 1, sequence: 0, body: new Uint8Array(body) });
  expect(reassembly.next).toBe(1);
  // Too far ahead, too long, and what was there before.
  reassembly.add(0, fragment(0, 300, 9));
  reassembly.add(0, { type: 1, sequence: 1, length: 16_385, offset: 0, body: Buffer.alloc(16_385) });
  reassembly.add(0, fragment(0, 300, 0));
  expect(reassembly.take(0)).toBeUndefined();
  // A forged beginning is given up for one that says otherwise.
  reassembly.add(0, { ...fragment(0, 20, 1), type: 9 });
  reassembly.add(0, fragment(0, 300, 1));
  expect(reassembly.take(0)).toMatchObject({ type: 1, sequence: 1 });
  for (let sequence = 2; sequence < 9; sequence += 1) {
    reassembly.add(0, fragment(0, 300, sequence));
    expect(reassembly.take(0)?.sequence).toBe(sequence);
  }
  expect(reassembly.take(0)).toBeUndefined();
  reassembly.add(0, fragment(0, 300, 9));
  expect(reassembly.take(0)?.sequence).toBe(9);
});

test('a fragment that says more than there is, is none', () => {
  const [whole = Buffer.alloc(0)] = writeFragments({ type: 1, sequence: 0, body: Buffer.alloc(20) }, 100);
  expect(parseFragments(whole)).toHaveLength(1);
  expect(parseFragments(whole.subarray(0, -1))).toEqual([]);
  const beyond = Buffer.from(whole);
  beyond.writeUIntBE(1, 6, 3);
  expect(parseFragments(beyond)).toEqual([]);
});
