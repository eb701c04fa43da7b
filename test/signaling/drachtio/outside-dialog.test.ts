import { describe, expect, test } from 'vitest';
import { header } from '../../fakes/drachtio-server/index.js';
import { DrachtioHarness, OFFER, SDP, until } from '../../support/drachtio-harness.js';

describe('what comes outside of a dialog', () => {
  test('OPTIONS is answered 200, and 503 with Retry-After when calls are not taken', async () => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    const fine = await harness.server.ask('OPTIONS').response(200, 'OPTIONS');
    expect(['allow', 'accept', 'supported'].every((name) => header(fine, name) !== undefined)).toBe(true);
    for (const availability of ['full', 'draining'] as const) {
      harness.driver.setAvailability(availability);
      const busy = await harness.server.ask('OPTIONS').response(503, 'OPTIONS');
      expect(header(busy, 'retry-after')).toBe('10');
    }
  });

  test.each(['MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'REGISTER'])('%s is answered 405 with Allow', async (method) => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    expect(header(await harness.server.ask(method).response(405, method), 'allow')).toContain('INVITE');
  });

  test.each(['INFO', 'NOTIFY'])('%s belongs to no dialog: 481', async (method) => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    await harness.server.ask(method).response(481, method);
  });

  test.each([
    [420, { headers: [['Require', 'foo, 100rel, bar']] }, 'unsupported', /foo.*bar/],
    [415, { contentType: 'text/plain', body: 'hello' }, 'accept', /application\/sdp/],
    [415, { headers: [['Content-Encoding', 'gzip']], contentType: SDP, body: OFFER }, 'accept-encoding', /identity/],
    [406, { headers: [['Accept', 'text/plain']], contentType: SDP, body: OFFER }, 'accept', /application\/sdp/],
  ] as const)('an INVITE that cannot be served is refused %d, and recorded', async (status, content, name, value) => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    const refusal = await harness.server.call(content).response(status);
    expect(header(refusal, name)).toMatch(value);
    expect(harness.refused.map((one) => [one.status, one.invite.requestUser])).toEqual([[status, '2000']]);
  });

  // Over UDP any answer to it ends drachtio-server v0.9.10, and all its calls.
  test.each([
    ['INVITE', '*', '127.0.0.0/8'],
    ['INVITE', '<tel:+442079460000>', '127.0.0.0/8'],
    ['INVITE', '"sip:a@b" <tel:+442079460000>, <sip:a@b>', '127.0.0.0/8'],
    ['INVITE', '*', '192.0.2.1'],
    ['SUBSCRIBE', '*', '127.0.0.0/8'],
    ['INVITE', '@<sip:a@b>', '127.0.0.0/8'],
    ['INVITE', 'Ünal <sip:a@b>', '127.0.0.0/8'],
    // To the server a CR alone ends a line, too, and a line may go on before the colon.
    ['INVITE', '<sip:a@b>', '127.0.0.0/8', 'a\r\nContact\r\n : *'],
    ['INVITE', '<sip:a@b>', '127.0.0.0/8', 'a\rContact: *'],
    ['SUBSCRIBE', '<sip:a@b>', '127.0.0.0/8', 'a\rContact: *'],
  ])('%s with Contact: %s gets no answer, now or on another connection (allow: %s)', async (...row) => {
    const [method, contact, allow, subject = 'a'] = row;
    await using harness = await DrachtioHarness.start({ allow: [allow] });
    await harness.routed();
    const headers = [
      ['Subject', subject],
      ['Contact', contact],
    ] as const;
    const deadly = method === 'INVITE' ? harness.server.call({ headers }) : harness.server.ask(method, { headers });
    const refused = { headers: [['Require', 'foo']], contentType: SDP, body: OFFER } as const;
    const status = allow === '192.0.2.1' ? 403 : 420;
    await harness.server.call(refused).response(status);
    harness.server.applications[0]?.close();
    await harness.state('down');
    harness.clock.advance(250);
    await harness.state('up');
    await until(() => harness.server.applications.some(({ routes }) => routes.has('invite')));
    await harness.server.call(refused).response(status);
    expect([deadly.unseen, harness.refused.every((one) => one.status === 420)]).toEqual([0, true]);
  });

  test('a re-INVITE that cannot be served is refused, and no call that was refused', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.request('INVITE', { headers: [['Require', 'foo']], contentType: SDP, body: OFFER });
    await call.response(420);
    expect(harness.refused).toEqual([]);
  });

  test('a merged INVITE, by another way, gets 482 while the first has no response', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.incoming();
    call.again();
    await call.response(482);
  });

  test('an INVITE that comes again after its call has ended is a call of its own', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    call.cancel();
    await leg.event('ended');
    call.again({ contentType: SDP, body: OFFER });
    expect((await harness.leg()).it.callId).toBe(call.callId);
  });

  test('an INVITE from a stranger gets 403, for the server has said 100; anything else no answer', async () => {
    await using harness = await DrachtioHarness.start({ allow: ['10.0.0.0/8'] });
    await harness.routed();
    const probe = harness.server.ask('OPTIONS');
    const stranger = harness.server.call({ contentType: SDP, body: OFFER });
    await stranger.response(403);
    // In what would be a dialog as well: the server has handed it over.
    stranger.request('INFO', { contentType: 'application/dtmf', body: '5' });
    await stranger.response(403, 'INFO');
    expect([probe.unseen, harness.refused]).toEqual([0, []]);
    await harness.server.call({ contentType: SDP, body: OFFER, sourceAddress: '10.1.2.3' });
    expect((await harness.leg()).it.invite.source.address).toBe('10.1.2.3');
  });

  test('an INVITE over the number of legs gets 503 with Retry-After', async () => {
    await using harness = await DrachtioHarness.start({ limits: { maxLegs: 1 } });
    await harness.incoming();
    const refusal = await harness.server.call({ contentType: SDP, body: OFFER }).response(503);
    expect(header(refusal, 'retry-after')).toBe('10');
  });
});
