import { expect, test } from 'vitest';
import { DtmfReceiver } from '../../../src/media/dtmf/dtmf-receiver.js';
import { DtmfSender } from '../../../src/media/dtmf/dtmf-sender.js';

interface SentSlot {
  readonly step: string;
  readonly event: number;
  readonly end: boolean;
  readonly duration: number;
}

/** Steps through everything queued, slots of 20 ms unless said. */
const drain = (sender: DtmfSender, slotUnits = 160): SentSlot[] => {
  const payload = Buffer.alloc(4);
  const slots: SentSlot[] = [];
  while (sender.active) {
    const step = sender.step(slotUnits, payload);
    const [event = 0, flags = 0] = payload;
    slots.push({ step, event, end: flags >= 0x80, duration: payload.readUInt16BE(2) });
    if (slots.length > 5_000) throw new Error('never ends');
  }
  return slots;
};

test('one digit is a beginning, updates of growing duration, and three ends alike', () => {
  const sender = new DtmfSender();
  sender.queue('5', { durationMs: 80, gapMs: 60 }, () => {});
  const slots = drain(sender).filter(({ step }) => step !== 'gap');
  expect(slots.map(({ step, duration, end }) => `${step} ${duration}${end ? ' end' : ''}`)).toEqual([
    'begin 160',
    'continue 320',
    'continue 480',
    'continue 640 end',
    'continue 640 end',
    'continue 640 end',
  ]);
  expect(new Set(slots.map(({ event }) => event))).toEqual(new Set([5]));
});

test('the gap counts from the end of one digit to the beginning of the next', () => {
  const sender = new DtmfSender();
  sender.queue('12', { durationMs: 100, gapMs: 100 }, () => {});
  const slots = drain(sender);
  const ended = slots.findIndex(({ end }) => end);
  const next = slots.findIndex(({ step, event }) => step === 'begin' && event === 2);
  expect(next - ended).toBe(1 + 100 / 20);
});

test('keys beyond those that may wait are lost, and nobody waits for them', () => {
  const sender = new DtmfSender();
  let done = 0;
  for (let key = 0; key < 100_000; key += 1) sender.queue('1', {}, () => (done += 1));
  expect(done).toBe(100_000 - 256);
  const pressed = new DtmfSender();
  pressed.queue('1'.repeat(256), {}, () => (done = 0));
  const payload = Buffer.alloc(4);
  let begun = 0;
  while (pressed.active) if (pressed.step(160, payload) === 'begin') begun += 1;
  expect(begun).toBe(256);
  expect(done).toBe(0);
});

test('it is done when the last packet of the last digit is written, once', () => {
  const sender = new DtmfSender();
  let done = 0;
  sender.queue('12', {}, () => {
    done += 1;
  });
  const payload = Buffer.alloc(4);
  let written = 0;
  while (done === 0) if (sender.step(160, payload) !== 'gap') written += 1;
  expect(payload[0]).toBe(2);
  expect(written).toBe(2 * (6 + 2));
  drain(sender);
  expect(done).toBe(1);
});

test('lower case is understood, what is no digit is passed over', () => {
  const sender = new DtmfSender();
  sender.queue('a-1 x#', {}, () => {});
  const begins = drain(sender).filter(({ step }) => step === 'begin');
  expect(begins.map(({ event }) => event)).toEqual([12, 1, 11]);
});

test('no digits at all are done at once', () => {
  const sender = new DtmfSender();
  let done = false;
  sender.queue('xyz', {}, () => {
    done = true;
  });
  expect(done).toBe(true);
  expect(sender.active).toBe(false);
});

test('durations stay within what receivers must recognise and the field can hold', () => {
  const sender = new DtmfSender();
  sender.queue('1', { durationMs: 1 }, () => {});
  sender.queue('2', { durationMs: 60_000 }, () => {});
  const ends = drain(sender).filter(({ step, end }) => step !== 'gap' && end);
  expect(ends.map(({ duration }) => duration)).toEqual([320, 320, 320, 65_535, 65_535, 65_535]);
});

test.each([10, 20, 30, 60])('our own receiver reads every digit back, packets of %d ms', (ptimeMs) => {
  const sender = new DtmfSender();
  sender.queue('0123456789*#ABCD0011', {}, () => {});
  const digits: string[] = [];
  const durations = new Set<number>();
  const receiver = new DtmfReceiver((digit, durationMs) => {
    digits.push(digit);
    durations.add(durationMs);
  });
  const payload = Buffer.alloc(4);
  let eventTimestamp = 0;
  for (let nowMs = 0; sender.active; nowMs += ptimeMs) {
    const step = sender.step(ptimeMs * 8, payload);
    if (step === 'begin') eventTimestamp = nowMs * 8;
    if (step !== 'gap') receiver.receive(payload, 0, 4, eventTimestamp, nowMs);
    receiver.tick(nowMs);
  }
  expect(digits.join('')).toBe('0123456789*#ABCD0011');
  expect([...durations]).toEqual([120]);
});
