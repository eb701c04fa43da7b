import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness, settle } from '../../support/embedded-harness.js';
import { PeerDialog, type PeerDialogOptions } from '../../support/peer-dialog.js';
import { SDP, tagOf } from '../../support/sip-text.js';

const answered = (status: number, sdp?: string) => ({ type: 'reoffered', status, sdp });
const ANSWER = { body: 'answer', extra: ['Contact: <sip:peer@192.0.2.9:5076>'] };

/** A call with an offer of ours on the wire. */
async function reoffered(options: PeerDialogOptions = {}): Promise<{ call: PeerDialog; invite: SipRequest }> {
  const call = await PeerDialog.establish(options);
  call.leg.reoffer('offer');
  return { call, invite: call.takeRequest() };
}

const paths = (['inbound', 'outbound'] as const).flatMap((direction) =>
  (['udp', 'tcp'] as const).map((protocol) => ({ direction, protocol })),
);

describe.each(paths)('an offer of ours in an $direction call over $protocol', (path) => {
  test('re-INVITE, 200, ACK at once and for every copy of the 200, and the answer', async () => {
    const { call, invite } = await reoffered(path);
    expect([invite.method, invite.uri, invite.body.toString()]).toEqual(['INVITE', 'sip:peer@192.0.2.9:5075', 'offer']);
    expect(invite.headers.get('Contact')).toMatch(/^<sip:2000@192\.0\.2\.1:5060(;transport=tcp)?>$/);
    expect(invite.headers.get('Content-Type')).toBe('application/sdp');
    expect(invite.headers.get('Allow')).toContain('NOTIFY');
    call.respond(invite, 100);
    call.respond(invite, 200, ANSWER);
    expect(call.events).toEqual([answered(200, 'answer')]);
    const ack = call.takeRequest();
    expect([ack.method, ack.uri]).toEqual(['ACK', 'sip:peer@192.0.2.9:5076']);
    expect(ack.headers.get('CSeq')).toBe(invite.headers.get('CSeq')?.replace('INVITE', 'ACK'));
    expect(ack.headers.get('Via')).not.toBe(invite.headers.get('Via'));
    call.respond(invite, 200, ANSWER);
    expect(call.takeRequest()).toEqual(ack);
    call.h.clock.advance(31_000);
    call.respond(invite, 200, ANSWER);
    expect(call.takeRequest()).toEqual(ack);
    expect(call.events).toHaveLength(1);
    call.h.clock.advance(10_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });
});

describe('the answer to our offer', () => {
  test.each([400, 403, 415, 488, 500, 503, 606, 302])(
    '%i: told, the ACK is sent, the session goes on',
    async (status) => {
      const { call, invite } = await reoffered();
      call.respond(invite, status);
      expect(call.seen()).toEqual(['ACK']);
      expect(call.events).toEqual([answered(status)]);
      call.leg.reoffer('next');
      const next = call.takeRequest();
      expect(next.body.toString()).toBe('next');
      expect(Number.parseInt(next.headers.get('CSeq') ?? '', 10)).toBe(
        Number.parseInt(invite.headers.get('CSeq') ?? '', 10) + 1,
      );
    },
  );

  test('a 200 without description is told as it is', async () => {
    const { call, invite } = await reoffered();
    call.respond(invite, 200);
    expect(call.events).toEqual([answered(200)]);
    expect(call.seen()).toEqual(['ACK']);
  });

  test.each([481, 408])('%i: the dialog is dead; BYE, and the leg ends by the peer', async (status) => {
    const { call, invite } = await reoffered();
    call.respond(invite, status, { phrase: 'Gone', extra: ['Reason: SIP;text="restart"'] });
    expect(call.seen()).toEqual(['ACK', 'BYE']);
    expect(call.events).toEqual([{ type: 'ended', end: { by: 'peer', status, text: 'SIP;text="restart"' } }]);
  });

  test.each(['inbound', 'outbound'] as const)(
    'none within 64*T1 (%s): BYE, and the leg ends by the transport',
    async (direction) => {
      const { call } = await reoffered({ direction });
      call.h.clock.advance(32_000);
      await settle();
      expect(call.seen()).toEqual([...Array<string>(6).fill('INVITE'), 'BYE']);
      expect(call.events).toEqual([{ type: 'ended', end: { by: 'transport', status: 408, text: '' } }]);
    },
  );

  test('none because the connection broke: 503, and the call goes on', async () => {
    const { call } = await reoffered({ protocol: 'tcp' });
    for (const flow of call.h.tcp.opened) flow.break();
    expect(call.events).toEqual([answered(503)]);
    call.leg.hangUp();
    expect(call.seen()).toEqual(['BYE']);
  });

  test('a peer that rings for ever: CANCEL after 64*T1, and 487 is told', async () => {
    const { call, invite } = await reoffered();
    call.respond(invite, 180);
    call.h.clock.advance(20_000);
    call.respond(invite, 180);
    call.h.clock.advance(11_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    const cancel = call.takeRequest();
    expect([cancel.method, cancel.headers.get('Via')]).toEqual(['CANCEL', invite.headers.get('Via')]);
    call.respond(cancel, 200);
    call.respond(invite, 487);
    expect(call.seen()).toEqual(['ACK']);
    expect(call.events).toEqual([answered(487)]);
  });

  test('a peer that rings, and is deaf to CANCEL too: BYE', async () => {
    const { call, invite } = await reoffered();
    call.respond(invite, 180);
    call.h.clock.advance(32_000);
    for (let turn = 0; turn < 10; turn += 1) {
      call.h.clock.advance(3_200);
      call.respond(invite, 180);
    }
    expect(call.seen().at(-1)).toBe('BYE');
    expect(call.events).toEqual([{ type: 'ended', end: { by: 'transport', status: 408, text: '' } }]);
    call.h.clock.advance(400_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });
});

describe('offers that collide', () => {
  test.each([
    ['inbound', 0, 2_000],
    ['outbound', 2_100, 4_000],
  ] as const)('491 in an %s call: again after %i to %i ms', async (direction, leastMs, mostMs) => {
    const waits: number[] = [];
    const call = await PeerDialog.establish({ direction });
    for (let turn = 0; turn < 8; turn += 1) {
      call.leg.reoffer('offer');
      for (let attempt = 0; attempt < 5; attempt += 1) {
        call.respond(call.takeRequest(), 491);
        expect(call.seen()).toEqual(['ACK']);
        const sinceMs = call.h.clock.now();
        while (call.h.udp.sent.length === 0) call.h.clock.advance(1);
        waits.push(call.h.clock.now() - sinceMs);
      }
      const last = call.takeRequest();
      expect(last.body.toString()).toBe('offer');
      call.respond(last, 491);
      expect(call.seen()).toEqual(['ACK']);
      call.h.clock.advance(10_000);
      expect(call.seen()).toEqual([]);
    }
    expect(call.events).toEqual(Array<object>(8).fill(answered(491)));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(leastMs);
    expect(Math.max(...waits)).toBeLessThanOrEqual(mostMs);
    expect(waits.every((wait) => wait % 10 === 0 || wait === 1)).toBe(true);
    expect(new Set(waits).size).toBeGreaterThan(20);
  });

  test('a re-INVITE of the peer crosses ours: 491, and ours goes on', async () => {
    const { call, invite } = await reoffered();
    call.request('INVITE', { body: SDP });
    expect(call.seen()).toEqual([491]);
    call.respond(invite, 200, ANSWER);
    expect(call.seen()).toEqual(['ACK']);
    expect(call.events).toEqual([answered(200, 'answer')]);
  });

  test('while we wait after a 491 the peer may offer; ours follows once its ACK is there', async () => {
    const { call, invite } = await reoffered();
    const offers: string[] = [];
    call.leg.listen((event) => {
      offers.push(event.type);
      if (event.type === 'offer') event.reply.accept('our answer');
    });
    call.respond(invite, 491);
    call.request('INVITE', { body: SDP, cseq: 200 });
    expect(call.seen()).toEqual(['ACK', 200]);
    call.h.clock.advance(2_500);
    expect(call.seen().every((what) => what === 200)).toBe(true);
    call.request('ACK', { cseq: 200 });
    expect(call.takeRequest().method).toBe('INVITE');
    expect(offers).toEqual(['offer', 'acked']);
  });

  test('an offer made while a refused re-INVITE of the peer waits for its ACK is held back', async () => {
    const call = await PeerDialog.establish();
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bK-refused;rport';
    call.request('INVITE', { body: SDP, cseq: 200, via });
    call.leg.reoffer('offer');
    expect(call.seen()).toEqual([488]);
    call.request('ACK', { cseq: 200, via });
    expect(call.seen()).toEqual(['INVITE']);
  });

  test('a refused re-INVITE that is never acknowledged holds an offer back until timer H', async () => {
    const call = await PeerDialog.establish();
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    call.request('INVITE', { body: SDP, cseq: 200 });
    call.leg.reoffer('offer');
    call.h.clock.advance(31_999);
    expect(new Set(call.seen())).toEqual(new Set([488]));
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['INVITE']);
  });

  test('an offer made before the ACK of our first 200 is held back', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', body: SDP });
    const ok = h.udp.takeResponses().at(-1);
    h.leg().reoffer('offer');
    expect(h.udp.take()).toEqual([]);
    h.send({ method: 'ACK', to: `<sip:2000@192.0.2.1>;tag=${tagOf(ok?.headers.get('To'))}` });
    expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['INVITE']);
  });
});

