import { expect, test } from 'vitest';
import { CallAccount } from '../../src/call/call-account.js';
import { FlavorError } from '../../src/flavor-api/index.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import { FakeClock } from '../support/fake-clock.js';
import { freeMeter } from '../support/free-meter.js';
import { createKeptLog } from '../support/silent-log.js';
import { answer, bye, settle, setUp, slots } from './call-setup.js';

const outcome = { endedBy: 'caller', cause: 'normal', status: 200 } as const;

function account() {
  const clock = new FakeClock(5000);
  const log = createKeptLog();
  const events: CallEvent[] = [];
  const identity = {
    id: 'c1',
    direction: 'inbound',
    from: '+442079460000',
    to: '2000',
    route: '0 to=2000',
    flavor: 'echo',
    startedAtMs: clock.wallTime(),
  } as const;
  const made = new CallAccount(identity, ['dtmf'], {
    clock,
    log,
    emit: (event) => events.push(event),
    meter: freeMeter,
  });
  return { account: made, clock, log, events };
}

test('the events of a call, in order, each with its call and time', async () => {
  const setup = setUp();
  const { stream, session } = await answer(setup);
  stream.emit({ type: 'voice-started', positionMs: 0, atMs: setup.clock.now() });
  await slots(setup, stream, 200, true);
  stream.emit({ type: 'voice-stopped', positionMs: 200, speechMs: 200, atMs: setup.clock.now() });
  session.say('r1', ['yes']);
  await slots(setup, stream, 500);
  setup.leg.emit({ type: 'digit', digit: '5', durationMs: 100 });
  session.events.push({ type: 'tool-call', id: 't1', name: 'fly', arguments: {} });
  await settle();
  setup.leg.emit(bye);
  await settle();
  expect(setup.events.map((event) => event.type)).toEqual([
    'call-started',
    'call-ringing',
    'call-answered',
    'caller-speaking',
    'caller-speaking',
    'agent-speaking',
    'turn',
    'agent-speaking',
    'digit',
    'tool',
    'call-ended',
  ]);
  expect(setup.events.every((event) => event.callId === 'c1' && event.atMs > 0)).toBe(true);
  expect(setup.events).toMatchObject([
    { direction: 'inbound', route: '1', flavor: 'echo' },
    {},
    { codec: 'pcmu', setupMs: 0 },
    { speaking: true },
    { speaking: false },
    { speaking: true },
    { v2vMs: expect.any(Number), stages: { firstAudioMs: expect.any(Number), playoutMs: expect.any(Number) } },
    { speaking: false, interrupted: false },
    {},
    { name: 'unknown', ok: false },
    { endedBy: 'caller', cause: 'normal', status: 200, media: { skippedSlots: 0 } },
  ]);
  expect(JSON.stringify(setup.events.slice(0, -1))).not.toMatch(/alice|"5"/);
});

test('the summary says what is known so far', () => {
  const { account: call, clock } = account();
  expect(call.summary('preparing')).toMatchObject({ state: 'preparing', codec: null, answeredAt: null, durationMs: 0 });
  call.onCodec('pcma');
  clock.advance(40);
  call.onAnswered(clock.now() - 40, clock.now());
  clock.advance(1000);
  expect(call.summary('active')).toMatchObject({ turns: 0, v2vMs: null });
  call.onTurn({ v2vMs: 700, stages: {} });
  call.onTurn({ v2vMs: 640, stages: {} });
  const summary = call.summary('active');
  expect(summary).toMatchObject({ state: 'active', codec: 'pcma', durationMs: 1000, from: '+442079460000' });
  expect(summary).toMatchObject({ turns: 2, v2vMs: 640 });
  expect(Date.parse(summary.answeredAt ?? '') - Date.parse(summary.startedAt)).toBe(40);
});

test('the time from INVITE to answer is on the call’s own clock, in whole milliseconds', () => {
  const { account: call, clock, events } = account();
  clock.advance(40);
  call.onAnswered(4990.4, clock.now());
  expect(events).toMatchObject([{ type: 'call-answered', setupMs: 50, codec: 'unknown' }]);
});

