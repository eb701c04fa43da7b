import { describe, expect, test } from 'vitest';
import type { InterruptionOptions } from '../../src/call/turns/turn-taking.js';
import { defaultInterruptionOptions } from '../support/call-policies.js';
import { OFFER } from '../support/fake-leg.js';
import type { FakeStream } from '../support/fake-media.js';
import { answer, bye, type CallSetup, type Setup, settle, setUp, slots } from './call-setup.js';

function withOptions(changes: Partial<InterruptionOptions>, setup: CallSetup = {}): Setup {
  const options = { interruption: { ...defaultInterruptionOptions, ...changes }, ...setup.options };
  return setUp({ ...setup, options });
}

/** So many ms of sound that may be speech and is not. */
async function stirring(setup: Setup, stream: FakeStream, ms: number): Promise<void> {
  for (let elapsed = 0; elapsed < ms; elapsed += 20) {
    setup.clock.advance(20);
    stream.slot(false, true);
    await settle();
  }
}

function voice(setup: Setup, stream: FakeStream, type: 'started' | 'stopped', positionMs: number): void {
  const atMs = setup.clock.now();
  if (type === 'started') stream.emit({ type: 'voice-started', positionMs, atMs });
  else stream.emit({ type: 'voice-stopped', positionMs, speechMs: 100, atMs });
}

const transcript = (turnId: string, text: string, final = false) =>
  ({ type: 'transcript', role: 'caller', turnId, text, final }) as const;

const digit = (setup: Setup) => ({ type: 'digit', digit: '5', durationMs: 100, atMs: setup.clock.now() }) as const;

describe('a first sign of speech', () => {
  test('pauses the agent, and the session hears nothing of it unless speech follows', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    await stirring(setup, stream, 40);
    expect(stream.paused).toBe(true);
    await slots(setup, stream, 40);
    expect(stream.paused).toBe(false);
    expect(session.told).toEqual(['start']);
    await slots(setup, stream, 1000);
    expect(session.playouts.at(-1)).toMatchObject({ state: 'finished', heardText: 'one two three' });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns).toMatchObject([{ resumed: true, decisionToSilenceMs: 20 }]);
  });

  test('does not outlast a hold', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    await stirring(setup, stream, 40);
    const reply = { accept: () => {}, reject: () => {} };
    setup.leg.emit({ type: 'offer', sdp: `${OFFER}a=sendonly\r\n`, reply });
    expect(stream.paused).toBe(false);
  });

  test('that speech follows is paused once, and measured from the onset that the detector found', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four']);
    await slots(setup, stream, 400);
    await stirring(setup, stream, 60);
    voice(setup, stream, 'started', 380);
    await slots(setup, stream, 600, true);
    expect(session.told).toEqual(['start', 'voice started', 'onset accepted', 'interrupt speech']);
    setup.leg.emit(bye);
    await settle();
    // Received 40 ms before it is delivered; the pause takes effect a slot after the sign.
    const [bargeIn] = setup.records[0]?.bargeIns ?? [];
    expect(bargeIn).toMatchObject({ resumed: false, onsetToPauseMs: 100, decisionToSilenceMs: 20 });
  });
});

