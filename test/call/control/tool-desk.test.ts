import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ToolDesk } from '../../../src/call/control/tool-desk.js';
import { Dialogue } from '../../../src/call/dialogue.js';
import { CurrentSession } from '../../../src/call/session/current-session.js';
import { SessionLink } from '../../../src/call/session/session-link.js';
import type { ToolResult } from '../../../src/flavor-api/index.js';
import type { Filler, Tool, ToolOutcome } from '../../../src/tools/tool.js';
import { FakeClock } from '../../support/fake-clock.js';
import { agentCapabilities, FakeSession } from '../../support/fake-flavor.js';
import { createKeptLog } from '../../support/silent-log.js';
import { FakePhone, runnerOf, scriptedTool } from '../../support/tool-runner.js';
import { settle } from '../call-setup.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const formats = { input: mulaw, output: mulaw };

function openSession(): { readonly session: FakeSession; readonly link: SessionLink } {
  const session = new FakeSession({
    id: 'c1',
    direction: 'inbound',
    from: '',
    to: '',
    signal: new AbortController().signal,
    headers: new Map(),
    variables: {},
    ...formats,
    tools: [],
    history: [],
    render: (text) => text,
    log: createKeptLog(),
  });
  return { session, link: new SessionLink(session, { onEnded: () => {}, onMisbehaviour: () => {} }) };
}

/** A tool whose runs end when the test says so. */
class SlowTool {
  readonly #ends: ((outcome: ToolOutcome | Error) => void)[] = [];
  readonly signals: AbortSignal[] = [];
  readonly tool: Tool;

  constructor(more: Partial<Tool> & { readonly name?: string } = {}) {
    this.tool = scriptedTool((_call, _scope, signal) => {
      this.signals.push(signal);
      return new Promise((resolve, reject) => {
        this.#ends.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
      });
    }, more);
  }

  get runs(): number {
    return this.#ends.length;
  }

  end(run = 0, outcome: ToolOutcome | Error = { output: 'done', reply: true }): void {
    this.#ends[run]?.(outcome);
  }
}

const waiting = { text: 'One moment, please.' };
const timing = { timeoutMs: 10_000, filler: waiting, fillerAfterMs: 700 };
const cancellable = { name: 'search', description: '', parameters: {}, cancellable: true };

function setUp(...tools: readonly Tool[]) {
  const clock = new FakeClock(1000);
  const first = openSession();
  const current = new CurrentSession(first.link, agentCapabilities, formats);
  const dialogue = new Dialogue();
  const noted: string[] = [];
  const warnings: string[] = [];
  const fillers: Filler[] = [];
  const over = new AbortController();
  const desk = new ToolDesk({
    session: current,
    notes: {
      dialogue,
      onTool: (name, ok, ms) => noted.push(`${name} ${ok ? 'ok' : 'failed'} ${ms}`),
      onWarning: (code) => warnings.push(code),
    },
    tools: runnerOf(...tools),
    context: new FakePhone(),
    clock,
    signal: () => over.signal,
    handlers: { onFiller: (filler) => fillers.push(filler) },
  });
  let calls = 0;
  const call = (name = 'scripted', id = `t${++calls}`): Promise<boolean> =>
    desk.run({ type: 'tool-call', id, name, arguments: { secret: 1 } });
  const end = async (tool: SlowTool, run?: number, outcome?: ToolOutcome | Error): Promise<void> => {
    tool.end(run, outcome);
    await settle();
  };
  const takeOver = (): FakeSession => {
    const next = openSession();
    current.replace(next.link, agentCapabilities, formats);
    desk.onReplaced();
    return next.session;
  };
  return { clock, desk, session: first.session, dialogue, noted, warnings, fillers, over, call, end, takeOver };
}

const ids = (results: readonly ToolResult[]): readonly string[] => results.map(({ id }) => id);

