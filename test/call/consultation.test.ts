import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../src/flavor-api/index.js';
import type { InviteRequest } from '../../src/signaling/port.js';
import type { TransferTarget } from '../../src/tools/tool.js';
import { defaultCallPolicies } from '../support/call-policies.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import { OFFER } from '../support/fake-leg.js';
import type { FakeOutboundLeg } from '../support/fake-outbound-leg.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { answer, bye, type CallSetup, settle, setUp, slots } from './call-setup.js';

const sales: TransferTarget = {
  name: 'sales',
  uri: 'sip:100@pbx',
  ringMs: 20_000,
  headers: new Map([['X-For', 'you']]),
};
const ended = (status: number, by: 'peer' | 'local' | 'transport' = 'peer') =>
  ({ type: 'ended', end: { by, status, text: '' } }) as const;

/** A call whose agent asks for a transfer to `sales`. */
async function asking(
  mode: 'attended' | 'bridge',
  invite: Partial<InviteRequest> = {},
  more: Partial<TransferTarget> = {},
  rest: Pick<CallSetup, 'backups' | 'capabilities' | 'options'> = {},
) {
  const tool = scriptedTool(
    async (_call, { phone }) => ({ output: await phone.transfer({ ...sales, ...more, mode }, undefined), reply: true }),
    { name: 'act', timing: { timeoutMs: 600_000, filler: undefined, fillerAfterMs: 600_000 } },
  );
  const setup = setUp({ invite, ...rest, deps: { tools: runnerOf(tool) } });
  const { stream, session } = await answer(setup);
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
  await settle();
  return { ...setup, stream, session };
}

/** The same, when the target rings. */
async function consulting(
  mode: 'attended' | 'bridge',
  invite: Partial<InviteRequest> = {},
  more: Partial<TransferTarget> = {},
  rest: Pick<CallSetup, 'backups' | 'capabilities' | 'options'> = {},
) {
  const setup = await asking(mode, invite, more, rest);
  await slots(setup, setup.stream, 400);
  const [second] = setup.secondLegs;
  if (!second) throw new Error('nobody was called');
  return { ...setup, second, target: () => setup.engine.streams[1] };
}

/** Of a phone that takes no telephone-events. */
const withoutEvents = (sdp: string): string => sdp.replace(' 101', '').replace(/a=rtpmap:101.*\r\n/, '');

const answered = async (second: FakeOutboundLeg): Promise<void> => {
  second.answer();
  await settle();
};

describe.each(['attended', 'bridge'] as const)('a transfer by %s', (mode) => {
  test('calls the target with the caller’s codec first, while the caller talks on with the agent', async () => {
    const setup = await consulting(mode, { sdp: OFFER.replace('0 8 101', '8 101') });
    expect(setup.second.request).toMatchObject({ uri: 'sip:100@pbx', fromUser: '2000', fromDisplayName: 'alice' });
    expect(setup.second.request).toMatchObject({ answerTimeoutMs: 20_000, headers: sales.headers });
    expect(setup.second.offer).toMatch(/^m=audio 40000 RTP\/AVP 8 0 101/m);
    expect(setup.leg.actions).toEqual(['180', '200']);
    setup.session.say('r', ['Still', 'here.']);
    await slots(setup, setup.stream, 300);
    expect(setup.stream.played).toContain('r');
  });

  test.each([
    [486, ended(486)],
    [408, ended(487, 'local')],
    [503, ended(0, 'transport')],
  ])('that nobody takes (%i) is told to the agent, and leaves nothing open', async (status, end) => {
    const setup = await consulting(mode);
    setup.second.emit(end);
    await settle();
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status } }]);
    expect(setup.target()?.closed).toBe(true);
    expect(setup.stream.closed).toBe(false);
    expect(setup.leg.referrals).toEqual([]);
    expect(setup.records).toEqual([]);
  });

  test('with its answer in a provisional response, and an offer of its own after that', async () => {
    const setup = await consulting(mode);
    const sdp = setup.second.offer.replace(/^m=audio \d+/m, 'm=audio 31000');
    expect(setup.second.offered(sdp)).toEqual(['488']);
    setup.second.emit({ type: 'progress', status: 183, sdp });
    expect(setup.second.offered(sdp.replace('31000', '31002'))).toEqual([expect.stringContaining('m=audio 40000')]);
    expect(setup.target()?.parameters).toEqual([]);
    setup.second.emit({ type: 'answered', sdp: undefined });
    await settle();
    expect(setup.target()?.parameters).toMatchObject([{ remote: { port: 31_002 } }]);
    expect(setup.second.farewells).toEqual([]);
  });

  test('with an answer that cannot be used is hung up on', async () => {
    const setup = await consulting(mode);
    setup.second.emit({ type: 'answered', sdp: 'v=0' });
    await settle();
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status: 488 } }]);
    expect(setup.second.farewells).toHaveLength(1);
  });

  test('of a caller who hangs up while it rings is cancelled', async () => {
    const setup = await consulting(mode);
    setup.leg.emit(bye);
    await settle();
    expect(setup.second.farewells).toHaveLength(1);
    expect(setup.engine.usage().open).toBe(0);
    expect(setup.records).toMatchObject([{ endedBy: 'caller' }]);
  });

  test('without a free port fails, and the caller stays', async () => {
    const setup = await asking(mode);
    setup.engine.failure = new Error('no port');
    await slots(setup, setup.stream, 400);
    expect(setup.secondLegs).toEqual([]);
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status: 503 } }]);
    expect(setup.records).toEqual([]);
  });
});

