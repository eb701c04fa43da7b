import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultInterruptionOptions } from '../support/call-policies.js';
import { answer, bye, settle, setUp, slots } from './call-setup.js';

type Step =
  /** The caller makes a sound, which the detector may take for speech; then there is a pause. */
  | { readonly type: 'sound'; readonly stirs: boolean; readonly frames: number; readonly pause: number }
  | { readonly type: 'answer'; readonly words: number }
  | { readonly type: 'transcript'; readonly text: string; readonly final: boolean }
  | { readonly type: 'heard' };

const sound = fc.record({
  type: fc.constant('sound' as const),
  stirs: fc.boolean(),
  frames: fc.integer({ min: 1, max: 50 }),
  pause: fc.integer({ min: 1, max: 45 }),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: sound, weight: 6 },
  { arbitrary: fc.record({ type: fc.constant('answer' as const), words: fc.integer({ min: 1, max: 6 }) }), weight: 3 },
  {
    arbitrary: fc.record({
      type: fc.constant('transcript' as const),
      text: fc.constantFrom('mm-hm', 'stop', 'what about Monday'),
      final: fc.boolean(),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ type: fc.constant('heard' as const) }), weight: 1 },
);

const pieces = { turnTaking: 'flavor', needsVad: true } as const;

/** What becomes of the call, and in which slot; and in which slots the session was written to. */
async function run(order: readonly Step[], pieceFrames: number, keepsFrames: boolean, echoGuardMs: number) {
  const setup = setUp({
    capabilities: pieces,
    options: { interruption: { ...defaultInterruptionOptions, echoGuardMs } },
  });
  const { stream, session } = await answer(setup);
  session.pieceFrames = pieceFrames;
  stream.keepsFrames = keepsFrames;
  const happened: string[] = [];
  const written: number[] = [];
  /** The slot in which the last frame of each piece was written. */
  const pieceSlots: number[] = [];
  let slot = 0;
  for (const command of ['pause', 'resume', 'flush'] as const) {
    const carryOut = stream[command].bind(stream);
    stream[command] = () => {
      happened.push(`${slot} ${command}`);
      return carryOut();
    };
  }
  const write = session.write.bind(session);
  session.write = (frame) => {
    write(frame);
    written.push(slot);
    if (session.frames % pieceFrames === 0) pieceSlots.push(slot);
  };
  let told = 0;
  const pass = async (voiced: boolean, stirring: boolean): Promise<void> => {
    setup.clock.advance(20);
    slot += 1;
    stream.slot(voiced, stirring);
    await settle();
    for (; told < session.told.length; told += 1) happened.push(`${slot} ${session.told[told]}`);
  };
  let answers = 0;
  for (const step of order) {
    switch (step.type) {
      case 'sound': {
        const onset = slot * 20;
        if (step.stirs) for (let index = 0; index < 2; index += 1) await pass(false, true);
        for (let index = 0; index < step.frames; index += 1) {
          await pass(true, step.stirs);
          if (index === 4) stream.emit({ type: 'voice-started', positionMs: onset, atMs: setup.clock.now() });
        }
        for (let index = 0; index < step.pause; index += 1) {
          await pass(false, false);
          if (index !== 24 || step.frames < 5) continue;
          const speechMs = step.frames * 20;
          stream.emit({ type: 'voice-stopped', positionMs: onset + speechMs, speechMs, atMs: setup.clock.now() });
        }
        break;
      }
      case 'answer':
        answers += 1;
        session.say(`r${answers}`, new Array<string>(step.words).fill('word'));
        break;
      case 'transcript':
        session.events.push({
          type: 'transcript',
          role: 'caller',
          turnId: `t${answers}`,
          text: step.text,
          final: step.final,
        });
        break;
      case 'heard':
        session.events.push({ type: 'speech-started', positionMs: slot * 20 - 100 });
    }
    await settle();
  }
  setup.leg.emit(bye);
  await settle();
  const { bargeIns, turns } = setup.records[0] ?? {};
  return { happened, written, pieceSlots, playouts: session.playouts, voices: session.voices, bargeIns, turns };
}

test('frames that are kept for a session’s pieces change nothing: not a piece, not an interruption, not by one slot', async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: 5, maxLength: 20, size: 'max' }),
      fc.integer({ min: 2, max: 5 }),
      fc.constantFrom(0, 300),
      async (order, pieceFrames, echoGuardMs) => {
        const each = await run(order, pieceFrames, false, echoGuardMs);
        const together = await run(order, pieceFrames, true, echoGuardMs);
        expect({ ...together, written: [] }).toEqual({ ...each, written: [] });
        expect(each.written.length - together.written.length).toBeLessThan(pieceFrames);
        kept += together.written.filter((slot, index) => slot !== each.written[index]).length;
      },
    ),
    { numRuns: 15 },
  );
  expect(kept).toBeGreaterThan(100);
});

test('what a session says finds it told of everything that was kept', async () => {
  const setup = setUp({ capabilities: pieces });
  const { stream, session } = await answer(setup);
  session.pieceFrames = 4;
  await slots(setup, stream, 20);
  stream.keepsFrames = true;
  await slots(setup, stream, 40);
  expect(session.frames).toBe(1);
  session.events.push({ type: 'transcript', role: 'caller', turnId: 't', text: 'well', final: false });
  await settle();
  expect(session.frames).toBe(3);
  await slots(setup, stream, 20);
  expect(session.frames).toBe(4);
});

test('frames are kept from no session that says nothing of pieces, or nonsense, nor where the host takes the turns', async () => {
  for (const [awaitedInputMs, turnTaking, awaited] of [
    [undefined, 'flavor', 1],
    [Number.NaN, 'flavor', 1],
    [-60, 'flavor', 1],
    [60, 'host', 1],
    [60, 'flavor', 3],
    [50, 'flavor', 3],
    [1e9, 'flavor', 5],
  ] as const) {
    const setup = setUp({ capabilities: { ...pieces, turnTaking } });
    const { stream, session } = await answer(setup);
    Object.defineProperty(session, 'awaitedInputMs', { value: awaitedInputMs });
    const asked: number[] = [];
    stream.awaitFrames = (count) => asked.push(count);
    await slots(setup, stream, 20);
    expect(asked.at(-1)).toBe(awaited);
  }
});

test('a session that throws when it is asked costs no frame', async () => {
  const setup = setUp({ capabilities: pieces });
  const { stream, session } = await answer(setup);
  Object.defineProperty(session, 'awaitedInputMs', {
    get: () => {
      throw new Error('broken');
    },
  });
  const before = session.frames;
  await slots(setup, stream, 100);
  expect(session.frames).toBe(before + 5);
});
