import { describe, expect, test } from 'vitest';
import type { InviteRequest } from '../../../src/signaling/port.js';
import type { ToolContext } from '../../../src/tools/tool.js';
import { OFFER } from '../../support/fake-leg.js';
import { runnerOf, scriptedTool } from '../../support/tool-runner.js';
import { answer, bye, type Setup, settle, setUp, slots } from '../call-setup.js';

/** An offer of a phone that knows no RFC 4733. */
const WITHOUT_EVENTS = OFFER.replace(' 101', '').replace(/a=rtpmap:101.*\r\n/, '');

/** A call whose agent can have `act` done to the phone, as a tool of its own. */
async function setUpTool(
  act: (phone: ToolContext, signal: AbortSignal) => Promise<unknown>,
  invite: Partial<InviteRequest> = {},
) {
  const tool = scriptedTool(
    async (_call, { phone }, signal) => ({ output: (await act(phone, signal)) ?? 'done', reply: true }),
    { name: 'act', timing: { timeoutMs: 600_000, filler: undefined, fillerAfterMs: 600_000 } },
  );
  const setup = setUp({ invite, deps: { tools: runnerOf(tool) } });
  const { stream, session } = await answer(setup);
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
  await settle();
  return { ...setup, stream, session };
}

describe('transfer', () => {
  const target = { name: 'reception', uri: 'sip:100@pbx' };

  test('waits for the words that go with it, and tells the agent what came of it', async () => {
    const setup = await setUpTool((phone) => phone.transfer(target, 'r'));
    setup.session.say('r', ['One', 'moment.']);
    await slots(setup, setup.stream, 600);
    expect(setup.leg.referrals).toEqual([]);
    await slots(setup, setup.stream, 600);
    expect(setup.leg.referrals).toEqual([{ uri: 'sip:100@pbx' }]);
    setup.leg.emit({ type: 'transfer', status: 180, final: false });
    setup.leg.emit({ type: 'transfer', status: 486, final: true });
    await settle();
    expect(setup.session.results).toMatchObject([{ id: 't', output: { ok: false, status: 486 } }]);
    expect(setup.records).toEqual([]);
  });

  test('that succeeds ends the call for the agent', async () => {
    const setup = await setUpTool((phone) => phone.transfer(target, undefined));
    await slots(setup, setup.stream, 400);
    setup.leg.emit({ type: 'transfer', status: 200, final: true });
    await settle();
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
  });

  test('of a peer that hangs up meanwhile was taken', async () => {
    const setup = await setUpTool((phone) => phone.transfer(target, undefined));
    await slots(setup, setup.stream, 400);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
  });

  test('to a URI that SIP cannot carry is an error for the agent', async () => {
    const setup = await setUpTool((phone) => phone.transfer(target, undefined));
    setup.leg.referralError = new Error('no such scheme');
    await slots(setup, setup.stream, 400);
    expect(setup.session.results).toMatchObject([{ id: 't', error: 'no such scheme' }]);
    expect(setup.records).toEqual([]);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toMatchObject([{ endedBy: 'caller' }]);
  });

  const success = { type: 'transfer', status: 200, final: true } as const;

  test.each<[string, (phone: ToolContext) => unknown]>([
    ['before it', (phone) => [phone.hangUp('r'), phone.transfer(target, 'r')]],
    ['after it', (phone) => [phone.transfer(target, 'r'), phone.hangUp('r')]],
    ['after it, with words of its own', (phone) => [phone.transfer(target, 'r'), phone.hangUp('s')]],
  ])('goes on where hang_up was called %s in the same turn', async (_order, act) => {
    const setup = await setUpTool(async (phone) => void act(phone));
    setup.session.say('r', ['One', 'moment.']);
    await slots(setup, setup.stream, 1500);
    setup.clock.advance(200);
    expect(setup.leg.referrals).toEqual([{ uri: 'sip:100@pbx' }]);
    expect(setup.records).toEqual([]);
    setup.leg.emit(success);
    await settle();
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'asked for again as the first is over (%d turns later) has a result of its own, or is told of the first',
    async (later) => {
      let phone: ToolContext | undefined;
      const setup = await setUpTool((context) => {
        phone = context;
        return context.transfer(target, undefined);
      });
      await slots(setup, setup.stream, 400);
      setup.leg.emit({ type: 'transfer', status: 486, final: true });
      for (let turn = 0; turn < later; turn += 1) await Promise.resolve();
      const again = phone?.transfer(target, undefined).catch((error: unknown) => String(error));
      await slots(setup, setup.stream, 400);
      setup.leg.emit({ type: 'transfer', status: 403, final: true });
      await settle();
      const outcome = await again;
      if (typeof outcome === 'string') expect(outcome).toContain('under way already');
      else expect(outcome).toEqual({ ok: false, status: 403 });
      // The last one is over as well.
      expect(phone?.hangUp(undefined)).toBe(true);
    },
  );

  test('that is rung no longer when the agent hangs up later', async () => {
    let phone: ToolContext | undefined;
    const setup = await setUpTool(async (context) => {
      phone = context;
      await context.transfer(target, 'r');
    });
    setup.session.say('r', ['Hold.']);
    await slots(setup, setup.stream, 800);
    expect(setup.leg.referrals).toHaveLength(1);
    expect(phone?.hangUp('r')).toBe(false);
    expect(phone?.hangUp(undefined)).toBe(true);
    await slots(setup, setup.stream, 100);
    setup.clock.advance(200);
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
  });

  test.each([
    [486, 'hang-up'],
    [200, 'hang-up'],
  ])('goes on where the agent is over, and ends the call: %d', async (status) => {
    const setup = await setUpTool((phone) => phone.transfer(target, 'r'));
    setup.session.say('r', ['One', 'moment.']);
    setup.session.events.push({ type: 'end', reason: 'completed' });
    await slots(setup, setup.stream, 1500);
    setup.clock.advance(20_000);
    await settle();
    expect([setup.leg.referrals, setup.records]).toEqual([[{ uri: 'sip:100@pbx' }], []]);
    setup.leg.emit({ type: 'transfer', status, final: true });
    await settle();
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('that cannot be tried where the agent is over ends the call', async () => {
    const setup = await setUpTool((phone) => phone.transfer(target, 'r'));
    setup.leg.refer = () => {
      throw new Error('no way to say so');
    };
    setup.session.say('r', ['One', 'moment.']);
    setup.session.events.push({ type: 'end', reason: 'completed' });
    await slots(setup, setup.stream, 2500);
    expect(setup.records).toMatchObject([{ endedBy: 'agent', cause: { text: 'normal' } }]);
  });

  test('that fails leaves the caller with the agent, whom a hang_up beside it had not ended', async () => {
    const setup = await setUpTool(async (phone) => {
      phone.hangUp('r');
      return phone.transfer(target, 'r');
    });
    setup.session.say('r', ['One', 'moment.']);
    await slots(setup, setup.stream, 1500);
    setup.leg.emit({ type: 'transfer', status: 486, final: true });
    await slots(setup, setup.stream, 500);
    expect(setup.session.results).toMatchObject([{ output: { ok: false, status: 486 } }]);
    expect(setup.records).toEqual([]);
    setup.session.events.push({ type: 'tool-call', id: 'u', name: 'nothing', arguments: {} });
    await settle();
    expect(setup.session.results).toHaveLength(2);
  });

  test('is one at a time', async () => {
    const setup = await setUpTool(async (phone) => {
      void phone.transfer(target, undefined).catch(() => undefined);
      return phone.transfer(target, undefined);
    });
    await settle();
    expect(setup.session.results).toMatchObject([{ error: expect.stringContaining('under way') }]);
  });
});

describe('digits', () => {
  test('are done when the last was sent', async () => {
    const setup = await setUpTool((phone) => phone.sendDigits('12#'));
    expect(setup.session.results).toEqual([]);
    await slots(setup, setup.stream, 40);
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
  });

  test('go by INFO, one after the other, where no telephone-event was negotiated', async () => {
    const setup = await setUpTool((phone) => phone.sendDigits('1#'), { sdp: WITHOUT_EVENTS });
    expect(setup.leg.actions.slice(-1)).toEqual(['info 1']);
    await slots(setup, setup.stream, 240);
    expect(setup.leg.actions.slice(-1)).toEqual(['info 1']);
    await slots(setup, setup.stream, 280);
    expect(setup.leg.actions.slice(-2)).toEqual(['info 1', 'info #']);
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
  });

  test('are an error where the peer takes neither telephone-events nor INFO', async () => {
    const headers = new Map([['allow', ['INVITE, ACK', 'BYE, INFORM']]]);
    const setup = await setUpTool((phone) => phone.sendDigits('1'), { sdp: WITHOUT_EVENTS, headers });
    expect(setup.session.results).toMatchObject([{ error: expect.stringContaining('no key presses') }]);
    expect(setup.leg.actions.join()).not.toContain('info');
  });

  test('are an error where more wait than a phone will ever press', async () => {
    for (const sdp of [undefined, WITHOUT_EVENTS]) {
      const tool = (phone: ToolContext): Promise<void> => phone.sendDigits('1'.repeat(100_000));
      const setup = await setUpTool(tool, sdp === undefined ? {} : { sdp });
      expect(setup.session.results).toMatchObject([{ error: expect.stringContaining('at most 256 keys may wait') }]);
      expect(setup.leg.actions.join()).not.toContain('info');
    }
  });

  test('have room again when those before them were sent', async () => {
    const setup = await setUpTool(async (phone) => {
      await phone.sendDigits('1'.repeat(256));
      await phone.sendDigits('2');
    });
    await slots(setup, setup.stream, 257 * 200 + 100);
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
  });

  test('by INFO of a call that ends meanwhile keep nobody waiting, and none follows', async () => {
    const setup = await setUpTool((phone) => phone.sendDigits('12#'), { sdp: WITHOUT_EVENTS });
    setup.leg.emit(bye);
    await settle();
    await slots(setup, setup.stream, 600);
    expect(setup.records).toHaveLength(1);
    expect(setup.leg.actions.filter((action) => action.startsWith('info'))).toEqual(['info 1']);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('of a call that ends meanwhile keep nobody waiting', async () => {
    const setup = await setUpTool((phone) => phone.sendDigits('12#'));
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
  });
});

describe('hold', () => {
  /** The phone says yes to our offer. */
  async function agree({ leg }: Pick<Setup, 'leg'>, direction: string): Promise<void> {
    const sdp = (leg.descriptions.at(-1) ?? '').replace(/a=send\w+/, `a=${direction}`);
    leg.emit({ type: 'reoffered', status: 200, sdp });
    await settle();
  }

  /** What we say where the phone makes an offer of its own, or asks for one of ours (RFC 3261 section 14.2). */
  function answerTo({ leg }: Pick<Setup, 'leg'>, sdp: string | undefined): string {
    const answers: string[] = [];
    leg.emit({ type: 'offer', sdp, reply: { accept: (own) => void answers.push(own), reject: () => {} } });
    return answers.join();
  }

  test('offers to send only, and after its time to talk again', async () => {
    const setup = await setUpTool((phone, signal) => phone.hold(5, signal));
    expect(setup.leg.descriptions.at(-1)).toContain('a=sendonly');
    await agree(setup, 'recvonly');
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendonly');
    await slots(setup, setup.stream, 4900);
    expect(setup.leg.descriptions.at(-1)).toContain('a=sendonly');
    await slots(setup, setup.stream, 100);
    expect(setup.leg.descriptions.at(-1)).toContain('a=sendrecv');
    await agree(setup, 'sendrecv');
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
  });

  test('that is given up early talks again at once', async () => {
    const giveUp = new AbortController();
    const setup = await setUpTool((phone) => phone.hold(300, giveUp.signal));
    await agree(setup, 'recvonly');
    expect(setup.leg.descriptions.at(-1)).toContain('a=sendonly');
    giveUp.abort();
    await settle();
    expect(setup.leg.descriptions.at(-1)).toContain('a=sendrecv');
  });

  test('is one at a time, and another may follow', async () => {
    let phone: ToolContext | undefined;
    const setup = await setUpTool((context, signal) => {
      phone = context;
      return context.hold(5, signal);
    });
    await agree(setup, 'recvonly');
    const { signal } = new AbortController();
    await expect(phone?.hold(5, signal)).rejects.toThrow('on hold already');
    await slots(setup, setup.stream, 5000);
    await agree(setup, 'sendrecv');
    const next = phone?.hold(1, signal);
    await agree(setup, 'recvonly');
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendonly');
    await slots(setup, setup.stream, 1000);
    await agree(setup, 'sendrecv');
    await next;
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
  });

  test('before the answer is an error: an offer of ours may still await its own', async () => {
    const tool = scriptedTool(
      async (_call, { phone }, signal) => ({ output: await phone.hold(5, signal), reply: true }),
      { name: 'act' },
    );
    const early = { answer: { delayMs: 5000, earlyMedia: true, headers: new Map() } };
    const setup = setUp({ options: early, deps: { tools: runnerOf(tool) } });
    setup.call.begin();
    await settle();
    const [session] = setup.flavor.sessions;
    session?.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
    await settle();
    expect(session?.results).toMatchObject([{ error: 'The call has not been answered.' }]);
    expect(setup.leg.actions).toEqual(['180', '183']);
    setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
    await settle();
  });

  test('that the phone refuses is an error, and the talk goes on as it was', async () => {
    const setup = await setUpTool((phone, signal) => phone.hold(5, signal));
    setup.leg.emit({ type: 'reoffered', status: 488, sdp: undefined });
    await settle();
    expect(setup.session.results).toMatchObject([{ error: expect.stringContaining('488') }]);
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
    expect(answerTo(setup, undefined)).toContain('a=sendrecv');
  });

  test.each(['v=0', undefined])(
    'to which the phone answers %j is an error, and the talk goes on as it was',
    async (sdp) => {
      const setup = await setUpTool((phone, signal) => phone.hold(5, signal));
      setup.leg.emit({ type: 'reoffered', status: 200, sdp });
      await settle();
      expect(setup.session.results).toMatchObject([{ id: 't', error: expect.anything() }]);
      expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
      expect(answerTo(setup, OFFER)).toContain('a=sendrecv');
    },
  );

  test('whose end the phone refuses is offered three times, then we talk again without its word', async () => {
    const setup = await setUpTool((phone, signal) => phone.hold(5, signal));
    await agree(setup, 'recvonly');
    await slots(setup, setup.stream, 5000);
    const offers = () => setup.leg.descriptions.filter((sdp) => sdp.includes('a=sendrecv')).length;
    const before = offers();
    for (const status of [500, 488, 500]) {
      expect(setup.stream.parameters.at(-1)?.direction).toBe('sendonly');
      const asked = offers();
      setup.leg.emit({ type: 'reoffered', status, sdp: undefined });
      await settle();
      await slots(setup, setup.stream, 1900);
      expect(offers()).toBe(asked);
      await slots(setup, setup.stream, 100);
    }
    expect(offers() - before).toBe(2);
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
    expect(setup.events.map(({ type }) => type)).toContain('call-resumed');
    expect(answerTo(setup, OFFER)).toContain('a=sendrecv');
  });

  test('whose end is agreed to at the second attempt is over then', async () => {
    const setup = await setUpTool((phone, signal) => phone.hold(5, signal));
    await agree(setup, 'recvonly');
    await slots(setup, setup.stream, 5000);
    setup.leg.emit({ type: 'reoffered', status: 500, sdp: undefined });
    await settle();
    await slots(setup, setup.stream, 2000);
    await agree(setup, 'sendrecv');
    expect(setup.stream.parameters.at(-1)?.direction).toBe('sendrecv');
    expect(setup.session.results).toMatchObject([{ id: 't', output: 'done' }]);
  });

  test('of a caller who hangs up ends with the call', async () => {
    const setup = await setUpTool((phone, signal) => phone.hold(300, signal));
    await agree(setup, 'recvonly');
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
  });
});

test('a tool that asks for something after the end of the call is told that it is over', async () => {
  let kept: ToolContext | undefined;
  const setup = await setUpTool(async (phone) => {
    kept = phone;
  });
  setup.leg.emit(bye);
  await settle();
  const { actions } = setup.leg;
  const before = actions.length;
  await expect(kept?.sendDigits('1')).rejects.toThrow('The call is over.');
  await expect(kept?.hold(5, new AbortController().signal)).rejects.toThrow('The call is over.');
  await expect(kept?.transfer({ name: 'reception', uri: 'sip:100@pbx' }, undefined)).rejects.toThrow(
    'The call is over.',
  );
  expect(actions).toHaveLength(before);
});
