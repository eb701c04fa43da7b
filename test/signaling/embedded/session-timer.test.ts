import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { SessionTimerOptions } from '../../../src/signaling/session/session-agreement.js';
import { createHarness, type Harness, lastResponse, settle } from '../../support/embedded-harness.js';
import { PeerDialog, type PeerDialogOptions } from '../../support/peer-dialog.js';
import { SDP } from '../../support/sip-text.js';

const TIMER = 'Supported: timer';
const UPDATES = 'Allow: INVITE, ACK, BYE, UPDATE';
const EXPIRED = { type: 'ended', end: { by: 'transport', status: 408, text: '' } };

function withTimers(parts: Partial<SessionTimerOptions>): PeerDialogOptions {
  const sessionTimers: SessionTimerOptions = {
    mode: 'accept',
    expiresSeconds: 1800,
    minSeconds: 90,
    refresher: 'us',
    ...parts,
  };
  return { options: { sessionTimers } };
}

/** What an INVITE with these header lines is answered. */
async function answerTo(
  extra: readonly string[],
  parts: Partial<SessionTimerOptions> = {},
): Promise<{ h: Harness; lines: readonly string[] }> {
  const h = await createHarness(withTimers(parts));
  h.send({ method: 'INVITE', body: SDP, extra });
  const { status, headers } = lastResponse(h.udp.take());
  const fields = ['Require', 'Session-Expires', 'Min-SE', 'Unsupported'].flatMap((name) => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  return { h, lines: [String(status), ...fields] };
}

describe('an INVITE with session timers', () => {
  test.each([
    [
      [TIMER, 'Session-Expires: 600'],
      ['200', 'Require: timer', 'Session-Expires: 600;refresher=uac'],
    ],
    [
      [TIMER, 'x: 600;refresher=uas'],
      ['200', 'Require: timer', 'Session-Expires: 600;refresher=uas'],
    ],
    [
      ['Require: timer', 'Session-Expires: 600'],
      ['200', 'Require: timer', 'Session-Expires: 600;refresher=uac'],
    ],
    [['Session-Expires: 600'], ['200', 'Session-Expires: 600;refresher=uas']],
    [[TIMER], ['200']],
    [
      [TIMER, 'Session-Expires: 60'],
      ['422', 'Min-SE: 90'],
    ],
  ] as const)('%j is answered %j', async (extra, lines) => {
    expect((await answerTo(extra)).lines).toEqual(lines);
  });

  test('too short an interval is refused before a call begins, and recorded', async () => {
    const { h } = await answerTo([TIMER, 'Session-Expires: 60']);
    expect(h.legs).toEqual([]);
    expect(h.refused.map(({ status }) => status)).toEqual([422]);
  });

  test('a longest interval may be reduced, a shortest raised by the operator', async () => {
    expect((await answerTo([TIMER, 'Session-Expires: 600'], { minSeconds: 900 })).lines).toEqual([
      '422',
      'Min-SE: 900',
    ]);
    expect((await answerTo([TIMER, 'Session-Expires: 7200'], { mode: 'request' })).lines).toContain(
      'Session-Expires: 1800;refresher=uas',
    );
  });

  test('off: nothing is agreed to, and who requires it is refused', async () => {
    expect((await answerTo([TIMER, 'Session-Expires: 60'], { mode: 'off' })).lines).toEqual(['200']);
    expect((await answerTo(['Require: timer'], { mode: 'off' })).lines).toEqual(['420', 'Unsupported: timer']);
  });

  test('provisional and refusing answers agree to nothing', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', body: SDP, extra: [TIMER, 'Session-Expires: 600'] });
    h.leg().reject(486);
    for (const { headers } of h.udp.takeResponses()) expect(headers.has('Session-Expires')).toBe(false);
    h.clock.advance(1_000_000);
    expect(h.clock.pendingTimers).toBe(0);
  });
});

