import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesPerMs, type Flavor, type FlavorSession } from '../../flavor-api/index.js';
import { type CheckContext, type ContractCheck, expect, type OpenCall } from '../check.js';
import type { FakeHost } from '../fake-host.js';
import { eventually, outcome } from '../pacer.js';
import { settledMemoryBytes } from '../process-probe.js';
import { requireNothingThrown } from './support.js';

/** From abort to `end`, wall ms. */
const END_MS = 500;
/** Tries that a stage gets to end in time: a machine may stall once, a flavor that is slow is slow always. */
const ATTEMPTS = 3;
/** 20 ms frames of an endless talker: 20 minutes. */
const FLOOD_FRAMES = 60_000;
/** Share of the flood that a session may keep; besides, what the process itself needs. */
const FLOOD_SHARE = 1 / 4;
const FLOOD_SLACK_BYTES = 4 * 2 ** 20;
const BURST_FRAMES = 1_000;

/** The end of a session, and what a host may do to it around its life. */
export const endingChecks: readonly ContractCheck[] = [
  {
    id: 5,
    title: 'the stream ends with end/aborted within 500 ms of the abort, at any stage',
    needs: [],
    async run(_harness, context) {
      await expectPromptEnd('before open', () => abortedBeforeOpen(context));
      await expectPromptEnd('during open', () => abortedDuringOpen(context));
      await expectPromptEnd('before start', () => abortedIn(context, async () => undefined));
      await expectPromptEnd('in mid-speech', () =>
        abortedIn(context, async ({ host, action }) => {
          host.start();
          await host.untilQuiet();
          await host.converse(action);
        }),
      );
      const { capabilities } = await context.flavor();
      if (!capabilities.tools) return context.note('no abort during a tool: capabilities.tools is false');
      await expectPromptEnd('during a tool', () => abortedDuringTool(context));
    },
  },
  {
    id: 11,
    title: 'methods never throw, also after end; early or endless speech is neither lost nor hoarded',
    needs: [],
    async run(_harness, context) {
      await survivesItsEnd(context);
      await keepsEarlySpeech(context);
      await staysBounded(context);
    },
  },
];

