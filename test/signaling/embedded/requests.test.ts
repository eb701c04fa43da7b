import { describe, expect, test } from 'vitest';
import { embeddedDefaults } from '../../../src/signaling/embedded/embedded-options.js';
import type { OfferReply } from '../../../src/signaling/port.js';
import {
  answeredCall,
  createHarness,
  establishedCall,
  type Harness,
  lastResponse,
  PEER,
  settle,
} from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { SDP, tagOf } from '../../support/sip-text.js';

const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY';

describe('what the endpoint refuses by itself', () => {
  test.each([
    ['REGISTER', 405],
    ['SUBSCRIBE', 405],
    ['PUBLISH', 405],
    ['MESSAGE', 405],
    ['REFER', 405],
    ['SELFDESTRUCT', 501],
    ['invite', 501],
  ])('%s outside a dialog: %i with Allow', async (method, status) => {
    const h = await createHarness();
    h.send({ method });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.get('Allow')]).toEqual([status, ALLOW]);
    expect(h.legs).toEqual([]);
    expect(h.refused).toEqual([]);
  });

  test.each(['BYE', 'INFO', 'NOTIFY', 'PRACK', 'UPDATE'])('%s outside a dialog: 481', async (method) => {
    const h = await createHarness();
    h.send({ method });
    expect(h.statuses()).toEqual([481]);
  });

  test.each([
    ['420 for an extension', { extra: ['Require: 100rel, nothing'] }, 420, 'Unsupported', 'nothing'],
    ['415 for a foreign body', { type: 'application/isup', body: 'x' }, 415, 'Accept', 'application/sdp'],
    ['415 for a body without type', { type: '', body: 'x' }, 415, 'Accept', 'application/sdp'],
    ['415 for a compressed body', { extra: ['Content-Encoding: gzip'], body: 'x' }, 415, 'Accept-Encoding', 'identity'],
    [
      '406 when our SDP is not wanted',
      { extra: ['Accept: text/plain, application/sdp;q=0'] },
      406,
      'Accept',
      'application/sdp',
    ],
    ['406 for an empty Accept', { extra: ['Accept: '] }, 406, 'Accept', 'application/sdp'],
    ['416 for a foreign scheme', { uri: 'soap.beep://192.0.2.1' }, 416, 'Accept', undefined],
    ['416 for sips', { uri: 'sips:2000@192.0.2.1' }, 416, 'Accept', undefined],
    ['400 for a broken INVITE', { cseq: '1 BYE' }, 400, 'Accept', undefined],
  ] as const)('INVITE: %s, reported once', async (_name, parts, status, header, value) => {
    const h = await createHarness();
    const text = h.send({ method: 'INVITE', body: SDP, ...parts });
    h.udp.receive(PEER, text);
    const responses = h.udp.takeResponses();
    expect(responses.map((response) => response.status)).toEqual([status, status]);
    expect(responses[0]?.headers.get(header)).toBe(value);
    expect(tagOf(responses[0]?.headers.get('To'))).toMatch(/^[0-9a-f]{16}$/);
    expect(h.refused.map((refusal) => refusal.status)).toEqual([status]);
    expect(h.refused[0]?.invite).toMatchObject({ fromUser: 'alice', toUser: '2000', source: { address: '192.0.2.9' } });
    expect(h.legs).toEqual([]);
  });

  test('what an INVITE may ask for and still get through', async () => {
    for (const parts of [
      { extra: ['Accept: application/*'] },
      { extra: ['Accept: */*;q=0.5'] },
      { extra: ['Accept: text/plain', 'Accept: application/sdp'] },
      { extra: ['Supported: 100rel, timer'] },
      { extra: ['Proxy-Require: nothing'] },
      { extra: ['Content-Encoding: identity'] },
      { extra: ['Max-Forwards-Not: 0'] },
      { uri: 'tel:+442079460000' },
      { type: 'Application/SDP; charset="utf-8"' },
    ]) {
      const h = await createHarness();
      h.send({ method: 'INVITE', body: SDP, ...parts });
      expect(h.statuses()).toEqual([100, 200]);
      expect(h.leg().invite.sdp).toBe(SDP);
    }
  });

  test('an optional body that is not understood counts as none', async () => {
    const h = await createHarness();
    h.send({
      method: 'INVITE',
      type: 'application/isup',
      body: 'x',
      extra: ['Content-Disposition: signal;handling=optional'],
    });
    expect(h.statuses()).toEqual([100, 200]);
    expect(h.leg().invite.sdp).toBeUndefined();
  });

  test.each(['*', '<tel:+442079460000>', '<mailto:a@b>'])(
    'Contact: %s is no place to reach the peer at: 400',
    async (contact) => {
      const h = await createHarness();
      h.send({ method: 'INVITE', body: SDP, contact });
      expect([h.statuses(), h.legs, h.refused.length]).toEqual([[400], [], 1]);
      const call = await PeerDialog.establish();
      for (const method of ['INVITE', 'UPDATE', 'NOTIFY', 'INFO']) call.request(method, { contact, body: '' });
      expect(call.seen()).toEqual([400, 400, 400, 200]);
      call.leg.hangUp();
      expect(call.takeRequest().uri).toBe('sip:peer@192.0.2.9:5075');
    },
  );

  test('the SDP is found in a multipart body', async () => {
    const h = await createHarness();
    const body = [
      'preamble',
      '--unique',
      'Content-Type: application/isup',
      '',
      'binary --unique inside a line',
      '--unique',
      'Content-Type: application/sdp;',
      '\tcharset=utf-8',
      'Content-Disposition: session',
      '',
      'v=0\r\ns=no --unique delimiter',
      '--unique--',
      'epilogue',
    ].join('\r\n');
    h.send({ method: 'INVITE', type: 'multipart/mixed; boundary="unique"', body });
    expect(h.leg().invite.sdp).toBe('v=0\r\ns=no --unique delimiter');
  });

  test.each([
    ['that must be understood', 'multipart/mixed', 'signal;handling=required', [415], undefined],
    ['that may be passed over', 'multipart/mixed', 'signal; handling=OPTIONAL', [100, 200], 'v=0'],
    [
      'instead of which the session description does',
      'multipart/alternative',
      'x;handling=required',
      [100, 200],
      'v=0',
    ],
  ] as const)('a part beside the SDP %s', async (_, type, disposition, statuses, sdp) => {
    const h = await createHarness();
    const parts = [
      `--x\r\nContent-Type: application/isup\r\nContent-Disposition: ${disposition}\r\n\r\nbinary\r\n`,
      '--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n',
    ];
    h.send({ method: 'INVITE', type: `${type};boundary=x`, body: parts.join('') });
    const sent = h.udp.takeResponses();
    expect([sent.map(({ status }) => status), h.legs[0]?.leg.invite.sdp]).toEqual([statuses, sdp]);
    expect(sent.at(-1)?.headers.get('Accept')).toBe(statuses[0] === 415 ? 'application/sdp' : undefined);
  });

  test('the SDP of an early session (RFC 3959) is not that of the session', async () => {
    const h = await createHarness();
    const parts = [
      '--x\r\nContent-Type: application/sdp\r\nContent-Disposition: early-session\r\n\r\nv=0 early\r\n',
      '--x\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\n--x--\r\n',
    ];
    h.send({ method: 'INVITE', type: 'multipart/mixed;boundary=x', body: parts.join('') });
    expect(h.leg().invite.sdp).toBe('v=0');
  });

  test('a multipart body without SDP is refused', async () => {
    const h = await createHarness();
    h.send({
      method: 'INVITE',
      type: 'multipart/mixed; boundary=x',
      body: '--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x--',
    });
    expect(h.statuses()).toEqual([415]);
  });

  test('an INVITE above the limit of legs gets 503 with Retry-After', async () => {
    const h = await createHarness({
      options: { limits: { ...embeddedDefaults.limits, maxLegs: 1, retryAfterSeconds: 7 } },
      onInvite: () => {},
    });
    h.send({ method: 'INVITE', callId: 'a', body: SDP });
    h.send({ method: 'INVITE', callId: 'b', body: SDP });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '7']);
    expect(h.refused.map(({ status }) => status)).toEqual([503]);
  });

  test('merged INVITEs: 482, one call', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', body: SDP });
    h.send({ method: 'INVITE', body: SDP });
    expect(h.statuses()).toEqual([100, 200, 482]);
    expect(h.legs).toHaveLength(1);
  });

  test('a proxy that goes on to its next target after our refusal, and finds us again: a call like any other', async () => {
    const h = await createHarness({
      onInvite: (leg) => (leg.invite.requestUser === '2000' ? leg.reject(486) : leg.accept(SDP)),
    });
    h.send({ method: 'INVITE', body: SDP });
    h.send({ method: 'INVITE', uri: 'sip:3000@192.0.2.1', body: SDP });
    h.send({ method: 'INVITE', uri: 'sip:4000@192.0.2.1', body: SDP });
    expect(h.statuses()).toEqual([486, 100, 200, 482]);
  });

  test('an INVITE into a dialog that does not exist: 481, no call, no record', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', to: '<sip:2000@192.0.2.1>;tag=gone', body: SDP });
    expect(h.statuses()).toEqual([481]);
    expect([h.legs, h.refused]).toEqual([[], []]);
  });
});

