import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallEffect, CallEvent, CallState } from '../../src/call/call-state.js';
import { beginCall, reduceCall } from '../../src/call/machine.js';

/** Runs events through the machine and collects what it wants done. */
function play(events: readonly CallEvent[], beginning = { answerDelayed: false, earlyMedia: false }) {
  let { state, effects } = beginCall(beginning);
  const all: CallEffect[] = [...effects];
  for (const event of events) {
    const next = reduceCall(state, event);
    state = next.state;
    effects = next.effects;
    all.push(...effects);
  }
  return { state, effects: all, types: all.map((effect) => effect.type) };
}

const ready: readonly CallEvent[] = [{ type: 'media-opened' }, { type: 'session-opened' }];
const answered: readonly CallEvent[] = [...ready, { type: 'accepted' }];
const active: readonly CallEvent[] = [...answered, { type: 'confirmed' }];
const closed: readonly CallEvent[] = [
  { type: 'media-closed' },
  { type: 'session-ended', reason: 'aborted', recovery: false },
];
const bye: CallEvent = { type: 'leg-ended', by: 'peer', status: 0 };

function outcomeOf(effects: readonly CallEffect[]) {
  return effects.find((effect) => effect.type === 'finish')?.outcome;
}

describe('answering', () => {
  test('rings at once, answers when media and flavor are both open, greets after the ACK', () => {
    expect(play([{ type: 'media-opened' }]).types).toEqual(['ring', 'arm-timer']);
    expect(play(answered).types).toContain('accept');
    expect(play(answered).types).not.toContain('start-session');
    expect(play(active).types).toContain('start-session');
  });

  test('waits for the answer delay of the route', () => {
    const delayed = { answerDelayed: true, earlyMedia: false };
    expect(play(ready, delayed).types).not.toContain('accept');
    expect(play(ready, delayed).types).not.toContain('ring-early');
    expect(play(ready, delayed).types).not.toContain('start-session');
    expect(play([...ready, { type: 'delay-elapsed' }], delayed).types).toContain('accept');
    expect(play([{ type: 'delay-elapsed' }, ...ready], delayed).types).toContain('accept');
  });

  test('answers once, whatever comes before and after the 200 is out', () => {
    const again: readonly CallEvent[] = [
      { type: 'delay-elapsed' },
      { type: 'session-opened' },
      { type: 'media-opened' },
    ];
    const { types } = play([...ready, ...again, { type: 'accepted' }, ...again]);
    expect(types.filter((type) => type === 'accept')).toHaveLength(1);
  });

  test('early media: the agent speaks before the 200, and is started only once', () => {
    const early = { answerDelayed: true, earlyMedia: true };
    const { types } = play([...ready, { type: 'delay-elapsed' }, { type: 'accepted' }, { type: 'confirmed' }], early);
    expect(types.filter((type) => type === 'start-session')).toHaveLength(1);
    expect(types.indexOf('ring-early')).toBeLessThan(types.indexOf('start-session'));
    expect(types.indexOf('start-session')).toBeLessThan(types.indexOf('accept'));
  });

  test('early media: a session that takes over before the 200 does not keep the call ringing', () => {
    const early = { answerDelayed: true, earlyMedia: true };
    const { types } = play(
      [
        ...ready,
        { type: 'session-ended', reason: 'failed', recovery: true },
        { type: 'delay-elapsed' },
        { type: 'session-opened' },
      ],
      early,
    );
    expect(types.slice(-2)).toEqual(['take-over', 'accept']);
  });
});