test('a bridge, asked for before the ACK has come, joins them and ends with the call', async () => {
  const tool = scriptedTool(
    async (_call, { phone }) => ({
      output: await phone.transfer({ ...sales, mode: 'bridge' }, undefined),
      reply: true,
    }),
    { name: 'act' },
  );
  const setup = setUp({ deps: { tools: runnerOf(tool) } });
  setup.call.begin();
  await settle();
  expect(setup.call.summary().state).toBe('answered');
  const [session, stream] = [setup.flavor.sessions[0], setup.engine.streams[0]];
  if (!session || !stream) throw new Error('the call did not open');
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
  await slots(setup, stream, 400);
  const [second] = setup.secondLegs;
  if (!second) throw new Error('nobody was called');
  await answered(second);
  expect(session.call.signal.aborted).toBe(true);
  setup.leg.emit({ type: 'ended', end: { by: 'ack-timeout', status: 0, text: '' } });
  await settle();
  expect(second.farewells).toHaveLength(1);
  expect(setup.engine.usage().open).toBe(0);
});

test.each(['attended', 'bridge'] as const)('%s, asked for in early media: nobody is called', async (mode) => {
  const tool = scriptedTool(
    async (_call, { phone }) => ({ output: await phone.transfer({ ...sales, mode }, undefined), reply: true }),
    { name: 'act' },
  );
  const early = { answer: { delayMs: 5000, earlyMedia: true, headers: new Map() } };
  const setup = setUp({ options: early, deps: { tools: runnerOf(tool) } });
  setup.call.begin();
  await settle();
  const [session, stream] = [setup.flavor.sessions[0], setup.engine.streams[0]];
  if (!session || !stream) throw new Error('the call did not open');
  expect(session.told).toEqual(['start']);
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
  await slots(setup, stream, 400);
  expect(session.results).toMatchObject([{ output: { ok: false, status: 481 } }]);
  expect(setup.secondLegs).toEqual([]);
  setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
  await settle();
  expect(setup.engine.usage().open).toBe(0);
});

test.each(['attended', 'bridge'] as const)(
  '%s, in the moment in which the call ends: nobody is called',
  async (mode) => {
    const setup = await asking(mode);
    setup.leg.emit(bye);
    await settle();
    await slots(setup, setup.stream, 1000);
    expect(setup.records).toHaveLength(1);
    expect(setup.secondLegs).toEqual([]);
  },
);

