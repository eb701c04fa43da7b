import { setTimeout as sleep } from 'node:timers/promises';
import { responseText } from '../call-log.js';
import { canaries } from '../canaries.js';
import { type ContractCheck, expect } from '../check.js';
import type { FakeHost } from '../fake-host.js';
import { turnTimes } from '../fake-turns.js';
import { plainWords, rejection, requireCode } from './support.js';

const SPOKEN = 'Your parcel is waiting at the counter.';
/** On the caller's clock: long enough for an answer that must not come. */
const SILENCE_MS = 1_500;

/** Talking with the flavor. */
export const conversationChecks: readonly ContractCheck[] = [
  {
    id: 10,
    title: 'speech of the caller is answered with speech',
    needs: [],
    async run(_harness, context) {
      const { host, action, capabilities } = await context.open('conversation');
      if (capabilities.turnTaking === 'host') {
        expect(typeof host.session.endTurn === 'function', "turnTaking is 'host' and the session has no endTurn()");
      }
      if (capabilities.needsVad) {
        expect(typeof host.session.onVoice === 'function', 'needsVad is true and the session has no onVoice()');
      }
      host.start();
      await host.untilQuiet();
      await host.converse(action);
    },
  },
  {
    id: 12,
    title: 'after interrupt() nothing more comes for the responses it ended',
    needs: ['interruptible'],
    async run(_harness, context) {
      const { host, action, capabilities } = await context.open('long-answer');
      host.start();
      await host.untilQuiet();
      const id = await host.converse(action);
      await host.until(() => (host.playing?.heardMs ?? 0) >= 300, 'playout of 300 ms of the answer');
      const responses = new Set([id, ...host.pending]);
      host.interrupt('speech');
      // What was pushed before the call may still be on its way through the iterator.
      await new Promise((resolve) => setImmediate(resolve));
      const mark = host.log.events.length;
      await host.settle(SILENCE_MS);
      for (const { event } of host.log.events.slice(mark)) {
        if (event.type !== 'audio' && event.type !== 'text') continue;
        expect(!responses.has(event.responseId), `${event.type} for '${event.responseId}' after it was interrupted`);
      }
      if (capabilities.verbatimSpeech) await interruptsWhatIsOnItsWay(host);
      else context.note('no interruption before the first sound: capabilities.verbatimSpeech is false');
    },
  },
  {
    id: 16,
    title: 'digits reach the agent',
    needs: ['dtmf'],
    async run(_harness, context) {
      const { host, action } = await context.open('digits');
      expect(action.type === 'presses', "the trigger of the scenario 'digits' must press keys");
      host.start();
      await host.untilQuiet();
      await host.converse(action, 'speech in answer to digits');
    },
  },
  {
    id: 17,
    title: 'speak({ text }) is spoken word for word',
    needs: ['verbatimSpeech'],
    async run(_harness, context) {
      const { host } = await context.open('conversation');
      host.start();
      await host.untilQuiet();
      const mark = host.log.events.length;
      host.speak({ text: SPOKEN });
      const first = await host.untilVoiced(mark, 'speech after speak()');
      const { events } = host.log;
      const spoken = (id: string): boolean => plainWords(responseText(events, id)) === plainWords(SPOKEN);
      const later = (): readonly string[] =>
        events.slice(mark).flatMap(({ event }) => (event.type === 'audio' ? [event.responseId] : []));
      // On a busy machine the greeting may come only now, and what was asked for a good while after it.
      await host.reaches(() => later().some(spoken));
      await host.untilQuiet();
      const id = later().find(spoken);
      expect(id !== undefined, `asked to speak "${SPOKEN}", the response says "${responseText(events, first)}"`);
      const done = events.slice(mark).some(({ event }) => event.type === 'audio-done' && event.responseId === id);
      expect(done, 'audio-done is missing');
    },
  },
  {
    id: 18,
    title: 'update() during speech changes the session or is refused, and the speech goes on',
    needs: [],
    async run(_harness, context) {
      const { host, action, capabilities } = await context.open('conversation');
      host.start();
      await host.untilQuiet();
      const id = await host.converse(action);
      const updating = host.session.update({ instructions: 'Answer in one short sentence.' });
      if (capabilities.updatable === true) {
        await context.within(updating, 'update()');
      } else {
        const error = await rejection(updating, 'update() of a flavor that is not updatable', context);
        requireCode(error, 'ERR_FLAVOR_UNSUPPORTED', 'update() of a flavor that is not updatable');
      }
      const over = (): boolean =>
        host.log.events.some(({ event }) => event.type === 'audio-done' && event.responseId === id);
      if (capabilities.interruptible) await host.until(over, 'audio-done of the speech during which update() came');
      expect(host.ended === undefined, 'update() ended the session');
    },
  },
  {
    id: 26,
    title: "the route's greeting is spoken in place of the flavor's own",
    needs: ['verbatimSpeech'],
    async run(_harness, context) {
      const { host } = await context.open('conversation', { greeting: canaries.greeting });
      host.start();
      const id = await host.untilVoiced(0, 'greeting');
      await host.untilQuiet();
      const text = responseText(host.log.events, id);
      expect(
        plainWords(text) === plainWords(canaries.greeting),
        `asked to greet "${canaries.greeting}", it says "${text}"`,
      );
      const others = host.log.events.filter(({ event }) => event.type === 'audio-done').length;
      expect(others === 1, `${others} responses were spoken as greeting`);
    },
  },
  {
    id: 27,
    title: 'after an interruption the caller is answered',
    needs: ['interruptible'],
    async run(_harness, context) {
      const { host, action } = await context.open('long-answer');
      host.start();
      await host.untilQuiet();
      const interrupted = await host.converse(action);
      await host.until(() => (host.playing?.heardMs ?? 0) >= 300, 'playout of 300 ms of the answer');
      const next = await context.scenario('conversation');
      const words = next.type === 'speaks' ? next : { type: 'speaks' as const, durationMs: 1_200 };
      const mark = host.log.events.length;
      host.act(words);
      const cut = (): boolean =>
        host.log.reports.some((each) => each.responseId === interrupted && each.state === 'interrupted');
      await host.until(cut, 'interruption by the caller');
      if (next.type === 'presses') host.act(next);
      const answered = (): boolean =>
        host.log.events.slice(mark).some(({ event, voiced }) => {
          return voiced && event.type === 'audio' && event.responseId !== interrupted;
        });
      await host.until(answered, 'answer to the words that interrupted');
    },
  },
  {
    id: 32,
    title: 'a rejected onset starts no reply and does not cut the answer',
    needs: ['needsVad', 'interruptible'],
    async run(_harness, context) {
      const { host, action } = await context.open('long-answer');
      host.start();
      await host.untilQuiet();
      const id = await host.converse(action);
      await host.until(() => (host.playing?.heardMs ?? 0) >= 300, 'playout of 300 ms of the answer');
      host.act({ type: 'speaks', durationMs: turnTimes.confirmMs - 100 });
      const played = (): boolean => {
        return host.log.reports.some((each) => each.responseId === id && each.state === 'finished');
      };
      await host.until(played, 'end of the answer, after a sound that the host did not take for an interruption');
      await host.settle(SILENCE_MS);
      const responses = host.log.events.flatMap(({ event }) => (event.type === 'audio' ? [event.responseId] : []));
      expect(responses.at(-1) === id, 'the flavor answers an onset that the host has rejected');
    },
  },
];

/** Wall milliseconds between asking for speech and interrupting it: before, during and after its first sound. */
const INTERRUPT_AFTER_MS = [0, 1, 2, 5, 10, 20, 50];

/** Speech may be interrupted before any of it has arrived; then none of it may. */
async function interruptsWhatIsOnItsWay(host: FakeHost): Promise<void> {
  for (const afterMs of INTERRUPT_AFTER_MS) {
    host.speak({ text: SPOKEN });
    await sleep(afterMs);
    host.interrupt('api');
    await new Promise((resolve) => setImmediate(resolve));
    const mark = host.log.events.length;
    await host.settle(200);
    const late = host.log.events.slice(mark).find(({ event }) => event.type === 'audio' || event.type === 'text');
    expect(
      late === undefined,
      `${String(late?.event.type)} of speech asked for before the interruption, ${afterMs} ms earlier`,
    );
  }
}