describe('OPTIONS', () => {
  test('200 with all that RFC 3261 section 11.2 asks for when open; 503 with Retry-After when full or draining', async () => {
    const h = await createHarness();
    for (const [availability, status, retryAfter] of [
      ['open', 200, undefined],
      ['full', 503, '10'],
      ['draining', 503, '10'],
      ['open', 200, undefined],
    ] as const) {
      h.driver.setAvailability(availability);
      h.send({ method: 'OPTIONS' });
      const { headers, ...response } = lastResponse(h.udp.take());
      expect([response.status, headers.get('Retry-After')]).toEqual([status, retryAfter]);
      const names = ['Allow', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Supported'];
      expect(names.map((name) => headers.get(name))).toEqual([
        ALLOW,
        'application/sdp',
        'identity',
        'en',
        '100rel, timer, replaces',
      ]);
    }
  });

  test('an INVITE still reaches the connector while draining', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.reject(503) });
    h.driver.setAvailability('draining');
    h.send({ method: 'INVITE', body: SDP });
    expect(h.legs).toHaveLength(1);
  });

  test('in a dialog: 200 also while draining, since this call goes on', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.driver.setAvailability('draining');
    h.send({ method: 'OPTIONS', to, cseq: 2 });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.get('Allow'), response.headers.get('To')]).toEqual([200, ALLOW, to]);
  });

  test('with Max-Forwards 0 it has arrived', async () => {
    const h = await createHarness();
    h.udp.receive(
      PEER,
      h.send({ method: 'OPTIONS' }).replace('Max-Forwards: 70', 'Max-Forwards: 0').replace('-test-', '-mf-'),
    );
    expect(h.statuses()).toEqual([200, 200]);
  });
});

