import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../src/flavor-api/index.js';
import { defaultCallPolicies } from '../support/call-policies.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import type { FakeStream } from '../support/fake-media.js';
import { answer, bye, type Setup, settle, setUp, slots } from './call-setup.js';

const failure = {
  ...defaultCallPolicies.failure,
  waiting: { text: 'One moment.' },
  apology: { text: 'I am sorry.' },
};
const broke = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
const refused = new FlavorError('ERR_FLAVOR_AUTH', 'wrong key', false);

function breakOff(flavor: FakeFlavor, error = broke): void {
  flavor.sessions.at(-1)?.events.push({ type: 'end', reason: 'failed', error });
}

/** The caller says something for so long, and is silent for a second. */
async function speak(setup: Setup, stream: FakeStream, ms = 1500): Promise<void> {
  const atMs = setup.clock.now();
  stream.emit({ type: 'voice-started', positionMs: 0, atMs });
  await slots(setup, stream, ms, true);
  await slots(setup, stream, 500);
  stream.emit({ type: 'voice-stopped', positionMs: ms, speechMs: ms, atMs: setup.clock.now() });
  await settle();
}

const heard = (setup: Setup): string[] =>
  (setup.records[0]?.transcript ?? []).map(({ role, text }) => `${role}: ${text}`);

describe('a session that breaks off in the call', () => {
  test('is replaced by another of the same flavor, and the call goes on', async () => {
    const setup = setUp({ retries: 1, options: { failure } });
    const { stream } = await answer(setup);
    breakOff(setup.flavor);
    await settle();
    expect(setup.flavor.sessions).toHaveLength(2);
    expect(setup.flavor.sessions[1]?.told).toContain('start');
    setup.flavor.sessions[1]?.say('r', ['Still', 'here.']);
    await slots(setup, stream, 1000);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toMatchObject([
      {
        cause: { text: 'normal' },
        error: null,
        failOvers: [{ flavor: 'echo', code: 'ERR_FLAVOR_NETWORK' }],
      },
    ]);
    expect(heard(setup)).toEqual(['agent: Still here.']);
  });

  test('gives way to another flavor at once when asking again is of no use', async () => {
    const backup = new FakeFlavor();
    const setup = setUp({ retries: 3, backups: [backup], options: { failure } });
    await answer(setup);
    breakOff(setup.flavor, refused);
    await settle();
    expect([setup.flavor.sessions.length, backup.sessions.length]).toEqual([1, 1]);
  });

  test('hands over what was said, and its successor answers what is still unanswered', async () => {
    const backup = new FakeFlavor();
    const setup = setUp({ backups: [backup], options: { failure } });
    const { stream, session } = await answer(setup);
    session.events.push({ type: 'transcript', role: 'caller', turnId: 't', text: 'A haircut, please.', final: true });
    await speak(setup, stream);
    breakOff(setup.flavor);
    await settle();
    const [next] = backup.sessions;
    expect(next?.call.history).toMatchObject([{ role: 'caller', text: 'A haircut, please.' }]);
    expect(next?.call.greeting).toBe('');
    expect(next?.spoken).toMatchObject([{ instructions: expect.stringContaining('Answer what the caller said last') }]);
  });

  test('before it has greeted is replaced by one that greets', async () => {
    const setup = setUp({ retries: 1, options: { failure, greeting: { text: 'Hello.' } } });
    await answer(setup);
    breakOff(setup.flavor);
    await settle();
    const [, next] = setup.flavor.sessions;
    expect(next?.call.greeting).toBe('Hello.');
    expect(next?.told).toContain('start');
    expect(next?.spoken).toEqual([]);
  });

  test('is heard to the end of what it had sent; its successor goes on from there', async () => {
    const setup = setUp({ retries: 1, options: { failure } });
    const { stream, session } = await answer(setup);
    session.say('r1', ['We', 'have', 'Tuesday'], false);
    await slots(setup, stream, 400);
    breakOff(setup.flavor);
    await slots(setup, stream, 400);
    const [, next] = setup.flavor.sessions;
    expect(next?.call.history).toMatchObject([{ role: 'agent', text: 'We have Tuesday' }]);
    expect(next?.spoken).toEqual([]);
    await slots(setup, stream, 1000);
    expect(next?.spoken).toMatchObject([{ instructions: expect.stringContaining('cut off') }]);
  });

  test('says nothing more, whatever it still sends', async () => {
    const setup = setUp({ retries: 1, options: { failure: { ...failure, replyTimeoutMs: 2000 } } });
    const { stream, session } = await answer(setup);
    await speak(setup, stream);
    await slots(setup, stream, 2000);
    expect(setup.flavor.sessions).toHaveLength(2);
    session.say('late', ['Too', 'late.']);
    await slots(setup, stream, 1000);
    setup.leg.emit(bye);
    await settle();
    expect(heard(setup)).not.toContain('agent: Too late.');
  });
});