async function expectPromptEnd(stage: string, attempt: () => Promise<number>): Promise<void> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let number = 0; number < ATTEMPTS && quickest > END_MS; number += 1) {
    try {
      quickest = Math.min(quickest, await attempt());
    } catch (error) {
      throw new Error(`aborted ${stage}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  expect(quickest <= END_MS, `aborted ${stage}: the end came after ${Math.round(quickest)} ms`);
}

/** Milliseconds from the abort to the end of the stream. */
async function endOf(host: FakeHost, abortedAtMs: number, context: CheckContext): Promise<number> {
  await host.until(() => host.ended !== undefined, 'end');
  const ended = host.ended;
  expect(ended?.event.type === 'end', 'no end');
  expect(ended.event.reason === 'aborted', `the stream ended with end/${ended.event.reason}`);
  await context.within(host.close(), 'the stream');
  return ended.atMs - abortedAtMs;
}

async function abortedBeforeOpen(context: CheckContext): Promise<number> {
  const controller = new AbortController();
  controller.abort();
  return abortedAround(context, controller, (open) => open());
}

async function abortedDuringOpen(context: CheckContext): Promise<number> {
  const controller = new AbortController();
  return abortedAround(context, controller, (open) => {
    const opening = open();
    controller.abort();
    return opening;
  });
}

/** Milliseconds from the call of `open`, made by `through`, to its rejection or the end of the stream. */
async function abortedAround(
  context: CheckContext,
  controller: AbortController,
  through: (open: () => Promise<FlavorSession>) => Promise<FlavorSession>,
): Promise<number> {
  const flavor = await context.flavor();
  let openedAtMs = performance.now();
  const watched: Flavor = {
    capabilities: flavor.capabilities,
    check: (signal) => flavor.check(signal),
    open: (call) => {
      openedAtMs = performance.now();
      return through(() => flavor.open(call));
    },
    [Symbol.asyncDispose]: () => flavor[Symbol.asyncDispose](),
  };
  const opening = context.open('conversation', { flavor: watched, controller });
  const opened = await outcome(opening, context.deadlines.answerMs);
  if (opened.state === 'rejected') return performance.now() - openedAtMs;
  expect(opened.state === 'resolved', 'open() neither resolves nor rejects');
  return endOf(opened.value.host, openedAtMs, context);
}

async function abortedIn(context: CheckContext, prepare: (call: OpenCall) => Promise<void>): Promise<number> {
  const call = await context.open('conversation');
  await prepare(call);
  call.host.abort();
  return endOf(call.host, performance.now(), context);
}

async function abortedDuringTool(context: CheckContext): Promise<number> {
  const { host, action } = await context.open('tool-call', { toolResults: 'manual' });
  host.start();
  await host.untilQuiet();
  const mark = host.log.events.length;
  host.act(action);
  await host.until(() => host.eventSince(mark, 'tool-call') !== undefined, 'tool call');
  host.abort();
  return endOf(host, performance.now(), context);
}

async function survivesItsEnd(context: CheckContext): Promise<void> {
  const { host, action } = await context.open('conversation');
  host.start();
  await host.untilQuiet();
  await host.converse(action);
  host.abort();
  await host.until(() => host.ended !== undefined, 'end');
  const { session } = host;
  host.act({ type: 'speaks', durationMs: 1_000 });
  await host.run(3_000);
  host.guard('start', () => session.start());
  host.guard('speak', () => session.speak({ text: 'After the end.' }));
  host.guard('interrupt', () => session.interrupt('api'));
  host.guard('onVoice', () => session.onVoice?.({ type: 'started', positionMs: host.positionMs }));
  host.guard('onOnset', () => session.onOnset?.('accepted', host.positionMs));
  host.guard('endTurn', () => session.endTurn?.());
  host.guard('onDtmf', () => session.onDtmf('1'));
  host.guard('onToolResult', () => session.onToolResult({ id: 'contract-kit-unknown', output: {}, reply: true }));
  const report = {
    responseId: 'contract-kit-unknown',
    state: 'finished',
    heardMs: 0,
    heardText: '',
    heardChars: 0,
  } as const;
  host.guard('onPlayout', () => session.onPlayout(report));
  host.guard('update', () => void session.update({}).catch(() => undefined));
  await nextTurn();
  requireNothingThrown(host.log.thrown);
}

/** 20 s of frames at once, with words in them, before the provider is ready if there is one. */
async function keepsEarlySpeech(context: CheckContext): Promise<void> {
  const providers = context.providers();
  for (const provider of providers) await provider.fail('hang');
  const opening = context.open('conversation');
  const early = await outcome(opening, context.deadlines.settleMs * 3);
  if (early.state !== 'resolved') {
    for (const provider of providers) await provider.recover();
    await outcome(opening, context.deadlines.answerMs);
    context.note('open() waits for the provider: there are no frames before it is ready');
  }
  const { host, action } = early.state === 'resolved' ? early.value : await context.open('conversation');
  host.start();
  if (early.state !== 'resolved' || providers.length === 0) await host.untilQuiet();
  const mark = host.log.events.length;
  host.act(action);
  for (let frame = 0; frame < BURST_FRAMES; frame += 1) host.tick();
  for (const provider of providers) await provider.recover();
  const answered = (): boolean =>
    host.voicedSince(mark) !== undefined || host.eventSince(0, 'warning') !== undefined || host.ended !== undefined;
  await host.until(
    answered,
    'answer to words inside a burst of frames, nor a warning that they are lost',
    context.deadlines.faultMs,
  );
  requireNothingThrown(host.log.thrown);
  await host.close();
}

/** A caller who never stops talking must not fill the memory. */
async function staysBounded(context: CheckContext): Promise<void> {
  const { host } = await context.open('conversation', { keepEvents: false });
  host.start();
  const before = settledMemoryBytes();
  const framesPerSecond = 50;
  for (let frame = 0; frame < FLOOD_FRAMES; frame += 1) {
    if (frame % framesPerSecond === 0) {
      host.act({ type: 'speaks', durationMs: 1_000 });
      await nextTurn();
    }
    host.tick();
  }
  const written = FLOOD_FRAMES * 20 * bytesPerMs(host.input);
  const allowed = written * FLOOD_SHARE + FLOOD_SLACK_BYTES;
  const grown = (): number => settledMemoryBytes() - before;
  const bounded = await eventually(() => grown() <= allowed, context.deadlines.answerMs);
  expect(bounded, `${megabytes(grown())} MB kept of ${megabytes(written)} MB written`);
  requireNothingThrown(host.log.thrown);
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