test('a result goes to the session, the record and the dialogue', async () => {
  const slow = new SlowTool();
  const { clock, session, dialogue, noted, call, end } = setUp(slow.tool);
  const reply = call();
  clock.advance(250);
  await end(slow);
  expect(await reply).toBe(true);
  expect(session.results).toEqual([{ id: 't1', output: 'done', reply: true }]);
  expect(noted).toEqual(['scripted ok 250']);
  expect(dialogue.history).toEqual([
    { role: 'tool', id: 't1', name: 'scripted', arguments: { secret: 1 }, output: 'done' },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('arguments that nobody can walk are refused, and kept out of the dialogue, which others have to write', async () => {
  const slow = new SlowTool();
  const { desk, session, dialogue } = setUp(slow.tool);
  const nested: unknown = JSON.parse(`{"day":${'['.repeat(10_000)}${']'.repeat(10_000)}}`);
  const reply = desk.run({ type: 'tool-call', id: 't1', name: 'scripted', arguments: nested });
  expect(slow.runs).toBe(0);
  expect(await reply).toBe(true);
  const error = 'The arguments are nested too deeply.';
  expect(session.results).toEqual([{ id: 't1', output: null, error, reply: true }]);
  const told = { role: 'tool', id: 't1', name: 'scripted', arguments: {}, output: null, error };
  expect(dialogue.history).toEqual([told]);
});

test('tools run side by side, and their results come in the order in which they end', async () => {
  const slow = new SlowTool();
  const { session, call, end } = setUp(slow.tool);
  void call();
  void call();
  void call();
  expect(slow.runs).toBe(3);
  await end(slow, 1);
  await end(slow, 2, new Error('no luck'));
  await end(slow, 0);
  expect(ids(session.results)).toEqual(['t2', 't3', 't1']);
  expect(session.results[1]).toEqual({ id: 't3', output: null, error: 'no luck', reply: true });
});

describe('exactly one result', () => {
  test('comes of a tool that takes too long, which is told to stop', async () => {
    const slow = new SlowTool();
    const { clock, session, noted, call, end } = setUp(slow.tool);
    void call();
    clock.advance(9_999);
    await settle();
    expect(session.results).toEqual([]);
    clock.advance(1);
    await settle();
    expect(session.results).toMatchObject([{ id: 't1', error: 'This took too long and was given up.', reply: true }]);
    expect(slow.signals[0]?.aborted).toBe(true);
    await end(slow);
    expect(session.results).toHaveLength(1);
    expect(noted).toEqual(['scripted failed 10000']);
  });

  test('comes of a name that no tool has, and the name is in no metric', async () => {
    const { session, noted, call } = setUp();
    await call('+441234');
    expect(session.results).toMatchObject([{ error: expect.stringContaining('no tool of that name') }]);
    expect(noted).toEqual(['unknown failed 0']);
  });

  test('comes for an id, however often the flavor asks', async () => {
    const slow = new SlowTool();
    const { session, warnings, call, end, takeOver } = setUp(slow.tool);
    void call('scripted', 'x');
    expect(await call('scripted', 'x')).toBe(false);
    await end(slow);
    expect(await call('scripted', 'x')).toBe(false);
    expect(slow.runs).toBe(1);
    expect(session.results).toHaveLength(1);
    expect(warnings).toEqual(['ERR_FLAVOR_PROTOCOL', 'ERR_FLAVOR_PROTOCOL']);
    // Ids are a session's own.
    takeOver();
    void call('scripted', 'x');
    expect(slow.runs).toBe(2);
  });

  test('comes for the ninth tool at a time, at once', async () => {
    const slow = new SlowTool();
    const { session, call, end } = setUp(slow.tool);
    for (let n = 0; n < 9; n += 1) void call();
    await settle();
    expect(slow.runs).toBe(8);
    expect(session.results).toMatchObject([
      { id: 't9', error: expect.stringContaining('Too many tools'), reply: true },
    ]);
    await end(slow);
    void call();
    expect(slow.runs).toBe(9);
  });

  test('comes for the 201st tool of a call, which is not run', async () => {
    let runs = 0;
    const tool = scriptedTool(async () => {
      runs += 1;
      return { output: runs, reply: true };
    });
    const { session, call } = setUp(tool);
    for (let n = 0; n < 205; n += 1) await call();
    expect(runs).toBe(200);
    expect(session.results).toHaveLength(205);
    expect(session.results[200]?.error).toMatch(/too many tool calls/);
  });
});

describe('an interruption by the caller', () => {
  test('leaves a tool alone that is not cancellable', async () => {
    const slow = new SlowTool();
    const { desk, session, call, end } = setUp(slow.tool);
    void call();
    desk.onInterrupted();
    await settle();
    expect(slow.signals[0]?.aborted).toBe(false);
    await end(slow);
    expect(session.results).toMatchObject([{ output: 'done', reply: true }]);
  });

  test('ends a cancellable one; its result asks for no reply, because the caller gets one', async () => {
    const search = new SlowTool({ definition: cancellable });
    const book = new SlowTool({ name: 'book' });
    const { desk, session, noted, call, end } = setUp(search.tool, book.tool);
    const reply = call('search');
    void call('book');
    desk.onInterrupted();
    expect(await reply).toBe(false);
    expect(search.signals[0]?.aborted).toBe(true);
    expect(session.results).toEqual([
      { id: 't1', output: null, error: 'The caller interrupted, and this was given up.', reply: false },
    ]);
    await end(search);
    await end(book);
    expect(ids(session.results)).toEqual(['t1', 't2']);
    expect(noted).toEqual(['search failed 0', 'book ok 0']);
  });

  test('does not undo what was done in the same instant', async () => {
    const search = new SlowTool({ definition: cancellable });
    const { desk, session, call } = setUp(search.tool);
    void call('search');
    search.end();
    desk.onInterrupted();
    await settle();
    expect(session.results).toHaveLength(1);
  });
});

describe('another session', () => {
  test('hears nothing of what its forerunner began; the dialogue does', async () => {
    const slow = new SlowTool();
    const { session, dialogue, noted, call, end, takeOver } = setUp(slow.tool);
    const reply = call();
    const next = takeOver();
    await end(slow);
    expect(await reply).toBe(false);
    expect([...session.results, ...next.results]).toEqual([]);
    expect(dialogue.history).toMatchObject([{ role: 'tool', id: 't1', output: 'done' }]);
    expect(noted).toEqual(['scripted ok 0']);
  });
});

describe('the end of the call', () => {
  test('stops every tool, and nothing is delivered', async () => {
    const slow = new SlowTool();
    const { clock, desk, session, noted, over, call, end } = setUp(slow.tool);
    const reply = call();
    desk.close();
    over.abort();
    expect(await reply).toBe(false);
    expect(slow.signals[0]?.aborted).toBe(true);
    await end(slow);
    expect(session.results).toEqual([]);
    expect(noted).toEqual(['scripted failed 0']);
    expect(clock.pendingTimers).toBe(0);
    expect(await call()).toBe(false);
    expect(slow.runs).toBe(1);
  });

  test('comes after a transfer that succeeded, which stays a success', async () => {
    const transfer = new SlowTool();
    const { desk, noted, over, call } = setUp(transfer.tool);
    void call();
    transfer.end(0, { output: { ok: true }, reply: false });
    desk.close();
    over.abort();
    await settle();
    expect(noted).toEqual(['scripted ok 0']);
  });
});

describe('words while the caller waits', () => {
  test('come after a while of silence, once', async () => {
    const slow = new SlowTool({ timing });
    const { clock, fillers, call, end } = setUp(slow.tool);
    void call();
    clock.advance(699);
    expect(fillers).toEqual([]);
    clock.advance(1);
    expect(fillers).toEqual([waiting]);
    clock.advance(5_000);
    await end(slow);
    clock.advance(5_000);
    expect(fillers).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('do not come when the result is there sooner', async () => {
    const slow = new SlowTool({ timing });
    const { clock, fillers, call, end } = setUp(slow.tool);
    void call();
    clock.advance(600);
    await end(slow);
    clock.advance(5_000);
    expect(fillers).toEqual([]);
  });

  test('come once for all tools of a batch, and again for the next', async () => {
    const slow = new SlowTool({ timing });
    const { clock, fillers, call, end } = setUp(slow.tool);
    void call();
    clock.advance(500);
    void call();
    clock.advance(200);
    expect(fillers).toHaveLength(1);
    await end(slow, 0);
    clock.advance(3_000);
    expect(fillers).toHaveLength(1);
    await end(slow, 1);
    void call();
    clock.advance(700);
    expect(fillers).toHaveLength(2);
  });

  test('wait for the agent, and for the caller, to have fallen silent', async () => {
    const slow = new SlowTool({ timing });
    const { clock, desk, fillers, call } = setUp(slow.tool);
    desk.onAgentSpeaking(true);
    void call();
    clock.advance(2_000);
    desk.onCallerSpeaking(true);
    desk.onAgentSpeaking(false);
    clock.advance(2_000);
    expect(fillers).toEqual([]);
    desk.onCallerSpeaking(false);
    clock.advance(699);
    expect(fillers).toEqual([]);
    clock.advance(1);
    expect(fillers).toEqual([waiting]);
  });

  test('are those of the tool that has waited long enough', async () => {
    const patient = new SlowTool({ name: 'a', timing: { ...timing, fillerAfterMs: 3_000 } });
    const hasty = new SlowTool({ name: 'b', timing: { ...timing, filler: { wav: '/x.wav' }, fillerAfterMs: 1_000 } });
    const mute = new SlowTool({ name: 'c', timing: { ...timing, filler: undefined, fillerAfterMs: 0 } });
    const { clock, fillers, call } = setUp(patient.tool, hasty.tool, mute.tool);
    for (const name of ['a', 'b', 'c']) void call(name);
    clock.advance(999);
    expect(fillers).toEqual([]);
    clock.advance(1);
    expect(fillers).toEqual([{ wav: '/x.wav' }]);
  });

  test.each(['another session', 'the end of the call'])('do not come after %s', async (what) => {
    const slow = new SlowTool({ timing });
    const { clock, desk, fillers, call, takeOver } = setUp(slow.tool);
    void call();
    if (what === 'another session') takeOver();
    else desk.close();
    clock.advance(5_000);
    expect(fillers).toEqual([]);
  });
});

test('whatever happens in whatever order, no id ever gets two results, and each gets one while its session is there', async () => {
  type Step = 'call' | 'end' | 'fail' | 'interrupt' | 'take over' | 'time' | 'agent' | 'caller';
  const steps: Step[] = ['call', 'end', 'fail', 'interrupt', 'take over', 'time', 'agent', 'caller'];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 60 }), async (order) => {
      const slow = new SlowTool({ definition: { ...cancellable, name: 'scripted' }, timing });
      const scene = setUp(slow.tool);
      const sessions = [scene.session];
      const asked = [0];
      for (const [index, step] of order.entries()) {
        if (step === 'call') {
          void scene.call();
          asked[asked.length - 1] = (asked.at(-1) ?? 0) + 1;
        }
        if (step === 'end') scene.desk && slow.end(index % Math.max(1, slow.runs));
        if (step === 'fail') slow.end(index % Math.max(1, slow.runs), new Error('x'));
        if (step === 'interrupt') scene.desk.onInterrupted();
        if (step === 'time') scene.clock.advance(4_000);
        if (step === 'agent') scene.desk.onAgentSpeaking(index % 2 === 0);
        if (step === 'caller') scene.desk.onCallerSpeaking(index % 2 === 0);
        if (step === 'take over') {
          sessions.push(scene.takeOver());
          asked.push(0);
        }
        if (index % 3 === 0) await settle();
      }
      scene.clock.advance(10_000);
      await settle();
      const results = sessions.map((session) => ids(session.results));
      for (const list of results) expect(new Set(list).size).toBe(list.length);
      expect(results.at(-1)).toHaveLength(asked.at(-1) ?? 0);
      expect(scene.dialogue.history).toHaveLength(asked.reduce((sum, count) => sum + count, 0));
      expect(scene.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 150 },
  );
});
