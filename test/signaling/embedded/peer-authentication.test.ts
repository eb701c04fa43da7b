import { describe, expect, test } from 'vitest';
import { DigestClient } from '../../../src/signaling/digest/digest-client.js';
import type { SipResponse } from '../../../src/signaling/message/sip-message.js';
import { createHarness, type HarnessOptions, PEER } from '../../support/embedded-harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { requestText, SDP, tagOf } from '../../support/sip-text.js';

const auth = { realm: 'example.com', users: { pbx: 'swordfish' }, except: ['198.51.100.0/24'] };

async function guarded(onInvite?: HarnessOptions['onInvite']) {
  const h = await createHarness({ options: { auth }, ...(onInvite && { onInvite }) });
  const client = (user: string, password: string) => new DigestClient({ user, password }, new SeededRandom(9));
  /** An INVITE, and what it is answered. */
  const invite = (cseq: number, extra: readonly string[] = []): readonly SipResponse[] => {
    h.send({ method: 'INVITE', cseq, extra, body: SDP });
    return h.udp.takeResponses();
  };
  const answerTo = (responses: readonly SipResponse[], of: DigestClient): readonly string[] => {
    of.begin().challenged({ server: responses.at(-1)?.headers.getAll('WWW-Authenticate') ?? [], proxy: [] });
    const request = { method: 'INVITE', uri: 'sip:2000@192.0.2.1', body: Buffer.from(SDP) };
    return of.authorize(request).map(([name, value]) => `${name}: ${value}`);
  };
  return { h, invite, client, answerTo };
}

describe('a peer that calls', () => {
  test('is asked who it is, without 100 and without a record, and gets through with the password', async () => {
    const { h, invite, client, answerTo } = await guarded();
    const challenged = invite(1);
    expect(challenged.map(({ status }) => status)).toEqual([401]);
    expect(challenged[0]?.headers.getAll('WWW-Authenticate')).toHaveLength(2);
    expect(tagOf(challenged[0]?.headers.get('To'))).toBeDefined();
    expect([h.legs.length, h.refused.length]).toEqual([0, 0]);
    const answered = invite(2, answerTo(challenged, client('pbx', 'swordfish')));
    expect(answered.map(({ status }) => status)).toEqual([100, 200]);
  });

  test.each([
    ['a wrong password', 'pbx', 'x'],
    ['an unknown user', 'nobody', 'swordfish'],
  ])('%s: 401 again, recorded, and nothing shows which of the two it was', async (_, user, password) => {
    const { h, invite, client, answerTo } = await guarded();
    const [refused] = invite(2, answerTo(invite(1), client(user, password)));
    expect(refused?.status).toBe(401);
    expect(refused?.headers.getAll('WWW-Authenticate').join()).not.toContain('stale');
    expect(h.refused.map(({ status }) => status)).toEqual([401]);
  });

  test('wrong passwords are recorded and logged with where they come from, ten a second at most; who only asks is not', async () => {
    const { h, invite, client, answerTo } = await guarded();
    const wrong = answerTo(invite(1), client('pbx', 'x'));
    expect(h.warnings).toEqual([]);
    for (let attempt = 0; attempt < 30; attempt += 1) invite(2 + attempt, wrong);
    expect(h.warnings).toEqual(Array.from({ length: 10 }, () => ({ address: PEER.address })));
    expect(h.refused).toHaveLength(10);
    h.clock.advance(1_000);
    invite(40, wrong);
    expect([h.warnings.length, h.refused.length]).toEqual([11, 11]);
  });

  test('a nonce that is too old is stale, and the call goes on with the new one', async () => {
    const { h, invite, client, answerTo } = await guarded();
    const pbx = client('pbx', 'swordfish');
    const credentials = answerTo(invite(1), pbx);
    h.clock.advance(301_000);
    const stale = invite(2, credentials);
    expect(stale.at(-1)?.headers.get('WWW-Authenticate')).toContain('stale=true');
    expect(h.refused).toEqual([]);
    expect(invite(3, answerTo(stale, pbx)).map(({ status }) => status)).toEqual([100, 200]);
  });

  test('credentials that were seen before are refused', async () => {
    const { h, invite, client, answerTo } = await guarded();
    const credentials = answerTo(invite(1), client('pbx', 'swordfish'));
    invite(2, credentials);
    h.send({ method: 'INVITE', callId: 'other', extra: credentials, body: SDP });
    expect(h.statuses()).toEqual([401]);
  });
});