describe('races', () => {
  test('a caller who hangs up while the flavor opens leaks no session', () => {
    const { state, types } = play([
      { type: 'media-opened' },
      { type: 'leg-ended', by: 'peer', status: 487 },
      { type: 'session-opened' },
      { type: 'media-closed' },
      { type: 'session-ended', reason: 'aborted', recovery: false },
    ]);
    expect(state.phase).toBe('ended');
    expect(types).toContain('abort-session');
    expect(types).not.toContain('accept');
    expect(types).not.toContain('reject');
    expect(state.outcome).toEqual({ endedBy: 'caller', cause: 'cancelled', status: 487 });
  });

  test('media that opens after the call is over is closed', () => {
    const { state, types } = play([
      { type: 'leg-ended', by: 'peer', status: 487 },
      { type: 'session-failed', recovery: false },
      { type: 'media-opened' },
      { type: 'media-closed' },
    ]);
    expect(types).toContain('close-media');
    expect(state.phase).toBe('ended');
  });

  test('a CANCEL that crossed the 200 leaves an ordinary call that BYE ends', () => {
    const { state, effects } = play([...answered, bye, ...closed]);
    expect(state.phase).toBe('ended');
    expect(outcomeOf(effects)).toEqual({ endedBy: 'caller', cause: 'normal', status: 200 });
  });

  test('a CANCEL that comes before the 200 is out cancels the call', () => {
    const { effects, types } = play([...ready, { type: 'leg-ended', by: 'peer', status: 487 }, ...closed]);
    expect(types).toContain('accept');
    expect(outcomeOf(effects)).toEqual({ endedBy: 'caller', cause: 'cancelled', status: 487 });
  });

  test.each([
    ['peer', 487, { endedBy: 'caller', cause: 'cancelled', status: 487 }],
    ['local', 504, { endedBy: 'connector', cause: 'rejected', status: 504 }],
  ] as const)(
    'a 200 that the driver was told to send, and had to refuse after all (%s %i): never answered',
    (by, status, outcome) => {
      const { effects } = play([...answered, { type: 'leg-ended', by, status }, ...closed]);
      expect(outcomeOf(effects)).toEqual(outcome);
    },
  );

  test('a call ended from outside before the 200 is out is refused, not hung up', () => {
    const { effects, state } = play([...ready, { type: 'told-to-end', by: 'admin' }, { type: 'accepted' }, ...closed]);
    expect(effects).toContainEqual({ type: 'reject', status: 480, retryAfterSeconds: undefined });
    expect(state).toMatchObject({ phase: 'ended', outcome: { cause: 'admin', status: 480 } });
  });

  test('a drain refuses a call that still rings with 503 and Retry-After, so that the proxy tries the next server', () => {
    const { effects } = play([...ready, { type: 'told-to-end', by: 'drain' }, ...closed]);
    expect(effects).toContainEqual({ type: 'reject', status: 503, retryAfterSeconds: 5 });
  });

  test('an offer that turns out unusable when it is answered gets 488', () => {
    const { effects } = play([...ready, { type: 'answer-unusable' }, ...closed]);
    expect(effects).toContainEqual({ type: 'reject', status: 488, retryAfterSeconds: undefined });
  });

  test('an answer in an ACK that turns out unusable: BYE with 488 as Reason (RFC 3326)', () => {
    const { effects } = play([...active, { type: 'answer-unusable' }, ...closed]);
    expect(effects).toContainEqual({ type: 'hang-up', cause: 'rejected', reasonStatus: 488 });
  });

  test('a dialog that our own side gave up: the status of what was answered', () => {
    const gone: CallEvent = { type: 'leg-ended', by: 'local', status: 480 };
    expect(outcomeOf(play([...ready, gone, ...closed]).effects)?.status).toBe(480);
    expect(outcomeOf(play([...active, { ...gone, status: 0 }, ...closed]).effects)?.status).toBe(200);
    expect(outcomeOf(play([...active, { type: 'answer-unusable' }, ...closed]).effects)?.status).toBe(200);
  });

  test('a next hop that is gone: nobody has hung up, neither before the answer nor after it', () => {
    const gone: CallEvent = { type: 'leg-ended', by: 'transport', status: 0 };
    expect(outcomeOf(play([...ready, gone, ...closed]).effects)).toMatchObject({
      endedBy: 'connector',
      cause: 'unreachable',
      status: 503,
    });
    expect(outcomeOf(play([...active, gone, ...closed]).effects)).toMatchObject({
      endedBy: 'connector',
      cause: 'unreachable',
      status: 200,
    });
  });

  test('the limits of a call do not count while it rings with early media', () => {
    const early = { answerDelayed: true, earlyMedia: true };
    const { state } = play([...ready, { type: 'limit-reached', limit: 'rtp-timeout' }], early);
    expect(state.phase).toBe('preparing');
  });

  test('a session that ended by itself is aborted all the same: its tools may still run', () => {
    const { effects } = play([
      ...active,
      { type: 'session-ended', reason: 'failed', recovery: false },
      { type: 'media-closed' },
    ]);
    expect(effects).toContainEqual({ type: 'abort-session' });
    expect(effects).not.toContainEqual({ type: 'arm-timer', timer: 'abandon' });
  });

  test('media that closes by itself ends the call, and is not closed again', () => {
    const { types, effects } = play([
      ...active,
      { type: 'media-closed' },
      { type: 'session-ended', reason: 'aborted', recovery: false },
    ]);
    expect(types).not.toContain('close-media');
    expect(outcomeOf(effects)).toEqual({ endedBy: 'connector', cause: 'rtp-timeout', status: 200 });
  });

  test('a flavor that fails before the answer: 503 without Retry-After, so that the proxy tries the next', () => {
    const { effects } = play([
      { type: 'session-failed', recovery: false },
      { type: 'media-opened' },
      { type: 'media-closed' },
    ]);
    expect(effects).toContainEqual({ type: 'reject', status: 503, retryAfterSeconds: undefined });
    expect(outcomeOf(effects)).toEqual({ endedBy: 'provider', cause: 'flavor-error', status: 503 });
  });

  test('a flavor that does not open in time is given up', () => {
    const { effects } = play([{ type: 'media-opened' }, { type: 'session-failed', recovery: false }, ...closed]);
    expect(effects).toContainEqual({ type: 'reject', status: 503, retryAfterSeconds: undefined });
    expect(outcomeOf(effects)?.cause).toBe('flavor-error');
  });

  test('a flavor that fails in the call: an apology, then BYE', () => {
    const failed = { type: 'session-ended', reason: 'failed', recovery: false } as const;
    const { effects, types } = play([...active, failed, { type: 'farewell-over' }, { type: 'media-closed' }]);
    expect(types.indexOf('apologise')).toBeLessThan(types.indexOf('hang-up'));
    expect(effects).toContainEqual({ type: 'hang-up', cause: 'flavor-error' });
    expect(outcomeOf(effects)).toEqual({ endedBy: 'provider', cause: 'flavor-error', status: 200 });
  });

  test('the first of two reasons to end is recorded', () => {
    const { effects, types } = play([...active, { type: 'limit-reached', limit: 'rtp-timeout' }, bye, ...closed]);
    expect(outcomeOf(effects)).toEqual({ endedBy: 'connector', cause: 'rtp-timeout', status: 200 });
    expect(types.filter((type) => type === 'hang-up')).toHaveLength(1);
  });

  test('no port: 503 with Retry-After', () => {
    const { effects } = play([{ type: 'media-failed' }, { type: 'session-failed', recovery: false }]);
    expect(effects).toContainEqual({ type: 'reject', status: 503, retryAfterSeconds: 5 });
    expect(outcomeOf(effects)?.cause).toBe('busy-limit');
  });

  test('an ACK that never comes releases everything', () => {
    const { effects, state } = play([...answered, { type: 'leg-ended', by: 'ack-timeout', status: 200 }, ...closed]);
    expect(state.phase).toBe('ended');
    expect(outcomeOf(effects)?.cause).toBe('ack-timeout');
  });

  test('a session that does not end after its abort is abandoned', () => {
    const { state } = play([...active, bye, { type: 'media-closed' }, { type: 'session-abandoned' }]);
    expect(state.phase).toBe('ended');
  });
});

