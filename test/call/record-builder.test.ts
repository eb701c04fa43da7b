import { expect, test } from 'vitest';
import { Dialogue } from '../../src/call/dialogue.js';
import {
  addUsage,
  buildRecord,
  type CallFacts,
  type RecordedPersonalData,
  refusalRecord,
} from '../../src/call/record-builder.js';
import { TurnLedger } from '../../src/call/turns/turn-ledger.js';
import { fullRecord } from '../support/sample-record.js';

const identity = {
  id: 'c1',
  direction: 'inbound',
  from: 'alice',
  to: '2000',
  route: '0 to=2000',
  flavor: 'echo',
  startedAtMs: Date.UTC(2026, 0, 1),
} as const;
const outcome = { endedBy: 'caller', cause: 'normal', status: 200 } as const;

function facts(changes: Partial<CallFacts> = {}): CallFacts {
  const ledger = new TurnLedger(0);
  ledger.onResponseAudio('r', 10);
  ledger.onResponseStarted('r', 20);
  ledger.onResponseEnded({ responseId: 'r', atMs: 100, sentMs: 80, state: 'finished' }, 'hello there');
  const dialogue = new Dialogue();
  dialogue.onTranscript({ type: 'transcript', role: 'caller', turnId: 't', text: 'hello', final: true }, 1500);
  return {
    codec: 'pcmu',
    answeredAtMs: identity.startedAtMs + 40,
    originMs: 1000,
    durationMs: 1500,
    ledger,
    dialogue,
    stats: {
      in: { packets: 9, lost: 1, lateDropped: 2, duplicates: 3, concealedMs: 40, jitterMs: 1.2345, dropped: { x: 1 } },
      out: { packets: 8, maxGapMs: 20.456, skippedSlots: 1 },
      mos: 4.3456,
      remote: { lost: 2, jitterMs: 3.456, mos: 4.123 },
      roundTripMs: 41.27,
      rtcp: { sent: 4, received: 3 },
    },
    digits: '42',
    tools: [{ name: 'hang_up', ms: 1, ok: true }],
    usage: [{ provider: 'p', model: 'm', unit: 'characters', quantity: 3 }],
    cost: { usd: 0.01, unpriced: ['p/m characters'] },
    recording: { path: '/tmp/c1.wav', pauses: [{ fromMs: 100, toMs: 900 }] },
    failOvers: [{ flavor: 'echo', code: 'ERR_FLAVOR_NETWORK', atMs: 10 }],
    takeOvers: [{ from: '2002', atMs: 20 }],
    error: null,
    ...changes,
  };
}

const build = (include: readonly RecordedPersonalData[], changes: Partial<CallFacts> = {}) =>
  buildRecord(identity, facts(changes), outcome, identity.startedAtMs + 1540, include);

test('a record has all fields of its version and no other', () => {
  const { recovered: _recovered, ...fields } = fullRecord;
  const record = build(['transcript', 'heardText', 'dtmf']);
  expect(Object.keys(record).sort()).toEqual(Object.keys(fields).sort());
  expect(Object.keys(refusalRecord(identity, outcome, 0)).sort()).toEqual(
    Object.keys(fields)
      .filter(
        (field) => !['dtmf', 'transcript', 'recordingPauses', 'failOvers', 'takeOvers', 'unpriced'].includes(field),
      )
      .sort(),
  );
});

test('times are those of the call, figures are rounded', () => {
  expect(build([])).toMatchObject({
    startedAt: '2026-01-01T00:00:00.000Z',
    answeredAt: '2026-01-01T00:00:00.040Z',
    endedAt: '2026-01-01T00:00:01.540Z',
    durationMs: 1500,
    cause: { sip: 200, text: 'normal' },
    endedBy: 'caller',
    codec: 'pcmu',
    rtp: {
      in: { packets: 9, lost: 1, lateDropped: 2, concealedMs: 40, jitterMs: 1.2 },
      out: { packets: 8, maxGapMs: 20.5, lost: 2, jitterMs: 3.5, mos: 4.12 },
      roundTripMs: 41.3,
      mos: 4.35,
    },
    tools: [{ name: 'hang_up' }],
    usage: [{ quantity: 3 }],
    recording: '/tmp/c1.wav',
    recordingPauses: [{ fromMs: 100, toMs: 900 }],
    costUsd: 0.01,
  });
});