describe('an announcement to the target', () => {
  const announce = { text: 'A caller for {{to}}.' };

  async function announcing(mode: 'attended' | 'bridge') {
    const setup = await consulting(mode, {}, { announce });
    await answered(setup.second);
    const target = setup.target();
    if (!target) throw new Error('no stream to the target');
    return { ...setup, target };
  }

  test.each(['attended', 'bridge'] as const)('%s: is heard by it alone, and to its end, first', async (mode) => {
    const setup = await announcing(mode);
    setup.target.slot();
    expect(setup.target.played).toEqual(['announcement']);
    await slots(setup, setup.stream, 300);
    expect(setup.stream.played).not.toContain('announcement');
    // The caller is still with the agent.
    setup.session.say('r', ['Still', 'here.']);
    await slots(setup, setup.stream, 300);
    expect(setup.stream.played).toContain('r');
    expect([setup.leg.referrals.length, setup.session.call.signal.aborted]).toEqual([0, false]);
    while (setup.target.queuedMs() > 0) setup.target.slot();
    setup.target.slot();
    await settle();
    expect([setup.leg.referrals.length, setup.session.call.signal.aborted]).toEqual(
      mode === 'attended' ? [1, false] : [0, true],
    );
  });

  test('a target that hangs up while it listens: the caller stays with the agent, who is told', async () => {
    const setup = await announcing('attended');
    setup.target.slot();
    setup.second.emit(ended(0));
    await settle();
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status: 480 } }]);
    expect(setup.leg.referrals).toEqual([]);
  });

  test('a caller who hangs up meanwhile ends both', async () => {
    const setup = await announcing('bridge');
    setup.leg.emit(bye);
    await settle();
    expect(setup.second.farewells).toHaveLength(1);
    expect(setup.engine.usage().open).toBe(0);
    expect(setup.records).toHaveLength(1);
  });

  test('a target that does not let it be heard is not waited for', async () => {
    const setup = await announcing('bridge');
    setup.clock.advance(10_000);
    await settle();
    expect(setup.session.call.signal.aborted).toBe(true);
  });
});

describe('attended', () => {
  test('the caller’s phone is asked to take our place at the target; then both legs are let go', async () => {
    const setup = await consulting('attended');
    await answered(setup.second);
    expect(setup.leg.referrals).toEqual([{ uri: 'sip:100@pbx', headers: sales.headers, replaces: setup.second }]);
    setup.leg.emit({ type: 'transfer', status: 200, final: true });
    await settle();
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
    expect(setup.second.farewells).toHaveLength(1);
    expect(setup.records).toMatchObject([{ endedBy: 'agent', tools: [{ name: 'act', ok: true }] }]);
    expect(setup.engine.usage().open).toBe(0);
  });

  test.each([405, 603, 481, 503])('a phone that does not do that (%i) is bridged', async (status) => {
    const setup = await consulting('attended');
    await answered(setup.second);
    setup.leg.emit({ type: 'transfer', status, final: true });
    await settle();
    expect(setup.session.call.signal.aborted).toBe(true);
    expect(setup.records).toEqual([]);
    await slots(setup, setup.stream, 20);
    expect(setup.target()?.queuedMs()).toBe(20);
  });

  test('a phone that cannot be asked is bridged', async () => {
    const setup = await consulting('attended');
    setup.leg.referralError = new Error('a transfer of the phone is under way');
    await answered(setup.second);
    expect(setup.session.call.signal.aborted).toBe(true);
    expect(setup.records).toEqual([]);
    await slots(setup, setup.stream, 20);
    expect(setup.target()?.queuedMs()).toBe(20);
  });

  test('a phone that allows no REFER is not asked', async () => {
    const setup = await consulting('attended', { headers: new Map([['allow', ['INVITE, ACK, BYE, CANCEL']]]) });
    await answered(setup.second);
    expect(setup.leg.referrals).toEqual([]);
    expect(setup.session.call.signal.aborted).toBe(true);
  });

  test('a target that hangs up while the phone is asked, in vain: the caller is with the agent again', async () => {
    const setup = await consulting('attended');
    await answered(setup.second);
    setup.second.emit(ended(0));
    setup.leg.emit({ type: 'transfer', status: 481, final: true });
    await settle();
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status: 481 } }]);
    expect(setup.records).toEqual([]);
  });
});

