import { expect, test } from 'vitest';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import { PacingWheel, type WheelMember } from '../../../src/media/wheel/pacing-wheel.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A clock that can be held up: while it is, time passes and no timer fires, as when the process is busy. */
class BusyClock implements Clock {
  readonly #clock = new FakeClock(1_000);
  #aheadMs = 0;

  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  wallTime(): number {
    return this.now();
  }

  /** As Node does: whole milliseconds, never less than one. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    return this.#clock.setTimeout(callback, Math.max(1, Math.trunc(delayMs)));
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    this.#clock.clearTimeout(timer);
  }

  get pendingTimers(): number {
    return this.#clock.pendingTimers;
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  holdUp(ms: number): void {
    this.#aheadMs += ms;
  }
}

interface Served {
  readonly slot: number;
  readonly dueSlot: number;
  readonly atMs: number;
}

const setUp = () => {
  const clock = new BusyClock();
  const wheel = new PacingWheel(clock, { settle: (next) => next() });
  const memberOf = (
    onSlot: (slot: number) => void = () => {},
  ): WheelMember & { served: Served[]; errors: unknown[] } => {
    const served: Served[] = [];
    const errors: unknown[] = [];
    return {
      served,
      errors,
      onSlot: (slot, dueSlot) => {
        served.push({ slot, dueSlot, atMs: clock.now() });
        onSlot(slot);
      },
      onSlotError: (error) => errors.push(error),
    };
  };
  return { clock, wheel, memberOf };
};

test('slots come every 5 ms, each once, at their own time', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf();
  wheel.join(member);
  clock.advance(1_000);
  expect(member.served).toHaveLength(200);
  for (const { slot, dueSlot, atMs } of member.served) {
    expect(dueSlot).toBe(slot);
    expect(atMs).toBe(wheel.slotTimeMs(slot));
  }
});

test('an hour of uneven delays leaves no drift', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf((slot) => clock.holdUp((slot * 37) % 4));
  wheel.join(member);
  clock.advance(1_400_000);
  const last = member.served.at(-1);
  expect(member.served.map(({ slot }) => slot)).toEqual(member.served.map((_, index) => index + 1));
  expect((last?.atMs ?? 0) - wheel.slotTimeMs(last?.slot ?? 0)).toBeLessThan(10);
});

test('after a delay the sockets are read, then every missed slot is made up in one turn, and said to be late', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf();
  wheel.join(member);
  clock.advance(50);
  clock.holdUp(102);
  const before = member.served.length;
  clock.advance(5);
  expect(member.served.length - before).toBe(0);
  clock.advance(1);
  const made = member.served.slice(before);
  expect(made.length).toBeGreaterThanOrEqual(20);
  expect(made.map(({ slot }) => slot)).toEqual(made.map((_, index) => before + 1 + index));
  expect(made[0]?.dueSlot).toBeGreaterThanOrEqual(before + 20);
  expect(made.at(-1)?.dueSlot).toBe(made.at(-1)?.slot);
});

test('a short delay is made up at once: the jitter buffers hold as much', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf();
  wheel.join(member);
  clock.advance(50);
  const before = member.served.length;
  clock.holdUp(30);
  clock.advance(5);
  expect(member.served.length - before).toBe(7);
});

test('where every turn of the event loop takes longer than a slot, the wheel keeps up', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf();
  wheel.join(member);
  const lags: number[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    clock.holdUp(40);
    clock.advance(6);
    lags.push(clock.now() - wheel.slotTimeMs(wheel.nextSlot));
  }
  // One turn was given away in the beginning; from then on each turn makes up all of its own.
  expect(Math.max(...lags.slice(3))).toBeLessThan(5);
});

test('the replies to a slot, however long their chain of promises, come before the next one that is made up', async () => {
  const clock = new BusyClock();
  const wheel = new PacingWheel(clock);
  const order: string[] = [];
  const reply = async (slot: number): Promise<void> => {
    for (let step = 0; step < 7; step += 1) await Promise.resolve();
    order.push(`reply ${slot}`);
  };
  wheel.join({
    onSlot: (slot) => {
      order.push(`slot ${slot}`);
      void reply(slot);
    },
    onSlotError: () => {},
  });
  clock.holdUp(22);
  clock.advance(6);
  clock.advance(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order.slice(0, 6)).toEqual(['slot 1', 'reply 1', 'slot 2', 'reply 2', 'slot 3', 'reply 3']);
});

test('after a minute of standstill all slots come, without a minute of catching up', () => {
  const { clock, wheel, memberOf } = setUp();
  const member = memberOf();
  wheel.join(member);
  clock.holdUp(60_000);
  clock.advance(400);
  expect(member.served.length).toBeGreaterThanOrEqual(12_060);
  expect(wheel.nextSlot * 5).toBeGreaterThan(60_300);
});

test('where slots take longer than they last, the sockets are read between them all the same', () => {
  const clock = new BusyClock();
  const order: string[] = [];
  let wake: (() => void) | undefined;
  const timer = {
    arm: (_: number, next: () => void) => {
      order.push('|');
      wake = next;
    },
    cancel: () => {},
  };
  const wheel = new PacingWheel(clock, { settle: (next) => next(), timer });
  wheel.join({
    onSlot: () => {
      order.push('slot ');
      // Two are missed while one is made up; not for ever, should nothing come in between.
      clock.holdUp(order.length < 200 ? 10 : 0);
    },
    onSlotError: () => {},
  });
  for (const lagMs of [50, 1_000]) {
    order.length = 0;
    clock.holdUp(lagMs);
    for (let turn = 0; turn < 20; turn += 1) wake?.();
    expect(order.join('')).toMatch(/^(?:\|{1,2}(?:slot ){1,3})+\|*$/);
  }
});

test('members are spread evenly over four phases, also after some left', () => {
  const { wheel, memberOf } = setUp();
  const members = Array.from({ length: 8 }, () => memberOf());
  expect(members.map((member) => wheel.join(member))).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  for (const index of [2, 6]) wheel.leave(members[index] as WheelMember);
  expect([wheel.join(memberOf()), wheel.join(memberOf()), wheel.join(memberOf())]).toEqual([2, 2, 0]);
});

test('without members no timer runs; the next one starts it again', () => {
  const { clock, wheel, memberOf } = setUp();
  const first = memberOf();
  wheel.join(first);
  clock.advance(20);
  wheel.leave(first);
  wheel.leave(first);
  expect(clock.pendingTimers).toBe(0);
  clock.advance(1_000);
  const second = memberOf();
  wheel.join(second);
  clock.advance(20);
  expect(first.served).toHaveLength(4);
  expect(second.served[0]).toMatchObject({ slot: 205, dueSlot: 205 });
});

test('a member that throws leaves the wheel; the others go on', () => {
  const { clock, wheel, memberOf } = setUp();
  const faulty = memberOf(() => {
    throw new Error('boom');
  });
  const sound = memberOf();
  wheel.join(faulty);
  wheel.join(sound);
  clock.advance(50);
  expect(faulty.served).toHaveLength(1);
  expect(faulty.errors).toHaveLength(1);
  expect(sound.served).toHaveLength(10);
});

test('members may leave and join while a slot is served', () => {
  const { clock, wheel, memberOf } = setUp();
  const later = memberOf();
  const second = memberOf();
  const first = memberOf((slot) => {
    if (slot !== 2) return;
    wheel.leave(first);
    wheel.leave(second);
    wheel.join(later);
  });
  wheel.join(first);
  wheel.join(second);
  clock.advance(50);
  expect(first.served).toHaveLength(2);
  expect(second.served).toHaveLength(1);
  expect(later.served.length).toBeGreaterThanOrEqual(8);
  expect(clock.pendingTimers).toBe(1);
});

test('the end of a slot is told once all its members were served: what they sent may leave together', () => {
  const clock = new BusyClock();
  const order: string[] = [];
  const wheel = new PacingWheel(clock, { settle: (next) => next(), onServed: () => order.push('served') });
  for (const name of ['first', 'second']) {
    wheel.join({ onSlot: (slot) => order.push(`${name} ${slot}`), onSlotError: () => {} });
  }
  clock.advance(5);
  clock.holdUp(5);
  clock.advance(5);
  expect(order).toEqual([
    'first 1',
    'second 1',
    'served',
    'first 2',
    'second 2',
    'served',
    'first 3',
    'second 3',
    'served',
  ]);
});

test('every member is served, and the batch of packets leaves, before the first takes its time', () => {
  const clock = new BusyClock();
  const order: string[] = [];
  const wheel = new PacingWheel(clock, {
    settle: (next) => next(),
    onSent: (slot) => order.push(`sent ${slot}`),
    onServed: () => order.push('served'),
  });
  for (const name of ['first', 'second']) {
    wheel.join({
      onSlot: () => order.push(`packet of ${name}`),
      afterSlot: () => order.push(`frame of ${name}`),
      onSlotError: () => {},
    });
  }
  clock.advance(5);
  expect(order).toEqual([
    'packet of first',
    'packet of second',
    'sent 1',
    'frame of first',
    'frame of second',
    'served',
  ]);
});

test('a member that throws after the slot leaves the wheel, too', () => {
  const { clock, wheel, memberOf } = setUp();
  const sound = memberOf();
  const errors: unknown[] = [];
  wheel.join({
    onSlot: () => {},
    afterSlot: () => {
      throw new Error('boom');
    },
    onSlotError: (error) => errors.push(error),
  });
  wheel.join(sound);
  clock.advance(50);
  expect(errors).toHaveLength(1);
  expect(sound.served).toHaveLength(10);
});

test('a member that says when it has something to do is left alone until then, unless it is roused', () => {
  const { clock, wheel, memberOf } = setUp();
  const served: number[] = [];
  const finished: number[] = [];
  const member = {
    nextSlot: 0,
    nextAfterSlot: 0,
    onSlot: (slot: number) => {
      served.push(slot);
      member.nextSlot = slot + 4;
      member.nextAfterSlot = slot + 2;
    },
    afterSlot: (slot: number) => {
      finished.push(slot);
      member.nextAfterSlot = Number.POSITIVE_INFINITY;
    },
    onSlotError: () => {},
  };
  const other = memberOf();
  wheel.join(member);
  wheel.join(other);
  clock.advance(50);
  expect(served).toEqual([1, 5, 9]);
  expect(finished).toEqual([3, 7]);
  wheel.rouse(member);
  clock.advance(5);
  expect(served).toEqual([1, 5, 9, 11]);
  expect(other.served).toHaveLength(11);
});

test('whoever stays is served on, in the same order, when those before have left', () => {
  const { clock, wheel } = setUp();
  const order: string[] = [];
  const members = ['a', 'b', 'c', 'd'].map((name) => ({
    nextSlot: 0,
    onSlot: (slot: number) => void order.push(`${name}${slot}`),
    onSlotError: () => {},
  }));
  for (const member of members) wheel.join(member);
  const [first, , third, last] = members;
  if (!first || !third || !last) throw new Error('four members');
  clock.advance(5);
  wheel.leave(first);
  wheel.leave(third);
  last.nextSlot = 100;
  clock.advance(10);
  wheel.rouse(last);
  clock.advance(5);
  expect(order).toEqual(['a1', 'b1', 'c1', 'd1', 'b2', 'd2', 'b3', 'b4', 'd4']);
});
