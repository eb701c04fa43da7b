import { describe, expect, test } from 'vitest';
import { createHangUpTool } from '../../src/tools/hang-up.js';
import type { Filler } from '../../src/tools/tool.js';
import { FakeAnnouncer } from '../support/fake-announcer.js';
import type { FakeSession } from '../support/fake-flavor.js';
import type { FakeStream } from '../support/fake-media.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { answer, bye, type Setup, settle, setUp, slots } from './call-setup.js';

const filler = { text: 'One moment, please.' };
const recording = { wav: '/wait.wav', text: 'A moment.' };

interface Scene {
  readonly setup: Setup;
  readonly stream: FakeStream;
  readonly session: FakeSession;
  readonly announcer: FakeAnnouncer;
  readonly signal: () => AbortSignal | undefined;
  end(): Promise<void>;
}

/** A call whose agent has just called a tool that takes its time. */
async function waiting(words: Filler = filler): Promise<Scene> {
  let finish = (): void => {};
  let signal: AbortSignal | undefined;
  const tool = scriptedTool(
    async (_call, _scope, given) => {
      signal = given;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { output: 'done', reply: true };
    },
    {
      definition: { name: 'search', description: '', parameters: {}, cancellable: true },
      timing: { timeoutMs: 20_000, filler: words, fillerAfterMs: 700 },
    },
  );
  const announcer = new FakeAnnouncer();
  const setup = setUp({ deps: { tools: runnerOf(tool), announcer } });
  const { stream, session } = await answer(setup);
  session.events.push({ type: 'tool-call', id: 't1', name: 'search', arguments: {} });
  await settle();
  const end = async (): Promise<void> => {
    finish();
    await settle();
  };
  return { setup, stream, session, announcer, signal: () => signal, end };
}

describe('while a tool runs', () => {
  test('the agent says a few words aside, in its own voice, once', async () => {
    const { setup, stream, session, end } = await waiting();
    await slots(setup, stream, 680);
    expect(session.spoken).toEqual([]);
    await slots(setup, stream, 40);
    expect(session.spoken).toEqual([{ text: 'One moment, please.', aside: true }]);
    await slots(setup, stream, 3000);
    await end();
    expect(session.spoken).toHaveLength(1);
    expect(session.results).toEqual([{ id: 't1', output: 'done', reply: true }]);
  });

  test('nothing is said while the agent speaks, or the caller', async () => {
    const { setup, stream, session } = await waiting();
    session.say('r1', ['Let', 'me', 'see.']);
    await slots(setup, stream, 1400);
    stream.emit({ type: 'voice-started', positionMs: 1400, atMs: setup.clock.now() });
    await slots(setup, stream, 1500, true);
    expect(session.spoken).toEqual([]);
    stream.emit({ type: 'voice-stopped', positionMs: 2900, speechMs: 1500, atMs: setup.clock.now() });
    await slots(setup, stream, 720);
    expect(session.spoken).toHaveLength(1);
  });

  test('the host plays a recording', async () => {
    const { setup, stream, session } = await waiting(recording);
    await slots(setup, stream, 1000);
    expect(session.spoken).toEqual([]);
    expect(stream.played).toEqual(['host/1']);
  });

  test('a recording that is read too late is not played', async () => {
    const { setup, stream, announcer, end } = await waiting(recording);
    let made = (): void => {};
    const prepare = announcer.prepare.bind(announcer);
    announcer.prepare = async (saying) => {
      await new Promise<void>((resolve) => {
        made = resolve;
      });
      return prepare(saying);
    };
    await slots(setup, stream, 1000);
    await end();
    made();
    await slots(setup, stream, 1000);
    expect(stream.played).toEqual([]);
  });

  test('an interruption that is confirmed ends what is cancellable', async () => {
    const { setup, stream, session, signal } = await waiting();
    session.say('r1', ['Let', 'me', 'see', 'what', 'there', 'is', 'for', 'you.']);
    await slots(setup, stream, 400);
    stream.emit({ type: 'voice-started', positionMs: 400, atMs: setup.clock.now() });
    expect(signal()?.aborted).toBe(false);
    await slots(setup, stream, 1000, true);
    expect(session.told).toContain('interrupt speech');
    expect(signal()?.aborted).toBe(true);
    expect(session.results).toMatchObject([{ id: 't1', reply: false, error: expect.stringContaining('interrupted') }]);
  });

  test('the end of the call ends it, is written down, and nothing is delivered', async () => {
    const { setup, session, signal } = await waiting();
    setup.leg.emit(bye);
    await settle();
    expect(signal()?.aborted).toBe(true);
    expect(session.results).toEqual([]);
    expect(setup.records[0]?.tools).toMatchObject([{ name: 'search', ok: false }]);
    expect(setup.clock.pendingTimers).toBe(0);
  });
});

