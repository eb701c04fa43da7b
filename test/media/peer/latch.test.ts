import { expect, test } from 'vitest';
import { Latch } from '../../../src/media/peer/latch.js';

const SDP = { address: '192.0.2.1', port: 4000 };

/** A latch that expects SDP's address at 0 ms, and a sender for it. */
const setUp = (options: { nat?: boolean; strict?: boolean } = {}) => {
  const latch = new Latch({ nat: false, strict: false, ...options });
  latch.expect(SDP, 0);
  const sendFrom = (address: string, port: number, sequence: number, nowMs: number, ssrc = 7) =>
    latch.judge({ address, port }, ssrc, sequence, nowMs);
  return { latch, sendFrom };
};

test('the SDP address is accepted with its first packet', () => {
  const { latch, sendFrom } = setUp({ strict: true });
  expect(sendFrom('192.0.2.1', 4000, 1, 5)).toBe('latched');
  expect(sendFrom('192.0.2.1', 4000, 2, 25)).toBe('accepted');
  expect(latch.source).toEqual(SDP);
});

test('nothing is accepted before the address is known', () => {
  const latch = new Latch({ nat: true, strict: false });
  expect(latch.judge(SDP, 7, 1, 10_000)).toBe('refused');
  expect(latch.judgeRtcp('192.0.2.1')).toBe('refused');
});

test('another port of the same address is latched after three agreeing packets, once the SDP port was silent', () => {
  const { latch, sendFrom } = setUp();
  expect(sendFrom('192.0.2.1', 4999, 1, 400)).toBe('refused');
  expect(sendFrom('192.0.2.1', 4999, 2, 500)).toBe('probation');
  expect(sendFrom('192.0.2.1', 4999, 3, 520)).toBe('probation');
  expect(sendFrom('192.0.2.1', 4999, 4, 540)).toBe('latched');
  expect(sendFrom('192.0.2.1', 4999, 5, 560)).toBe('accepted');
  expect(latch.source).toEqual({ address: '192.0.2.1', port: 4999 });
});

test.each([
  ['the sequence number', [1, 2, 4, 5], [7, 7, 7, 7]],
  ['the SSRC', [1, 2, 3, 4], [7, 7, 8, 8]],
])('packets that differ in %s do not agree', (_, sequences, ssrcs) => {
  const { latch, sendFrom } = setUp();
  sequences.forEach((sequence, index) => {
    expect(sendFrom('192.0.2.1', 4999, sequence, 600 + 20 * index, ssrcs[index])).toBe('probation');
  });
  expect(latch.source).toBeUndefined();
});

test('a source that nothing can be sent to is never latched', () => {
  const { latch, sendFrom } = setUp({ nat: true });
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    expect(sendFrom('192.0.2.1', 0, sequence, 2_000 + 20 * sequence)).toBe('refused');
    expect(sendFrom('198.51.100.9', 0, sequence, 2_300 + 20 * sequence)).toBe('refused');
  }
  expect(latch.source).toBeUndefined();
});

test('the sequence number may wrap while packets agree', () => {
  const { sendFrom } = setUp();
  sendFrom('192.0.2.1', 4999, 65_534, 600);
  sendFrom('192.0.2.1', 4999, 65_535, 620);
  expect(sendFrom('192.0.2.1', 4999, 0, 640)).toBe('latched');
});

test('two strangers who take turns never agree', () => {
  const { latch, sendFrom } = setUp();
  for (let sequence = 0; sequence < 100; sequence += 1) {
    sendFrom('192.0.2.1', 4998, sequence, 600 + 20 * sequence);
    sendFrom('192.0.2.1', 4999, sequence, 610 + 20 * sequence);
  }
  expect(latch.source).toBeUndefined();
});

test('the SDP address wins even over a source latched before', () => {
  const { latch, sendFrom } = setUp();
  for (let sequence = 1; sequence <= 4; sequence += 1) sendFrom('192.0.2.1', 4999, sequence, 600 + 20 * sequence);
  expect(latch.source?.port).toBe(4999);
  expect(sendFrom('192.0.2.1', 4000, 1, 5_000)).toBe('latched');
  expect(latch.source).toEqual(SDP);
  expect(sendFrom('192.0.2.1', 4999, 5, 60_000)).toBe('refused');
});

test('a caller who is heard cannot be replaced, however long he then is silent', () => {
  const { latch, sendFrom } = setUp({ nat: true });
  sendFrom('192.0.2.1', 4000, 1, 0);
  for (let sequence = 0; sequence < 1_000; sequence += 1) {
    expect(sendFrom('192.0.2.1', 4999, sequence, 60_000 + sequence)).toBe('refused');
    expect(sendFrom('198.51.100.9', 4000, sequence, 60_000 + sequence)).toBe('refused');
  }
  expect(latch.source).toEqual(SDP);
});