describe('an agent that leaves', () => {
  test('is heard to the end before the BYE', () => {
    const leaving = play([...active, { type: 'agent-leaving' }]);
    expect(leaving.types).toContain('await-farewell');
    expect(leaving.types).not.toContain('hang-up');
    const over = play([...active, { type: 'agent-leaving' }, { type: 'farewell-over' }, ...closed]);
    expect(over.effects).toContainEqual({ type: 'hang-up', cause: 'normal' });
    expect(outcomeOf(over.effects)).toEqual({ endedBy: 'agent', cause: 'normal', status: 200 });
  });

  test('a completed session counts as leaving; asking twice changes nothing', () => {
    const { types } = play([
      ...active,
      { type: 'session-ended', reason: 'completed', recovery: false },
      { type: 'agent-leaving' },
    ]);
    expect(types.filter((type) => type === 'await-farewell')).toHaveLength(1);
  });

  test('may stay after all, where it is still there', () => {
    const stays = [{ type: 'agent-staying' }, { type: 'farewell-over' }] as const;
    expect(play([...active, { type: 'agent-leaving' }, ...stays]).types).not.toContain('hang-up');
    const gone = { type: 'session-ended', reason: 'completed', recovery: false } as const;
    expect(play([...active, gone, ...stays]).types).toContain('hang-up');
    const silent = { type: 'limit-reached', limit: 'silence' } as const;
    expect(play([...active, silent, ...stays]).types).toContain('hang-up');
  });

  test('a caller who hangs up during the goodbye ended the call', () => {
    const { effects } = play([...active, { type: 'agent-leaving' }, bye, ...closed]);
    expect(outcomeOf(effects)?.endedBy).toBe('caller');
  });
});

