import type { RtpPeer } from '../../support/rtp-peer.js';
import { numbers, PARTNER_CALLS_PER_SECOND } from '../known-config.js';
import { audioOf, readAnswer, readSdp, sdp } from '../peer/sdp.js';
import { header, type SipMessage, tokens } from '../peer/sip-message.js';
import { EXCHANGE_ADDRESS } from '../peer/sip-socket.js';
import { check, checkEqual, checkStatus, type Scenario } from '../scenario.js';
import { pause } from './calls.js';
import { type Dialled, dial, recordTo, refuse } from './dialling.js';

/** Ends a call of the partner's from outside. */
async function end({ exchange, id, invite, partner }: Dialled): Promise<void> {
  checkStatus((await partner.subject.admin('DELETE', `/calls/${id}`)).status, 202);
  exchange.respond(await exchange.following(invite, 'BYE'), 200);
}

function sessionExpires(message: SipMessage): number {
  return Number(/^\d+/.exec(header(message, 'Session-Expires'))?.[0]);
}

const noTimer = { opensips: 'the INVITE is that of b2b_entities, and asks for no session timer' } as const;

/** Fields of a 200 that agrees to a session of 90 seconds. */
function timer(refresher: 'uac' | 'uas'): readonly (readonly [string, string])[] {
  return [
    ...(refresher === 'uac' ? ([['Require', 'timer']] as const) : []),
    ['Session-Expires', `90;refresher=${refresher}`],
  ];
}

/** The callee picks up, and wants the session refreshed. */
async function answered(dialled: Dialled, { port }: RtpPeer, refresher: 'uac' | 'uas') {
  const { exchange, invite } = dialled;
  check(tokens(invite, 'Supported').includes('timer'), `Supported is ${header(invite, 'Supported')}`);
  const body = sdp({ port, formats: [0, 101] });
  exchange.respond(invite, 200, { contact: true, toTag: 'callee', body, extra: timer(refresher) });
  await exchange.following(invite, 'ACK');
  return { dialled, body };
}

