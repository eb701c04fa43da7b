import type {
  LanguageModel,
  LanguageModelEvent,
  LanguageModelRequest,
  ModelMessage,
} from '../../cascade/stages/language-model.js';
import { expect } from '../check.js';
import { flavorErrorOf, isRecord } from '../checks/support.js';
import { outcome } from '../pacer.js';
import type { ContractReport } from '../report.js';
import {
  commonChecks,
  runStageChecks,
  type StageCheck,
  type StageHarness,
  type StageRunOptions,
  type StageWork,
  StreamLog,
  sleep,
} from './stage-check.js';

/** What the model does next. */
export type LanguageModelScenario =
  /** Answers with words: at least three tokens. */
  | 'words'
  /** Answers with words that take at least a second to come, or never end. */
  | 'long'
  /** Calls the tool `look_up`, once, with arguments. */
  | 'tool-call';

/** What the checks of a language model need of its author. */
export interface LanguageModelHarness extends StageHarness<LanguageModel> {
  /** Called before each request. */
  scenario(name: LanguageModelScenario): void | Promise<void>;
}

type Check = StageCheck<LanguageModel, LanguageModelHarness>;
type Work = StageWork<LanguageModel, LanguageModelHarness>;

/** From an abort to the end, wall ms. */
const END_MS = 500;

const canary = { system: 'canary instructions about a copper kettle', user: 'canary words about a paper boat' };

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const user: ModelMessage = { role: 'user', text: canary.user };

function request(more: Partial<LanguageModelRequest> = {}): LanguageModelRequest {
  return { system: canary.system, messages: [user], tools: [lookUp], mayCallTools: true, ...more };
}

async function answer(work: Work, scenario: LanguageModelScenario, more: Partial<LanguageModelRequest> = {}) {
  await work.harness.scenario(scenario);
  const log = new StreamLog<LanguageModelEvent>(work.engine.answer(request(more), work.signal));
  await work.until(() => log.finished !== undefined, 'end of the answer');
  if (log.finished !== true) throw log.finished;
  log.requireLast('done');
  return log;
}

function textOf(log: StreamLog<LanguageModelEvent>): string {
  return log
    .of('text')
    .map(({ text }) => text)
    .join('');
}

