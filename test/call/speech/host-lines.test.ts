import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { defaultCallLimits, defaultCallPolicies } from '../../support/call-policies.js';
import { answer, bye, type Setup, settle, setUp, slots } from '../call-setup.js';

const silence = {
  repromptMs: 2000,
  reprompts: [{ text: 'Are you there?' }, { text: 'Hello?' }],
  goodbye: { text: 'I hang up now.' },
};

const lines = (setup: Setup): string[] => (setup.records[0]?.transcript ?? []).map(({ text }) => text);

describe('a caller who says nothing', () => {
  test('is asked by the agent, as often as there are questions', async () => {
    const setup = setUp({ options: { silence, limits: { ...defaultCallLimits, silenceMs: 60_000 } } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 2000);
    expect(session.spoken).toEqual([{ text: 'Are you there?' }]);
    await slots(setup, stream, 2000);
    expect(session.spoken).toEqual([{ text: 'Are you there?' }, { text: 'Hello?' }]);
  });

  test('is asked sooner where nothing at all has been heard since the answer', async () => {
    const firstMs = 500;
    const setup = setUp({ options: { silence: { ...silence, firstMs } } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, firstMs);
    expect(session.spoken).toEqual([{ text: 'Are you there?' }]);
  });

  test('hears the goodbye before the call ends, in the voice of the agent', async () => {
    const setup = setUp({ options: { silence: { ...silence, reprompts: [] } } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 10_000);
    expect(session.spoken).toEqual([{ text: 'I hang up now.' }]);
    session.say('bye', ['I', 'hang', 'up', 'now.']);
    await slots(setup, stream, 1600);
    expect(setup.leg.actions.at(-1)).toBe('200');
    await slots(setup, stream, 400);
    expect(setup.leg.actions.at(-1)).toContain('silence');
    expect(setup.records).toMatchObject([{ endedBy: 'connector', cause: { text: 'silence' } }]);
    expect(lines(setup)).toEqual(['I hang up now.']);
  });

  test('hears it from the host when the agent does not say it', async () => {
    const setup = setUp({ options: { silence: { ...silence, reprompts: [] } } });
    const { stream } = await answer(setup);
    await slots(setup, stream, 15_000);
    expect(lines(setup)).toEqual(['I hang up now.']);
  });

  test('and speaks during the goodbye, stays', async () => {
    const setup = setUp({ options: { silence: { ...silence, reprompts: [] } } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 10_000);
    session.say('bye', ['I', 'hang', 'up', 'now.']);
    await slots(setup, stream, 400);
    stream.emit({ type: 'voice-started', positionMs: 10_300, atMs: setup.clock.now() });
    await slots(setup, stream, 1000, true);
    stream.emit({ type: 'voice-stopped', positionMs: 11_400, speechMs: 1000, atMs: setup.clock.now() });
    session.say('r', ['Yes?']);
    await slots(setup, stream, 4000);
    expect(setup.records).toEqual([]);
  });

  test('and makes a sound during the goodbye: the agent’s own, which follows, is heard to its end', async () => {
    const setup = setUp({ options: { silence: { ...silence, reprompts: [] } } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 10_000);
    session.say('bye', ['I', 'hang', 'up', 'now.']);
    await slots(setup, stream, 400);
    stream.emit({ type: 'voice-started', positionMs: 10_380, atMs: setup.clock.now() });
    await slots(setup, stream, 40, true);
    stream.emit({ type: 'voice-stopped', positionMs: 10_440, speechMs: 60, atMs: setup.clock.now() });
    session.say('own', ['Well', 'then,', 'until', 'next', 'time.']);
    session.events.push({ type: 'tool-call', id: 't', name: 'hang_up', arguments: {}, responseId: 'own' });
    await slots(setup, stream, 5000);
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
    expect(lines(setup)).toEqual(['I hang up now.', 'Well then, until next time.']);
  });

  test('is not asked while a tool of the agent runs', async () => {
    const setup = setUp({ options: { silence, limits: { ...defaultCallLimits, silenceMs: 60_000 } } });
    const { stream, session } = await answer(setup);
    session.events.push({ type: 'tool-call', id: 't', name: 'hold-on', arguments: {} });
    await settle();
    expect(session.results).toHaveLength(1);
    session.spoken.length = 0;
    // The answer about the tool is owed: until it is there or given up nobody asks.
    await slots(setup, stream, 3000);
    expect(session.spoken).toEqual([]);
  });
});

describe('recordings', () => {
  const greeting = { wav: '/hello.wav', text: 'Welcome to the salon.' };

  test('a recorded greeting is the host’s to play, and the session does not greet', async () => {
    const setup = setUp({ options: { greeting } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 1000);
    expect(session.call.greeting).toBe('');
    expect(stream.played).toEqual(['host/1']);
    setup.leg.emit(bye);
    await settle();
    expect(lines(setup)).toEqual(['Welcome to the salon.']);
    expect(session.playouts).toEqual([]);
  });

  test('a recorded question is played, a written one is spoken by the agent', async () => {
    const reprompts = [{ wav: '/there.wav', text: 'Are you there?' }, { text: 'Hello?' }];
    const limits = { ...defaultCallLimits, silenceMs: 60_000 };
    const setup = setUp({ options: { silence: { ...silence, reprompts }, limits } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 2500);
    expect(stream.played).toEqual(['host/1']);
    await slots(setup, stream, 2000);
    expect(session.spoken).toEqual([{ text: 'Hello?' }]);
  });

  test('one that cannot be read is a warning, and the call goes on', async () => {
    const prepare = () => Promise.reject(new Error('no such file'));
    const setup = setUp({ options: { greeting }, deps: { announcer: { prepare } } });
    const { stream } = await answer(setup);
    await slots(setup, stream, 500);
    expect(setup.events).toContainEqual(expect.objectContaining({ type: 'warning' }));
    expect(setup.records).toEqual([]);
  });
});

describe('the longest call', () => {
  const ending = { warningMs: 2000, warning: { text: 'We have to end soon.' }, spent: undefined };
  const limits = { ...defaultCallLimits, callMs: 5000 };

  test('is announced before it is over', async () => {
    const setup = setUp({ options: { ending, limits } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 2980);
    expect(session.spoken).toEqual([]);
    await slots(setup, stream, 40);
    expect(session.spoken).toEqual([{ text: 'We have to end soon.' }]);
    await slots(setup, stream, 2000);
    expect(setup.records).toMatchObject([{ cause: { text: 'max-duration' } }]);
  });

  test('is announced by the host while there is no session', async () => {
    const setup = setUp({ retries: 1, options: { ending, limits } });
    const { stream } = await answer(setup);
    setup.flavor.opening = new Promise(() => {});
    setup.flavor.sessions[0]?.events.push({
      type: 'end',
      reason: 'failed',
      error: new FlavorError('ERR_FLAVOR_NETWORK', 'gone', true),
    });
    await slots(setup, stream, 3500);
    expect(stream.played).toEqual(['host/1']);
  });
});

describe('asking the caller to wait', () => {
  const failure = { ...defaultCallPolicies.failure, waiting: { text: 'One moment.' } };

  test('is left out when the answer comes first', async () => {
    const setup = setUp({ options: { failure } });
    const { stream, session } = await answer(setup);
    stream.emit({ type: 'voice-started', positionMs: 0, atMs: setup.clock.now() });
    await slots(setup, stream, 600, true);
    await slots(setup, stream, 500);
    stream.emit({ type: 'voice-stopped', positionMs: 600, speechMs: 600, atMs: setup.clock.now() });
    await slots(setup, stream, 600);
    session.say('r', ['Certainly.']);
    await slots(setup, stream, 2000);
    expect(stream.played).toEqual(['r']);
  });

  test('happens in the middle of an answer that dries up, and the answer goes on after it', async () => {
    const setup = setUp({ options: { failure } });
    const { stream, session } = await answer(setup);
    session.say('r', ['We', 'have'], false);
    await slots(setup, stream, 800);
    stream.emit({ type: 'starved', responseId: 'r', atMs: setup.clock.now() });
    await slots(setup, stream, 1500);
    expect(stream.played).toEqual(['r', 'host/1']);
    session.say('r', ['Tuesday.']);
    await slots(setup, stream, 1000);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r', state: 'finished', heardText: 'We haveTuesday.' });
  });

  test.each([' \n', '{{name}}'])('not for a greeting in which there is no word to say: "%s"', async (text) => {
    const render = (template: string): string => template.replace('{{name}}', '');
    const setup = setUp({ options: { failure, render, greeting: { text } } });
    const { stream, session } = await answer(setup);
    expect(session.call.greeting).toBe('');
    await slots(setup, stream, 30_000);
    expect(stream.played).toEqual([]);
  });

  test('goes for a greeting that does not come, too', async () => {
    const setup = setUp({ options: { failure, greeting: { text: 'Hello.' } } });
    const { stream } = await answer(setup);
    await slots(setup, stream, 1400);
    expect(stream.played).toEqual(['host/1']);
  });
});