test('another address is refused without nat, and latched after five agreeing packets with it', () => {
  const plain = setUp();
  const nat = setUp({ nat: true });
  const verdicts = [1, 2, 3, 4, 5].map((sequence) =>
    nat.sendFrom('198.51.100.9', 5000, sequence, 1_000 + 20 * sequence),
  );
  expect(verdicts).toEqual(['probation', 'probation', 'probation', 'probation', 'latched']);
  expect(nat.sendFrom('198.51.100.9', 5000, 6, 1_200)).toBe('accepted');
  for (let sequence = 1; sequence < 50; sequence += 1) {
    expect(plain.sendFrom('198.51.100.9', 5000, sequence, 1_000 + 20 * sequence)).toBe('refused');
  }
});

test('with nat, another address waits for a second of silence from the SDP address', () => {
  const { sendFrom } = setUp({ nat: true });
  for (let sequence = 1; sequence < 50; sequence += 1) {
    expect(sendFrom('198.51.100.9', 5000, sequence, 20 * sequence)).toBe('refused');
  }
});

test('strict wins over nat', () => {
  const { latch, sendFrom } = setUp({ nat: true, strict: true });
  for (let sequence = 1; sequence < 50; sequence += 1) {
    expect(sendFrom('192.0.2.1', 4999, sequence, 5_000 + 20 * sequence)).toBe('refused');
    expect(sendFrom('198.51.100.9', 4999, sequence, 5_000 + 20 * sequence)).toBe('refused');
  }
  expect(latch.source).toBeUndefined();
});

test('a re-INVITE with a new address forgets the old source', () => {
  const { latch, sendFrom } = setUp();
  sendFrom('192.0.2.1', 4000, 1, 0);
  latch.expect({ address: '192.0.2.2', port: 6000 }, 1_000);
  expect(latch.source).toBeUndefined();
  expect(sendFrom('192.0.2.1', 4000, 2, 1_020)).toBe('refused');
  expect(sendFrom('192.0.2.2', 6000, 1, 1_020)).toBe('latched');
});

test('a re-INVITE with the same address keeps a source that goes on, and lets another follow one that does not', () => {
  const { latch, sendFrom } = setUp();
  for (let sequence = 1; sequence <= 3; sequence += 1) sendFrom('192.0.2.1', 4999, sequence, 600 + 20 * sequence);
  latch.expect(SDP, 10_000);
  expect(sendFrom('192.0.2.1', 4999, 4, 10_020)).toBe('accepted');
  for (let sequence = 1; sequence < 9; sequence += 1) {
    expect(sendFrom('192.0.2.1', 5555, sequence, 11_000 + sequence)).toBe('refused');
  }
  latch.expect(SDP, 20_000);
  expect(latch.source?.port).toBe(4999);
  for (let sequence = 1; sequence <= 3; sequence += 1) sendFrom('192.0.2.1', 5555, sequence, 20_500 + 20 * sequence);
  expect(latch.source?.port).toBe(5555);
});

test('RTCP is known by its address, the source that was latched included', () => {
  const { latch, sendFrom } = setUp({ nat: true });
  expect(latch.judgeRtcp('192.0.2.1')).toBe('accepted');
  expect(latch.judgeRtcp('198.51.100.9')).toBe('refused');
  for (let sequence = 1; sequence <= 5; sequence += 1) sendFrom('198.51.100.9', 5000, sequence, 1_000 + sequence);
  expect(latch.judgeRtcp('198.51.100.9')).toBe('accepted');
});

test.each([{ nat: false }, { nat: true }, { strict: true }])(
  'nothing from outside the nets is taken, though the SDP names it (%o)',
  (options) => {
    const latch = new Latch({ nat: false, strict: false, ...options }, (address) => address.startsWith('198.51.100.'));
    latch.expect(SDP, 0);
    for (let sequence = 1; sequence < 20; sequence += 1) {
      expect(latch.judge(SDP, 7, sequence, 5_000)).toBe('outside');
      expect(latch.judge({ ...SDP, port: 4999 }, 7, sequence, 5_000)).toBe('outside');
    }
    expect(latch.judgeRtcp(SDP.address)).toBe('outside');
    expect(latch.source).toBeUndefined();
  },
);

test('with nat a wrong address in SDP is corrected within the nets alone', () => {
  const latch = new Latch({ nat: true, strict: false }, (address) => address.startsWith('198.51.100.'));
  latch.expect(SDP, 0);
  const sendFrom = (address: string, sequence: number) => latch.judge({ address, port: 9000 }, 7, sequence, 2_000);
  for (let sequence = 1; sequence < 9; sequence += 1) expect(sendFrom('203.0.113.5', sequence)).toBe('outside');
  expect([1, 2, 3, 4, 5].map((sequence) => sendFrom('198.51.100.9', sequence)).at(-1)).toBe('latched');
  expect(latch.judgeRtcp('198.51.100.9')).toBe('accepted');
});
