import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness, lastResponse, PEER, settle } from '../../support/embedded-harness.js';
import { PeerDialog, type PeerDialogOptions } from '../../support/peer-dialog.js';
import { requestText, SDP } from '../../support/sip-text.js';

const TARGET = 'sip:sales@example.com;transport=tcp?Subject=a';

/** A call whose REFER is on the wire. */
async function referred(options: PeerDialogOptions = {}): Promise<{ call: PeerDialog; refer: SipRequest; id: string }> {
  const call = await PeerDialog.establish(options);
  call.leg.refer({ uri: TARGET });
  const refer = call.takeRequest();
  return { call, refer, id: refer.headers.get('CSeq')?.split(' ')[0] ?? '' };
}

const news = (status: number) => ({ type: 'transfer', status, final: false });
const result = (status: number) => ({ type: 'transfer', status, final: true });

const paths = (['inbound', 'outbound'] as const).flatMap((direction) =>
  (['udp', 'tcp'] as const).map((protocol) => ({ direction, protocol })),
);

describe.each(paths)('a transfer of an $direction call over $protocol', (path) => {
  test('REFER, 202, news by NOTIFY, the result, and BYE by us', async () => {
    const { call, refer, id } = await referred(path);
    expect([refer.method, refer.uri]).toEqual(['REFER', 'sip:peer@192.0.2.9:5075']);
    expect(refer.headers.get('Refer-To')).toBe(`<${TARGET}>`);
    expect(refer.headers.get('Max-Forwards')).toBe('70');
    expect(refer.headers.get('Contact')).toMatch(/^<sip:2000@192\.0\.2\.1:5060(;transport=tcp)?>$/);
    expect(refer.headers.get('Referred-By')).toBe('<sip:2000@192.0.2.1>');
    expect(refer.headers.get('CSeq')).toBe(path.direction === 'inbound' ? '1 REFER' : '2 REFER');
    call.respond(refer, 202);
    expect(call.events).toEqual([]);
    call.notify({ id, body: 'SIP/2.0 100 Trying\r\n' });
    call.notify({ id, body: 'SIP/2.0 180 Ringing\r\n' });
    call.notify({ id, state: 'terminated;reason=noresource', body: 'SIP/2.0 200 OK\r\n' });
    expect(call.seen()).toEqual([200, 200, 200]);
    expect(call.events).toEqual([news(100), news(180), result(200)]);
    call.leg.hangUp();
    const bye = call.takeRequest();
    expect([bye.method, bye.headers.get('CSeq')?.split(' ')[0]]).toEqual(['BYE', String(Number(id) + 1)]);
  });
});