describe('recovery', () => {
  const lost: CallEvent = { type: 'session-ended', reason: 'failed', recovery: true };
  const leaving = { type: 'agent-leaving' } as const;

  test('a session lost in the call is opened anew, takes over, and the call goes on', () => {
    const { state, types } = play([...active, lost, { type: 'session-opened' }]);
    expect(types.filter((type) => type === 'reopen-session')).toHaveLength(1);
    expect(types.filter((type) => type === 'start-session')).toHaveLength(1);
    expect(types.at(-1)).toBe('take-over');
    expect(state).toMatchObject({ phase: 'active', session: 'open' });
  });

  test('a session lost while it rings is opened anew, and the call is answered', () => {
    const { types } = play([
      { type: 'session-failed', recovery: true },
      { type: 'media-opened' },
      { type: 'session-opened' },
      { type: 'accepted' },
      { type: 'confirmed' },
    ]);
    expect(types.filter((type) => type === 'reject')).toEqual([]);
    expect(types.at(-1)).toBe('start-session');
  });

  test('a session lost between 200 and ACK greets when it is there, be it after the ACK', () => {
    const { types } = play([...answered, lost, { type: 'confirmed' }, { type: 'session-opened' }]);
    expect(types.filter((type) => type === 'start-session')).toHaveLength(1);
    expect(types.at(-1)).toBe('start-session');
  });

  test('nobody is asked any more while last words are played', () => {
    const { state, types } = play([...active, leaving, lost]);
    expect(types).not.toContain('reopen-session');
    expect(state.phase).toBe('active');
  });

  test('a caller who speaks during the goodbye for their silence stays', () => {
    const { state } = play([
      ...active,
      { type: 'limit-reached', limit: 'silence' },
      { type: 'caller-returned' },
      { type: 'farewell-over' },
    ]);
    expect(state).toMatchObject({ phase: 'active', leaving: undefined });
  });

  test('a caller who speaks up when the agent is gone already is said goodbye to all the same', () => {
    const { state } = play([
      ...active,
      { type: 'limit-reached', limit: 'silence' },
      { type: 'session-ended', reason: 'failed', recovery: false },
      { type: 'caller-returned' },
      { type: 'farewell-over' },
    ]);
    expect(state).toMatchObject({ phase: 'ending', outcome: { cause: 'silence' } });
  });

  test('a caller who speaks does not keep an agent who hangs up', () => {
    const { state } = play([...active, leaving, { type: 'caller-returned' }, { type: 'farewell-over' }]);
    expect(state.phase).toBe('ending');
  });
});