describe('an agent that is lost while the target rings', () => {
  const apology = { text: 'I am sorry.' };
  const error = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);

  async function lost(transfer: TransferTarget | undefined) {
    const failure = { ...defaultCallPolicies.failure, apology, transfer };
    const setup = await consulting('bridge', {}, {}, { options: { failure } });
    setup.session.events.push({ type: 'end', reason: 'failed', error });
    await slots(setup, setup.stream, 3000);
    return setup;
  }

  test.each([undefined, sales])(
    'the caller gets there all the same, also where failures lead to %j',
    async (target) => {
      const setup = await lost(target);
      expect(setup.stream.played).toEqual(['host/1']);
      expect(setup.records).toEqual([]);
      await answered(setup.second);
      expect(setup.records).toEqual([]);
      expect(setup.secondLegs).toHaveLength(1);
      await slots(setup, setup.stream, 20);
      expect(setup.target()?.queuedMs()).toBe(20);
      setup.leg.emit(bye);
      await settle();
      expect(setup.records).toMatchObject([{ cause: { text: 'flavor-error' } }]);
    },
  );

  test('nobody answers there: the call ends, or goes where failures lead', async () => {
    const ends = await lost(undefined);
    ends.second.emit(ended(486));
    await settle();
    expect(ends.records).toMatchObject([{ cause: { text: 'flavor-error' } }]);
    const goesOn = await lost({ ...sales, uri: 'sip:200@pbx' });
    goesOn.second.emit(ended(486));
    await slots(goesOn, goesOn.stream, 400);
    expect(goesOn.records).toEqual([]);
    expect(goesOn.leg.referrals).toMatchObject([{ uri: 'sip:200@pbx' }]);
  });
});