/** As the calling side: PRACK, UPDATE, session intervals, targets in turn, and what is not taken. */
export const trunkScenarios: readonly Scenario[] = [
  {
    row: 18,
    title: 'as client: a reliable 183 gets its PRACK, and its answer counts',
    rfc: 'RFC 3262 4',
    except: { opensips: 'the INVITE is that of b2b_entities, and says no 100rel' },
    partner: true,
    async run({ partner, rtp }) {
      const dialled = await dial(await partner());
      const { exchange, invite } = dialled;
      const audio = await rtp();
      check(tokens(invite, 'Supported').includes('100rel'), `Supported is ${header(invite, 'Supported')}`);
      const reliable = [
        ['Require', '100rel'],
        ['RSeq', '41'],
      ] as const;
      const body = sdp({ port: audio.port, formats: [0, 101] });
      exchange.respond(invite, 183, { contact: true, toTag: 'callee', extra: reliable, body });
      const prack = await exchange.following(invite, 'PRACK');
      checkEqual(header(prack, 'RAck'), `41 ${header(invite, 'CSeq')}`, 'RAck');
      exchange.respond(prack, 200);
      exchange.respond(invite, 200, { contact: true, toTag: 'callee' });
      await exchange.following(invite, 'ACK');
      await audio.waitForPackets(5);
      await end(dialled);
    },
  },
  {
    row: 8,
    title: 'as client: an offer by UPDATE before the answer is answered, and counts once the call is up',
    rfc: 'RFC 3311 5.2',
    except: { opensips: 'the call knows of no offer before the answer: 488' },
    partner: true,
    async run({ partner, rtp }) {
      const dialled = await dial(await partner());
      const { exchange, invite } = dialled;
      const [ringing, talking] = [await rtp(), await rtp()];
      const reliable = [
        ['Require', '100rel'],
        ['RSeq', '1'],
      ] as const;
      const early = sdp({ port: ringing.port, formats: [0, 101] });
      exchange.respond(invite, 183, { contact: true, toTag: 'callee', extra: reliable, body: early });
      exchange.respond(await exchange.following(invite, 'PRACK'), 200);
      const offer = sdp({ port: talking.port, formats: [8, 101], version: 2 });
      const updated = await exchange.ask(invite, 'UPDATE', { body: offer });
      checkStatus(updated.status, 200);
      audioOf(readAnswer(offer, updated.body));
      exchange.respond(invite, 200, { contact: true, toTag: 'callee' });
      await exchange.following(invite, 'ACK');
      await talking.waitForPackets(5);
      checkEqual(talking.received[0]?.payloadType, 8, 'the payload type');
      checkEqual(ringing.received.length, 0, 'the count of packets to the port of before');
      await end(dialled);
    },
  },
  {
    row: 8,
    title: 'as client: 422 to our INVITE, and it comes again with the interval that was asked for',
    rfc: 'RFC 4028 7.3',
    partner: true,
    except: noTimer,
    async run({ partner }) {
      const dialled = await dial(await partner());
      const { exchange, invite, number } = dialled;
      await refuse(dialled, 422, [['Min-SE', '700']]);
      const again = await exchange.invited(number);
      checkEqual(header(again, 'Call-ID'), header(invite, 'Call-ID'), 'the Call-ID');
      checkEqual(header(again, 'Min-SE'), '700', 'Min-SE');
      check(sessionExpires(again) >= 700, `Session-Expires is ${header(again, 'Session-Expires')}`);
      exchange.respond(again, 486, { toTag: 'callee' });
      await exchange.following(again, 'ACK');
      await recordTo(dialled);
    },
  },
  {
    row: 8,
    title: 'as client: the session is refreshed by us where the 200 says so, with the same description',
    rfc: 'RFC 4028 10',
    partner: true,
    seconds: 55,
    except: noTimer,
    async run({ partner, rtp }) {
      const { dialled, body } = await answered(await dial(await partner()), await rtp(), 'uac');
      const { exchange, invite } = dialled;
      const refresh = await exchange.following(invite, 'INVITE', 55_000);
      checkEqual(header(refresh, 'Session-Expires'), '90;refresher=uac', 'Session-Expires');
      check(tokens(refresh, 'Supported').includes('timer'), `Supported is ${header(refresh, 'Supported')}`);
      checkEqual(refresh.body, invite.body, 'the description of the refresh');
      exchange.respond(refresh, 200, { contact: true, body, extra: timer('uac') });
      await exchange.following(invite, 'ACK');
      await end(dialled);
    },
  },
  {
    row: 8,
    title: 'as client: the callee is to refresh, and does not: BYE before the interval is over',
    rfc: 'RFC 4028 10',
    partner: true,
    seconds: 92,
    except: noTimer,
    async run({ partner, rtp }) {
      const { dialled } = await answered(await dial(await partner()), await rtp(), 'uas');
      const { exchange, invite } = dialled;
      exchange.respond(await exchange.following(invite, 'BYE', 90_000), 200);
      check((await recordTo(dialled)).cause.text !== 'normal', 'the record says normal');
    },
  },
  {
    row: 7,
    title: 'our re-INVITE meets the peer’s: each refuses the other’s with 491, and ours comes again',
    rfc: 'RFC 3261 14.1, 14.2',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.holding, { offer: sdp({ port: audio.port }) });
      await call.answered();
      const hold = await call.next('INVITE');
      checkStatus((await call.reinvite(sdp({ port: audio.port, version: 2 }))).status, 491);
      call.respond(hold, 491);
      await call.next('ACK');
      const again = await call.next('INVITE');
      check(header(again, 'CSeq') !== header(hold, 'CSeq'), 'the second re-INVITE has the CSeq of the first');
      const { direction } = audioOf(readSdp(again.body));
      check(direction === 'sendonly' || direction === 'inactive', `our hold offers ${direction} the second time`);
      const held = direction === 'sendonly' ? 'recvonly' : 'inactive';
      call.respond(again, 200, { contact: true, body: sdp({ port: audio.port, version: 2, direction: held }) });
      await call.next('ACK');
      await call.bye();
    },
  },
  {
    row: 12,
    title: `more than ${PARTNER_CALLS_PER_SECOND} calls a second: 503 with Retry-After, and soon after calls again`,
    rfc: 'RFC 3261 21.5.4 (policy)',
    partner: true,
    except: { opensips: 'the partner of this driver only calls out' },
    turn: 'alone',
    async run({ partner, phone }) {
      const caller = await phone({ at: (await partner()).subject, from: EXCHANGE_ADDRESS });
      const calls = Array.from({ length: 6 * PARTNER_CALLS_PER_SECOND }, () => caller.call(numbers.refused));
      const finals = await Promise.all(calls.map((call) => call.final()));
      const limited = finals.filter(({ status }) => status === 503);
      const admitted = finals.filter(({ status }) => status === 486);
      checkEqual(limited.length + admitted.length, finals.length, 'the count of calls answered 486 or 503');
      check(admitted.length >= PARTNER_CALLS_PER_SECOND, `only ${admitted.length} calls were let in`);
      check(limited.length > 0, 'none of the calls was refused');
      check(
        limited.every((response) => /^[1-9]\d*$/.test(header(response, 'Retry-After'))),
        'a 503 without Retry-After',
      );
      await pause(1_100);
      checkStatus((await caller.call(numbers.refused).final()).status, 486);
    },
  },
];
