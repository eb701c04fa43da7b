import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultTurnTakingTimes } from '../../src/call/turns/turn-taking.js';
import { createHangUpTool } from '../../src/tools/hang-up.js';
import { defaultInterruptionOptions } from '../support/call-policies.js';
import { OFFER } from '../support/fake-leg.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { answer, bye, settle, setUp } from './call-setup.js';

type Step =
  | { readonly type: 'text' | 'audio' | 'done'; readonly response: number }
  | { readonly type: 'slots'; readonly count: number; readonly sound: 'none' | 'stirring' | 'voiced' }
  /** A sound as the detector reports it, with a pause after it. */
  | { readonly type: 'utter'; readonly stirs: boolean; readonly frames: number; readonly pause: number }
  | { readonly type: 'transcript'; readonly turn: number; readonly text: string; readonly final: boolean }
  | { readonly type: 'heard' | 'unheard'; readonly positionMs: number }
  | { readonly type: 'started' | 'stopped' | 'digit' | 'hold' | 'resume' }
  | { readonly type: 'hang-up' | 'slow-tool' | 'tool-done' | 'end' };

const response = fc.integer({ min: 0, max: 2 });
/** After so many steps the agent says something else. */
const STEPS_PER_ANSWER = 8;
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({ type: fc.constantFrom('text' as const, 'audio' as const, 'done' as const), response }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('slots' as const),
      count: fc.integer({ min: 1, max: 40 }),
      sound: fc.constantFrom('none' as const, 'stirring' as const, 'voiced' as const),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('utter' as const),
      stirs: fc.boolean(),
      frames: fc.integer({ min: 4, max: 40 }),
      pause: fc.integer({ min: 0, max: 40 }),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('transcript' as const),
      turn: fc.integer({ min: 0, max: 3 }),
      text: fc.constantFrom('', 'mm-hm', 'yeah, okay', 'stop', 'what about Monday'),
      final: fc.boolean(),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom('heard' as const, 'unheard' as const),
      positionMs: fc.integer({ min: -100, max: 10_000 }),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom('started' as const, 'started' as const, 'stopped' as const, 'digit' as const),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ type: fc.constantFrom('hold' as const, 'resume' as const) }), weight: 2 },
  {
    arbitrary: fc.record({
      type: fc.constantFrom('hang-up' as const, 'slow-tool' as const, 'tool-done' as const, 'end' as const),
    }),
    weight: 1,
  },
);

const interruption = fc.record({
  enabled: fc.boolean(),
  minSpeechMs: fc.integer({ min: 0, max: 800 }),
  minWords: fc.integer({ min: 0, max: 3 }),
  rejectAfterMs: fc.integer({ min: 100, max: 1500 }),
  backchannels: fc.constantFrom([], ['mm-hm', 'yeah', 'okay']),
  greeting: fc.boolean(),
  echoGuardMs: fc.constantFrom(0, 300, 800),
});
const options = fc.oneof({ arbitrary: fc.constant(defaultInterruptionOptions), weight: 1 }, interruption);