describe('a provider that begins to answer and breaks off, again and again', () => {
  test('is no help: another flavor is asked', async () => {
    const backup = new FakeFlavor();
    const setup = setUp({ retries: 1, backups: [backup], options: { failure } });
    const { stream } = await answer(setup);
    for (let round = 0; round < 2; round += 1) {
      setup.flavor.sessions.at(-1)?.say('r', ['With', 'pleasure.'], false);
      await slots(setup, stream, 200);
      breakOff(setup.flavor);
      await slots(setup, stream, 1200);
    }
    expect([setup.flavor.sessions.length, backup.sessions.length]).toEqual([2, 1]);
  });

  test('is asked again after answers that were heard to their end', async () => {
    const setup = setUp({ retries: 1, options: { failure } });
    const { stream } = await answer(setup);
    for (let round = 0; round < 3; round += 1) {
      setup.flavor.sessions.at(-1)?.say('r', ['We', 'have', 'time', 'on', 'Tuesday', 'morning.']);
      await slots(setup, stream, 2600);
      breakOff(setup.flavor);
      await slots(setup, stream, 100);
    }
    expect(setup.flavor.sessions).toHaveLength(4);
  });
});

describe('words of the host while a provider does not answer', () => {
  test('are no answer of it, however long: the next flavor is asked', async () => {
    const backup = new FakeFlavor();
    const waiting = { text: Array.from({ length: 25 }, () => 'wait').join(' ') };
    const setup = setUp({ backups: [backup], options: { failure: { ...failure, waiting } } });
    const { stream } = await answer(setup);
    await speak(setup, stream);
    await slots(setup, stream, 10_000);
    expect(stream.played).toContain('host/1');
    expect([setup.flavor.sessions.length, backup.sessions.length]).toEqual([1, 1]);
  });
});

describe('the wait for another session', () => {
  test('is the same wait to the caller, however many are lost meanwhile', async () => {
    const setup = setUp({ retries: 5, options: { failure } });
    const { stream } = await answer(setup);
    await speak(setup, stream);
    await slots(setup, stream, 400);
    breakOff(setup.flavor);
    await slots(setup, stream, 300);
    breakOff(setup.flavor);
    await slots(setup, stream, 300);
    expect(stream.played).toContain('host/1');
  });
});

