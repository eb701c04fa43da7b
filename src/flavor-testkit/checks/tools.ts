import type { EventOf } from '../call-recorder.js';
import { type CheckContext, type ContractCheck, expect, type OpenCall } from '../check.js';
import type { ScenarioName } from '../harness.js';
import { isRecord } from './support.js';

/** On the caller's clock: long enough for an answer that must not come. */
const SILENCE_MS = 1_500;

/** Tool calls and their results. */
export const toolChecks: readonly ContractCheck[] = [
  {
    id: 14,
    title: 'a tool result is followed by speech, or by silence where no reply is wanted',
    needs: ['tools'],
    async run(_harness, context) {
      for (const reply of [true, false]) {
        const { call, toolCalls } = await untilCalled(context, 'tool-call', 1);
        const [toolCall] = toolCalls;
        expect(toolCall !== undefined, 'no tool call');
        requireCall(toolCall);
        const mark = call.host.log.events.length;
        call.host.sendToolResult({ id: toolCall.id, output: { ok: true, note: 'the kit has run it' }, reply });
        if (reply) {
          await call.host.untilVoiced(mark, 'speech after a tool result');
        } else {
          await call.host.settle(SILENCE_MS);
          expect(call.host.voicedSince(mark) === undefined, 'speech after a tool result with reply: false');
        }
        await call.host.close();
      }
    },
  },
  {
    id: 15,
    title: 'two parallel tool results give one answer',
    needs: ['parallelTools'],
    async run(_harness, context) {
      const { call, toolCalls } = await untilCalled(context, 'parallel-tool-calls', 2);
      const ids = new Set(toolCalls.map(({ id }) => id));
      expect(ids.size === toolCalls.length, 'two tool calls have the same id');
      const mark = call.host.log.events.length;
      for (const toolCall of toolCalls) {
        requireCall(toolCall);
        call.host.sendToolResult({ id: toolCall.id, output: { ok: true }, reply: true });
        await call.host.run(100);
      }
      await call.host.untilVoiced(mark, 'speech after both tool results');
      await call.host.untilQuiet();
      await call.host.settle(SILENCE_MS);
      const answers = new Set<string>();
      for (const { event, voiced } of call.host.log.events.slice(mark)) {
        if (event.type === 'audio' && voiced) answers.add(event.responseId);
      }
      expect(answers.size === 1, `${answers.size} answers to two parallel tool results`);
    },
  },
];

/** Plays the scenario until `count` tools have been called and any speech that goes with them is over. */
async function untilCalled(
  context: CheckContext,
  scenario: ScenarioName,
  count: number,
): Promise<{ readonly call: OpenCall; readonly toolCalls: readonly EventOf<'tool-call'>[] }> {
  const call = await context.open(scenario, { toolResults: 'manual' });
  const { host, action } = call;
  host.start();
  await host.untilQuiet();
  const mark = host.log.events.length;
  const toolCalls = (): readonly EventOf<'tool-call'>[] =>
    host.log.events.slice(mark).flatMap(({ event }) => (event.type === 'tool-call' ? [event] : []));
  host.act(action);
  await host.until(() => toolCalls().length >= count, count === 1 ? 'tool call' : `${count} tool calls`);
  await host.untilQuiet();
  expect(toolCalls().length === count, `${toolCalls().length} tool calls instead of ${count}`);
  return { call, toolCalls: toolCalls() };
}

function requireCall(call: EventOf<'tool-call'>): void {
  expect(typeof call.id === 'string' && call.id.length > 0, 'a tool call without id');
  expect(typeof call.name === 'string' && call.name.length > 0, 'a tool call without name');
  expect(isRecord(call.arguments), `the arguments of '${call.name}' are not an object`);
}