describe('the peer refreshes', () => {
  const options = { extra: [TIMER, 'Session-Expires: 120;refresher=uac'] };

  test.each(['INVITE', 'UPDATE'])('by %s: the call goes on as long as it does', async (method) => {
    const call = await PeerDialog.establish(options);
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.accept(SDP);
    });
    for (let turn = 0; turn < 5; turn += 1) {
      call.h.clock.advance(60_000);
      expect(call.seen()).toEqual([]);
      const cseq = 1000 + turn;
      call.request(method, { cseq, extra: options.extra, ...(method === 'INVITE' ? { body: SDP } : {}) });
      expect(lastResponse(call.take()).headers.get('Session-Expires')).toBe('120;refresher=uac');
      if (method === 'INVITE') call.request('ACK', { cseq });
    }
    call.h.clock.advance(88_000);
    await settle();
    const bye = call.takeRequest();
    expect([bye.method, bye.headers.get('Reason')]).toEqual(['BYE', 'SIP;cause=408;text="session-expired"']);
  });

  test('and does not: BYE 32 s before the end, and the leg has ended', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(87_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['BYE']);
    await settle();
    expect(call.events).toEqual([EXPIRED]);
  });

  test('of a short interval: BYE a third before the end', async () => {
    const call = await PeerDialog.establish({ extra: [TIMER, 'Session-Expires: 90;refresher=uac'] });
    call.h.clock.advance(59_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['BYE']);
  });

  test('a refresh that asks for too little is refused with 422 and counts for nothing', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(60_000);
    call.request('UPDATE', { extra: [TIMER, 'Session-Expires: 10'] });
    const refused = lastResponse(call.take());
    expect([refused.status, refused.headers.get('Min-SE')]).toEqual([422, '90']);
    call.request('INVITE', { body: SDP, extra: [TIMER, 'Session-Expires: 10'] });
    expect(lastResponse(call.take()).status).toBe(422);
    expect(call.events).toEqual([]);
    call.h.clock.advance(28_000);
    expect(call.seen().at(-1)).toBe('BYE');
  });

  test('a refresh without Session-Expires ends the timer', async () => {
    const call = await PeerDialog.establish(options);
    call.request('UPDATE', { extra: [TIMER] });
    expect(lastResponse(call.take()).headers.has('Session-Expires')).toBe(false);
    call.h.clock.advance(3_600_000);
    expect(call.seen()).toEqual([]);
  });

  test('a refused re-INVITE refreshes nothing', async () => {
    const call = await PeerDialog.establish(options);
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    call.h.clock.advance(80_000);
    call.request('INVITE', { body: SDP, extra: options.extra });
    call.h.clock.advance(8_000);
    expect(call.seen()).toContain('BYE');
  });
});