describe('transfer', () => {
  const begun: CallEvent = { type: 'transfer-begun' };

  test('a target that answers ends the call as the agent wanted', () => {
    const { effects } = play([...active, begun, { type: 'transfer-over', ok: true }, ...closed]);
    expect(effects).toContainEqual({ type: 'hang-up', cause: 'normal' });
    expect(outcomeOf(effects)).toEqual({ endedBy: 'agent', cause: 'normal', status: 200 });
  });

  test('the same where it was asked for before the ACK, for which the REFER waits', () => {
    const confirmed: CallEvent = { type: 'confirmed' };
    const { effects } = play([...answered, begun, confirmed, { type: 'transfer-over', ok: true }, ...closed]);
    expect(effects).toContainEqual({ type: 'hang-up', cause: 'normal' });
    expect(outcomeOf(effects)).toEqual({ endedBy: 'agent', cause: 'normal', status: 200 });
  });

  test('a target that does not keeps the caller', () => {
    const { state } = play([...active, begun, { type: 'transfer-over', ok: false }]);
    expect(state).toMatchObject({ phase: 'active', transferring: false });
  });

  test('a peer that hangs up instead of telling the result has taken it', () => {
    const { effects } = play([...active, begun, bye, ...closed]);
    expect(outcomeOf(effects)).toEqual({ endedBy: 'agent', cause: 'normal', status: 200 });
  });

  test('after an apology the call has failed, wherever the caller went', () => {
    const { effects } = play([
      ...active,
      { type: 'session-ended', reason: 'failed', recovery: false },
      begun,
      { type: 'transfer-over', ok: true },
      { type: 'media-closed' },
    ]);
    expect(outcomeOf(effects)).toEqual({ endedBy: 'provider', cause: 'flavor-error', status: 200 });
  });
});