describe('a bridge', () => {
  async function bridged(invite: Partial<InviteRequest> = {}) {
    const setup = await consulting('bridge', invite);
    await answered(setup.second);
    const target = setup.target();
    if (!target) throw new Error('no stream to the target');
    return { ...setup, target };
  }

  test('carries what each side says to the other, and the agent is out of it', async () => {
    const setup = await bridged();
    expect(setup.session.call.signal.aborted).toBe(true);
    const before = setup.session.frames;
    for (let slot = 0; slot < 10; slot += 1) {
      setup.target.slot();
      await slots(setup, setup.stream, 20);
    }
    expect(setup.session.frames).toBe(before);
    expect(setup.target.played).toHaveLength(1);
    expect(setup.stream.played.at(-1)).toBe(setup.target.played[0]);
    expect(setup.records).toEqual([]);
  });

  test('leaves nothing to be heard of what the agent was saying, and takes the caller’s format', async () => {
    const setup = await consulting('bridge');
    setup.session.say(
      'r',
      Array.from({ length: 20 }, () => 'Please hold on.'),
    );
    await slots(setup, setup.stream, 200);
    expect(setup.stream.queuedMs()).toBeGreaterThan(500);
    await answered(setup.second);
    expect(setup.stream.queuedMs()).toBe(0);
    const phone = { encoding: 'mulaw', sampleRate: 8000 };
    expect([setup.stream.output, setup.target()?.output]).toEqual([phone, phone]);
  });

  test('passes keys on to the other side, however they came', async () => {
    const setup = await bridged();
    setup.stream.emit({ type: 'digit', digit: '1', durationMs: 100, atMs: 0 });
    setup.leg.emit({ type: 'digit', digit: '2', durationMs: 100 });
    setup.target.emit({ type: 'digit', digit: '3', durationMs: 100, atMs: 0 });
    setup.second.emit({ type: 'digit', digit: '4', durationMs: 100 });
    expect([setup.target.digits, setup.stream.digits]).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('repeats no key that it heard in the sound, which carries it already', async () => {
    const setup = await bridged({ sdp: withoutEvents(OFFER) });
    setup.stream.emit({ type: 'digit', digit: '1', durationMs: 100, atMs: 0 });
    setup.leg.emit({ type: 'digit', digit: '2', durationMs: 100 });
    expect(setup.target.digits).toEqual(['2']);
    const other = await bridged();
    other.second.offered(withoutEvents(OFFER));
    other.target.emit({ type: 'digit', digit: '3', durationMs: 100, atMs: 0 });
    other.second.emit({ type: 'digit', digit: '4', durationMs: 100 });
    expect(other.stream.digits).toEqual(['4']);
  });

  test('passes keys on by INFO to a phone without telephone-events, as long as they were held', async () => {
    const setup = await bridged();
    setup.second.offered(withoutEvents(OFFER));
    setup.stream.emit({ type: 'digit', digit: '1', durationMs: 120, atMs: 0 });
    setup.leg.emit({ type: 'digit', digit: '2', durationMs: 250 });
    expect([setup.target.digits, setup.second.digits]).toEqual([[], ['1 120', '2 250']]);
    setup.second.offered(OFFER);
    setup.leg.emit({ type: 'offer', sdp: withoutEvents(OFFER), reply: { accept: () => {}, reject: () => {} } });
    setup.target.emit({ type: 'digit', digit: '3', durationMs: 100, atMs: 0 });
    setup.second.emit({ type: 'digit', digit: '4', durationMs: 100 });
    expect([setup.stream.digits, setup.leg.actions]).toEqual([[], ['180', '200', 'info 3', 'info 4']]);
  });

  test('sends no INFO to a caller whose Allow has none, nor for a key heard in the sound', async () => {
    const setup = await bridged({ sdp: withoutEvents(OFFER), headers: new Map([['allow', ['INVITE, ACK, BYE']]]) });
    setup.second.emit({ type: 'digit', digit: '1', durationMs: 100 });
    setup.second.offered(withoutEvents(OFFER));
    setup.stream.emit({ type: 'digit', digit: '2', durationMs: 100, atMs: 0 });
    expect([setup.leg.actions, setup.stream.digits]).toEqual([['180', '200'], []]);
    expect([setup.second.digits, setup.target.digits]).toEqual([[], []]);
  });

  test('goes on where more keys wait than may be sent by INFO', async () => {
    const setup = await bridged({ sdp: withoutEvents(OFFER) });
    setup.second.offered(withoutEvents(OFFER));
    for (const leg of [setup.leg, setup.second]) leg.digitError = new Error('too many digits wait');
    setup.leg.emit({ type: 'digit', digit: '1', durationMs: 100 });
    setup.second.emit({ type: 'digit', digit: '2', durationMs: 100 });
    for (const leg of [setup.leg, setup.second]) leg.digitError = undefined;
    setup.leg.emit({ type: 'digit', digit: '3', durationMs: 100 });
    setup.second.emit({ type: 'digit', digit: '4', durationMs: 100 });
    expect([setup.second.digits, setup.leg.actions.at(-1)]).toEqual([['3 100'], 'info 4']);
    await settle();
    expect([setup.records, setup.second.farewells]).toEqual([[], []]);
  });

  test('is not touched by a session that was still being opened', async () => {
    const backup = new FakeFlavor({ output: [{ encoding: 'pcm16', sampleRate: 24_000 }] });
    let open = (): void => {};
    backup.opening = new Promise((resolve) => {
      open = resolve;
    });
    const setup = await consulting('bridge', {}, {}, { backups: [backup] });
    const error = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
    setup.session.events.push({ type: 'end', reason: 'failed', error });
    await settle();
    await answered(setup.second);
    open();
    await settle();
    expect(backup.sessions).toHaveLength(1);
    expect(setup.stream.output).toEqual({ encoding: 'mulaw', sampleRate: 8000 });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
  });

  test('takes the caller up who was put on hold meanwhile, and then joins them', async () => {
    const act = scriptedTool(
      async ({ id }, { phone }, signal) => {
        if (id === 'h') await phone.hold(60, signal);
        else await phone.transfer({ ...sales, mode: 'bridge' }, undefined);
        return { output: null, reply: true };
      },
      { name: 'act', timing: { timeoutMs: 600_000, filler: undefined, fillerAfterMs: 600_000 } },
    );
    const setup = setUp({ deps: { tools: runnerOf(act) } });
    const { stream, session } = await answer(setup);
    for (const id of ['h', 't']) session.events.push({ type: 'tool-call', id, name: 'act', arguments: {} });
    await slots(setup, stream, 400);
    const accept = async (): Promise<void> => {
      setup.leg.emit({ type: 'reoffered', status: 200, sdp: OFFER });
      await settle();
    };
    await accept();
    expect(stream.parameters.at(-1)?.direction).toBe('sendonly');
    const [second] = setup.secondLegs;
    if (!second) throw new Error('nobody was called');
    await answered(second);
    expect(session.call.signal.aborted).toBe(false);
    await accept();
    expect(stream.parameters.at(-1)?.direction).toBe('sendrecv');
    expect(session.call.signal.aborted).toBe(true);
    await slots(setup, stream, 20);
    expect(setup.engine.streams[1]?.queuedMs()).toBe(20);
  });

  test('passes on at once what a caller says, however much the agent would have waited for', async () => {
    const setup = await consulting('bridge', {}, {}, { capabilities: { turnTaking: 'flavor' } });
    await answered(setup.second);
    const queuedMs = (): number => setup.target()?.queuedMs() ?? Number.NaN;
    setup.session.pieceFrames = 5;
    await slots(setup, setup.stream, 100);
    const before = queuedMs();
    setup.stream.keepsFrames = true;
    setup.stream.emit({ type: 'voice-started', positionMs: 0, atMs: setup.clock.now() });
    await slots(setup, setup.stream, 20);
    expect(queuedMs()).toBe(before + 20);
  });

  test('keeps no more than 200 ms for a side that does not listen', async () => {
    const setup = await bridged();
    await slots(setup, setup.stream, 3_000);
    expect(setup.target.queuedMs()).toBeLessThanOrEqual(220);
  });

  test('ends for both when the target hangs up', async () => {
    const setup = await bridged();
    setup.second.emit(ended(0));
    await settle();
    expect(setup.leg.actions.at(-1)).toBe('hang-up SIP;cause=200;text="normal"');
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
    expect(setup.engine.usage().open).toBe(0);
  });

  test('ends for both when the caller hangs up', async () => {
    const setup = await bridged();
    setup.leg.emit(bye);
    await settle();
    expect(setup.second.farewells).toEqual([{ reason: 'SIP;cause=200;text="normal"' }]);
    expect(setup.records).toMatchObject([{ endedBy: 'caller', cause: { text: 'normal' } }]);
    expect(setup.engine.usage().open).toBe(0);
  });

  test('is not ended by silence, and is by an operator', async () => {
    const setup = await bridged();
    await slots(setup, setup.stream, 15_000);
    expect(setup.records).toEqual([]);
    setup.call.end('admin');
    await settle();
    expect(setup.second.farewells).toEqual([{ reason: 'SIP;cause=200;text="admin"' }]);
    expect(setup.records).toMatchObject([{ cause: { text: 'admin' } }]);
  });

  test('goes on at the address that the target’s phone answers in its ACK, where it asked us for an offer', async () => {
    const setup = await bridged();
    const [offer = ''] = setup.second.offered(undefined);
    setup.second.emit({ type: 'acked', sdp: offer.replace(/^m=audio \d+/m, 'm=audio 31004') });
    expect(setup.target.parameters.at(-1)).toMatchObject({ remote: { port: 31_004 } });
    // The ACK of an answer of ours has nothing to say.
    setup.second.offered(OFFER);
    const count = setup.target.parameters.length;
    setup.second.emit({ type: 'acked', sdp: undefined });
    expect(setup.target.parameters).toHaveLength(count);
    expect(setup.second.farewells).toEqual([]);
  });

  test('ends when the target’s audio stops for good, unless that phone holds', async () => {
    const setup = await bridged();
    expect(setup.second.offered(`${OFFER}a=sendonly\r\n`).join()).toContain('a=recvonly');
    setup.target.emit({ type: 'rtp-timeout' });
    await settle();
    expect(setup.records).toEqual([]);
    expect(setup.second.offered(OFFER).join()).toContain('a=sendrecv');
    setup.target.emit({ type: 'rtp-timeout' });
    await settle();
    expect(setup.second.farewells).toHaveLength(1);
    expect(setup.records).toHaveLength(1);
  });
});