describe.each([
  ['inbound', [TIMER, UPDATES, 'Session-Expires: 120;refresher=uas']],
  ['outbound', ['Require: timer', UPDATES, 'Session-Expires: 120;refresher=uac']],
] as const)('we refresh an %s call', (direction, extra) => {
  const establish = (more: PeerDialogOptions = {}) => PeerDialog.establish({ direction, extra, ...more });
  const agreed = {
    extra: ['Require: timer', 'Session-Expires: 120;refresher=uac', 'Contact: <sip:peer@192.0.2.9:5076>'],
  };

  test('by UPDATE without SDP at half the interval, again and again', async () => {
    const call = await establish();
    for (let turn = 0; turn < 4; turn += 1) {
      call.h.clock.advance(59_999);
      expect(call.seen()).toEqual([]);
      call.h.clock.advance(1);
      const update = call.takeRequest();
      expect([update.method, update.body.length]).toEqual(['UPDATE', 0]);
      expect(update.headers.get('Session-Expires')).toBe('120;refresher=uac');
      expect(update.headers.get('Supported')).toBe('timer');
      expect(update.headers.has('Contact')).toBe(true);
      expect(update.uri).toBe(turn === 0 ? 'sip:peer@192.0.2.9:5075' : 'sip:peer@192.0.2.9:5076');
      call.respond(update, 200, agreed);
    }
    call.leg.hangUp();
    expect(call.seen()).toEqual(['BYE']);
    await settle();
    call.h.clock.advance(400_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test.each([405, 501])(
    '%i to the UPDATE: by re-INVITE at once, with what stands already, unknown to the user',
    async (status) => {
      const call = await establish();
      call.h.clock.advance(60_000);
      call.respond(call.takeRequest(), status);
      const invite = call.takeRequest();
      expect([invite.method, invite.body.toString()]).toEqual(['INVITE', SDP]);
      expect(invite.headers.get('Session-Expires')).toBe('120;refresher=uac');
      call.respond(invite, 200, { ...agreed, body: SDP });
      expect(call.seen()).toEqual(['ACK']);
      expect(call.events).toEqual([]);
      call.h.clock.advance(60_000);
      expect(call.takeRequest().method).toBe('INVITE');
    },
  );

  test('422: again at once with the interval it names, three times at most', async () => {
    const call = await establish();
    call.h.clock.advance(60_000);
    const asked: string[] = [];
    for (const minimum of [200, 300, 400, 500]) {
      const update = call.takeRequest();
      asked.push(`${update.headers.get('Session-Expires')} ${update.headers.get('Min-SE')}`);
      call.respond(update, 422, { extra: [`Min-SE: ${minimum}`] });
    }
    expect(asked).toEqual(
      [120, 200, 300, 400].map((seconds) => `${seconds};refresher=uac ${seconds === 120 ? 90 : seconds}`),
    );
    expect(call.seen()).toEqual([]);
  });

  test.each([491, 500, 503, 603])('%i: again soon, and BYE when the interval is nearly over', async (status) => {
    const call = await establish();
    call.h.clock.advance(60_000);
    let updates = 0;
    for (let elapsed = 60; elapsed < 88; elapsed += 1) {
      for (const { message } of call.take()) {
        updates += 1;
        call.respond(message as SipRequest, status);
      }
      call.h.clock.advance(1000);
    }
    expect(call.seen().at(-1)).toBe('BYE');
    expect(updates).toBeGreaterThan(2);
    expect(updates).toBeLessThan(8);
    await settle();
    expect(call.events).toEqual([EXPIRED]);
  });

  test.each([
    [1, 1_000],
    [0, 1_000],
    [12, 12_000],
  ])('503 with Retry-After %i: again that much later, and not before', async (seconds, delayMs) => {
    const call = await establish();
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), 503, { extra: [`Retry-After: ${seconds} (busy)`] });
    call.h.clock.advance(delayMs - 1);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['UPDATE']);
  });

  test.each([481, 408])('%i: the dialog is dead; BYE, and the leg ends by the peer', async (status) => {
    const call = await establish();
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), status);
    expect(call.seen()).toEqual(['BYE']);
    await settle();
    expect(call.events).toMatchObject([{ type: 'ended', end: { by: 'peer', status } }]);
  });

  test('no answer: BYE when the interval is nearly over', async () => {
    const call = await establish();
    call.h.clock.advance(88_000);
    expect(new Set(call.seen())).toEqual(new Set(['UPDATE', 'BYE']));
    await settle();
    expect(call.events).toEqual([EXPIRED]);
  });

  test('a refresh of the peer counts as ours does', async () => {
    const call = await establish();
    call.h.clock.advance(50_000);
    call.request('UPDATE', { extra: [TIMER, 'Session-Expires: 120'] });
    expect(lastResponse(call.take()).headers.get('Session-Expires')).toBe('120;refresher=uas');
    call.h.clock.advance(59_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['UPDATE']);
  });
});

describe('a refresh by re-INVITE', () => {
  const options = { extra: [TIMER, 'Session-Expires: 120;refresher=uas'] };
  const agreed = ['Require: timer', 'Session-Expires: 120;refresher=uac'];

  test('to a peer that has not said that it takes UPDATE', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(60_000);
    expect(call.takeRequest().method).toBe('INVITE');
  });

  test('whose answer differs is told as an offer, so that media follow', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), 200, { extra: agreed, body: 'moved' });
    expect(call.seen()).toEqual(['ACK']);
    expect(call.events).toMatchObject([{ type: 'offer', sdp: 'moved' }]);
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), 200, { extra: agreed, body: 'moved' });
    expect(call.events).toHaveLength(1);
  });

  test('a hold of ours refreshes too, and what it offered is what the next refresh offers', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(30_000);
    call.leg.reoffer('hold');
    const invite = call.takeRequest();
    expect(invite.headers.get('Session-Expires')).toBe('120;refresher=uac');
    call.respond(invite, 200, { extra: agreed, body: 'held' });
    expect(call.events).toEqual([{ type: 'reoffered', status: 200, sdp: 'held' }]);
    call.take();
    call.h.clock.advance(59_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.takeRequest().body.toString()).toBe('hold');
  });

  test('that is refused does not end the call before its time, and is no news to the user', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), 488);
    expect(call.seen()).toEqual(['ACK']);
    while (call.h.udp.sent.length === 0) call.h.clock.advance(1);
    expect(call.h.clock.now()).toBeLessThan(71_000);
    call.respond(call.takeRequest(), 200, { extra: agreed, body: SDP });
    expect(call.events).toEqual([]);
    call.h.clock.advance(40_000);
    expect(call.seen()).toEqual(['ACK']);
  });

  test('with 422: again at once', async () => {
    const call = await PeerDialog.establish(options);
    call.h.clock.advance(60_000);
    call.respond(call.takeRequest(), 422, { extra: ['Min-SE: 300'] });
    const [ack, invite] = call.take().map(({ message }) => message);
    expect([ack, invite].map((message) => message?.kind === 'request' && message.method)).toEqual(['ACK', 'INVITE']);
    expect(invite?.headers.get('Session-Expires')).toBe('300;refresher=uac');
    expect(call.events).toEqual([]);
  });
});