describe('INFO', () => {
  test.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5', 160],
    ['application/dtmf-relay', 'Signal= # \nDuration = 99999999', '#', 10_000],
    ['application/dtmf-relay', 'Signal=11', '#', 250],
    ['application/dtmf-relay', 'signal=a\r\nduration=-5', 'A', 250],
    ['application/dtmf', '7\r\n', '7', 250],
    ['application/dtmf', '*', '*', 250],
    ['Application/DTMF;charset=x', 'Signal=3\r\nDuration=80', '3', 80],
  ])('%s %j is one digit, answered 200', async (type, body, digit, durationMs) => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    const text = h.send({ method: 'INFO', to, cseq: 2, type, body });
    h.udp.receive(PEER, text);
    expect(h.statuses()).toEqual([200, 200]);
    expect(h.events().slice(1)).toEqual([{ type: 'digit', digit, durationMs }]);
  });

  test.each([
    ['application/media_control+xml', '<x/>', 415],
    ['application/dtmf-relay', 'Duration=1', 400],
    ['application/dtmf-relay', 'Signal=!', 200],
    ['application/dtmf', 'hello', 200],
    ['', '', 200],
  ])('%s %j is no digit: %i', async (type, body, status) => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method: 'INFO', to, cseq: 2, type, body });
    const response = lastResponse(h.udp.take());
    expect(response.status).toBe(status);
    if (status === 415) expect(response.headers.get('Accept')).toBe('application/dtmf-relay, application/dtmf');
    expect(h.events()).toHaveLength(1);
  });

  test.each([
    ['application/x-score', '<score/>', 469, 1],
    ['', '', 469, 1],
    ['application/dtmf-relay', 'Signal=5', 200, 2],
  ])('an Info Package, %s %j: %i', async (type, body, status, events) => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method: 'INFO', to, cseq: 2, type, body, extra: ['Info-Package: score'] });
    const response = lastResponse(h.udp.take());
    expect(response.status).toBe(status);
    if (status === 469) expect(response.headers.get('Recv-Info')).toBe('nil');
    expect(h.events()).toHaveLength(events);
  });
});