describe('words', () => {
  test('interrupt at once, before the sound is long enough', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    await slots(setup, stream, 100, true);
    session.events.push(transcript('t1', 'Stop'));
    await settle();
    expect(session.told).toEqual(['start', 'voice started', 'onset accepted', 'interrupt speech']);
  });

  test('of a listener let the agent go on', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four', 'five']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    for (const text of ['Mm-hm', 'Mmm-hm, yeah']) {
      await slots(setup, stream, 400, true);
      session.events.push(transcript('t1', text));
    }
    await slots(setup, stream, 300);
    expect(session.told).toEqual(['start', 'voice started', 'onset rejected']);
    expect(stream.paused).toBe(false);
  });

  test('of the turn that the agent answers interrupt nobody', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    voice(setup, stream, 'started', 0);
    await slots(setup, stream, 400, true);
    voice(setup, stream, 'stopped', 400);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 780);
    session.events.push(transcript('t1', 'Do you open on Sundays?', true));
    await slots(setup, stream, 600);
    expect(session.told.slice(-2)).toEqual(['voice started', 'onset rejected']);
  });

  test('of which the host has heard nothing interrupt, and are a turn that ends with them', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    session.events.push(transcript('t1', 'mm-hm', true));
    await settle();
    expect(session.told).toEqual(['start']);
    session.events.push(transcript('t2', 'what'));
    session.events.push(transcript('t2', 'what was that', true));
    await settle();
    expect(session.told.slice(1)).toEqual([
      'voice started',
      'onset accepted',
      'interrupt speech',
      'voice stopped',
      'end-turn',
    ]);
  });

  test('that come before the detector is sure are of the same onset', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    await stirring(setup, stream, 60);
    session.events.push(transcript('t1', 'what'));
    await slots(setup, stream, 40, true);
    voice(setup, stream, 'started', 400);
    await slots(setup, stream, 200, true);
    voice(setup, stream, 'stopped', 700);
    session.events.push(transcript('t1', 'what was that', true));
    await settle();
    expect(session.told.slice(1)).toEqual([
      'voice started',
      'onset accepted',
      'interrupt speech',
      'voice stopped',
      'end-turn',
    ]);
  });

  test('that come while the agent is silent, and of which nothing was heard, are left to the flavor', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    session.events.push(transcript('t1', 'hello there', true));
    await settle();
    expect(session.told).toEqual(['start']);
  });

  test('that come when the agent goes on again still interrupt it, and are answered', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four', 'five', 'six']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    await slots(setup, stream, 200, true);
    await slots(setup, stream, 500);
    voice(setup, stream, 'stopped', 600);
    expect(session.told.slice(1)).toEqual(['voice started', 'onset rejected', 'voice stopped']);
    session.events.push(transcript('t1', 'Stop.', true));
    await slots(setup, stream, 20);
    expect(session.told.slice(4)).toEqual([
      'voice started',
      'onset accepted',
      'interrupt speech',
      'voice stopped',
      'end-turn',
    ]);
    expect(session.voices.slice(3)).toEqual(['started 340', 'accepted 340', 'stopped 600']);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
    await slots(setup, stream, 20);
    setup.leg.emit(bye);
    await settle();
    // One sound: it paused the agent, and silenced it for good when it was understood.
    expect(setup.records[0]?.bargeIns).toMatchObject([
      { onsetMs: 300, onsetToPauseMs: 120, resumed: true },
      { onsetMs: 300, onsetToPauseMs: 840, resumed: false },
    ]);
  });

  test('that come when the agent has finished are answered', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    await slots(setup, stream, 200, true);
    await slots(setup, stream, 1000);
    voice(setup, stream, 'stopped', 600);
    session.events.push(transcript('t1', 'Why?', true));
    await settle();
    expect(session.told.slice(4)).toEqual(['voice started', 'onset accepted', 'voice stopped', 'end-turn']);
    session.say('r2', ['because']);
    await slots(setup, stream, 500);
    setup.leg.emit(bye);
    await settle();
    // The last voiced frame was received at 560 ms; the answer's second slot is at 1640 ms.
    expect(setup.records[0]?.turns[1]?.v2vMs).toBe(1080);
  });
});

describe("a flavor's own onset", () => {
  test('pauses the agent; without a voice in 500 ms the agent goes on', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four']);
    await slots(setup, stream, 400);
    session.events.push({ type: 'speech-started', positionMs: 300 });
    await settle();
    expect(stream.paused).toBe(true);
    await slots(setup, stream, 520);
    expect(stream.paused).toBe(false);
    expect(session.voices).toEqual(['started 300', 'rejected 300', 'stopped 900']);
    session.events.push({ type: 'speech-stopped', positionMs: 500 });
    await settle();
    expect(session.voices).toHaveLength(3);
  });

  test('is one and the same as the host\u2019s that follows', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four']);
    await slots(setup, stream, 400);
    session.events.push({ type: 'speech-started', positionMs: 300 });
    await slots(setup, stream, 100, true);
    voice(setup, stream, 'started', 400);
    await slots(setup, stream, 600, true);
    session.events.push({ type: 'speech-stopped', positionMs: 900 });
    await settle();
    expect(session.voices).toEqual(['started 300', 'accepted 300']);
    voice(setup, stream, 'stopped', 1000);
    expect(session.voices).toEqual(['started 300', 'accepted 300', 'stopped 1000']);
  });

  test('is a turn while the agent is silent, though the host has heard nothing', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 400);
    session.events.push({ type: 'speech-started', positionMs: 300 });
    await slots(setup, stream, 200);
    session.events.push({ type: 'speech-stopped', positionMs: 500 });
    await settle();
    expect(session.told.slice(1)).toEqual(['voice started', 'onset accepted', 'voice stopped', 'end-turn']);
    expect(session.voices).toEqual(['started 300', 'accepted 300', 'stopped 600']);
  });

  test('that tells of speech the host has heard to its end is nothing', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    await slots(setup, stream, 600);
    voice(setup, stream, 'stopped', 450);
    session.events.push({ type: 'speech-started', positionMs: 200 });
    await settle();
    expect(stream.paused).toBe(false);
    expect(session.voices).toHaveLength(3);
  });

  test.each([
    [-5000, 0],
    [90_000, 400],
    [Number.NaN, 400],
  ])('with the position %d is taken within reason', async (positionMs, told) => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 400);
    session.events.push({ type: 'speech-started', positionMs });
    await settle();
    expect(session.voices[0]).toBe(`started ${told}`);
  });
});