describe('any order of events', () => {
  const events: fc.Arbitrary<CallEvent> = fc.oneof(
    fc.constantFrom<CallEvent>(
      { type: 'media-opened' },
      { type: 'media-failed' },
      { type: 'session-opened' },
      { type: 'session-failed', recovery: false },
      { type: 'delay-elapsed' },
      { type: 'session-failed', recovery: true },
      { type: 'accepted' },
      { type: 'confirmed' },
      { type: 'answer-unusable' },
      { type: 'agent-leaving' },
      { type: 'farewell-over' },
      { type: 'caller-returned' },
      { type: 'warning-due' },
      { type: 'transfer-begun' },
      { type: 'transfer-over', ok: false },
      { type: 'transfer-over', ok: true },
      { type: 'session-abandoned' },
    ),
    fc.record({
      type: fc.constant('session-ended' as const),
      reason: fc.constantFrom('completed' as const, 'aborted' as const, 'failed' as const),
      recovery: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('leg-ended' as const),
      by: fc.constantFrom('peer' as const, 'local' as const, 'ack-timeout' as const, 'transport' as const),
      status: fc.constantFrom(0, 487, 500),
    }),
    fc.record({
      type: fc.constant('limit-reached' as const),
      limit: fc.constantFrom(
        'rtp-timeout' as const,
        'silence' as const,
        'max-duration' as const,
        'spend-limit' as const,
      ),
    }),
    fc.record({ type: fc.constant('told-to-end' as const), by: fc.constantFrom('admin' as const, 'drain' as const) }),
  );

  /** Plays the world fairly: what was opened reports once, what is told to close closes. */
  function run(order: readonly CallEvent[], beginning: { answerDelayed: boolean; earlyMedia: boolean }) {
    let state: CallState = beginCall(beginning).state;
    const effects: CallEffect[] = [...beginCall(beginning).effects];
    const world = { media: 'opening', session: 'opening', leg: 'up', accepting: false, answered: false };
    const apply = (event: CallEvent): void => {
      const next = reduceCall(state, event);
      state = next.state;
      effects.push(...next.effects);
      for (const effect of next.effects) {
        if (effect.type === 'close-media') world.media = 'closing';
        if (effect.type === 'reopen-session') world.session = 'opening';
        if (effect.type === 'accept') world.accepting = true;
        if (effect.type === 'reject' || effect.type === 'finish') world.accepting = false;
      }
    };
    const possible = (event: CallEvent): boolean => {
      switch (event.type) {
        case 'media-opened':
          return world.media === 'opening';
        case 'session-opened':
        case 'session-failed':
          return world.session === 'opening';
        case 'session-ended':
          return world.session === 'open';
        case 'leg-ended':
          return world.leg === 'up';
        case 'accepted':
          return world.accepting;
        default:
          return true;
      }
    };
    for (const event of order) {
      if (!possible(event)) continue;
      if (event.type === 'media-opened') world.media = 'open';
      if (event.type === 'media-failed' && world.media === 'opening') world.media = 'closed';
      if (event.type === 'session-opened') world.session = 'open';
      if (event.type === 'session-failed' || event.type === 'session-ended') world.session = 'closed';
      if (event.type === 'leg-ended') world.leg = 'down';
      if (event.type === 'accepted') world.accepting = false;
      // As in the call: nothing is sent once the call is over.
      if (event.type === 'accepted' && state.phase === 'preparing') world.answered = true;
      apply(event);
    }
    // The end of the world: the peer is gone, and everything that is open or opening settles.
    if (world.leg === 'up') apply({ type: 'leg-ended', by: 'peer', status: 487 });
    if (world.media === 'opening') {
      world.media = 'open';
      apply({ type: 'media-opened' });
    }
    if (world.media !== 'closed') apply({ type: 'media-closed' });
    if (world.session === 'opening') {
      world.session = 'open';
      apply({ type: 'session-opened' });
    }
    if (world.session === 'open') apply({ type: 'session-ended', reason: 'aborted', recovery: false });
    return { state, effects, mediaOpened: world.media !== 'closed', answered: world.answered };
  }

  test('ends with everything closed exactly once, one outcome, and never two final answers', () => {
    fc.assert(
      fc.property(
        fc.array(events, { maxLength: 30 }),
        fc.record({ answerDelayed: fc.boolean(), earlyMedia: fc.boolean() }),
        (order, beginning) => {
          const { state, effects, mediaOpened, answered: wasAnswered } = run(order, beginning);
          const count = (type: CallEffect['type']): number => effects.filter((effect) => effect.type === type).length;
          expect(state.phase).toBe('ended');
          expect(count('finish')).toBe(1);
          expect(effects.at(-1)?.type).toBe('finish');
          expect(count('close-media')).toBe(mediaOpened ? 1 : 0);
          expect(count('abort-session')).toBe(1);
          expect(count('start-session')).toBeLessThanOrEqual(1);
          expect(count('accept')).toBeLessThanOrEqual(1);
          expect(count('reject') + (wasAnswered ? 1 : 0)).toBeLessThanOrEqual(1);
          expect(count('hang-up')).toBeLessThanOrEqual(wasAnswered ? 1 : 0);
          const armed = new Set<string>();
          for (const effect of effects) {
            if (effect.type === 'arm-timer') armed.add(effect.timer);
            if (effect.type === 'disarm-timer') armed.delete(effect.timer);
          }
          expect([...armed]).toEqual([]);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
