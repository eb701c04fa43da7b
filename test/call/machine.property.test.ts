import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallEffect, CallEvent, CallState, CallTimer } from '../../src/call/call-state.js';
import { beginCall, type CallBeginning, reduceCall } from '../../src/call/machine.js';

/** Sessions that may be tried in place of one that failed. */
const RECOVERIES = 3;
/** More than any world needs to come to rest: every step of it settles something. */
const STEPS_TO_REST = 60;

/**
 * An event that can happen now. `owed`: it will happen by itself, sooner or later. `ending`: it ends the call, so it has to
 * be rare, or no call would live to see anything.
 */
interface Possible {
  readonly event: CallEvent;
  readonly kind: 'owed' | 'free' | 'ending';
}

/**
 * The world around one call, as true to life as the machine needs: what it opens opens or fails, what it arms fires,
 * what it asks for happens; beside that phone, provider, tools and operator do what they like.
 */
class World {
  readonly effects: CallEffect[] = [];
  readonly history: string[] = [];
  state: CallState;
  readonly #timers = new Set<CallTimer>();
  #media: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #session: 'opening' | 'open' | 'closed' = 'opening';
  #leg: 'ringing' | 'answered' | 'confirmed' | 'down' = 'ringing';
  #accepting = false;
  /** Last words that are being played. A caller who speaks up does not stop them, he only makes them no last words. */
  #lastWords = 0;
  #transferring = false;
  #recoveries = RECOVERIES;
  #answered = false;

  constructor(beginning: CallBeginning) {
    const first = beginCall(beginning);
    this.state = first.state;
    this.#carryOut(first.effects, false);
  }

  get over(): boolean {
    return this.state.phase === 'ended';
  }