describe('absurd intervals', () => {
  test.each(['4294967296', '99999999999999999999', '2147483648'])(
    'Session-Expires: %s is no storm',
    async (seconds) => {
      for (const refresher of ['uac', 'uas']) {
        const min = `Min-SE: ${seconds}`;
        const call = await PeerDialog.establish({
          extra: [TIMER, `Session-Expires: ${seconds};refresher=${refresher}`, min],
        });
        call.h.clock.advance(3_600_000);
        expect(call.seen()).toEqual([]);
        const other = await PeerDialog.establish({
          direction: 'outbound',
          extra: [`Session-Expires: ${seconds};refresher=${refresher}`],
        });
        other.h.clock.advance(3_600_000);
        expect(other.seen()).toEqual([]);
      }
    },
  );

  test('an interval below 90 s in a 2xx is taken for 90 s', async () => {
    const call = await PeerDialog.establish({
      direction: 'outbound',
      extra: [UPDATES, 'Session-Expires: 1;refresher=uac'],
    });
    call.h.clock.advance(44_999);
    expect(call.seen()).toEqual([]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual(['UPDATE']);
  });
});

describe('our own INVITE', () => {
  test('asks for a timer where the operator wants one', async () => {
    const h = await createHarness(withTimers({ mode: 'request', expiresSeconds: 600, refresher: 'peer' }));
    h.dial();
    const [invite] = h.udp.takeRequests();
    expect(invite?.headers.get('Supported')).toBe('100rel, timer, replaces');
    expect(invite?.headers.get('Session-Expires')).toBe('600;refresher=uas');
    expect(invite?.headers.get('Min-SE')).toBe('90');
  });

  test('says nothing of one where they are only accepted, or off', async () => {
    for (const [mode, supported] of [
      ['accept', '100rel, timer, replaces'],
      ['off', '100rel, replaces'],
    ] as const) {
      const h = await createHarness(withTimers({ mode }));
      h.dial();
      const [invite] = h.udp.takeRequests();
      expect([invite?.headers.get('Supported'), invite?.headers.has('Session-Expires')]).toEqual([supported, false]);
    }
  });

  test('without Session-Expires in the 2xx: no timer', async () => {
    const call = await PeerDialog.establish({
      direction: 'outbound',
      ...withTimers({ mode: 'request', expiresSeconds: 600 }),
    });
    call.h.clock.advance(3_600_000);
    expect(call.seen()).toEqual([]);
  });
});

test('a call that is over leaves no timer', async () => {
  for (const refresher of ['uac', 'uas']) {
    const call = await PeerDialog.establish({ extra: [TIMER, `Session-Expires: 1200;refresher=${refresher}`] });
    call.request('BYE');
    call.h.clock.advance(64_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  }
});

test.each([
  ['INFO', (call: PeerDialog) => call.leg.sendDigit('5', 100)],
  ['REFER', (call: PeerDialog) => call.leg.refer({ uri: 'sip:carol@192.0.2.7' })],
  ['INVITE', (call: PeerDialog) => call.leg.reoffer(SDP)],
  ['BYE', (call: PeerDialog) => call.leg.hangUp()],
] as const)('a %s says that we know session timers, whether there is one or not', async (method, cause) => {
  const call = await PeerDialog.establish();
  cause(call);
  const request = call.takeRequest();
  expect([request.method, request.headers.getAll('Supported')]).toEqual([method, ['timer']]);
  const without = await PeerDialog.establish(withTimers({ mode: 'off' }));
  cause(without);
  expect(without.takeRequest().headers.getAll('Supported')).toEqual([]);
});