describe('several offers of ours', () => {
  test('one at a time, and of those that wait the newest', async () => {
    const { call, invite } = await reoffered();
    call.leg.reoffer('second');
    call.leg.reoffer('third');
    expect(call.seen()).toEqual([]);
    call.respond(invite, 200, ANSWER);
    const [ack, next] = call.take();
    expect([ack?.message.kind === 'request' && ack.message.method, next?.message.body.toString()]).toEqual([
      'ACK',
      'third',
    ]);
    expect(call.events).toEqual([answered(200, 'answer')]);
  });

  test('one that is made while the answer is told takes its turn', async () => {
    const { call, invite } = await reoffered();
    const told: string[] = [];
    call.leg.listen((event) => {
      told.push(event.type);
      if (told.length === 1) call.leg.reoffer('next');
    });
    call.respond(invite, 488);
    const [, next] = call.take();
    expect([told, next?.message.body.toString()]).toEqual([['reoffered'], 'next']);
  });

  test('a function makes each offer anew when it leaves', async () => {
    const call = await PeerDialog.establish();
    let version = 1;
    call.leg.reoffer(() => {
      version += 1;
      return `offer ${version}`;
    });
    const first = call.takeRequest();
    expect(first.body.toString()).toBe('offer 2');
    call.respond(first, 491);
    call.take();
    call.h.clock.advance(2_000);
    // The second of them may have been repeated by now.
    const again = call.take().map(({ message }) => message.body.toString());
    expect([...new Set(again)]).toEqual(['offer 3']);
  });

  test('a function that throws: 503, once the caller has returned', async () => {
    const call = await PeerDialog.establish();
    call.leg.reoffer(() => {
      throw new Error('no codec');
    });
    expect(call.events).toEqual([]);
    await settle();
    expect(call.events).toEqual([answered(503)]);
    expect(call.h.warnings).toEqual([{ error: 'no codec' }]);
    call.leg.reoffer('offer');
    expect(call.seen()).toEqual(['INVITE']);
  });
});