describe('what cannot be interrupted', () => {
  const silenced = async (setup: Setup, stream: FakeStream): Promise<boolean> => {
    voice(setup, stream, 'started', 340);
    await stirring(setup, stream, 100);
    const paused = stream.paused;
    await slots(setup, stream, 600, true);
    voice(setup, stream, 'stopped', 1000);
    stream.emit(digit(setup));
    return paused || stream.queuedMs() === 0;
  };
  const fourWords = ['one', 'two', 'three', 'four'];

  test('nothing at all can be where the route says so; the caller is answered afterwards', async () => {
    const setup = withOptions({ enabled: false });
    const { stream, session } = await answer(setup);
    session.say('r1', fourWords);
    await slots(setup, stream, 400);
    expect(await silenced(setup, stream)).toBe(false);
    expect(session.told).toEqual(['start', 'voice started', 'onset accepted', 'voice stopped', 'end-turn', 'dtmf 5']);
  });

  test('a greeting, where the route says so; what follows it can be', async () => {
    const setup = withOptions({ greeting: false });
    const { stream, session } = await answer(setup);
    session.say('r1', fourWords);
    await slots(setup, stream, 400);
    expect(await silenced(setup, stream)).toBe(false);
    await slots(setup, stream, 1000);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'finished' });
    session.say('r2', fourWords);
    await slots(setup, stream, 400);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r2', state: 'interrupted' });
  });

  test('an answer is no greeting', async () => {
    const setup = withOptions({ greeting: false });
    const { stream, session } = await answer(setup);
    voice(setup, stream, 'started', 0);
    await slots(setup, stream, 400, true);
    voice(setup, stream, 'stopped', 400);
    session.say('r1', fourWords);
    await slots(setup, stream, 400);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
  });

  test.each([
    ['that the route names', { options: { greeting: { text: 'Hello!' } } }],
    ['that the flavor is known to have', { capabilities: { greets: true } }],
  ] satisfies [string, CallSetup][])(
    'a greeting %s is one, though the caller says hello first',
    async (_name, from) => {
      const setup = withOptions({ greeting: false }, from);
      const { stream, session } = await answer(setup);
      voice(setup, stream, 'started', 0);
      await slots(setup, stream, 400, true);
      session.say('r1', fourWords);
      await slots(setup, stream, 200);
      stream.emit(digit(setup));
      await slots(setup, stream, 40);
      expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'started' });
    },
  );

  test('a flavor that is known to have no greeting says none', async () => {
    const setup = withOptions({ greeting: false }, { capabilities: { greets: false } });
    const { stream, session } = await answer(setup);
    session.say('r1', fourWords);
    await slots(setup, stream, 200);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
  });

  test('a recorded greeting, where the route says so; what the agent says then can be', async () => {
    const setup = withOptions(
      { greeting: false },
      { options: { greeting: { wav: '/hello.wav', text: 'Hello, this is the salon.' } } },
    );
    const { stream, session } = await answer(setup);
    await slots(setup, stream, 100);
    expect(stream.played).toEqual(['host/1']);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(stream.queuedMs()).toBeGreaterThan(0);
    await slots(setup, stream, 5000);
    session.say('r1', fourWords);
    await slots(setup, stream, 200);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
  });

  test('by default a greeting can be interrupted', async () => {
    const setup = setUp({ options: { greeting: { text: 'Hello!' } } });
    const { stream, session } = await answer(setup);
    session.say('r1', fourWords);
    await slots(setup, stream, 400);
    stream.emit(digit(setup));
    await slots(setup, stream, 40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'r1', state: 'interrupted' });
  });

  test('the echo guard is heeded', async () => {
    const setup = withOptions({ echoGuardMs: 1000 });
    const { stream, session } = await answer(setup);
    session.say('r1', fourWords);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 340);
    expect(stream.paused).toBe(false);
    await slots(setup, stream, 300, true);
    await slots(setup, stream, 500);
    expect(session.told).toEqual(['start', 'voice started', 'onset rejected']);
  });
});

describe('a response that the flavor says is not to be interrupted', () => {
  async function announced() {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.events.push({ type: 'text', responseId: 'law', text: 'Calls are recorded.', atMs: 0 });
    const data = new Uint8Array(1600 * 8);
    session.events.push({ type: 'audio', responseId: 'law', data, interruptible: false });
    session.events.push({ type: 'audio-done', responseId: 'law' });
    await slots(setup, stream, 200);
    return { setup, stream, session };
  }

  test('is heard to its end though the caller speaks, and the flavor hears the caller', async () => {
    const { setup, stream, session } = await announced();
    const frames = session.frames;
    voice(setup, stream, 'started', 140);
    await slots(setup, stream, 700, true);
    expect(stream.paused).toBe(false);
    stream.emit(digit(setup));
    await slots(setup, stream, 1000, true);
    expect(session.frames - frames).toBe(85);
    expect(session.told).not.toContain('interrupt speech');
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'law', state: 'finished' });
  });

  test('leaves the next one as it is', async () => {
    const { setup, stream, session } = await announced();
    await slots(setup, stream, 1600);
    session.say('r2', ['one', 'two', 'three', 'four', 'five']);
    await slots(setup, stream, 400);
    voice(setup, stream, 'started', 2100);
    await slots(setup, stream, 700, true);
    expect(session.told).toContain('interrupt speech');
  });
});
