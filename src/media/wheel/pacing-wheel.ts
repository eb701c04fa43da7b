import type { Clock } from '../../base/clock.js';
import type { SlotTimer } from '../sockets/datagram-transport.js';
import { ClockSlotTimer } from './clock-slot-timer.js';

/** Length of a slot, ms. */
export const SLOT_MS = 5;
/** Slots of one 20 ms frame: streams are spread over so many phases. */
export const FRAME_SLOTS = 4;

/**
 * Behind by this and more, packets lie in the sockets that the jitter buffers need before the next frame is taken from
 * them, ms: they hold about so much.
 */
const UNREAD_LAG_MS = 40;

/**
 * Missed slots are made up for so long at a time, ms: then the event loop has another turn. Where that takes longer than it
 * should, packets arrive meanwhile; of those left unread frames would be invented, which takes longer still.
 */
const MAKE_UP_MS = 20;

/** Behind by more than this, the wheel no longer waits for replies between slots, ms. */
const MAX_POLITE_LAG_MS = 1000;

/** Calls `next` once everything that has been set off in promises is done, in the same turn of the event loop. */
export type Settle = (next: () => void) => void;

/** Node drains the microtasks, those they start included, before it takes the next tick. */
const afterMicrotasks: Settle = (next) => queueMicrotask(() => process.nextTick(next));

/** What a wheel leaves to where it runs. */
export interface PacingWheelOptions {
  /** Default: timers of the clock. */
  readonly timer?: SlotTimer;
  /** Default: Node's microtasks. */
  readonly settle?: Settle;
  /** Called when every member has had the slot: its packets may leave as one batch, before anything else is done. */
  readonly onSent?: (slot: number) => void;
  /** Called when what follows a slot is done too. */
  readonly onServed?: () => void;
}

/** A stream on the wheel. */
export interface WheelMember {
  /**
   * A slot has come. Called for every slot, in order, none left out but those before {@link nextSlot}.
   * @param dueSlot the newest slot whose time has come: greater than `slot` where the process was held up
   */
  onSlot(slot: number, dueSlot: number): void;
  /** Every member has been served: for what takes its time, and must not hold up the packets of others. */
  afterSlot?(slot: number): void;
  /**
   * The next slot in which `onSlot` has something to do, unless {@link PacingWheel.rouse} is called before; asked after each.
   * With hundreds of members, looking at each in every slot costs as much as serving them. Absent: every slot.
   */
  readonly nextSlot?: number;
  /** The same of `afterSlot`; asked after either. */
  readonly nextAfterSlot?: number;
  /** It threw. The member has left the wheel. */
  onSlotError(error: unknown): void;
}

/**
 * The one clock that packets leave by. Slots begin at `origin + n * 5 ms` for all time, so lateness never adds up. After
 * a long delay the event loop is first given one turn, so that packets that arrived meanwhile are read. Missed slots
 * are made up in one turn, one after the other, each after the replies to the one before, which come in microtasks: a
 * turn for each would never catch up where a turn takes longer than a slot, as in a flood of requests. Where they are not
 * made up soon ({@link MAKE_UP_MS}), there is a turn in between. Runs while it has members.
 */
export class PacingWheel {
  readonly #clock: Clock;
  readonly #timer: SlotTimer;
  readonly #settle: Settle;
  readonly #onSent: (slot: number) => void;
  readonly #onServed: () => void;
  readonly #places = new Map<WheelMember, Place>();
  /** In the order in which they came, `undefined` where one has left; and the slots in which they have something to do. */
  #members: (WheelMember | undefined)[] = [];
  #due: number[] = [];
  #dueAfter: number[] = [];
  readonly #population = new Array<number>(FRAME_SLOTS).fill(0);
  readonly #originMs: number;
  #nextSlot = 0;
  #armed = false;
  /** The event loop has had its turn since the wheel was last on time, or went on making up. */
  #yielded = false;
  /** When the event loop last had a turn. */
  #turnMs = 0;
  /** Missed slots are being made up. */
  #settling = false;

  constructor(clock: Clock, options: PacingWheelOptions = {}) {
    this.#clock = clock;
    this.#timer = options.timer ?? new ClockSlotTimer(clock);
    this.#settle = options.settle ?? afterMicrotasks;
    this.#onSent = options.onSent ?? (() => {});
    this.#onServed = options.onServed ?? (() => {});
    this.#originMs = clock.now();
  }

  /** The first slot that has not been served. */
  get nextSlot(): number {
    return this.#nextSlot;
  }

  /** When `slot` is due ({@link Clock.now}). */
  slotTimeMs(slot: number): number {
    return this.#originMs + slot * SLOT_MS;
  }