const unrecorded = { path: null, pauses: [] };
const ended = { atMs: 6000, nowMs: 6000 };

test.each([3_600_000, -3_600_000])(
  'a time server that sets the clock by %i ms makes no call longer or shorter',
  async (step) => {
    const setup = setUp();
    await answer(setup);
    setup.clock.advance(2000);
    setup.clock.stepWallTime(step);
    setup.clock.advance(1000);
    expect(setup.call.summary().durationMs).toBe(3000);
    setup.leg.emit(bye);
    await settle();
    const [record] = setup.records;
    expect(record?.durationMs).toBe(3000);
    expect(Date.parse(record?.endedAt ?? '') - Date.parse(record?.answeredAt ?? '')).toBe(3000 + step);
  },
);

test('the first error is the one in the record; all are in the log, without a number', () => {
  const { account: call, log } = account();
  call.onError(new FlavorError('ERR_FLAVOR_AUTH', 'refused', false));
  call.onError(new Error('and then'));
  expect(call.close(outcome, undefined, unrecorded, ended).error).toEqual({
    code: 'ERR_FLAVOR_AUTH',
    message: 'refused',
  });
  expect(log.lines).toHaveLength(2);
  expect(log.lines.join()).not.toContain('442079460000');
});

test('an error without a code is unexpected', () => {
  const { account: call } = account();
  call.onError('out of nowhere');
  expect(call.close(outcome, undefined, unrecorded, ended).error).toEqual({
    code: 'ERR_UNEXPECTED',
    message: 'out of nowhere',
  });
});

test('nothing follows call-ended', () => {
  const { account: call, events } = account();
  call.close(outcome, undefined, unrecorded, ended);
  call.onTool('late', true, 3);
  call.onWarning('ERR_FLAVOR_QUOTA', 'late');
  expect(events.map((event) => event.type)).toEqual(['call-ended']);
});

test('digits and tools are bounded', () => {
  const { account: call } = account();
  for (let index = 0; index < 1001; index += 1) {
    call.onDigit('7');
    call.onTool('t', true, 1);
  }
  const record = call.close(outcome, undefined, unrecorded, ended);
  expect([record.dtmf?.length, record.tools.length]).toEqual([1000, 1000]);
});

test('a warning that comes again and again is one line in ten seconds, and says how often it came', () => {
  const { account: calls, clock, log, events } = account();
  const warn = (times: number, message: string): void => {
    for (let time = 0; time < times; time += 1) calls.onWarning('ERR_FLAVOR_NETWORK', message);
  };
  warn(80, 'the speech server cannot be reached');
  warn(1, 'Deepgram closed the connection');
  clock.advance(11_000);
  warn(3, 'the speech server cannot be reached');
  clock.advance(11_000);
  warn(1, 'the speech server cannot be reached');
  const lines = log.lines.map((line) => JSON.parse(line) as { detail: string; repeated?: number });
  expect(lines.map(({ detail, repeated }) => [detail, repeated])).toEqual([
    ['the speech server cannot be reached', undefined],
    ['Deepgram closed the connection', undefined],
    ['the speech server cannot be reached', 79],
    ['the speech server cannot be reached', 2],
  ]);
  // Metrics count all of them.
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(85);
});

test('a warning that quotes a page of a provider is cut, as an error is', () => {
  const { account: calls, log } = account();
  calls.onWarning('ERR_FLAVOR_PROTOCOL', 'x'.repeat(100_000));
  calls.onError(new Error('y'.repeat(100_000)));
  expect(log.lines.map((line) => (JSON.parse(line) as { detail: string }).detail.length)).toEqual([1000, 1000]);
  // Whatever a flavor has made of it.
  calls.onWarning('ERR_FLAVOR_NETWORK', Object.create(null));
  expect(log.lines.at(-1)).toContain('"detail":"unknown"');
});

test('warnings that are all different are bounded in memory, and written', () => {
  const { account: calls, log } = account();
  for (let kind = 0; kind < 200; kind += 1) calls.onWarning('ERR_FLAVOR_PROTOCOL', `odd message ${kind}`);
  expect(log.lines).toHaveLength(200);
});