describe('the REFER', () => {
  test('goes by the route set, and says who asks where that is wanted', async () => {
    const call = await PeerDialog.establish({ extra: ['Record-Route: <sip:192.0.2.50;lr>'] });
    call.leg.refer({ uri: 'tel:+4420', referredBy: 'sip:desk@example.com' });
    const [sent] = call.take();
    if (sent?.message.kind !== 'request') throw new Error('no REFER');
    const { headers, uri } = sent.message;
    expect([uri, sent.to.address, headers.getAll('Route')]).toEqual([
      'sip:peer@192.0.2.9:5075',
      '192.0.2.50',
      ['<sip:192.0.2.50;lr>'],
    ]);
    expect(headers.get('Refer-To')).toBe('<tel:+4420>');
    expect(headers.get('Referred-By')).toBe('<sip:desk@example.com>');
  });

  test('leaves out Referred-By where what we were called by is no URI that may stand there', async () => {
    const call = await PeerDialog.establish({ to: '<sip:caf\u00e9@192.0.2.1>' });
    call.leg.refer({ uri: TARGET });
    expect(call.takeRequest().headers.has('Referred-By')).toBe(false);
  });

  test.each([
    'mailto:sales@example.com',
    'http://example.com',
    'sales',
    '',
    'sip:',
    'sip:sales@example.com>',
    'sip:sales@example.com\r\nX-Evil: 1',
    'sip:sales@example.com\nX-Evil: 1',
    'sip:sa les@example.com',
    'sip:sales@example.com\u0000',
    'sip:sal\u00e9s@example.com',
    `sip:${'x'.repeat(2_000)}@example.com`,
    '"x" <sip:sales@example.com>',
  ])('is not written for %j', async (uri) => {
    const call = await PeerDialog.establish();
    const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });
    expect(() => call.leg.refer({ uri })).toThrow(unfit);
    if (uri !== '') expect(() => call.leg.refer({ uri: TARGET, referredBy: uri })).toThrow(unfit);
    expect(call.seen()).toEqual([]);
    call.leg.refer({ uri: 'sips:sales@example.com' });
    expect(call.seen()).toEqual(['REFER']);
  });

  test.each([401, 403, 407, 481, 486, 501, 603, 302])(
    'answered %i: that is the result, and the call goes on',
    async (status) => {
      const { call, refer, id } = await referred();
      call.respond(refer, 100);
      call.respond(refer, status);
      expect(call.events).toEqual([result(status)]);
      call.notify({ id, body: 'SIP/2.0 200 OK' });
      call.request('OPTIONS');
      expect(call.seen()).toEqual([481, 200]);
      call.h.clock.advance(400_000);
      expect(call.events).toHaveLength(1);
    },
  );

  test('that nobody answers: 408 after 64*T1, and the next NOTIFY is refused', async () => {
    const { call, id } = await referred();
    call.h.clock.advance(32_000);
    expect(call.events).toEqual([result(408)]);
    call.take();
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([481]);
    expect(call.events).toHaveLength(1);
  });

  test('whose connection breaks: 503', async () => {
    const { call } = await referred({ protocol: 'tcp' });
    for (const flow of call.h.tcp.opened) flow.break();
    expect(call.events).toEqual([result(503)]);
  });

  test('waits for the ACK of our 200', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', body: SDP });
    const to = `<sip:2000@192.0.2.1>;tag=${/tag=(.*)$/.exec(lastResponse(h.udp.take()).headers.get('To') ?? '')?.[1]}`;
    h.leg().refer({ uri: TARGET });
    expect(() => h.leg().refer({ uri: TARGET })).toThrow(/under way/);
    expect(h.udp.take()).toEqual([]);
    h.send({ method: 'ACK', to });
    expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['REFER']);
  });

  test('is never sent when the call is hung up before that ACK', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', body: SDP });
    const to = `<sip:2000@192.0.2.1>;tag=${/tag=(.*)$/.exec(lastResponse(h.udp.take()).headers.get('To') ?? '')?.[1]}`;
    h.leg().refer({ uri: TARGET });
    h.leg().hangUp();
    h.leg().refer({ uri: TARGET });
    await settle();
    h.send({ method: 'ACK', to });
    await settle();
    expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['BYE']);
    expect(h.events().map(({ type }) => type)).toEqual(['transfer', 'acked', 'ended']);
  });

  test('of a call that is not up: 481, and nothing on the wire', async () => {
    const ringing = await createHarness({ onInvite: () => {} });
    ringing.send({ method: 'INVITE', body: SDP });
    ringing.udp.take();
    ringing.leg().refer({ uri: TARGET });
    expect(ringing.events()).toEqual([]);
    await settle();
    expect(ringing.events()).toEqual([result(481)]);
    const dialling = await createHarness();
    const { leg, events } = dialling.dial();
    leg.refer({ uri: TARGET });
    expect(() => leg.refer({ uri: 'x' })).toThrow();
    await settle();
    expect(events).toEqual([result(481)]);
    expect(dialling.udp.takeRequests().map(({ method }) => method)).toEqual(['INVITE']);
  });

  test('of a call that is over: nothing at all', async () => {
    const call = await PeerDialog.establish();
    call.request('BYE');
    call.leg.refer({ uri: TARGET });
    await settle();
    expect(call.events.map(({ type }) => type)).toEqual(['ended']);
    expect(call.seen()).toEqual([200]);
  });

  test('is one at a time; after the result another may follow', async () => {
    const { call, refer, id } = await referred();
    expect(() => call.leg.refer({ uri: TARGET })).toThrow(expect.objectContaining({ code: 'ERR_SIP_STATE' }));
    call.respond(refer, 202);
    expect(() => call.leg.refer({ uri: TARGET })).toThrow(/under way/);
    call.notify({ id, state: 'terminated;reason=noresource', body: 'SIP/2.0 486 Busy Here\r\n' });
    call.seen();
    call.leg.refer({ uri: 'sip:other@example.com' });
    const second = call.takeRequest();
    expect(second.headers.get('CSeq')).toBe(`${Number(id) + 1} REFER`);
    call.respond(second, 202);
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([481]);
    call.notify({ id: String(Number(id) + 1), body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([200]);
    expect(call.events).toEqual([result(486), result(200)]);
  });
});

