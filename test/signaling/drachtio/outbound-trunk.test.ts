import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { OutboundRequest } from '../../../src/signaling/port.js';
import { header } from '../../fakes/drachtio-server/index.js';
import type { OutgoingInvite } from '../../fakes/drachtio-server/outgoing-invite.js';
import type { OwnRequest } from '../../fakes/drachtio-server/own-request.js';
import { ANSWER, DrachtioHarness, hear, OFFER, SDP } from '../../support/drachtio-harness.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';

const request: OutboundRequest = {
  uri: 'sip:+4420@carrier.example',
  fromUser: '2000',
  sdp: OFFER,
  targets: ['sip:one.example', 'sip:two.example'],
};

const answer = { contentType: SDP, body: ANSWER };
const CHALLENGE = 'Digest realm="carrier", nonce="abc", algorithm=SHA-256, qop="auth"';

function dial(harness: DrachtioHarness, options: Partial<OutboundRequest> = {}) {
  return hear(harness.driver.invite({ ...request, ...options }));
}

describe('a call of ours through a trunk', () => {
  test('goes to the first target, and says who we are there', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = dial(harness, { fromDomain: 'carrier.example' });
    const invite = await harness.server.outgoing();
    expect([invite.message.startLine, invite.nextHop]).toEqual([
      'INVITE sip:+4420@carrier.example SIP/2.0',
      'sip:one.example',
    ]);
    expect(header(invite.message, 'from')).toContain('<sip:2000@carrier.example>');
    invite.respond(200, answer);
    await leg.event('answered');
  });

  test('has a target with a user part called itself', async () => {
    await using harness = await DrachtioHarness.start();
    dial(harness, { targets: ['sip:desk@one.example'] });
    const invite = await harness.server.outgoing();
    expect([invite.message.startLine, invite.nextHop]).toEqual(['INVITE sip:desk@one.example SIP/2.0', '']);
  });

  test('tries the next target after a 503, and leaves the first alone for as long as it says', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = dial(harness);
    const first = await harness.server.outgoing();
    first.respond(503, { headers: [['Retry-After', '60']] });
    const second = await harness.server.outgoing();
    expect(second.nextHop).toBe('sip:two.example');
    expect(header(second.message, 'call-id')).toBe(leg.it.callId);
    expect(header(second.message, 'cseq')).toBe('2 INVITE');
    second.respond(200, answer);
    await leg.event('answered');
    dial(harness);
    expect((await harness.server.outgoing()).nextHop).toBe('sip:two.example');
    harness.clock.advance(60_000);
    dial(harness);
    expect((await harness.server.outgoing()).nextHop).toBe('sip:one.example');
  });

  test('takes a 408 of the target for an answer, and one of the server for silence', async () => {
    await using harness = await DrachtioHarness.start();
    const rung = dial(harness);
    const first = await harness.server.outgoing();
    first.respond(180);
    first.respond(408);
    expect((await rung.event('ended')).end).toMatchObject({ by: 'peer', status: 408 });
    dial(harness);
    (await harness.server.outgoing()).serversResponse(408);
    expect((await harness.server.outgoing()).nextHop).toBe('sip:two.example');
  });

  test('tries the next target when the first says nothing, and wants nothing of it afterwards', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = dial(harness);
    const first = await harness.server.outgoing();
    await eventLoopTurns(30);
    harness.clock.advance(4_000);
    await first.cancel;
    const second = await harness.server.outgoing();
    first.respond(180);
    first.respond(200, answer);
    await first.dialog.own('ACK');
    (await first.dialog.own('BYE')).respond(200);
    second.respond(180);
    expect(await leg.event('progress')).toMatchObject({ status: 180 });
    second.respond(200, answer);
    await leg.event('answered');
    expect(leg.events.map(({ type }) => type)).toEqual(['progress', 'answered']);
  });

  test('ends with what the last target said', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = dial(harness);
    (await harness.server.outgoing()).respond(503);
    (await harness.server.outgoing()).respond(486);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer', status: 486 });
  });

  test('answers a challenge with SHA-256, in the dialog too, and gives up where the password is wrong', async () => {
    await using harness = await DrachtioHarness.start();
    const auth = { user: 'desk', password: 'hush' };
    const leg = dial(harness, { auth });
    (await harness.server.outgoing()).respond(407, { headers: [['Proxy-Authenticate', CHALLENGE]] });
    const invite = await harness.server.outgoing();
    expect(invite.nextHop).toBe('sip:one.example');
    const credentials = header(invite.message, 'proxy-authorization') ?? '';
    const field = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(credentials)?.[1] ?? '';
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const ha2 = hash('INVITE:sip:+4420@carrier.example');
    const expected = hash(`${hash('desk:carrier:hush')}:abc:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
    expect(field('response')).toBe(expected);
    invite.respond(200, answer);
    await leg.event('answered');
    leg.it.hangUp();
    (await invite.dialog.own('BYE')).respond(407, {
      headers: [['Proxy-Authenticate', CHALLENGE.replace('abc', 'def')]],
    });
    expect(header((await invite.dialog.own('BYE')).message, 'proxy-authorization')).toContain('nonce="def"');
    const other = dial(harness, { auth });
    (await harness.server.outgoing()).respond(401, { headers: [['WWW-Authenticate', CHALLENGE]] });
    (await harness.server.outgoing()).respond(401, { headers: [['WWW-Authenticate', CHALLENGE]] });
    expect((await other.event('ended')).end).toMatchObject({ by: 'peer', status: 401 });
  });

  // RFC 3261 section 7.3.1: credentials are never joined by commas, as other fields of one name are.
  test('answers two proxies in a header field each, whether they ask together or one after the other', async () => {
    await using harness = await DrachtioHarness.start();
    const auth = { user: 'desk', password: 'hush' };
    const ask = (realm: string) => ['Proxy-Authenticate', CHALLENGE.replace('carrier', realm)] as const;
    /** Those that each field names. */
    const realms = ({ message: { headers } }: OutgoingInvite | OwnRequest): string[] =>
      headers
        .filter(([name]) => name === 'proxy-authorization')
        .map(([, value]) => (value.match(/realm="\w+"/g) ?? []).join());
    dial(harness, { auth });
    (await harness.server.outgoing()).respond(407, { headers: [ask('one'), ask('two')] });
    const together = await harness.server.outgoing();
    expect(realms(together)).toEqual(['realm="one"', 'realm="two"']);
    const leg = dial(harness, { auth });
    (await harness.server.outgoing()).respond(407, { headers: [ask('one')] });
    (await harness.server.outgoing()).respond(407, { headers: [ask('two')] });
    const second = await harness.server.outgoing();
    expect(realms(second)).toEqual(['realm="one"', 'realm="two"']);
    second.respond(200, answer);
    await leg.event('answered');
    // RFC 3261 section 22.1: an ACK cannot be challenged.
    expect(realms(await second.dialog.own('ACK'))).toEqual(['realm="one"', 'realm="two"']);
    leg.it.hangUp();
    (await second.dialog.own('BYE')).respond(407, { headers: [ask('one'), ask('two')] });
    expect(realms(await second.dialog.own('BYE'))).toEqual(['realm="one"', 'realm="two"']);
  });

  test('follows a redirection only where it may', async () => {
    await using harness = await DrachtioHarness.start();
    const contact = [['Contact', '<sip:a@bad.example>;q=0.9, <sip:b@good.example>;q=0.5']] as const;
    const stays = dial(harness, { targets: [] });
    (await harness.server.outgoing()).respond(302, { headers: contact });
    expect((await stays.event('ended')).end).toMatchObject({ by: 'peer', status: 302 });
    dial(harness, { targets: [], mayFollow: (uri) => uri.includes('good') });
    (await harness.server.outgoing()).respond(302, { headers: contact });
    expect((await harness.server.outgoing()).message.startLine).toBe('INVITE sip:b@good.example SIP/2.0');
  });

  test('follows five redirections, and no contact that there is none of', async () => {
    await using harness = await DrachtioHarness.start();
    const around = dial(harness, { targets: [], mayFollow: () => true });
    for (let hop = 0; hop <= 5; hop += 1) {
      (await harness.server.outgoing()).respond(302, { headers: [['Contact', `<sip:b@hop${hop}.example>`]] });
    }
    expect((await around.event('ended')).end).toMatchObject({ by: 'peer', status: 302 });
    const nowhere = dial(harness, { mayFollow: () => false });
    (await harness.server.outgoing()).respond(302, { headers: [['Contact', '<sip:b@bad.example>']] });
    expect((await nowhere.event('ended')).end).toMatchObject({ by: 'peer', status: 302 });
  });

  test('names nobody in From who could end the line or the address', async () => {
    await using harness = await DrachtioHarness.start();
    dial(harness, { fromUser: '20@evil>', fromDisplayName: 'A\r\nX-Evil: 1' });
    const invite = await harness.server.outgoing();
    expect(header(invite.message, 'from')).toMatch(/^"A X-Evil: 1" <sip:20%40evil%3E@127\.0\.0\.1[^>]*>;tag=/);
    expect(header(invite.message, 'x-evil')).toBeUndefined();
  });
});