  get armed(): readonly CallTimer[] {
    return [...this.#timers];
  }

  /** The 200 went out. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The caller has an agent: one who was told to begin, whose session is open, and who has not said goodbye. */
  get talks(): boolean {
    const begun = this.effects.some(({ type }) => type === 'start-session');
    return this.state.phase === 'active' && begun && this.#session === 'open' && this.state.leaving === undefined;
  }

  possible(): readonly Possible[] {
    return [...this.#ofMedia(), ...this.#ofSession(), ...this.#ofPhone(), ...this.#ofWords(), ...this.#ofTimers()];
  }

  happen(event: CallEvent): void {
    this.history.push(JSON.stringify(event));
    this.#takeNote(event);
    const { leaving } = this.state;
    const { state, effects } = reduceCall(this.state, event);
    this.state = state;
    this.#carryOut(effects, leaving !== undefined);
  }

  #ofMedia(): readonly Possible[] {
    switch (this.#media) {
      case 'opening':
        return [owed({ type: 'media-opened' }), ending({ type: 'media-failed' })];
      case 'open':
        return [ending({ type: 'media-failed' })];
      case 'closing':
        return [owed({ type: 'media-closed' })];
      case 'closed':
        return [];
    }
  }

  #ofSession(): readonly Possible[] {
    const recovery = this.#recoveries > 0;
    if (this.#session === 'opening') {
      return [owed({ type: 'session-opened' }), owed({ type: 'session-failed', recovery })];
    }
    if (this.#session === 'closed') return [];
    const aborted = this.state.phase === 'ending' || this.state.bridged;
    if (aborted) return [owed({ type: 'session-ended', reason: 'aborted', recovery: false })];
    return [
      free({ type: 'session-ended', reason: 'completed', recovery: false }),
      free({ type: 'session-ended', reason: 'failed', recovery }),
      free({ type: 'agent-leaving' }),
      free({ type: 'agent-staying' }),
      ...(this.#leg === 'confirmed' && !this.#transferring ? [free({ type: 'transfer-begun' })] : []),
    ];
  }

  #ofPhone(): readonly Possible[] {
    const events: Possible[] = [
      ending({ type: 'told-to-end', by: 'admin' }),
      ending({ type: 'told-to-end', by: 'drain' }),
    ];
    if (this.#leg === 'down') return events;
    events.push(ending({ type: 'leg-ended', by: 'peer', status: 487 }));
    events.push(ending({ type: 'leg-ended', by: 'transport', status: 0 }));
    events.push(ending({ type: 'leg-ended', by: 'local', status: 500 }));
    if (this.#accepting) events.push(owed({ type: 'accepted' }));
    if (this.#leg === 'answered') {
      events.push(owed({ type: 'confirmed' }), ending({ type: 'leg-ended', by: 'ack-timeout', status: 0 }));
      events.push(ending({ type: 'answer-unusable' }));
    }
    if (this.state.phase === 'active') events.push(free({ type: 'bridged' }));
    if (this.state.bridged && this.state.phase === 'active') events.push(owed({ type: 'bridge-over' }));
    if (this.#transferring) {
      events.push(owed({ type: 'transfer-over', ok: true }), owed({ type: 'transfer-over', ok: false }));
    }
    return events;
  }

  #ofWords(): readonly Possible[] {
    const limits: Possible[] = [
      ending({ type: 'limit-reached', limit: 'rtp-timeout' }),
      free({ type: 'limit-reached', limit: 'silence' }),
    ];
    if (this.#lastWords === 0) return limits;
    return [...limits, free({ type: 'caller-returned' }), owed({ type: 'farewell-over' })];
  }

  #ofTimers(): readonly Possible[] {
    return this.armed.flatMap((timer) => this.#ofTimer(timer));
  }

  #ofTimer(timer: CallTimer): readonly Possible[] {
    switch (timer) {
      case 'delay':
        return [owed({ type: 'delay-elapsed' })];
      case 'open':
        return this.#session === 'opening' ? [owed({ type: 'session-failed', recovery: this.#recoveries > 0 })] : [];
      case 'warning':
        return [free({ type: 'warning-due' })];
      case 'duration':
        return [ending({ type: 'limit-reached', limit: 'max-duration' })];
      case 'abandon':
        return [owed({ type: 'session-abandoned' })];
    }
  }

  #takeNote(event: CallEvent): void {
    switch (event.type) {
      case 'media-opened':
        this.#media = 'open';
        return;
      case 'media-failed':
        if (this.#media === 'opening') this.#media = 'closed';
        return;
      case 'media-closed':
        this.#media = 'closed';
        return;
      case 'session-opened':
        this.#session = 'open';
        return;
      case 'session-failed':
      case 'session-ended':
        this.#session = 'closed';
        if (event.recovery) this.#recoveries -= 1;
        return;
      case 'session-abandoned':
        this.#session = 'closed';
        this.#timers.delete('abandon');
        return;
      case 'delay-elapsed':
        this.#timers.delete('delay');
        return;
      case 'warning-due':
        this.#timers.delete('warning');
        return;
      case 'accepted':
        this.#accepting = false;
        this.#answered = true;
        this.#leg = 'answered';
        return;
      case 'confirmed':
        this.#leg = 'confirmed';
        return;
      case 'leg-ended':
        // A 200 that the driver had to refuse after all.
        if (this.#leg === 'answered' && event.status >= 300) this.#answered = false;
        this.#leg = 'down';
        this.#accepting = false;
        return;
      case 'farewell-over':
        this.#lastWords -= 1;
        return;
      case 'transfer-begun':
        this.#transferring = true;
        return;
      case 'transfer-over':
        this.#transferring = false;
        return;
      case 'limit-reached':
        if (event.limit === 'max-duration') this.#timers.delete('duration');
        return;
      default:
        return;
    }
  }

  #carryOut(effects: readonly CallEffect[], leaving: boolean): void {
    for (const effect of effects) {
      this.effects.push(effect);
      this.#check(effect, leaving);
      switch (effect.type) {
        case 'arm-timer':
          this.#timers.add(effect.timer);
          break;
        case 'disarm-timer':
          this.#timers.delete(effect.timer);
          break;
        case 'accept':
          this.#accepting = true;
          break;
        case 'reject':
        case 'hang-up':
          this.#accepting = false;
          this.#leg = 'down';
          break;
        case 'reopen-session':
          this.#session = 'opening';
          break;
        case 'await-farewell':
        case 'apologise':
        case 'say-goodbye':
          this.#lastWords += 1;
          break;
        case 'close-media':
          this.#media = 'closing';
          break;
        default:
          break;
      }
    }
  }

  /** What may be asked of the world, given what it has been asked before. */
  #check(effect: CallEffect, leaving: boolean): void {
    const before = (type: CallEffect['type']): number => this.effects.filter((each) => each.type === type).length - 1;
    const told = `${effect.type} after ${this.history.join(' ')}`;
    if (before('finish') + (effect.type === 'finish' ? 0 : 1) > 0) throw new Error(`something after the end: ${told}`);
    switch (effect.type) {
      case 'accept':
      case 'reject':
        if (this.#answered || this.#leg === 'down') throw new Error(`a second final answer: ${told}`);
        return;
      case 'hang-up':
        if (!this.#answered || this.#leg === 'down') throw new Error(`BYE without a call: ${told}`);
        return;
      case 'start-session':
        if (before('start-session') > 0) throw new Error(`started twice: ${told}`);
        if (this.#session !== 'open') throw new Error(`nobody to start: ${told}`);
        return;
      case 'take-over':
        if (this.#session !== 'open' || before('start-session') < 0) throw new Error(`nobody to take over: ${told}`);
        return;
      case 'reopen-session':
        if (this.#session !== 'closed') throw new Error(`two sessions at once: ${told}`);
        return;
      case 'await-farewell':
      case 'apologise':
      case 'say-goodbye':
        if (leaving) throw new Error(`last words twice: ${told}`);
        return;
      case 'abort-session':
        if (before('abort-session') > 0) throw new Error(`aborted twice: ${told}`);
        return;
      case 'close-media':
        if (this.#media !== 'open') throw new Error(`no media to close: ${told}`);
        return;
      default:
        return;
    }
  }
}

function owed(event: CallEvent): Possible {
  return { event, kind: 'owed' };
}

function free(event: CallEvent): Possible {
  return { event, kind: 'free' };
}

function ending(event: CallEvent): Possible {
  return { event, kind: 'ending' };
}

/** Numbers that choose among what is possible. */
const choices = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 80, size: 'max' });
const beginnings = fc.record({ answerDelayed: fc.boolean(), earlyMedia: fc.boolean() });

/** One in so many choices may end the call. */
const ENDING_ONE_IN = 40;

function choose(items: readonly Possible[], choice: number): Possible | undefined {
  const lively = items.filter(({ kind }) => kind !== 'ending');
  const offered = choice % ENDING_ONE_IN === 0 || lively.length === 0 ? items : lively;
  return offered[Math.floor(choice / ENDING_ONE_IN) % Math.max(1, offered.length)];
}

function live(beginning: CallBeginning, order: readonly number[]): World {
  const world = new World(beginning);
  for (const choice of order) {
    const next = choose(world.possible(), choice);
    if (world.over || next === undefined) break;
    world.happen(next.event);
  }
  return world;
}

/** Only what is owed happens, in the order that `order` chooses. */
function comeToRest(world: World, order: readonly number[]): void {
  for (let step = 0; step < STEPS_TO_REST && !world.over; step += 1) {
    const owedNow = world.possible().filter(({ kind }) => kind === 'owed');
    const next = choose(owedNow, order[step % order.length] ?? 0);
    if (next === undefined) return;
    world.happen(next.event);
  }
}

describe('whatever phone, provider, tools and operator do, in whatever order', () => {
  test('a call comes to an agent who talks, or to its end', () => {
    fc.assert(
      fc.property(beginnings, choices, choices, (beginning, order, rest) => {
        const world = live(beginning, order);
        comeToRest(world, rest);
        const { phase, session, media } = world.state;
        const told = `${phase}, session ${session}, media ${media} after ${world.history.join(' ')}`;
        expect(world.over || world.talks, told).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('a call that is over was ended once: one final answer, one finish, no timer left', () => {
    fc.assert(
      fc.property(beginnings, choices, choices, (beginning, order, rest) => {
        const world = live(beginning, order);
        if (!world.over) world.happen({ type: 'told-to-end', by: 'admin' });
        comeToRest(world, rest);
        const count = (type: CallEffect['type']): number => world.effects.filter((each) => each.type === type).length;
        const told = world.history.join(' ');
        expect(world.over, told).toBe(true);
        expect(count('finish'), told).toBe(1);
        expect(world.effects.at(-1)?.type, told).toBe('finish');
        expect(count('reject') + (world.answered ? 1 : 0), told).toBeLessThanOrEqual(1);
        expect(count('hang-up'), told).toBeLessThanOrEqual(world.answered ? 1 : 0);
        expect(count('abort-session'), told).toBe(1);
        expect(world.armed, told).toEqual([]);
        expect(world.state.outcome?.status === 200, told).toBe(world.answered);
      }),
      { numRuns: 5000 },
    );
  });

  test('events that make no sense where they come change nothing that cannot be ended', () => {
    const anything = fc.oneof(
      fc.constantFrom<CallEvent>(
        { type: 'media-opened' },
        { type: 'media-failed' },
        { type: 'media-closed' },
        { type: 'session-opened' },
        { type: 'session-abandoned' },
        { type: 'delay-elapsed' },
        { type: 'accepted' },
        { type: 'confirmed' },
        { type: 'answer-unusable' },
        { type: 'agent-leaving' },
        { type: 'farewell-over' },
        { type: 'caller-returned' },
        { type: 'agent-staying' },
        { type: 'transfer-begun' },
        { type: 'bridged' },
        { type: 'bridge-over' },
        { type: 'warning-due' },
      ),
      fc.record({ type: fc.constant('session-failed' as const), recovery: fc.boolean() }),
      fc.record({
        type: fc.constant('session-ended' as const),
        reason: fc.constantFrom('completed' as const, 'aborted' as const, 'failed' as const),
        recovery: fc.boolean(),
      }),
      fc.record({ type: fc.constant('transfer-over' as const), ok: fc.boolean() }),
    );
    fc.assert(
      fc.property(beginnings, fc.array(anything, { maxLength: 40 }), (beginning, order) => {
        let { state } = beginCall(beginning);
        const finished: CallEffect[] = [];
        const settling: readonly CallEvent[] = [
          { type: 'told-to-end', by: 'admin' },
          { type: 'media-opened' },
          { type: 'media-closed' },
          { type: 'session-abandoned' },
        ];
        for (const event of [...order, ...settling]) {
          const next = reduceCall(state, event);
          state = next.state;
          finished.push(...next.effects.filter(({ type }) => type === 'finish'));
        }
        expect(state.phase).toBe('ended');
        expect(finished).toHaveLength(1);
      }),
      { numRuns: 5000 },
    );
  });
});
