import { describe, expect, test } from 'vitest';
import type { ToolResult } from '../../src/flavor-api/index.js';
import { createBuiltIns } from '../../src/tools/built-in.js';
import type { TransferTarget } from '../../src/tools/tool.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakePhone, runnerOf } from '../support/tool-runner.js';

const targets: readonly TransferTarget[] = [
  { name: 'sales', uri: 'sip:100@pbx.test', description: 'questions about prices' },
  { name: 'owner', uri: 'tel:+441234' },
];

function desk(transferTargets = targets) {
  const clock = new FakeClock();
  const phone = new FakePhone();
  const runner = runnerOf(...createBuiltIns(['hang_up', 'transfer', 'send_dtmf', 'hold'], { clock, transferTargets }));
  const call = (name: string, args: unknown, signal = new AbortController().signal): Promise<ToolResult> =>
    runner.run({ id: 't1', name, arguments: args, responseId: 'r1' }, phone, signal);
  return { clock, phone, runner, call };
}

test('only the tools that were asked for are there, and none that is not known', () => {
  const names = createBuiltIns(['hold', 'weather'], { clock: new FakeClock(), transferTargets: [] });
  expect(names.map(({ definition }) => definition.name)).toEqual(['hold']);
});

test('hang_up waits for the words that go with it, and nothing is said after them', async () => {
  const { phone, call } = desk();
  expect(await call('hang_up', {})).toEqual({ id: 't1', output: { ok: true }, reply: false });
  expect(phone.asked).toEqual(['hang up after r1']);
});

test('hang_up beside a transfer leaves the call to that, and nothing is said about it', async () => {
  const { phone, call } = desk();
  phone.leaves = false;
  const output = { ok: false, problem: 'The transfer goes on, and ends the call when it succeeds.' };
  expect(await call('hang_up', {})).toEqual({ id: 't1', output, reply: false });
});

describe('transfer', () => {
  test('without a target there is no such tool', () => {
    expect(desk([]).runner.definitions.map(({ name }) => name)).toEqual(['hang_up', 'send_dtmf', 'hold']);
  });

  test('the model is told names and descriptions, and never a number', () => {
    const { runner } = desk();
    const definition = JSON.stringify(runner.definitions.find(({ name }) => name === 'transfer'));
    expect(definition).toContain('"enum":["sales","owner"]');
    expect(definition).toContain('sales: questions about prices; owner');
    expect(definition).not.toMatch(/pbx\.test|441234/);
  });

  test('goes to the address behind the name, after the words that go with it', async () => {
    const { phone, call } = desk();
    expect(await call('transfer', { target: 'sales' })).toMatchObject({ output: { ok: true }, reply: false });
    expect(phone.asked).toEqual(['transfer to sip:100@pbx.test after r1']);
  });

  test.each([
    { target: 'sip:premium@evil.test' },
    { target: '+900123456' },
    { target: 'tel:+441234' },
    { target: 'SALES' },
    { target: 'sales', uri: 'sip:x@evil.test' },
    { target: ['sales'] },
    { target: '__proto__' },
    {},
    null,
    'sales',
  ])('%j is refused, whatever the model was talked into', async (args) => {
    const { phone, call } = desk();
    const result = await call('transfer', args);
    expect(result).toMatchObject({ error: expect.stringContaining('do not fit'), reply: true });
    expect(phone.asked).toEqual([]);
  });

  test.each([
    [486, 'The transfer failed: the line is busy. The caller is still on the line.'],
    [408, 'The transfer failed: nobody answered. The caller is still on the line.'],
    [599, 'The transfer failed: the phone system says 599. The caller is still on the line.'],
  ])('that fails with %i is told to the model in words', async (status, error) => {
    const { phone, call } = desk();
    phone.transferOutcome = async () => ({ ok: false, status });
    expect(await call('transfer', { target: 'owner' })).toEqual({ id: 't1', output: null, error, reply: true });
  });

  test('is tried three times in a call, and no more', async () => {
    const { phone, call } = desk();
    phone.transferOutcome = async () => ({ ok: false, status: 486 });
    for (let n = 0; n < 3; n += 1) await call('transfer', { target: 'owner' });
    expect(await call('transfer', { target: 'owner' })).toMatchObject({
      error: 'There have been too many transfers in this call.',
    });
    expect(phone.asked).toHaveLength(3);
  });

  test('another one waits until the first has failed', async () => {
    const { phone, call } = desk();
    let fail = (): void => {};
    phone.transferOutcome = () => new Promise((resolve) => (fail = () => resolve({ ok: false, status: 486 })));
    const first = call('transfer', { target: 'owner' });
    expect(await call('transfer', { target: 'sales' })).toMatchObject({ error: 'A transfer is under way already.' });
    fail();
    await first;
    void call('transfer', { target: 'sales' });
    expect(phone.asked).toHaveLength(2);
  });
});

