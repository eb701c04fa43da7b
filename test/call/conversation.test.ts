import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../src/flavor-api/index.js';
import { OFFER } from '../support/fake-leg.js';
import type { FakeStream } from '../support/fake-media.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { answer, bye, type Setup, settle, setUp, slots } from './call-setup.js';

/** The detector speaks up: `onsetMsAgo` before the end of the latest frame. */
function voiceStarted(setup: Setup, stream: FakeStream, positionMs: number): void {
  stream.emit({ type: 'voice-started', positionMs, atMs: setup.clock.now() });
}

function voiceStopped(setup: Setup, stream: FakeStream, positionMs = 0): void {
  stream.emit({ type: 'voice-stopped', positionMs, speechMs: 100, atMs: setup.clock.now() });
}

function hold(setup: Setup, direction: 'sendonly' | 'inactive' | 'sendrecv'): void {
  const reply = { accept: () => {}, reject: () => {} };
  setup.leg.emit({ type: 'offer', sdp: `${OFFER}a=${direction}\r\n`, reply });
}

const audio = (ms: number): Uint8Array => new Uint8Array(ms * 8);

describe('verdicts on onsets', () => {
  test('each repeats the position of its onset', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four']);
    await slots(setup, stream, 400);
    voiceStarted(setup, stream, 340);
    await slots(setup, stream, 600, true);
    voiceStopped(setup, stream, 1000);
    await slots(setup, stream, 600);
    voiceStarted(setup, stream, 1520);
    expect(session.voices).toEqual(['started 340', 'accepted 340', 'stopped 1000', 'started 1520', 'accepted 1520']);
  });

  test('a digit that interrupts rejects the onset that was undecided', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    voiceStarted(setup, stream, 340);
    stream.emit({ type: 'digit', digit: '5', durationMs: 100, atMs: setup.clock.now() });
    voiceStopped(setup, stream, 400);
    expect(session.told).toEqual([
      'start',
      'voice started',
      'onset rejected',
      'interrupt dtmf',
      'dtmf 5',
      'voice stopped',
    ]);
    expect(stream.paused).toBe(false);
    await slots(setup, stream, 20);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns).toMatchObject([{ resumed: false }]);
  });

  test('an agent that has finished while the onset was undecided does not stay paused', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one'], false);
    await slots(setup, stream, 420);
    voiceStarted(setup, stream, 340);
    expect(stream.paused).toBe(true);
    await slots(setup, stream, 20, true);
    session.events.push({ type: 'audio-done', responseId: 'r1' });
    await slots(setup, stream, 40, true);
    expect(stream.paused).toBe(false);
    expect(session.told.slice(1)).toEqual(['voice started', 'onset accepted']);
    await slots(setup, stream, 400, true);
    voiceStopped(setup, stream, 700);
    expect(session.told.slice(3)).toEqual(['voice stopped', 'end-turn']);
    session.say('r2', ['yes']);
    await slots(setup, stream, 500);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r2', state: 'finished' });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns).toMatchObject([{ resumed: true }]);
  });

  test('the end of the call while an onset is undecided gives no verdict', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two']);
    await slots(setup, stream, 400);
    voiceStarted(setup, stream, 340);
    setup.leg.emit(bye);
    await settle();
    expect(session.voices).toEqual(['started 340']);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
  });

  test('speech that goes on after its onset was rejected is a new onset, which pauses, and is accepted before it interrupts', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four', 'five', 'six']);
    await slots(setup, stream, 400);
    voiceStarted(setup, stream, 340);
    await slots(setup, stream, 60, true);
    await slots(setup, stream, 400);
    expect(session.voices).toEqual(['started 340', 'rejected 340']);
    await slots(setup, stream, 60, true);
    expect(session.told.slice(3)).toEqual(['voice stopped', 'voice started']);
    expect(stream.paused).toBe(true);
    await slots(setup, stream, 500, true);
    expect(session.told.slice(5)).toEqual(['onset accepted', 'interrupt speech']);
    expect(session.voices.slice(2)).toEqual(['stopped 860', 'started 860', 'accepted 860']);
    voiceStopped(setup, stream, 1160);
    expect(session.told.slice(-2)).toEqual(['voice stopped', 'end-turn']);
  });

  test('speech that goes on after a rejected onset while the agent falls silent by itself is a turn', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two']);
    await slots(setup, stream, 400);
    voiceStarted(setup, stream, 340);
    await slots(setup, stream, 1000);
    await slots(setup, stream, 300, true);
    expect(session.voices.slice(2)).toEqual(['stopped 1400', 'started 1400', 'accepted 1400']);
    expect(session.told).not.toContain('interrupt speech');
    voiceStopped(setup, stream, 1700);
    expect(session.told.at(-1)).toBe('end-turn');
  });

  test('speech that was there before the agent began interrupts without a second verdict', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 200, true);
    voiceStarted(setup, stream, 0);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400, true);
    expect(session.told).toEqual(['start', 'voice started', 'onset accepted', 'interrupt speech']);
    await slots(setup, stream, 20);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns).toHaveLength(1);
    expect(setup.records[0]?.bargeIns[0]?.decisionToSilenceMs).toBe(20);
  });

  test('a flavor that asks for no voices hears of none, and is interrupted all the same', async () => {
    const setup = setUp({ capabilities: { needsVad: false, turnTaking: 'flavor' } });
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 200);
    voiceStarted(setup, stream, 140);
    await slots(setup, stream, 600, true);
    voiceStopped(setup, stream, 800);
    expect(session.told).toEqual(['start', 'interrupt speech']);
  });

  test('each of two interruptions has its own time to silence', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    for (const responseId of ['r1', 'r2']) {
      session.say(responseId, ['one', 'two']);
      await slots(setup, stream, 200);
      stream.emit({ type: 'digit', digit: '1', durationMs: 100, atMs: setup.clock.now() });
      await slots(setup, stream, 40);
    }
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns.map(({ decisionToSilenceMs }) => decisionToSilenceMs)).toEqual([20, 20]);
  });

  test('the event of a barge-in carries the time to silence', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 200);
    voiceStarted(setup, stream, 140);
    await slots(setup, stream, 600, true);
    const bargeIns = setup.events.filter((event) => event.type === 'barge-in');
    expect(bargeIns).toMatchObject([{ resumed: false, decisionToSilenceMs: 20 }]);
  });
});