describe('when nobody is left to ask', () => {
  test('the host apologises, and then the call ends with its cause', async () => {
    const setup = setUp({ options: { failure } });
    const { stream } = await answer(setup);
    breakOff(setup.flavor);
    await slots(setup, stream, 1000);
    expect(setup.leg.actions.at(-1)).toContain('flavor-error');
    expect(heard(setup)).toEqual(['agent: I am sorry.']);
    expect(setup.records).toMatchObject([{ endedBy: 'provider', error: { code: 'ERR_FLAVOR_NETWORK' } }]);
  });

  test('the caller is transferred where the route says so, and the record still says what failed', async () => {
    const transfer = { name: 'reception', uri: 'sip:100@pbx' };
    const setup = setUp({ options: { failure: { ...failure, transfer } } });
    const { stream } = await answer(setup);
    breakOff(setup.flavor);
    await slots(setup, stream, 1000);
    expect(setup.leg.referrals).toEqual([{ uri: 'sip:100@pbx' }]);
    setup.leg.emit({ type: 'transfer', status: 200, final: true });
    await slots(setup, stream, 100);
    expect(setup.records).toMatchObject([{ cause: { text: 'flavor-error' } }]);
  });

  test('a transfer that fails ends the call all the same', async () => {
    const transfer = { name: 'reception', uri: 'sip:100@pbx' };
    const setup = setUp({ options: { failure: { ...failure, transfer } } });
    const { stream } = await answer(setup);
    breakOff(setup.flavor);
    await slots(setup, stream, 1000);
    setup.leg.emit({ type: 'transfer', status: 486, final: true });
    await slots(setup, stream, 100);
    expect(setup.records).toMatchObject([{ cause: { text: 'flavor-error' } }]);
  });

  test('the record names the flavor that was not asked as it is out of order', async () => {
    const [second, third] = [new FakeFlavor(), new FakeFlavor()];
    const setup = setUp({ backups: [second, third], options: { failure } });
    for (let round = 0; round < 5; round += 1) setup.choices[1]?.breaker.acquire()?.failed();
    await answer(setup);
    breakOff(setup.flavor);
    await settle();
    expect([second.sessions.length, third.sessions.length]).toEqual([0, 1]);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.failOvers?.map(({ flavor }) => flavor)).toEqual(['echo', 'backup-1']);
  });

  test('before the answer the call is refused, so that the proxy can try elsewhere', async () => {
    const setup = setUp({ options: { failure } });
    setup.flavor.opening = Promise.reject(refused);
    setup.call.begin();
    await settle();
    setup.engine.streams[0]?.close();
    await settle();
    expect(setup.leg.actions).toContain('reject 503');
  });

  test('a caller who hangs up during the apology leaves nothing open', async () => {
    const setup = setUp({ options: { failure } });
    const { stream } = await answer(setup);
    breakOff(setup.flavor);
    await slots(setup, stream, 100);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
    expect(stream.closed).toBe(true);
  });
});

describe('a session that does not answer', () => {
  test('costs the caller a word within a second and a half, and its place', async () => {
    const setup = setUp({ retries: 1, options: { failure: { ...failure, replyTimeoutMs: 5000 } } });
    const { stream } = await answer(setup);
    await speak(setup, stream);
    await slots(setup, stream, 1000);
    expect(stream.queuedMs() > 0 || stream.played.includes('host/1')).toBe(true);
    expect(setup.flavor.sessions).toHaveLength(1);
    await slots(setup, stream, 4000);
    expect(setup.flavor.sessions).toHaveLength(2);
    expect(setup.flavor.sessions[0]?.call.signal.aborted).toBe(true);
  });

  test('that had not heard a short sound owes nothing', async () => {
    const setup = setUp({ retries: 1, options: { failure }, capabilities: { turnTaking: 'flavor' } });
    const { stream } = await answer(setup);
    await speak(setup, stream, 400);
    await slots(setup, stream, 9_000);
    expect(setup.flavor.sessions).toHaveLength(1);
    expect(stream.played).toEqual([]);
  });

  test('while its tool runs is not taken for dead', async () => {
    const setup = setUp({ retries: 1, options: { failure: { ...failure, replyTimeoutMs: 3000 } } });
    const { stream, session } = await answer(setup);
    await speak(setup, stream);
    session.events.push({ type: 'tool-call', id: 't', name: 'nobody knows', arguments: {} });
    await settle();
    expect(session.results).toHaveLength(1);
    await slots(setup, stream, 2900);
    expect(setup.flavor.sessions).toHaveLength(1);
  });
});

describe('the circuit breaker', () => {
  test('that is open costs no time: the next flavor is asked at once', async () => {
    const backup = new FakeFlavor();
    const setup = setUp({ backups: [backup], retries: 1 });
    const { breaker } = setup.choices[0] ?? {};
    for (let time = 0; time < 5; time += 1) breaker?.acquire()?.failed();
    await answer({ ...setup, flavor: backup });
    expect(setup.flavor.sessions).toHaveLength(0);
    expect(backup.sessions).toHaveLength(1);
  });

  test('learns from a session that never answers, not from a caller who hangs up', async () => {
    const setup = setUp();
    await answer(setup);
    setup.leg.emit(bye);
    await settle();
    const { breaker } = setup.choices[0] ?? {};
    for (let time = 0; time < 4; time += 1) breaker?.acquire()?.failed();
    expect(breaker?.state).toBe('closed');
  });
});