describe('an agent that hangs up while a tool of the operator’s runs', () => {
  const hangUp = { type: 'tool-call', id: 't2', name: 'hang_up', arguments: {} } as const;

  /** The agent reports, says goodbye and hangs up, all in one answer. */
  async function reporting({ cancellable = false, words }: { cancellable?: boolean; words?: Filler } = {}) {
    let finish = (): void => {};
    const report = scriptedTool(
      async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { output: 'noted', reply: true };
      },
      {
        definition: { name: 'report', description: '', parameters: {}, cancellable },
        external: true,
        timing: { timeoutMs: 8000, filler: words, fillerAfterMs: 700 },
      },
    );
    const setup = setUp({ deps: { tools: runnerOf(report, createHangUpTool()) } });
    const { stream, session } = await answer(setup);
    session.say('bye', ['Good', 'bye.']);
    session.events.push({ type: 'tool-call', id: 't1', responseId: 'bye', name: 'report', arguments: {} });
    session.events.push({ ...hangUp, responseId: 'bye' });
    await slots(setup, stream, 2000);
    return { setup, stream, session, finish: () => finish() };
  }

  test('the report arrives before the call ends', async () => {
    const { setup, stream, finish } = await reporting();
    expect(setup.leg.actions).toEqual(['180', '200']);
    finish();
    await slots(setup, stream, 40);
    expect(setup.leg.actions.at(-1)).toContain('normal');
    stream.emit({ type: 'closed', atMs: setup.clock.now() });
    await settle();
    expect(setup.records[0]?.tools).toMatchObject([{ name: 'hang_up' }, { name: 'report', ok: true }]);
  });

  test('no longer than the tool may take', async () => {
    const { setup, stream } = await reporting();
    await slots(setup, stream, 5900);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 200);
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('nobody is asked to wait behind the goodbye', async () => {
    const { setup, stream, session } = await reporting({ words: filler });
    await slots(setup, stream, 4000);
    expect(setup.leg.actions).toEqual(['180', '200']);
    expect(session.spoken).toEqual([]);
  });

  test('what changes nothing is not waited for', async () => {
    const { setup } = await reporting({ cancellable: true });
    expect(setup.leg.actions.at(-1)).toContain('normal');
  });

  test('the other side may hang up meanwhile: the report still arrives', async () => {
    const { setup, finish } = await reporting();
    setup.leg.emit(bye);
    await settle();
    const endedMs = setup.clock.now();
    setup.clock.advance(2400);
    await settle();
    expect(setup.records).toEqual([]);
    finish();
    await settle();
    const [record] = setup.records;
    expect(record?.tools).toMatchObject([{ name: 'hang_up' }, { name: 'report', ok: true }]);
    // The call was over before.
    expect(Date.parse(record?.endedAt ?? '')).toBe(setup.clock.wallTime() - (setup.clock.now() - endedMs));
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('or it is given up two and a half seconds later', async () => {
    const { setup } = await reporting();
    setup.leg.emit(bye);
    await settle();
    setup.clock.advance(2500);
    await settle();
    expect(setup.records[0]?.tools).toMatchObject([{ name: 'hang_up' }, { name: 'report', ok: false }]);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('what changes nothing ends with the call', async () => {
    const { setup } = await reporting({ cancellable: true });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.tools).toMatchObject([{ name: 'hang_up' }, { name: 'report', ok: false }]);
  });

  test('a transfer takes the goodbye back: what is said behind that is heard', async () => {
    const transfer = scriptedTool(
      async ({ responseId }, { phone }) => ({
        output: await phone.transfer({ name: 'sales', uri: 'sip:200@pbx' }, responseId),
        reply: true,
      }),
      { definition: { name: 'transfer', description: '', parameters: {} } },
    );
    const setup = setUp({ deps: { tools: runnerOf(transfer, createHangUpTool()) } });
    const { stream, session } = await answer(setup);
    session.say('bye', ['Good', 'bye.']);
    session.events.push({ ...hangUp, responseId: 'bye' });
    await slots(setup, stream, 40);
    session.say('moment', ['One', 'moment,', 'I', 'connect', 'you.']);
    session.events.push({ type: 'tool-call', id: 't3', responseId: 'moment', name: 'transfer', arguments: {} });
    await slots(setup, stream, 4000);
    expect(stream.played).toEqual(['bye', 'moment']);
  });
});