describe('other requests in a dialog', () => {
  test.each([
    ['REFER', 603],
    ['UPDATE', 200],
    ['PRACK', 400],
    ['MESSAGE', 405],
    ['FOO', 501],
  ])('%s: %i, and the call goes on', async (method, status) => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method, to, cseq: 2, extra: ['Refer-To: <sip:x@192.0.2.7>'] });
    h.send({ method: 'BYE', to, cseq: 3 });
    expect(h.statuses()).toEqual([status, 200]);
  });
});

test.each([[[]], [['Refer-To: <sip:a@b>', 'Refer-To: <sip:c@d>']], [['Refer-To: <sip:a@b>, <sip:c@d>']]])(
  'a REFER without exactly one Refer-To (%j) gets 400 also where none is taken (RFC 3515 section 2.4.2)',
  async (extra) => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method: 'REFER', to, cseq: 2, extra });
    expect(h.statuses()).toEqual([400]);
  },
);

describe('re-INVITE', () => {
  /** A call whose re-INVITEs are answered by `onOffer`. */
  async function callWith(
    onOffer: (reply: OfferReply, sdp: string | undefined) => void,
  ): Promise<{ h: Harness; to: string }> {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.leg().listen((event) => {
      (h.events() as unknown[]).push(event);
      if (event.type === 'offer') onOffer(event.reply, event.sdp);
    });
    return { h, to };
  }

  test('is answered in the dialog, acknowledged, and moves the remote target', async () => {
    const { h, to } = await callWith((reply, sdp) => reply.accept(`answer to ${sdp}`));
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer', contact: '<sip:alice@192.0.2.9:5090>' });
    const ok = lastResponse(h.udp.take());
    expect([ok.status, ok.body.toString(), ok.headers.get('To')]).toEqual([200, 'answer to offer', to]);
    expect(ok.headers.get('Contact')).toBe('<sip:2000@192.0.2.1:5060>');
    h.send({ method: 'ACK', to, cseq: 2 });
    h.clock.advance(60_000);
    h.leg().hangUp();
    expect(h.udp.take().map(({ to: { port } }) => port)).toEqual([5090]);
  });

  test('without SDP: our offer in the 200, the answer in the ACK', async () => {
    const { h, to } = await callWith((reply) => reply.accept('ours'));
    h.send({ method: 'INVITE', to, cseq: 2 });
    h.send({ method: 'ACK', to, cseq: 2, body: 'theirs' });
    expect(h.events().at(-1)).toEqual({ type: 'acked', sdp: 'theirs' });
  });

  test('refused: the call and its remote target stay as they are', async () => {
    const { h, to } = await callWith((reply) => {
      reply.reject(488);
      reply.accept('too late');
    });
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer', contact: '<sip:alice@192.0.2.9:5090>' });
    expect(h.statuses()).toEqual([488]);
    h.leg().hangUp();
    expect(h.udp.take().map(({ to: { port } }) => port)).toEqual([5070]);
  });

  test('that the listener leaves unanswered gets 500', async () => {
    const { h, to } = await callWith(() => {});
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer' });
    expect(h.statuses()).toEqual([]);
    h.clock.advance(0);
    expect(h.statuses()).toEqual([500]);
  });

  test('whose listener throws gets 500', async () => {
    const { h, to } = await callWith(() => {
      throw new Error('boom');
    });
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer' });
    h.clock.advance(0);
    expect(h.statuses()).toEqual([500]);
  });

  test('without ACK: the 200 is repeated, then BYE', async () => {
    const { h, to } = await callWith((reply) => reply.accept('answer'));
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer' });
    h.clock.advance(32_000);
    const sent = h.udp.take();
    expect(sent.map(({ atMs }) => atMs / 1000)).toEqual([
      0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32,
    ]);
    expect(h.events().at(-1)).toMatchObject({ type: 'ended', end: { by: 'ack-timeout' } });
  });

  test('while the INVITE before it is unanswered: 500 with Retry-After of 0 to 10 s', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', body: SDP });
    const to = `<sip:2000@192.0.2.1>;tag=${tagOf(lastResponse(h.udp.take()).headers.get('To'))}`;
    h.send({ method: 'INVITE', to, cseq: 2, body: SDP });
    const response = lastResponse(h.udp.take());
    expect(response.status).toBe(500);
    expect(Number(response.headers.get('Retry-After'))).toBeLessThanOrEqual(10);
    h.leg().accept(SDP);
    expect(h.statuses()).toEqual([200]);
  });

  test('a second one before the first is answered: 500 with Retry-After, one offer at a time', async () => {
    const { h, to } = await callWith(() => {});
    h.send({ method: 'INVITE', to, cseq: 2, body: 'first' });
    h.send({ method: 'INVITE', to, cseq: 3, body: 'second' });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.has('Retry-After')]).toEqual([500, true]);
    h.clock.advance(0);
    expect(h.udp.takeResponses().map(({ headers }) => headers.get('CSeq'))).toEqual(['2 INVITE']);
    expect(h.events().filter(({ type }) => type === 'offer')).toHaveLength(1);
  });

  test('a peer that never acknowledges is put off after eight 200', async () => {
    const { h, to } = await callWith((reply) => reply.accept('answer'));
    for (let cseq = 2; cseq < 20; cseq += 1) h.send({ method: 'INVITE', to, cseq, body: 'offer' });
    const statuses = h.statuses();
    expect(statuses.filter((status) => status === 200)).toHaveLength(8);
    expect(statuses.filter((status) => status === 500)).toHaveLength(10);
  });

  test('while our offer waits for its answer: 491 (glare)', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h, { body: '' });
    h.send({ method: 'INVITE', to, cseq: 2, body: SDP });
    expect(h.statuses()).toEqual([491]);
    h.send({ method: 'ACK', to, body: SDP });
    h.send({ method: 'INVITE', to, cseq: 3, body: SDP });
    h.clock.advance(0);
    expect(h.events().map(({ type }) => type)).toEqual(['acked', 'offer']);
  });

  test('before the ACK of a 200 that carried the answer it is no glare (RFC 5407 section 3.1.4)', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h);
    h.send({ method: 'INVITE', to, cseq: 2, body: SDP });
    expect(h.events().map(({ type }) => type)).toEqual(['offer']);
  });

  test('the ACK of the one before it is no answer to our offer', async () => {
    const { h, to } = await callWith((reply, sdp) => reply.accept(sdp === undefined ? 'ours' : 'answer'));
    h.send({ method: 'INVITE', to, cseq: 2, body: 'offer' });
    h.send({ method: 'INVITE', to, cseq: 3 });
    expect(h.statuses()).toEqual([200, 200]);
    const before = h.events().length;
    h.send({ method: 'ACK', to, cseq: 2 });
    h.send({ method: 'ACK', to, cseq: 3, body: 'theirs' });
    expect(h.events().slice(before)).toEqual([{ type: 'acked', sdp: 'theirs' }]);
    h.clock.advance(60_000);
    expect(h.statuses()).toEqual([]);
  });

  test('hanging up while one is open: 487 and BYE', async () => {
    const { h, to } = await callWith(() => h.leg().hangUp());
    h.send({ method: 'INVITE', to, cseq: 2, body: SDP });
    const sent = h.udp.take().map(({ message }) => (message.kind === 'response' ? message.status : message.method));
    expect(sent).toEqual([487, 'BYE']);
    await settle();
    h.clock.advance(70_000);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('a foreign body or a required extension is refused without ado', async () => {
    const { h, to } = await callWith(() => {});
    h.send({ method: 'INVITE', to, cseq: 2, type: 'text/plain', body: 'x' });
    h.send({ method: 'INVITE', to, cseq: 3, extra: ['Require: x'] });
    expect(h.statuses()).toEqual([415, 420]);
    expect(h.refused).toEqual([]);
    expect(h.events().map(({ type }) => type)).toEqual(['acked']);
  });
});