  /** Adds a member; returns its phase, 0 to 3: the least populated. It is served from {@link nextSlot} on. */
  join(member: WheelMember): number {
    const phase = this.#population.indexOf(Math.min(...this.#population));
    this.#places.set(member, { phase, index: this.#members.length });
    this.#members.push(member);
    this.#due.push(Number.NEGATIVE_INFINITY);
    this.#dueAfter.push(Number.NEGATIVE_INFINITY);
    this.#population[phase] = (this.#population[phase] ?? 0) + 1;
    if (this.#places.size === 1) this.#start();
    return phase;
  }

  /** A member has something to do in the next slot, whatever its {@link WheelMember.nextSlot} has said. */
  rouse(member: WheelMember): void {
    const place = this.#places.get(member);
    if (place !== undefined) this.#due[place.index] = Number.NEGATIVE_INFINITY;
  }

  /** Removes a member; it is not called again. Idempotent. */
  leave(member: WheelMember): void {
    const place = this.#places.get(member);
    if (place === undefined) return;
    this.#places.delete(member);
    this.#members[place.index] = undefined;
    this.#due[place.index] = Number.POSITIVE_INFINITY;
    this.#dueAfter[place.index] = Number.POSITIVE_INFINITY;
    this.#population[place.phase] = (this.#population[place.phase] ?? 0) - 1;
    if (this.#places.size > 0) return;
    this.#timer.cancel();
    this.#armed = false;
  }

  #start(): void {
    if (this.#armed || this.#settling) return;
    this.#nextSlot = Math.max(this.#nextSlot, this.#slotAt(this.#clock.now()) + 1);
    this.#yielded = false;
    this.#arm();
  }

  #slotAt(nowMs: number): number {
    return Math.floor((nowMs - this.#originMs) / SLOT_MS);
  }

  #arm(): void {
    this.#armed = true;
    this.#timer.arm(this.slotTimeMs(this.#nextSlot), this.#tick);
  }

  readonly #tick = (): void => {
    this.#armed = false;
    this.#turnMs = this.#clock.now();
    const lagMs = this.#turnMs - this.slotTimeMs(this.#nextSlot);
    if (lagMs < SLOT_MS) this.#yielded = false;
    if (lagMs >= UNREAD_LAG_MS && !this.#yielded) {
      // Held up: let the event loop read what lies in the sockets before frames are made of it.
      this.#yielded = true;
    } else if (lagMs >= 0) {
      this.#serve();
    }
    this.#goOn();
  };

  /** Serves the next slot, and without pause as many as are missing beyond {@link MAX_POLITE_LAG_MS}. */
  #serve(): void {
    let nowMs = this.#clock.now();
    let dueSlot = this.#slotAt(nowMs);
    let impolite = false;
    do {
      const slot = this.#nextSlot;
      this.#nextSlot = slot + 1;
      this.#closeGaps();
      // Members that join or leave meanwhile change the lists under way.
      for (let i = 0; i < this.#due.length; i += 1) {
        if ((this.#due[i] as number) <= slot) this.#serveMember(i, slot, dueSlot);
      }
      this.#onSent(slot);
      for (let i = 0; i < this.#dueAfter.length; i += 1) {
        if ((this.#dueAfter[i] as number) <= slot) this.#finishMember(i, slot);
      }
      this.#onServed();
      nowMs = this.#clock.now();
      dueSlot = this.#slotAt(nowMs);
      impolite = (dueSlot - this.#nextSlot) * SLOT_MS > MAX_POLITE_LAG_MS && nowMs - this.#turnMs < MAKE_UP_MS;
    } while (impolite && this.#places.size > 0);
    if (this.#nextSlot > dueSlot || this.#places.size === 0) return;
    this.#settling = true;
    this.#settle(this.#makeUp);
  }

  readonly #makeUp = (): void => {
    this.#settling = false;
    if (this.#clock.now() - this.#turnMs >= MAKE_UP_MS) this.#yielded = false;
    else if (this.#places.size > 0) this.#serve();
    this.#goOn();
  };

  #goOn(): void {
    if (this.#places.size > 0 && !this.#armed && !this.#settling) this.#arm();
  }

  #finishMember(index: number, slot: number): void {
    const member = this.#members[index];
    try {
      member?.afterSlot?.(slot);
      if (this.#members[index] !== member) return;
      this.#dueAfter[index] = member?.nextAfterSlot ?? Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.#expel(member, error);
    }
  }

  #serveMember(index: number, slot: number, dueSlot: number): void {
    const member = this.#members[index];
    try {
      member?.onSlot(slot, dueSlot);
      if (this.#members[index] !== member) return;
      this.#due[index] = member?.nextSlot ?? Number.NEGATIVE_INFINITY;
      this.#dueAfter[index] = member?.nextAfterSlot ?? Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.#expel(member, error);
    }
  }

  #expel(member: WheelMember | undefined, error: unknown): void {
    if (member === undefined) return;
    this.leave(member);
    member.onSlotError(error);
  }

  /** Members that have left make room, between slots. */
  #closeGaps(): void {
    if (this.#members.length === this.#places.size) return;
    const kept = (_: unknown, index: number): boolean => this.#members[index] !== undefined;
    this.#due = this.#due.filter(kept);
    this.#dueAfter = this.#dueAfter.filter(kept);
    this.#members = this.#members.filter((member) => member !== undefined);
    for (const [index, member] of this.#members.entries()) {
      const place = member && this.#places.get(member);
      if (place) place.index = index;
    }
  }
}

/** Where a member stands on the wheel. */
interface Place {
  readonly phase: number;
  /** In the lists. */
  index: number;
}
