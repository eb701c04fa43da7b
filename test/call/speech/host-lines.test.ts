import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { createHangUpTool } from '../../../src/tools/hang-up.js';
import { defaultCallLimits, defaultCallPolicies } from '../../support/call-policies.js';
import { runnerOf, scriptedTool } from '../../support/tool-runner.js';
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

  test('and speaks before the agent has begun the goodbye is not told of it by the host', async () => {
    const setup = setUp({ options: { silence: { ...silence, reprompts: [] } } });
    const { stream } = await answer(setup);
    await slots(setup, stream, 10_000);
    stream.emit({ type: 'voice-started', positionMs: 10_000, atMs: setup.clock.now() });
    await slots(setup, stream, 5000, true);
    expect(stream.played).toEqual([]);
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

describe('an agent that has the last turn of a silent call', () => {
  const goodbye = { instructions: 'Nobody speaks. Report that.', text: 'I hang up now.' };
  const options = { silence: { ...silence, reprompts: [], goodbye } };

  /** The agent has just been told. `report`: the tool it has for that takes as long as the test wants. */
  const silent = async () => {
    let done = (): void => {};
    const report = new Promise<void>((resolve) => {
      done = resolve;
    });
    const aborted: boolean[] = [];
    const reportTool = scriptedTool(
      async (_call, _context, signal) => {
        await report;
        aborted.push(signal.aborted);
        return { output: {}, reply: true };
      },
      { name: 'report', external: true, timing: { timeoutMs: 120_000, filler: undefined, fillerAfterMs: 700 } },
    );
    const setup = setUp({ options, deps: { tools: runnerOf(createHangUpTool(), reportTool) } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 10_000);
    expect(session.spoken).toEqual([{ instructions: goodbye.instructions }]);
    const call = (name: string, responseId?: string): void =>
      void session.events.push({
        type: 'tool-call',
        id: name,
        name,
        arguments: {},
        ...(responseId !== undefined && { responseId }),
      });
    return { setup, stream, session, call, done, aborted };
  };

  test('is told in place of a question, too, with the values of the call', async () => {
    const reprompts = [{ instructions: 'Ask whether {{owner}} is there.' }];
    const render = (text: string): string => text.replace('{{owner}}', 'Alice');
    const setup = setUp({ options: { silence: { ...silence, reprompts }, render } });
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 2000);
    expect(session.spoken).toEqual([{ instructions: 'Ask whether Alice is there.' }]);
    session.say('r', ['Alice,', 'are', 'you', 'there?']);
    await slots(setup, stream, 3000);
    expect(setup.leg.actions.at(-1)).toBe('200');
  });

  test('is heard to its end, its report runs to its end, and so does what it says of that', async () => {
    const { setup, stream, session, call, done, aborted } = await silent();
    await slots(setup, stream, 4000);
    session.say('bye', ['Goodbye.']);
    await slots(setup, stream, 1500);
    // The model writes the arguments of its tool when the goodbye has been heard.
    call('report');
    await slots(setup, stream, 20_000);
    expect(setup.leg.actions.at(-1)).toBe('200');
    done();
    await slots(setup, stream, 1000);
    session.say('again', ['Until', 'then.']);
    await slots(setup, stream, 2500);
    expect(setup.leg.actions.at(-1)).toBe('200');
    await slots(setup, stream, 1000);
    expect(aborted).toEqual([false]);
    expect(setup.records).toMatchObject([
      { endedBy: 'connector', cause: { text: 'silence' }, tools: [{ name: 'report', ok: true }] },
    ]);
    expect(lines(setup)).toEqual(['Goodbye.', 'Until then.']);
  });

  test('may hang up itself: the report is still waited for, and nothing that it says of that', async () => {
    const { setup, stream, session, call, done } = await silent();
    session.say('bye', ['Goodbye.']);
    call('report', 'bye');
    call('hang_up', 'bye');
    await slots(setup, stream, 3000);
    expect(setup.records).toEqual([]);
    done();
    await slots(setup, stream, 300);
    expect(setup.records).toMatchObject([{ endedBy: 'connector', cause: { text: 'silence' } }]);
    expect(setup.records[0]?.tools).toMatchObject([{ name: 'hang_up' }, { name: 'report', ok: true }]);
  });

  test('does nothing with it: the host says its words, and the call ends', async () => {
    const { setup, stream } = await silent();
    await slots(setup, stream, 9900);
    expect(stream.played).toEqual([]);
    await slots(setup, stream, 5000);
    expect(lines(setup)).toEqual(['I hang up now.']);
    expect(setup.records).toMatchObject([{ cause: { text: 'silence' } }]);
  });

  test('has a tool that never ends: it has had a minute', async () => {
    const { setup, stream, call } = await silent();
    call('report');
    await slots(setup, stream, 59_000);
    expect(setup.records).toEqual([]);
    await slots(setup, stream, 4500);
    expect(setup.records).toMatchObject([{ cause: { text: 'silence' }, tools: [{ name: 'report', ok: false }] }]);
  });

  test.each([
    ['behind its goodbye: nobody waits for it', true, ['Goodbye.']],
    ['before it said a word: the host says its own', false, ['I hang up now.']],
  ])('breaks off %s', async (_, speaks, said) => {
    const { setup, stream, session, call } = await silent();
    call('report');
    if (speaks) session.say('bye', ['Goodbye.']);
    await slots(setup, stream, 1000);
    session.events.push({ type: 'end', reason: 'failed', error: new FlavorError('ERR_FLAVOR_NETWORK', 'gone', true) });
    await slots(setup, stream, speaks ? 1000 : 4000);
    expect(setup.leg.actions.at(-1)).toContain('silence');
    // The report has its time behind the end of the call.
    await slots(setup, stream, 3000);
    expect(lines(setup)).toEqual(said);
  });

  test('and whose caller speaks after all: nothing is said in its place, and the call goes on', async () => {
    const { setup, stream } = await silent();
    stream.emit({ type: 'voice-started', positionMs: 10_000, atMs: setup.clock.now() });
    await slots(setup, stream, 9_000, true);
    stream.emit({ type: 'voice-stopped', positionMs: 19_000, speechMs: 9_000, atMs: setup.clock.now() });
    await slots(setup, stream, 5_000);
    expect(stream.played).toEqual([]);
    expect(setup.records).toEqual([]);
  });

  test('and whose caller holds the call: somebody is there, and the call goes on', async () => {
    const { setup, stream } = await silent();
    for (const direction of ['sendonly', 'sendrecv']) {
      setup.leg.emit({
        type: 'offer',
        sdp: `${setup.leg.invite.sdp}a=${direction}\r\n`,
        reply: { accept: () => {}, reject: () => {} },
      });
      await slots(setup, stream, 8_000);
    }
    expect(setup.records).toEqual([]);
  });

  test.each([
    [{ instructions: 'Report.' }, []],
    [goodbye, ['I hang up now.']],
  ])('is not there: what the host can say is %o', async (words, said) => {
    const setup = setUp({ retries: 1, options: { silence: { ...silence, reprompts: [], goodbye: words } } });
    const { stream, session } = await answer(setup);
    setup.flavor.opening = new Promise(() => {});
    await slots(setup, stream, 9_000);
    session.events.push({ type: 'end', reason: 'failed', error: new FlavorError('ERR_FLAVOR_NETWORK', 'gone', true) });
    await slots(setup, stream, 4_000);
    expect(lines(setup)).toEqual(said);
    expect(setup.records).toMatchObject([{ cause: { text: 'silence' } }]);
    expect(setup.events.filter(({ type }) => type === 'warning')).toEqual([]);
  });
});

test('where the agent has no model the words beside the instructions are said', async () => {
  const reprompts = [{ instructions: 'Ask.', text: 'Hello?' }];
  const goodbye = { instructions: 'Report.', text: 'Goodbye.' };
  const setup = setUp({
    capabilities: { instructions: false },
    options: { silence: { ...silence, reprompts, goodbye } },
  });
  const { stream, session } = await answer(setup);
  await slots(setup, stream, 2000);
  session.say('r', ['Hello?']);
  await slots(setup, stream, 4000);
  expect(session.spoken).toEqual([{ text: 'Hello?' }, { text: 'Goodbye.' }]);
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

test('an agent may be told that the call is nearly over, and do about it what it sees fit', async () => {
  const ending = { warningMs: 2000, warning: { instructions: 'Two seconds. Report.' }, spent: undefined };
  const setup = setUp({ options: { ending, limits: { ...defaultCallLimits, callMs: 5000 } } });
  const { stream, session } = await answer(setup);
  await slots(setup, stream, 3020);
  expect(session.spoken).toEqual([{ instructions: 'Two seconds. Report.' }]);
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