describe('reports about responses', () => {
  test('each response gets one terminal report, in the order of announcement, when all is flushed', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    session.events.push({ type: 'text', responseId: 'r2', text: 'announced' });
    session.events.push({ type: 'text', responseId: 'r3', text: 'said' });
    session.events.push({ type: 'audio-done', responseId: 'r3' });
    await slots(setup, stream, 400);
    expect(session.playouts.map(({ responseId, state }) => `${responseId} ${state}`)).toEqual(['r1 started']);
    stream.emit({ type: 'digit', digit: '1', durationMs: 100, atMs: setup.clock.now() });
    session.events.push({ type: 'audio', responseId: 'r2', data: audio(400) });
    await slots(setup, stream, 100);
    setup.leg.emit(bye);
    await settle();
    expect(session.playouts.map(({ responseId, state, heardMs }) => `${responseId} ${state} ${heardMs}`)).toEqual([
      'r1 started 0',
      'r1 interrupted 380',
      'r2 interrupted 0',
      'r3 interrupted 0',
    ]);
  });

  test('a response of text alone is reported when its turn comes, and does not count as heard', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one']);
    session.events.push({ type: 'text', responseId: 'r2', text: 'never spoken' });
    session.events.push({ type: 'audio-done', responseId: 'r2' });
    await slots(setup, stream, 600);
    expect(session.playouts.map(({ responseId, state }) => `${responseId} ${state}`)).toEqual([
      'r1 started',
      'r1 finished',
      'r2 interrupted',
    ]);
    expect(session.call.history).toMatchObject([
      { responseId: 'r1', text: 'one', heardText: 'one', interrupted: false },
      { responseId: 'r2', text: 'never spoken', heardText: '', interrupted: true },
    ]);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.transcript).toMatchObject([{ role: 'agent', text: 'one' }]);
  });

  test('what was announced and never played is reported at the end of the call, before the session ends', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    session.events.push({ type: 'text', responseId: 'r1', text: 'announced' });
    session.events.push({ type: 'audio', responseId: 'r2', data: audio(0) });
    await settle();
    setup.leg.emit(bye);
    await settle();
    expect(session.playouts).toMatchObject([
      { responseId: 'r1', state: 'interrupted', heardMs: 0, heardText: '', heardChars: 0 },
      { responseId: 'r2', state: 'interrupted', heardMs: 0 },
    ]);
  });

  test('audio that comes after audio-done is dropped', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one']);
    session.events.push({ type: 'audio', responseId: 'r1', data: audio(400) });
    await settle();
    expect(stream.queuedMs()).toBe(400);
  });

  test('what the caller said stands in the history, what the agent says of itself does not', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    const turn = { type: 'transcript', turnId: 't1', final: true } as const;
    session.events.push({ ...turn, role: 'caller', text: 'partly', final: false });
    session.events.push({ ...turn, role: 'caller', text: 'a haircut please' });
    session.events.push({ ...turn, role: 'agent', text: 'what I meant to say' });
    await settle();
    expect(session.call.history).toEqual([{ role: 'caller', turnId: 't1', text: 'a haircut please' }]);
  });
});