const checks: readonly Check[] = [
  {
    id: 1,
    title: 'an answer comes in parts and ends with exactly one done, last',
    async run(work) {
      const log = await answer(work, 'words');
      expect(textOf(log).trim() !== '', 'the answer has no text');
      expect(log.of('text').length > 1, 'the answer came in one piece: nothing can be said before it is complete');
      expect(log.of('done')[0]?.reason === 'completed', `done because '${String(log.of('done')[0]?.reason)}'`);
      expect(
        log.of('text').every(({ text }) => text !== ''),
        'a text event without text',
      );
    },
  },
  {
    id: 2,
    title: 'an abort breaks the answer off within 500 ms, and the iteration throws its reason',
    async run(work) {
      await work.harness.scenario('long');
      const controller = new AbortController();
      const log = new StreamLog<LanguageModelEvent>(work.engine.answer(request(), controller.signal));
      await work.until(() => log.events.length > 0, 'first event of the answer');
      const reason = new Error('the caller interrupts');
      const abortedAtMs = performance.now();
      controller.abort(reason);
      await work.until(() => log.finished !== undefined, 'end after the abort');
      const tookMs = performance.now() - abortedAtMs;
      expect(tookMs <= END_MS, `the end came ${Math.round(tookMs)} ms after the abort`);
      expect(log.finished === reason, `aborted, the iteration threw ${String(log.finished)} and not the reason`);
      await requireClosed(work, 'aborted');
    },
  },
  {
    id: 3,
    title: 'leaving the iteration breaks the request off',
    async run(work) {
      await work.harness.scenario('long');
      for await (const event of work.engine.answer(request(), work.signal)) if (event.type === 'text') break;
      await requireClosed(work, 'left');
    },
  },
  {
    id: 4,
    title: 'the request is sent when iteration begins, and not before',
    async run(work) {
      const requests = work.harness.provider?.requests;
      if (!requests) return work.notApplicable('no provider that shows its requests');
      await work.harness.scenario('words');
      const before = requests().length;
      const iteration = work.engine.answer(request(), work.signal)[Symbol.asyncIterator]();
      await sleep(work.deadlines.settleMs);
      expect(requests().length === before, 'a request was sent though nobody wants its answer yet');
      await iteration.next();
      expect(requests().length === before + 1, `${requests().length - before} requests for one answer`);
      await iteration.return?.();
    },
  },
  {
    id: 5,
    title: 'instructions, dialogue and results of tools reach the model',
    async run(work) {
      const requests = work.harness.provider?.requests;
      if (!requests) return work.notApplicable('no provider that shows its requests');
      const call = { id: 'call_canary', name: lookUp.name, arguments: { order: 7 } };
      const result = { id: call.id, name: call.name, output: 'canary result about a glass harp', failed: false };
      const messages: readonly ModelMessage[] = [
        user,
        { role: 'assistant', text: 'canary answer about a tin drum', toolCalls: [call] },
        { role: 'tool', results: [result] },
      ];
      await answer(work, 'words', { messages });
      const prompt = requests().at(-1)?.prompt ?? '';
      for (const words of [canary.system, canary.user, 'canary answer about a tin drum', result.output]) {
        expect(prompt.includes(words), `the model is not told "${words}"`);
      }
    },
  },
  {
    id: 6,
    title: 'a call of a tool comes whole, with its arguments, and ends the answer',
    async run(work) {
      const log = await answer(work, 'tool-call');
      const calls = log.of('tool-call').map(({ call }) => call);
      expect(calls.length === 1, `${calls.length} calls of tools instead of one`);
      expect(calls[0]?.name === lookUp.name, `the tool is called '${String(calls[0]?.name)}'`);
      expect(calls[0]?.id !== '', 'the call has no id');
      expect(isRecord(calls[0]?.arguments), 'the arguments of the call are no object');
      expect(log.of('done')[0]?.reason === 'tool-calls', `done because '${String(log.of('done')[0]?.reason)}'`);
    },
  },
  {
    id: 7,
    title: 'a model that may not call tools is not made to, and still knows them',
    async run(work) {
      const call = { id: 'call_canary', name: lookUp.name, arguments: { order: 7 } };
      const result = { id: call.id, name: call.name, output: 'nothing', failed: true };
      const messages: readonly ModelMessage[] = [
        user,
        { role: 'assistant', text: '', toolCalls: [call] },
        { role: 'tool', results: [result] },
      ];
      const log = await answer(work, 'words', { messages, mayCallTools: false });
      expect(log.of('tool-call').length === 0, 'a tool was called though none may be');
      expect(textOf(log).trim() !== '', 'the answer has no text');
    },
  },
  {
    id: 8,
    title: 'what an answer used is reported once',
    async run(work) {
      const usage = (await answer(work, 'words')).of('usage');
      const units = usage.map(({ unit }) => unit);
      expect(units.includes('output-tokens'), `usage names ${units.join(', ') || 'nothing'}, and no output-tokens`);
      expect(new Set(units).size === units.length, `usage is reported twice: ${units.join(', ')}`);
      expect(
        usage.every(({ quantity }) => quantity > 0),
        'usage of a quantity that is not positive',
      );
    },
  },
  {
    id: 9,
    title: 'answers to several requests at once keep apart',
    async run(work) {
      await work.harness.scenario('words');
      const logs = [1, 2, 3].map(() => new StreamLog<LanguageModelEvent>(work.engine.answer(request(), work.signal)));
      await work.until(() => logs.every(({ finished }) => finished !== undefined), 'end of three answers at once');
      for (const log of logs) log.requireLast('done');
      const [first] = logs;
      if (first) expect(textOf(first).trim() !== '', 'one of three answers has no text');
    },
  },
  {
    id: 10,
    title: 'a connection that breaks in the middle of an answer is a retryable error',
    async run(work) {
      const { provider } = work.harness;
      if (!provider) return work.notApplicable('no provider whose connection could break');
      await work.harness.scenario('long');
      const log = new StreamLog<LanguageModelEvent>(work.engine.answer(request(), work.signal));
      await work.until(() => log.events.length > 0, 'first event of the answer');
      await provider.drop();
      await work.until(() => log.finished !== undefined, 'error after the connection broke', work.deadlines.faultMs);
      expect(log.finished !== true, 'the connection broke, and the answer ends as if it were complete');
      const error = flavorErrorOf(log.finished);
      expect(error?.retryable === true, `the connection broke: no retryable error, but ${String(log.finished)}`);
    },
  },
  ...commonChecks<LanguageModel, LanguageModelHarness>(11, failure),
];

/** The provider has no request left that nobody reads. */
async function requireClosed(work: Work, how: string): Promise<void> {
  const { provider } = work.harness;
  if (!provider) return;
  await work
    .until(() => provider.connections() === 0, `end of the request that was ${how}`)
    .catch(() => {
      throw new Error(`the request goes on after it was ${how}: the provider has ${provider.connections()} open`);
    });
}

async function failure(work: Work): Promise<unknown> {
  await work.harness.scenario('words');
  const log = new StreamLog<LanguageModelEvent>(work.engine.answer(request(), work.signal));
  await outcome(
    work.until(() => log.finished !== undefined, 'error of the answer', work.deadlines.faultMs),
    work.deadlines.faultMs,
  );
  return log.finished;
}

/** Runs the checks of a language model. */
export function runLanguageModelChecks(
  harness: LanguageModelHarness,
  options: StageRunOptions = {},
): Promise<ContractReport> {
  return runStageChecks('language model', checks, harness, options);
}

/** Numbers of the checks, for `only`. */
export const languageModelCheckIds: readonly number[] = checks.map(({ id }) => id);