test.each<[readonly RecordedPersonalData[], object]>([
  [[], { dtmf: undefined, transcript: undefined, turns: [{ heardText: undefined }] }],
  [['dtmf'], { dtmf: '42', transcript: undefined, turns: [{ heardText: undefined }] }],
  [['heardText'], { dtmf: undefined, transcript: undefined, turns: [{ heardText: 'hello there' }] }],
  [
    ['transcript'],
    {
      dtmf: undefined,
      transcript: [{ role: 'caller', text: 'hello', atMs: 500 }],
      turns: [{ heardText: undefined }],
    },
  ],
])('personal data only as listed: %j', (include, expected) => {
  const { dtmf, transcript, turns } = build(include);
  expect({ dtmf, transcript, turns: turns.map(({ heardText }) => ({ heardText })) }).toEqual(expected);
  if (include.length === 0) expect(JSON.stringify(build(include))).not.toMatch(/hello|"42"/);
});

test('a call that was never answered, without media', () => {
  expect(build([], { answeredAtMs: null, durationMs: 0, stats: undefined, codec: null })).toMatchObject({
    answeredAt: null,
    durationMs: 0,
    rtp: null,
    codec: null,
  });
});

test('no quality without packets', () => {
  const { stats } = facts();
  if (!stats) throw new Error('no figures');
  expect(build([], { stats: { ...stats, mos: undefined } }).rtp?.mos).toBeNull();
});

test('a refusal says why', () => {
  const error = { code: 'ERR_SDP_INVALID', message: 'line 1' };
  const refused = { endedBy: 'connector', cause: 'rejected', status: 400 } as const;
  expect(refusalRecord(identity, refused, identity.startedAtMs + 3, error)).toMatchObject({
    endedBy: 'connector',
    cause: { sip: 400, text: 'rejected' },
    answeredAt: null,
    endedAt: '2026-01-01T00:00:00.003Z',
    error,
    route: '0 to=2000',
  });
});

test('usage of one kind adds up, kinds stay apart', () => {
  const sum = new Map();
  const usage = { type: 'usage', provider: 'p', model: 'm', unit: 'input-tokens', quantity: 5 } as const;
  addUsage(sum, usage);
  addUsage(sum, { ...usage, quantity: 7 });
  addUsage(sum, { ...usage, unit: 'output-tokens' });
  addUsage(sum, { ...usage, model: 'n' });
  expect([...sum.values()].map(({ model, unit, quantity }) => `${model} ${unit} ${quantity}`)).toEqual([
    'm input-tokens 12',
    'm output-tokens 5',
    'n input-tokens 5',
  ]);
});

test('usage that is none does not spoil the record, and names without end do not fill it', () => {
  const sum: Parameters<typeof addUsage>[0] = new Map();
  const usage = { type: 'usage', provider: 'p', model: 'm', unit: 'characters', quantity: 5 } as const;
  addUsage(sum, usage);
  const wrong: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, -1, '7', null, undefined, 7n];
  for (const quantity of wrong) addUsage(sum, { ...usage, quantity: quantity as number });
  expect([...sum.values()]).toEqual([{ provider: 'p', model: 'm', unit: 'characters', quantity: 5 }]);
  for (let index = 0; index < 10_000; index += 1) addUsage(sum, { ...usage, model: `${index}${'x'.repeat(1_000)}` });
  expect(sum.size).toBe(200);
  expect(Math.max(...[...sum.values()].map(({ model }) => model.length))).toBe(200);
  addUsage(sum, usage);
  expect(sum.values().next().value?.quantity).toBe(10);
});
