import { describe, expect, test } from 'vitest';
import type { LegEvent, Referral } from '../../../src/signaling/port.js';
import { lastResponse } from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { SDP } from '../../support/sip-text.js';
import { addressOf, startSocketDriver } from '../../support/socket-driver.js';

const REFER_TO = ['Refer-To: "Sales" <sip:sales@example.com>', 'Referred-By: <sip:boss@example.com>'];

/** A call of ours whose far end sends REFER; `take` gets it. */
async function asked(take: (referral: Referral) => void, extra = REFER_TO) {
  const referrals: Referral[] = [];
  const call = await PeerDialog.establish({
    direction: 'outbound',
    request: {
      onRefer: (referral) => {
        referrals.push(referral);
        take(referral);
      },
    },
  });
  call.request('REFER', { cseq: 700, extra });
  return { call, referrals };
}

describe('a REFER that somebody takes', () => {
  test('is answered 202, and NOTIFYs tell what becomes of it', async () => {
    const { call, referrals } = await asked((referral) => referral.accept());
    expect(referrals).toMatchObject([{ uri: 'sip:sales@example.com', referredBy: 'sip:boss@example.com' }]);
    referrals[0]?.notify(180);
    referrals[0]?.notify(200);
    referrals[0]?.notify(200);
    const [accepted, ...notifies] = call.take().map(({ message }) => message);
    expect(accepted).toMatchObject({ kind: 'response', status: 202 });
    expect(
      notifies.map(({ headers, body }) => [headers.get('Subscription-State'), headers.get('Event'), body.toString()]),
    ).toEqual([
      ['active;expires=180', 'refer;id=700', 'SIP/2.0 100 Trying\r\n'],
      ['active;expires=180', 'refer;id=700', 'SIP/2.0 180 Ringing\r\n'],
      ['terminated;reason=noresource', 'refer;id=700', 'SIP/2.0 200 OK\r\n'],
    ]);
    expect(notifies[0]?.headers.get('Content-Type')).toBe('message/sipfrag;version=2.0');
  });

  test.each([
    ['refuses it', (referral: Referral) => referral.reject(), 603],
    ['refuses it with a status', (referral: Referral) => referral.reject(403), 403],
    ['says nothing', () => {}, 603],
  ])('whose taker %s: no NOTIFY', async (_name, take, status) => {
    const { call, referrals } = await asked(take);
    referrals[0]?.accept();
    referrals[0]?.notify(200);
    expect(call.seen()).toEqual([status]);
  });

  test('whose taker throws: 603', async () => {
    const { call } = await asked(() => {
      throw new Error('boom');
    });
    expect(call.seen()).toEqual([603]);
    expect(call.h.warnings).toEqual([{ error: 'boom' }]);
  });

  test.each([[[]], [['Refer-To: <sip:a@b>', 'Refer-To: <sip:c@d>']], [['Refer-To: nonsense']]])(
    'without one readable Refer-To (%j): 400',
    async (extra) => {
      const { call, referrals } = await asked(() => {}, extra);
      expect(lastResponse(call.take()).status).toBe(400);
      expect(referrals).toEqual([]);
    },
  );

  test('whose sender no longer listens gets no more NOTIFYs', async () => {
    const { call, referrals } = await asked((referral) => referral.accept());
    const notify = call.take().at(-1)?.message;
    if (notify?.kind !== 'request') throw new Error('no NOTIFY');
    call.respond(notify, 481);
    referrals[0]?.notify(200);
    expect(call.seen()).toEqual([]);
  });

  test('whose call is over gets no more NOTIFYs', async () => {
    const { call, referrals } = await asked((referral) => referral.accept());
    call.leg.hangUp();
    call.take();
    referrals[0]?.notify(200);
    expect(call.seen()).toEqual([]);
  });
});

test.each(['udp', 'tcp'] as const)('two endpoints over %s transfer a call between them', async (protocol) => {
  const told: LegEvent[] = [];
  await using agent = await startSocketDriver((inbound) => {
    inbound.listen((event) => {
      if (event.type === 'transfer') told.push(event);
      if (event.type === 'acked') inbound.refer({ uri: 'sip:sales@example.com' });
      if (event.type === 'transfer' && event.final) inbound.hangUp();
    });
    inbound.accept(SDP);
  });
  await using phone = await startSocketDriver(() => {});
  const leg = phone.driver.invite({
    uri: `sip:2000@127.0.0.1:${addressOf(agent, protocol).port};transport=${protocol}`,
    fromUser: 'phone',
    sdp: SDP,
    onRefer: (referral) => {
      referral.accept();
      referral.notify(180);
      referral.notify(200);
    },
  });
  await new Promise<void>((resolve) => leg.listen(({ type }) => type === 'ended' && resolve()));
  expect(told).toEqual([100, 180, 200].map((status) => ({ type: 'transfer', status, final: status === 200 })));
  expect([agent.warnings, phone.warnings]).toEqual([[], []]);
});