describe('the NOTIFYs', () => {
  test('that overtake the 202 count, the result too', async () => {
    const { call, refer, id } = await referred();
    call.notify({ id, body: 'SIP/2.0 100 Trying\r\n' });
    call.respond(refer, 202);
    call.h.clock.advance(60_000);
    call.notify({ id, body: 'SIP/2.0 100 Trying\r\n' });
    expect(call.events).toEqual([news(100)]);
    call.notify({ id, body: 'SIP/2.0 486 Busy Here\r\n', state: 'terminated' });
    expect(call.events).toEqual([news(100), result(486)]);

    const other = await referred();
    other.call.notify({ body: 'SIP/2.0 200 OK\r\n' });
    other.call.respond(other.refer, 202);
    other.call.notify({ body: 'SIP/2.0 200 OK\r\n', state: 'terminated' });
    expect(other.call.events).toEqual([result(200)]);
    expect(other.call.seen()).toEqual([200, 200]);
  });

  test('show that the peer has the REFER, though its 202 is lost', async () => {
    const { call, id } = await referred();
    call.notify({ id, body: 'SIP/2.0 180 Ringing' });
    call.h.clock.advance(60_000);
    expect(call.events).toEqual([news(180)]);
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.events).toEqual([news(180), result(200)]);
  });

  test('do not outweigh a refusal of the REFER', async () => {
    const { call, refer, id } = await referred();
    call.notify({ id, body: 'SIP/2.0 100 Trying' });
    call.respond(refer, 603);
    expect(call.events).toEqual([news(100), result(603)]);
  });

  test('after the result are answered until the subscription ends, then 481', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({ id, body: 'SIP/2.0 503 Service Unavailable' });
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    call.notify({ id, state: 'terminated;reason=timeout' });
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([200, 200, 200, 481]);
    expect(call.events).toEqual([result(503)]);
    expect(call.h.clock.pendingTimers).toBeGreaterThan(0);
    call.h.clock.advance(40_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test.each([
    ['rejected', 603],
    ['timeout', 408],
    ['noresource', 480],
    ['giveup;retry-after=5', 480],
    ['', 480],
  ])('that end the subscription for %j without a result: %i', async (reason, status) => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({
      id,
      state: reason === '' ? 'terminated' : `terminated;reason=${reason}`,
      body: 'SIP/2.0 100 Trying',
    });
    expect(call.events).toEqual([result(status)]);
  });

  test('without body, or with the status known already, are no news', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({ id });
    call.notify({ id, state: 'pending', body: 'SIP/2.0 100 Trying' });
    call.notify({ id, body: 'SIP/2.0 100 Still trying' });
    expect(call.seen()).toEqual([200, 200, 200]);
    expect(call.events).toEqual([news(100)]);
  });

  test('that never come: 408 after 64*T1', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.h.clock.advance(31_999);
    expect(call.events).toEqual([]);
    call.h.clock.advance(1);
    expect(call.events).toEqual([result(408)]);
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([481]);
  });

  test('that never bring a result: 408 after two minutes, counted from the first', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.h.clock.advance(20_000);
    call.notify({ id, body: 'SIP/2.0 100 Trying' });
    call.h.clock.advance(60_000);
    call.notify({ id, body: 'SIP/2.0 180 Ringing' });
    call.h.clock.advance(59_999);
    expect(call.events).toEqual([news(100), news(180)]);
    call.h.clock.advance(1);
    expect(call.events).toEqual([news(100), news(180), result(408)]);
  });

  test('without id are of the first REFER, as long as its subscription lives', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.h.clock.advance(32_000);
    call.leg.refer({ uri: 'sip:other@example.com' });
    const second = call.takeRequest();
    call.respond(second, 202);
    // Late news of the first, which was given up: the 481 ends that subscription.
    call.notify({ body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([481]);
    expect(call.events).toEqual([result(408)]);
    // What comes without id now can only be of the second.
    call.notify({ body: 'SIP/2.0 180 Ringing' });
    expect(call.events).toEqual([result(408), news(180)]);
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([200, 481]);
  });

  test('carry the Contact that later requests go to', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202, { extra: ['Contact: <sip:peer@192.0.2.9:5076>'] });
    call.leg.reoffer(SDP);
    expect(call.take()[0]?.to.port).toBe(5076);
    const extra = [`Event: refer;id=${id}`, 'Subscription-State: active'];
    call.request('NOTIFY', { contact: '<sip:peer@192.0.2.9:5077>', extra });
    call.take();
    call.leg.hangUp();
    expect(call.take()[0]?.to.port).toBe(5077);
  });
});