describe('an offer and the end of the call', () => {
  test('of a call that is not up: 481, and nothing on the wire', async () => {
    const ringing = await createHarness({ onInvite: () => {} });
    ringing.send({ method: 'INVITE', body: SDP });
    ringing.udp.take();
    ringing.leg().reoffer(SDP);
    const { leg, events } = ringing.dial();
    leg.reoffer(SDP);
    await settle();
    expect([ringing.events(), events]).toEqual([[answered(481)], [answered(481)]]);
    expect(ringing.udp.takeRequests().map(({ uri }) => uri)).toEqual(['sip:bob@192.0.2.9:5070']);
  });

  test('hung up before the answer: BYE at once, a 200 that crosses it is acknowledged, and no more is told', async () => {
    const { call, invite } = await reoffered();
    call.leg.reoffer('second');
    call.leg.hangUp();
    const bye = call.takeRequest();
    call.respond(invite, 200, ANSWER);
    expect(call.takeRequest().method).toBe('ACK');
    call.respond(bye, 200);
    call.respond(invite, 200, ANSWER);
    expect(call.takeRequest().method).toBe('ACK');
    await settle();
    expect(call.events).toEqual([{ type: 'ended', end: { by: 'local', status: 0, text: '' } }]);
    call.h.clock.advance(400_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test.each([
    ['100 before', [100], []],
    ['180 after', [], [180]],
    ['100 before, 180 after, again and again', [100], [180, 180, 180, 180, 180, 180]],
  ])(
    'hung up, and the INVITE never gets an answer (%s): no CANCEL, and no timer stays',
    async (_name, before, after) => {
      const { call, invite } = await reoffered();
      for (const status of before) call.respond(invite, status);
      call.leg.hangUp();
      call.respond(call.takeRequest(), 200);
      for (const status of after) {
        call.respond(invite, status);
        call.h.clock.advance(5_000);
      }
      call.h.clock.advance(40_000);
      expect(call.h.clock.pendingTimers).toBe(0);
      // Nor a transaction.
      expect(call.h.udp.opened.filter(({ listeners }) => listeners > 0)).toEqual([]);
      expect(call.seen()).toEqual([]);
    },
  );

  test('hung up while an offer waits after a 491: it is never sent', async () => {
    const { call, invite } = await reoffered({ protocol: 'tcp' });
    call.respond(invite, 491);
    call.take();
    const { pendingTimers } = call.h.clock;
    call.request('BYE');
    expect(call.h.clock.pendingTimers).toBe(pendingTimers - 1);
    expect(call.seen()).toEqual([200]);
    expect(call.events.map(({ type }) => type)).toEqual(['ended']);
  });

  test('a look-up that ends after the call sends no INVITE', async () => {
    let resolve: (addresses: readonly string[]) => void = () => {};
    const call = await PeerDialog.establish({
      extra: ['Record-Route: <sip:proxy.example.com;lr>'],
      lookup: () =>
        new Promise((done) => {
          resolve = done;
        }),
    });
    call.leg.reoffer(SDP);
    call.request('BYE');
    resolve(['192.0.2.50']);
    await settle();
    expect(call.seen()).toEqual([200]);
  });

  test('a driver that closes with an offer open leaves no timer', async () => {
    const { call, invite } = await reoffered();
    call.respond(invite, 180);
    await call.h.driver[Symbol.asyncDispose]();
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test('a stray request of the dialog after its end is answered 481', async () => {
    const { call, invite } = await reoffered();
    call.respond(invite, 481);
    const bye = call.take().at(-1)?.message;
    if (bye?.kind !== 'request') throw new Error('no BYE');
    call.respond(bye, 481);
    call.request('INVITE', { body: SDP });
    expect(call.seen()).toEqual([481]);
  });
});