describe('the end of the talk', () => {
  const hangUp = { type: 'tool-call', id: 't1', name: 'hang_up', arguments: {} } as const;

  test('hang_up without a response waits for what is queued', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('bye', ['good', 'bye']);
    session.events.push(hangUp);
    await slots(setup, stream, 780);
    setup.clock.advance(300);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 40);
    setup.clock.advance(200);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('hang_up that comes before its goodbye waits for it', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.events.push({ ...hangUp, responseId: 'bye' });
    await slots(setup, stream, 1000);
    expect(setup.leg.actions).toEqual(['180', '200']);
    session.say('bye', ['good', 'bye']);
    await slots(setup, stream, 780);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 40);
    setup.clock.advance(200);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('hang_up for a goodbye that never comes ends after what is queued', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.events.push({ ...hangUp, responseId: 'bye' });
    await slots(setup, stream, 2980);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 300);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('hang_up for a goodbye that was played already ends at once', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('bye', ['bye']);
    await slots(setup, stream, 500);
    session.events.push({ ...hangUp, responseId: 'bye' });
    await slots(setup, stream, 240);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('a goodbye whose voice fails does not hold the line', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.events.push({ type: 'text', responseId: 'bye', text: 'goodbye' });
    session.events.push({ ...hangUp, responseId: 'bye' });
    session.events.push({ type: 'audio-done', responseId: 'bye' });
    await slots(setup, stream, 240);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('a session that completes is heard to the end, even without audio-done', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('bye', ['good', 'bye'], false);
    session.events.push({ type: 'end', reason: 'completed' });
    await slots(setup, stream, 780);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 240);
    expect(setup.leg.actions.at(-1)).toContain('normal');
    await settle();
    expect(setup.records[0]).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' } });
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('the result of a tool that outlives the call goes nowhere', async () => {
    let finish = (): void => {};
    const slow = scriptedTool(
      async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { output: 1, reply: true };
      },
      { name: 'slow' },
    );
    const setup = setUp({ deps: { tools: runnerOf(slow) } });
    const { session } = await answer(setup);
    session.events.push({ type: 'tool-call', id: 't1', name: 'slow', arguments: {} });
    await settle();
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
    finish();
    await settle();
    expect(session.results).toEqual([]);
    expect(setup.events.at(-1)?.type).toBe('call-ended');
  });
});

describe('hold', () => {
  test.each(['sendonly', 'inactive'] as const)(
    '%s: the session hears nothing, and its clock rests',
    async (direction) => {
      const setup = setUp();
      const { stream, session } = await answer(setup);
      await slots(setup, stream, 100, true);
      voiceStarted(setup, stream, 40);
      hold(setup, direction);
      expect(session.told.slice(-2)).toEqual(['voice stopped', 'end-turn']);
      await slots(setup, stream, 20_000, true);
      voiceStarted(setup, stream, 10_000);
      voiceStopped(setup, stream, 12_000);
      expect(session.told.at(-1)).toBe('end-turn');
      hold(setup, 'sendrecv');
      await slots(setup, stream, 40);
      expect(session.positionsMs).toEqual([0, 20, 40, 60, 80, 100, 120]);
      voiceStarted(setup, stream, 20_120);
      expect(session.voices.slice(-2)).toEqual(['started 120', 'accepted 120']);
    },
  );

  test('a session that comes to the end of a short sound only on hold owes no answer to it', async () => {
    const setup = setUp({ capabilities: { turnTaking: 'flavor' } });
    const { stream, session } = await answer(setup);
    const sound = async (): Promise<void> => {
      voiceStarted(setup, stream, 0);
      await slots(setup, stream, 400, true);
      await slots(setup, stream, 500);
      voiceStopped(setup, stream, 400);
      await settle();
    };
    session.events.push({ type: 'speech-started', positionMs: 0 });
    await sound();
    session.say('r1', ['one', 'two']);
    await slots(setup, stream, 1_500);
    await sound();
    hold(setup, 'sendonly');
    session.events.push({ type: 'speech-stopped', positionMs: 400 });
    await slots(setup, stream, 15_000);
    expect(setup.records).toEqual([]);
  });

  test('neither silence nor missing packets end a call on hold; both count anew afterwards', async () => {
    const setup = setUp();
    const { stream } = await answer(setup);
    await slots(setup, stream, 5_000);
    hold(setup, 'sendonly');
    await slots(setup, stream, 15_000);
    stream.emit({ type: 'rtp-timeout' });
    await settle();
    expect(setup.records).toEqual([]);
    const touched = stream.touched;
    hold(setup, 'sendrecv');
    expect(stream.touched).toBe(touched + 1);
    await slots(setup, stream, 9_980);
    expect(setup.records).toEqual([]);
    await slots(setup, stream, 40);
    expect(setup.records[0]?.cause.text).toBe('silence');
  });
});

describe('what a session says at the wrong time', () => {
  test('warnings and usage that come before the port is open are kept', async () => {
    const setup = setUp();
    let opened = (): void => {};
    const opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const open = setup.engine.open.bind(setup.engine);
    setup.engine.open = async (options) => {
      await opening;
      return open(options);
    };
    setup.call.begin();
    await settle();
    const error = new FlavorError('ERR_FLAVOR_QUOTA', 'nearly used up', true);
    setup.flavor.sessions[0]?.events.push({ type: 'warning', error });
    setup.flavor.sessions[0]?.events.push({
      type: 'usage',
      provider: 'p',
      model: 'm',
      unit: 'characters',
      quantity: 5,
    });
    await settle();
    opened();
    await settle();
    setup.leg.emit(bye);
    await settle();
    expect(setup.events.filter((event) => event.type === 'warning')).toMatchObject([{ code: 'ERR_FLAVOR_QUOTA' }]);
    expect(setup.records[0]?.usage).toEqual([{ provider: 'p', model: 'm', unit: 'characters', quantity: 5 }]);
  });

  const used = { provider: 'p', model: 'm', unit: 'audio-ms', quantity: 700 } as const;

  test('what it has used is told at the end of the call, and is in its record', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    session.lastWords = [
      { type: 'usage', ...used },
      { type: 'warning', error: new FlavorError('ERR_FLAVOR_NETWORK', 'too late', true) },
    ];
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.usage).toEqual([used]);
    expect(setup.events.filter((event) => event.type === 'warning')).toEqual([]);
  });

  test('and where the caller gave up before they talked', async () => {
    const setup = setUp();
    let opened = (): void => {};
    const opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const open = setup.engine.open.bind(setup.engine);
    setup.engine.open = async (options) => {
      await opening;
      return open(options);
    };
    setup.call.begin();
    await settle();
    const [session] = setup.flavor.sessions;
    if (session) session.lastWords = [{ type: 'usage', ...used }];
    setup.leg.emit(bye);
    await settle();
    opened();
    await settle();
    expect(setup.records[0]?.usage).toEqual([used]);
  });

  test('speech that never ends and has run dry does not count as the agent speaking', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one'], false);
    await slots(setup, stream, 400);
    await slots(setup, stream, 10_020);
    expect(setup.records[0]?.cause.text).toBe('silence');
  });
});