describe('a hostile or confused notifier', () => {
  const sipfrag = 'message/sipfrag;version=2.0';

  test.each([
    ['another event', ['Event: presence', 'Subscription-State: active'], sipfrag, 'SIP/2.0 200 OK', 489],
    ['no event', ['Subscription-State: active'], sipfrag, 'SIP/2.0 200 OK', 400],
    ['an unreadable event', ['Event: refer;;', 'Subscription-State: active'], sipfrag, 'SIP/2.0 200 OK', 400],
    ['a foreign id', ['Event: refer;id=777', 'Subscription-State: active'], sipfrag, 'SIP/2.0 200 OK', 481],
    ['a state with a mistake', ['Event: refer', 'Subscription-State: ;x'], sipfrag, 'SIP/2.0 200 OK', 400],
    ['another type of body', ['Event: refer', 'Subscription-State: active'], 'text/plain', 'SIP/2.0 200 OK', 415],
    ['a packed body', ['Event: refer', 'Content-Encoding: gzip'], sipfrag, 'SIP/2.0 200 OK', 415],
    ['a huge fragment', ['Event: refer'], sipfrag, `SIP/2.0 200 OK\r\nX: ${'y'.repeat(20_000)}`, 413],
    ['an endless first line', ['Event: refer'], sipfrag, `SIP/2.0 200 ${'y'.repeat(2_000)}`, 400],
    ['a request as fragment', ['Event: refer'], sipfrag, 'INVITE sip:x@y SIP/2.0\r\n', 400],
    ['header fields alone', ['Event: refer'], sipfrag, 'From: x\r\nSIP/2.0 200 OK\r\n', 400],
    ['another version', ['Event: refer'], sipfrag, 'SIP/3.0 200 OK', 400],
    ['a status that is none', ['Event: refer'], sipfrag, 'SIP/2.0 999 Nine', 400],
    ['a status of four digits', ['Event: refer'], sipfrag, 'SIP/2.0 2000 OK', 400],
    ['a control character', ['Event: refer'], sipfrag, 'SIP/2.0 200 O\u0000K\r\n', 400],
    ['a carriage return inside', ['Event: refer'], sipfrag, 'SIP/2.0 100 Trying\rSIP/2.0 200 OK\r\n', 400],
  ] as const)('%s: %#', async (_name, extra, type, body, status) => {
    const { call, refer } = await referred();
    call.respond(refer, 202);
    call.request('NOTIFY', { extra, type, body });
    const response = lastResponse(call.take());
    expect(response.status).toBe(status);
    if (status === 489) expect(response.headers.get('Allow-Events')).toBe('refer');
    if (status === 415) {
      expect(response.headers.get('Accept') ?? response.headers.get('Accept-Encoding')).toMatch(/sipfrag|identity/);
    }
    expect(call.events).toEqual([]);
  });

  test('only the first line of a fragment counts', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({ id, body: 'SIP/2.0 183 Session Progress\r\nTo: <sip:x@y>\r\n\r\nSIP/2.0 200 OK\r\n' });
    call.notify({ id, body: 'SIP/2.0 180 Ringing\nSIP/2.0 200 OK\n' });
    call.notify({ id, body: 'SIP/2.0 181' });
    expect(call.seen()).toEqual([200, 200, 200]);
    expect(call.events).toEqual([news(183), news(180), news(181)]);
  });

  test('a NOTIFY in a call that referred nobody, of another dialog, or of none: 481', async () => {
    const quiet = await PeerDialog.establish();
    quiet.notify({ body: 'SIP/2.0 200 OK' });
    expect(quiet.seen()).toEqual([481]);

    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    const parts = { method: 'NOTIFY', extra: [`Event: refer;id=${id}`], type: sipfrag, body: 'SIP/2.0 200 OK' };
    const dialog = { callId: call.leg.callId, from: '<sip:alice@192.0.2.9>;tag=alice' };
    call.h.udp.receive(PEER, requestText({ ...parts, ...dialog, to: '<sip:2000@192.0.2.1>;tag=guess' }));
    call.h.udp.receive(PEER, requestText({ ...parts, ...dialog }));
    call.request('NOTIFY', { ...parts, from: '<sip:mallory@192.0.2.9>;tag=mallory' });
    call.request('NOTIFY', { ...parts, callId: 'other' });
    expect(call.seen()).toEqual([481, 481, 481, 481]);
    expect(call.events).toEqual([]);
  });

  test('a NOTIFY with a CSeq lower than the last: 500, and no news', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({ id, body: 'SIP/2.0 100 Trying' });
    call.request('NOTIFY', { cseq: 3, extra: [`Event: refer;id=${id}`], type: sipfrag, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([200, 500]);
    expect(call.events).toEqual([news(100)]);
  });

  test('many transfers that nobody ends leave a bounded memory', async () => {
    const call = await PeerDialog.establish();
    const ids: string[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      call.leg.refer({ uri: TARGET });
      const refer = call.takeRequest();
      ids.push(refer.headers.get('CSeq')?.split(' ')[0] ?? '');
      call.respond(refer, 202);
      call.notify({ body: 'SIP/2.0 486 Busy Here', id: ids.at(-1) });
      call.seen();
    }
    for (const id of ids) call.notify({ id, state: 'terminated' });
    expect(call.seen()).toEqual([...Array<number>(12).fill(481), ...Array<number>(8).fill(200)]);
    expect(call.events.filter(({ type }) => type === 'transfer')).toHaveLength(20);
  });
});

