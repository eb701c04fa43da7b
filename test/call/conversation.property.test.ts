import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OFFER } from '../support/fake-leg.js';
import { answer, bye, settle, setUp } from './call-setup.js';

type Step =
  | { readonly type: 'text' | 'audio' | 'done'; readonly response: number }
  | { readonly type: 'slots'; readonly count: number; readonly voiced: boolean }
  | { readonly type: 'started' | 'stopped' | 'digit' | 'hold' | 'resume' | 'hang-up' };

const response = fc.integer({ min: 0, max: 4 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constantFrom('text' as const, 'audio' as const, 'done' as const), response }),
  {
    arbitrary: fc.record({
      type: fc.constant('slots' as const),
      count: fc.integer({ min: 1, max: 30 }),
      voiced: fc.boolean(),
    }),
    weight: 2,
  },
  fc.record({
    type: fc.constantFrom(
      'started' as const,
      'started' as const,
      'stopped' as const,
      'digit' as const,
      'hold' as const,
      'resume' as const,
      'hang-up' as const,
    ),
  }),
);

test('whatever happens, in whatever order, the session is told what the contract promises', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (order) => {
      const setup = setUp();
      const { stream, session } = await answer(setup);
      const announced = new Set<string>();
      let speaking = false;
      let positionMs = 0;
      const atMs = (): number => setup.clock.now();
      const offer = (direction: string): void => {
        const reply = { accept: () => {}, reject: () => {} };
        setup.leg.emit({ type: 'offer', sdp: `${OFFER}a=${direction}\r\n`, reply });
      };
      for (const step of order) {
        if (setup.records.length > 0) break;
        switch (step.type) {
          case 'text':
          case 'audio':
          case 'done': {
            const responseId = `r${step.response}`;
            if (step.type !== 'done') announced.add(responseId);
            if (step.type === 'text') session.events.push({ type: 'text', responseId, text: 'word ' });
            else if (step.type === 'done') session.events.push({ type: 'audio-done', responseId });
            else session.events.push({ type: 'audio', responseId, data: new Uint8Array(160 * 10) });
            break;
          }
          case 'slots':
            for (let index = 0; index < step.count; index += 1) {
              setup.clock.advance(20);
              stream.slot(step.voiced);
              positionMs += 20;
              await settle();
            }
            break;
          case 'started':
            if (!speaking)
              stream.emit({ type: 'voice-started', positionMs: Math.max(0, positionMs - 60), atMs: atMs() });
            speaking = true;
            break;
          case 'stopped':
            if (speaking) stream.emit({ type: 'voice-stopped', positionMs, speechMs: 100, atMs: atMs() });
            speaking = false;
            break;
          case 'digit':
            setup.leg.emit({ type: 'digit', digit: '1', durationMs: 100 });
            break;
          case 'hold':
            offer('sendonly');
            break;
          case 'resume':
            offer('sendrecv');
            break;
          case 'hang-up':
            session.events.push({ type: 'tool-call', id: 't', name: 'hang_up', arguments: {} });
            break;
        }
        await settle();
        const undecided = session.voices.at(-1)?.startsWith('started') ?? false;
        // The agent is held back as long as a verdict is due, and no longer.
        if (!stream.closed) expect(stream.paused).toBe(undecided);
      }
      if (setup.records.length === 0) setup.leg.emit(bye);
      await settle();

      expect(session.told.filter((what) => what === 'start')).toHaveLength(1);
      expect(setup.records).toHaveLength(1);
      expect(setup.clock.pendingTimers).toBe(0);
      for (const responseId of announced) {
        const states = session.playouts.filter((report) => report.responseId === responseId).map(({ state }) => state);
        expect(states.filter((state) => state !== 'started')).toHaveLength(1);
        expect(states.slice(0, -1)).toEqual(states.length === 2 ? ['started'] : []);
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
    }),
    { numRuns: 150 },
  );
});
