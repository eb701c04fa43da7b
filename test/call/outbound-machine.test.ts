import { expect, test } from 'vitest';
import type { CallEffect, CallEvent, CallState } from '../../src/call/call-state.js';
import { beginCall, reduceCall } from '../../src/call/machine.js';

const beginning = { answerDelayed: false, earlyMedia: false, outbound: true };

function run(...events: readonly CallEvent[]): { readonly state: CallState; readonly effects: readonly string[] } {
  let { state, effects } = beginCall(beginning);
  const all: CallEffect[] = [...effects];
  for (const event of events) {
    ({ state, effects } = reduceCall(state, event));
    all.push(...effects);
  }
  return { state, effects: all.map((effect) => ('timer' in effect ? `${effect.type} ${effect.timer}` : effect.type)) };
}

const answered = { type: 'answered' } as const;
const media = { type: 'media-opened' } as const;
const session = { type: 'session-opened' } as const;

test('the INVITE leaves with the media; nothing rings, and no answer of ours is sent', () => {
  expect(run().effects).toEqual(['arm-timer open']);
  expect(run(session, media).effects).toEqual(['arm-timer open', 'disarm-timer open', 'dial']);
});

test('the agent begins at the answer, or when it is there', () => {
  expect(run(media, session, answered).effects.at(-1)).toBe('start-session');
  expect(run(media, answered).effects).not.toContain('start-session');
  expect(run(media, answered, session).effects.at(-1)).toBe('start-session');
  expect(run(media, session, answered, answered).effects.filter((effect) => effect === 'start-session')).toHaveLength(
    1,
  );
});

test('an answer that cannot be used gets BYE with 488 as Reason, not the 487 of a CANCEL (RFC 3326)', () => {
  const lastWords = (...events: readonly CallEvent[]): CallEffect | undefined => {
    const { state } = run(media, session);
    return events
      .reduce(({ state }, event) => reduceCall(state, event), { state, effects: [] as readonly CallEffect[] })
      .effects.find(({ type }) => type === 'hang-up');
  };
  expect(lastWords({ type: 'answer-unusable' })).toEqual({ type: 'hang-up', cause: 'rejected', reasonStatus: 488 });
  expect(lastWords({ type: 'told-to-end', by: 'admin' })).toMatchObject({ cause: 'admin', reasonStatus: 487 });
});

test('an inbound call knows no answer of the other side', () => {
  const { state } = beginCall({ ...beginning, outbound: false });
  expect(reduceCall(state, answered)).toEqual({ state, effects: [] });
});

test('whatever happens, it dials once and never answers, and every call ends', () => {
  const events: readonly CallEvent[] = [
    ...[media, session, answered],
    ...(
      ['media-failed', 'media-closed', 'answer-unusable', 'farewell-over', 'agent-leaving', 'delay-elapsed'] as const
    ).map((type) => ({ type })),
    { type: 'session-failed', recovery: false },
    { type: 'session-ended', reason: 'failed', recovery: false },
    { type: 'session-abandoned' },
    ...([200, 404, 486] as const).map((status) => ({ type: 'leg-ended', by: 'peer', status }) as const),
    { type: 'told-to-end', by: 'admin' },
  ];
  const seen = new Map<string, { readonly state: CallState; readonly dialled: number }>();
  const waiting = [{ state: beginCall(beginning).state, dialled: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const key = JSON.stringify(next);
    if (seen.has(key)) continue;
    seen.set(key, next);
    for (const event of events) {
      const { state, effects } = reduceCall(next.state, event);
      const types = effects.map(({ type }) => type);
      expect(types.filter((type) => type === 'accept' || type === 'ring' || type === 'reject')).toEqual([]);
      waiting.push({ state, dialled: next.dialled + types.filter((type) => type === 'dial').length });
    }
  }
  const all = [...seen.values()];
  expect(Math.max(...all.map(({ dialled }) => dialled))).toBe(1);
  for (const { state } of all.filter((entry) => entry.state.phase === 'ending')) {
    const closed = reduceCall(reduceCall(state, { type: 'session-abandoned' }).state, { type: 'media-failed' }).state;
    expect(reduceCall(closed, { type: 'media-closed' }).state.phase).toBe('ended');
  }
});