describe('the end of the call', () => {
  test('a peer that hangs up instead of the last NOTIFY ends the leg', async () => {
    const { call, refer, id } = await referred();
    call.respond(refer, 202);
    call.notify({ id, body: 'SIP/2.0 180 Ringing' });
    call.request('BYE');
    call.notify({ id, body: 'SIP/2.0 200 OK' });
    expect(call.seen()).toEqual([200, 200, 481]);
    expect(call.events).toEqual([news(180), { type: 'ended', end: { by: 'peer', status: 0, text: '' } }]);
    call.h.clock.advance(40_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test('we hang up while the REFER waits: nothing more is told, and no timer stays', async () => {
    const { call, refer } = await referred();
    call.leg.hangUp();
    const bye = call.takeRequest();
    call.respond(refer, 202);
    call.notify({ body: 'SIP/2.0 200 OK' });
    call.respond(bye, 200);
    await settle();
    expect(call.seen()).toEqual([481]);
    expect(call.events.map(({ type }) => type)).toEqual(['ended']);
    call.h.clock.advance(40_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test('a look-up that ends after the call sends no REFER', async () => {
    let resolve: (addresses: readonly string[]) => void = () => {};
    const call = await PeerDialog.establish({
      extra: ['Record-Route: <sip:proxy.example.com;lr>'],
      lookup: () =>
        new Promise((done) => {
          resolve = done;
        }),
    });
    call.leg.refer({ uri: TARGET });
    call.request('BYE');
    resolve(['192.0.2.50']);
    await settle();
    expect(call.seen()).toEqual([200]);
  });
});