test('whatever happens, in whatever order, the contract is kept, and in the end the agent talks or the call is over', async () => {
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(steps, { minLength: 25, maxLength: 70, size: 'max' }),
      async (interruption, order) => {
        const pendingTools: (() => void)[] = [];
        const slow = scriptedTool(
          async () => {
            await new Promise<void>((resolve) => pendingTools.push(resolve));
            return { output: 1, reply: true };
          },
          { name: 'slow' },
        );
        const tools = runnerOf(createHangUpTool(), slow);
        const setup = setUp({ options: { interruption }, deps: { tools } });
        const { stream, session } = await answer(setup);
        const announced = new Set<string>();
        const flushed = new Set<string>();
        const saidAfterFlush: string[] = [];
        const play = stream.play.bind(stream);
        stream.play = (responseId, audio) => {
          if (flushed.has(responseId)) saidAfterFlush.push(responseId);
          play(responseId, audio);
        };
        const flush = stream.flush.bind(stream);
        stream.flush = () => {
          for (const responseId of announced) flushed.add(responseId);
          return flush();
        };
        let speaking = false;
        let stirring = false;
        let positionMs = 0;
        let pausedMs = 0;
        const resume = stream.resume.bind(stream);
        stream.resume = () => {
          // One pause may end and the next begin between two frames.
          pausedMs = 0;
          return resume();
        };
        let toolCalls = 0;
        const isOver = (): boolean => setup.records.length > 0;
        const offer = (direction: string): void => {
          const reply = { accept: () => {}, reject: () => {} };
          setup.leg.emit({ type: 'offer', sdp: `${OFFER}a=${direction}\r\n`, reply });
        };
        const stop = (): void => {
          if (speaking) stream.emit({ type: 'voice-stopped', positionMs, speechMs: 100, atMs: setup.clock.now() });
          speaking = false;
        };
        const slots = async (count: number, sound: 'none' | 'stirring' | 'voiced'): Promise<void> => {
          stirring = sound === 'stirring';
          for (let index = 0; index < count && !isOver(); index += 1) {
            setup.clock.advance(20);
            stream.slot(sound === 'voiced', stirring);
            positionMs += 20;
            pausedMs = stream.paused ? pausedMs + 20 : 0;
            expect(pausedMs).toBeLessThanOrEqual(defaultTurnTakingTimes.undecidedMs + 20);
            await settle();
          }
        };
        const start = (): void => {
          if (speaking) return;
          speaking = true;
          const onsetMs = Math.max(0, positionMs - 60);
          stream.emit({ type: 'voice-started', positionMs: onsetMs, atMs: setup.clock.now() });
        };
        const perform = async (step: Step, index: number): Promise<void> => {
          switch (step.type) {
            case 'text':
            case 'audio':
            case 'done': {
              const responseId = `r${Math.floor(index / STEPS_PER_ANSWER)}-${step.response}`;
              if (step.type !== 'done') announced.add(responseId);
              if (step.type === 'text') session.events.push({ type: 'text', responseId, text: 'word ' });
              else if (step.type === 'done') session.events.push({ type: 'audio-done', responseId });
              else session.events.push({ type: 'audio', responseId, data: new Uint8Array(160 * 50) });
              return;
            }
            case 'slots':
              await slots(step.count, step.sound);
              return;
            case 'transcript': {
              const { turn, text, final } = step;
              session.events.push({ type: 'transcript', role: 'caller', turnId: `t${turn}`, text, final });
              return;
            }
            case 'heard':
              session.events.push({ type: 'speech-started', positionMs: step.positionMs });
              return;
            case 'unheard':
              session.events.push({ type: 'speech-stopped', positionMs: step.positionMs });
              return;
            case 'utter':
              if (step.stirs) await slots(2, 'stirring');
              await slots(3, 'voiced');
              if (isOver()) return;
              start();
              await slots(step.frames - 3, 'voiced');
              await slots(step.pause, 'none');
              if (step.pause >= 25 && !isOver()) stop();
              return;
            case 'started':
              start();
              return;
            case 'stopped':
              stop();
              return;
            case 'digit':
              setup.leg.emit({ type: 'digit', digit: '1', durationMs: 100 });
              return;
            case 'hold':
              offer('sendonly');
              return;
            case 'resume':
              offer('sendrecv');
              return;
            case 'hang-up':
            case 'slow-tool': {
              toolCalls += 1;
              const name = step.type === 'hang-up' ? 'hang_up' : 'slow';
              session.events.push({ type: 'tool-call', id: `c${toolCalls}`, name, arguments: {} });
              return;
            }
            case 'tool-done':
              pendingTools.shift()?.();
              return;
            case 'end':
              session.events.push({ type: 'end', reason: 'completed' });
          }
        };

        for (const [index, step] of order.entries()) {
          if (isOver()) break;
          await perform(step, index);
          await settle();
          const undecided = session.voices.at(-1)?.startsWith('started') ?? false;
          // The agent is held back only as long as a verdict is due, or something sounds that may be speech.
          if (!stream.closed && !session.events.ended && stream.paused) expect(undecided || stirring).toBe(true);
        }

        if (!isOver()) {
          offer('sendrecv');
          stop();
          for (const responseId of announced) session.events.push({ type: 'audio-done', responseId });
          session.say('last', ['still', 'talking']);
          announced.add('last');
          await settle();
          await slots((stream.queuedMs() + 4000) / 20, 'none');
          if (!isOver() && !session.events.ended) {
            expect(session.playouts.at(-1)).toMatchObject({ responseId: 'last', state: 'finished' });
          }
        }
        if (!isOver()) setup.leg.emit(bye);
        await settle();
        for (const finish of pendingTools) finish();
        await settle();

        expect(session.told.filter((what) => what === 'start')).toHaveLength(1);
        expect(setup.records).toHaveLength(1);
        expect(setup.clock.pendingTimers).toBe(0);
        expect(saidAfterFlush).toEqual([]);
        for (const responseId of announced) {
          const states = session.playouts
            .filter((report) => report.responseId === responseId)
            .map(({ state }) => state);
          // A session that has ended hears no more.
          if (session.events.ended && states.length === 0) continue;
          expect(states.filter((state) => state !== 'started').length).toBeLessThanOrEqual(1);
          if (states.at(-1) !== 'started') expect(states.slice(0, -1)).toEqual(states.length === 2 ? ['started'] : []);
          else expect(session.events.ended).toBe(true);
        }
        // Voices alternate; each onset has one verdict at its own position, but for one that the end of the call cut off.
        const kinds = session.voices
          .map((voice) => voice.split(' ')[0])
          .filter((kind) => kind === 'started' || kind === 'stopped');
        expect(kinds).toEqual(kinds.map((_kind, index) => (index % 2 === 0 ? 'started' : 'stopped')));
        let onset: string | undefined;
        for (const voice of session.voices) {
          const [kind, position] = voice.split(' ');
          if (kind === 'started') {
            expect(onset).toBeUndefined();
            onset = position;
          } else if (kind !== 'stopped') {
            expect(position).toBe(onset);
            onset = undefined;
          }
        }
        // Positions of frames are gap-free.
        expect(session.positionsMs).toEqual(session.positionsMs.map((_position, index) => index * 20));
      },
    ),
    { numRuns: 100 },
  );
});