describe('send_dtmf', () => {
  test('presses keys in order; w waits half a second', async () => {
    const { clock, phone, call } = desk();
    const result = call('send_dtmf', { digits: '12#wa*' });
    await clock.advanceAsync(495);
    expect(phone.asked).toEqual(['press 12#']);
    await clock.advanceAsync(15);
    expect(await result).toMatchObject({ output: { ok: true }, reply: true });
    expect(phone.asked).toEqual(['press 12#', 'press A*']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('of two that come at the same time the second begins when the first is done, or has failed', async () => {
    const { clock, phone, call } = desk();
    const results = [call('send_dtmf', { digits: '1w2' }), call('send_dtmf', { digits: '3' })];
    await clock.advanceAsync(495);
    expect(phone.asked).toEqual(['press 1']);
    await clock.advanceAsync(15);
    await Promise.all(results);
    expect(phone.asked).toEqual(['press 1', 'press 2', 'press 3']);
    phone.digitsOutcome = () => Promise.reject(new Error('no'));
    const failing = [call('send_dtmf', { digits: '4' }), call('send_dtmf', { digits: '5' })];
    expect(await Promise.all(failing)).toMatchObject([{ error: 'no' }, { error: 'no' }]);
    expect(phone.asked.slice(3)).toEqual(['press 4', 'press 5']);
  });

  test.each(['', '12e', '1 2', '1\n', 'x', '1'.repeat(33), 12, '１'])('%j is refused', async (digits) => {
    const { phone, call } = desk();
    expect(await call('send_dtmf', { digits })).toMatchObject({ error: expect.stringContaining('digits') });
    expect(phone.asked).toEqual([]);
  });

  test('a refusal does not repeat the digits', async () => {
    const { call } = desk();
    expect((await call('send_dtmf', { digits: '4711 0815' })).error).not.toMatch(/4711|0815/);
  });

  test('stops at the pause when the call is over', async () => {
    const { clock, phone, call } = desk();
    const abort = new AbortController();
    const result = call('send_dtmf', { digits: '1w2' }, abort.signal);
    await clock.advanceAsync(10);
    abort.abort(new Error('over'));
    expect(await result).toMatchObject({ error: 'over' });
    expect(phone.asked).toEqual(['press 1']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('hold', () => {
  test('puts the caller on hold, and the agent goes on afterwards', async () => {
    const { phone, call } = desk();
    expect(await call('hold', { seconds: 20 })).toMatchObject({ output: { ok: true }, reply: true });
    expect(phone.asked).toEqual(['hold 20 s']);
  });

  test.each([0, 301, 1.5, '20', null])('%j seconds are refused', async (seconds) => {
    const { phone, call } = desk();
    expect(await call('hold', { seconds })).toMatchObject({ error: expect.stringContaining('seconds') });
    expect(phone.asked).toEqual([]);
  });

  test('has time for the longest hold there is', () => {
    expect(desk().runner.timing('hold').timeoutMs).toBeGreaterThan(300_000);
  });

  test('what a phone refuses is told to the model', async () => {
    const { phone, call } = desk();
    phone.holdOutcome = () => Promise.reject(new Error('The caller cannot be put on hold.'));
    expect(await call('hold', { seconds: 20 })).toMatchObject({ error: 'The caller cannot be put on hold.' });
  });
});

test.each([
  ['pause_recording', 'pause the recording'],
  ['resume_recording', 'resume the recording'],
] as const)('%s: the recording obeys at once, and a call without one says so', async (name, asked) => {
  const phone = new FakePhone();
  const runner = runnerOf(...createBuiltIns([name], { clock: new FakeClock(), transferTargets: [] }));
  const call = () =>
    runner.run({ id: 't1', name, arguments: {}, responseId: 'r1' }, phone, new AbortController().signal);
  expect(await call()).toEqual({ id: 't1', output: { ok: true }, reply: true });
  phone.recorded = false;
  expect(await call()).toMatchObject({ output: { ok: true, note: 'this call is not recorded' } });
  expect(phone.asked).toEqual([asked, asked]);
});

test('stay_silent: the model has answered, and nothing is said', async () => {
  const phone = new FakePhone();
  const runner = runnerOf(...createBuiltIns(['stay_silent'], { clock: new FakeClock(), transferTargets: [] }));
  const call = { id: 't1', name: 'stay_silent', arguments: {}, responseId: 'r1' };
  const result = await runner.run(call, phone, new AbortController().signal);
  expect(result).toEqual({ id: 't1', output: { ok: true }, reply: false });
  expect(phone.asked).toEqual([]);
});

test('keys that are pressed in a call of ours are for a menu: the agent listens, and is told when they cannot be sent', async () => {
  const phone = new FakePhone();
  const options = { clock: new FakeClock(), transferTargets: [], outbound: true };
  const runner = runnerOf(...createBuiltIns(['send_dtmf'], options));
  const press = (digits: string): Promise<ToolResult> =>
    runner.run(
      { id: 't1', name: 'send_dtmf', arguments: { digits }, responseId: 'r1' },
      phone,
      new AbortController().signal,
    );
  expect(await press('2')).toEqual({ id: 't1', output: { ok: true }, reply: false });
  expect(await press('two')).toMatchObject({ output: null, reply: true });
});