describe('whoever has not shown who it is', () => {
  test.each([
    ['nothing but the question', {}, 401],
    ['an extension nobody knows', { extra: ['Require: teleport'] }, 420],
    ['a dialog that is not there', { to: '<sip:2000@192.0.2.1>;tag=nobody' }, 481],
  ])('hears an answer once, whatever its INVITE has in it: %s', async (_, parts, status) => {
    const { h } = await guarded();
    h.send({ method: 'INVITE', body: SDP, ...parts });
    expect(h.statuses()).toEqual([status]);
    h.clock.advance(40_000);
    expect(h.statuses()).toEqual([]);
  });

  test('leaves ten records a second at most, whatever it is refused for', async () => {
    const { h } = await guarded();
    for (let sent = 0; sent < 30; sent += 1) {
      h.send({ method: 'INVITE', callId: `flood-${sent}`, extra: ['Require: teleport'], body: SDP });
    }
    expect(h.statuses()).toEqual(Array.from({ length: 30 }, () => 420));
    expect([h.refused.length, h.warnings]).toEqual([10, []]);
  });

  test('hears it again when it asks again', async () => {
    const { h } = await guarded();
    const text = h.send({ method: 'INVITE', body: SDP });
    const [first] = h.udp.take();
    h.udp.receive(PEER, text);
    expect(h.udp.take()).toEqual([first]);
  });
});

test('a caller who has shown who it is hears a refusal until it is acknowledged', async () => {
  const { h, invite, client, answerTo } = await guarded((leg) => leg.reject(486));
  expect(invite(2, answerTo(invite(1), client('pbx', 'swordfish'))).map(({ status }) => status)).toEqual([486]);
  h.clock.advance(3_600);
  expect(h.statuses()).toEqual([486, 486, 486]);
});

test('so does the peer of a call whose re-INVITE is refused, though a request in a dialog has no credentials', async () => {
  const { h, invite, client, answerTo } = await guarded();
  const [, ok] = invite(2, answerTo(invite(1), client('pbx', 'swordfish')));
  const to = ok?.headers.get('To') ?? '';
  h.send({ method: 'ACK', to, cseq: 2 });
  h.send({ method: 'INVITE', to, cseq: 3, body: SDP });
  h.clock.advance(600);
  expect(h.statuses()).toEqual([500, 500]);
});

describe('what is not challenged', () => {
  test('OPTIONS, requests in a dialog, ACK and CANCEL', async () => {
    const { h, invite, client, answerTo } = await guarded();
    h.send({ method: 'OPTIONS', callId: 'ping' });
    expect(h.statuses()).toEqual([200]);
    const [, ok] = invite(2, answerTo(invite(1), client('pbx', 'swordfish')));
    const to = ok?.headers.get('To') ?? '';
    h.send({ method: 'ACK', to, cseq: 2 });
    h.send({ method: 'BYE', to, cseq: 3 });
    h.send({ method: 'CANCEL', callId: 'nothing' });
    expect(h.statuses()).toEqual([200, 481]);
  });

  test('peers that are excepted', async () => {
    const { h } = await guarded();
    const via = 'UDP 198.51.100.7:5060;branch=z9hG4bK-except;rport';
    h.udp.receive({ address: '198.51.100.7', port: 5060 }, requestText({ method: 'INVITE', via, body: SDP }));
    expect(h.statuses()).toEqual([100, 200]);
  });
});

test('whom we call may answer although nobody allows it to call; it may begin nothing', async () => {
  const h = await createHarness({ options: { allow: ['203.0.113.1'] } });
  h.dial({ uri: 'sip:bob@192.0.2.9:5070' });
  h.udp.take();
  const text = requestText({ method: 'INVITE', body: SDP });
  h.udp.receive(PEER, text);
  expect([h.udp.take(), h.legs]).toEqual([[], []]);
});
