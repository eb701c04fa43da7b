import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../../../src/cascade/index.js';
import { ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import type { BrokenStage } from './broken-stage.js';

type Answer = LanguageModel['answer'];

/** A model whose answers are altered. */
function answering(alter: (answer: Answer) => Answer): ScriptedLlm {
  const llm = new ScriptedLlm();
  return Object.assign(llm, { answer: alter(llm.answer.bind(llm)) });
}

function withEvents(change: (event: LanguageModelEvent) => readonly LanguageModelEvent[]): ScriptedLlm {
  return answering(
    (answer) =>
      async function* (request, signal) {
        for await (const event of answer(request, signal)) yield* change(event);
      },
  );
}

function withRequests(change: (request: LanguageModelRequest) => LanguageModelRequest): ScriptedLlm {
  return answering((answer) => (request, signal) => answer(change(request), signal));
}

/** Each breaks one promise. */
export const brokenLlms: readonly BrokenStage<ScriptedLlm>[] = [
  {
    check: 1,
    name: 'waits until it has everything',
    make: () => {
      let whole = '';
      return withEvents((event) => {
        if (event.type === 'text') whole += event.text;
        if (event.type === 'done') return [{ type: 'text', text: whole }, event];
        return event.type === 'text' ? [] : [event];
      });
    },
    complaint: /in one piece/,
  },
  {
    check: 1,
    name: 'is done twice',
    make: () => withEvents((event) => (event.type === 'done' ? [event, event] : [event])),
    complaint: /2 events of type 'done'/,
  },
  {
    check: 2,
    name: 'calls an interruption an error of its own',
    make: () =>
      answering(
        (answer) =>
          async function* (request, signal) {
            try {
              yield* answer(request, signal);
            } catch {
              throw dropped;
            }
          },
      ),
    complaint: /and not the reason/,
  },
  {
    check: 3,
    name: 'reads on when nobody listens',
    make: () =>
      answering(
        (answer) =>
          async function* (request, signal) {
            const inner = answer(request, signal)[Symbol.asyncIterator]();
            for (let next = await inner.next(); !next.done; next = await inner.next()) yield next.value;
          },
      ),
    complaint: /goes on after it was left/,
  },
  {
    check: 4,
    name: 'asks before anybody wants to know',
    make: () =>
      answering((answer) => (request, signal) => {
        const inner = answer(request, signal)[Symbol.asyncIterator]();
        const first = inner.next();
        return (async function* () {
          for (let next = await first; !next.done; next = await inner.next()) yield next.value;
        })();
      }),
    complaint: /nobody wants its answer yet/,
  },
  {
    check: 5,
    name: 'forgets its instructions',
    make: () => withRequests((request) => ({ ...request, system: '' })),
    complaint: /not told "canary instructions/,
  },
  {
    check: 6,
    name: 'passes arguments on as text',
    make: () =>
      withEvents((event) => {
        if (event.type !== 'tool-call') return [event];
        return [{ ...event, call: { ...event.call, arguments: JSON.stringify(event.call.arguments) } }];
      }),
    complaint: /no object/,
  },
  {
    check: 7,
    name: 'calls tools although it may not',
    make: () =>
      withEvents((event) =>
        event.type === 'done'
          ? [{ type: 'tool-call', call: { id: 'x', name: 'look_up', arguments: {} } }, event]
          : [event],
      ),
    complaint: /though none may be/,
  },
  {
    check: 8,
    name: 'charges twice',
    make: () => withEvents((event) => (event.type === 'usage' ? [event, event] : [event])),
    complaint: /twice/,
  },
  {
    check: 9,
    name: 'answers one at a time only',
    make: () => {
      let busy = false;
      return answering(
        (answer) =>
          async function* (request, signal) {
            if (busy) throw dropped;
            busy = true;
            try {
              yield* answer(request, signal);
            } finally {
              busy = false;
            }
          },
      );
    },
    complaint: /events of type 'done'/,
  },
  {
    check: 10,
    name: 'takes a broken connection for the end',
    make: () =>
      answering(
        (answer) =>
          async function* (request, signal) {
            try {
              yield* answer(request, signal);
            } catch {
              yield { type: 'done', reason: 'completed' };
            }
          },
      ),
    complaint: /as if it were complete/,
  },
  {
    check: 11,
    name: 'has no model',
    make: () => Object.assign(new ScriptedLlm(), { identity: { provider: 'scripted', model: ' ' } }),
    complaint: /model is empty/,
  },
  {
    check: 12,
    name: 'checks nothing',
    make: () => Object.assign(new ScriptedLlm(), { check: async () => {} }),
    complaint: /bad credentials: resolved/,
  },
  {
    check: 13,
    name: 'throws what comes',
    make: () =>
      answering(
        (answer) =>
          async function* (request, signal) {
            try {
              yield* answer(request, signal);
            } catch (error) {
              throw new Error('request failed', { cause: error });
            }
          },
      ),
    complaint: /expected a FlavorError/,
  },
];
