import { BEHIND_THE_DOORS, numbers } from '../known-config.js';
import type { Call } from '../peer/call.js';
import { sdp } from '../peer/sdp.js';
import { header, type SipMessage, tagOf, uriOf } from '../peer/sip-message.js';
import { EXCHANGE_ADDRESS } from '../peer/sip-socket.js';
import { check, checkEqual, checkStatus, type Scenario, type Scene } from '../scenario.js';
import { recordOf } from '../subject.js';

/** Transfers by way of a second leg: the partner calls the exchange while the caller is with the agent. */

const except = { opensips: 'the partner of this driver only calls out' };

/** A caller of the partner's whose agent wants somebody else. Whoever calls from the exchange's address is asked for no password. */
async function callAgent({ partner, phone }: Scene, number: string, port: number): Promise<Call> {
  const { subject } = await partner();
  const call = (await phone({ at: subject, from: EXCHANGE_ADDRESS })).call(number, { offer: sdp({ port }) });
  await call.answered();
  return call;
}

/** What REFER asks for: the URI to call, and the dialog to take over there. */
function referTo(refer: SipMessage): { readonly uri: string; readonly replaces: string } {
  const [uri = '', query = ''] = uriOf(header(refer, 'Refer-To')).split('?');
  return { uri, replaces: decodeURIComponent(/(?:^|&)Replaces=([^&]*)/i.exec(query)?.[1] ?? '') };
}

function notify(call: Call, fragment: string, state: string): void {
  call.request('NOTIFY', {
    extra: [
      ['Event', 'refer'],
      ['Subscription-State', state],
    ],
    type: 'message/sipfrag;version=2.0',
    body: `${fragment}\r\n`,
  });
}

/** Row 14: attended transfer and bridge. */
export const secondLegScenarios: readonly Scenario[] = [
  {
    row: 14,
    title: 'attended: the desk is called, takes the caller’s phone in our place, and both our legs end',
    rfc: 'RFC 3891 3, RFC 5589 7',
    partner: true,
    except,
    async run(scene) {
      const { exchange, subject } = await scene.partner();
      const [ours, caller, desk] = [await scene.rtp(), await scene.rtp(), await scene.rtp()];
      const call = await callAgent(scene, numbers.consulting, caller.port);
      const consultation = await exchange.invited('desk');
      exchange.respond(consultation, 180, { contact: true, toTag: 'callee' });
      exchange.respond(consultation, 200, { contact: true, toTag: 'callee', body: sdp({ port: ours.port }) });
      await exchange.following(consultation, 'ACK');

      const refer = await call.next('REFER');
      call.respond(refer, 202, { contact: true });
      const { uri, replaces } = referTo(refer);
      const own = tagOf(header(consultation, 'From'));
      checkEqual(replaces, `${header(consultation, 'Call-ID')};to-tag=callee;from-tag=${own}`, 'Replaces');
      notify(call, 'SIP/2.0 100 Trying', 'active;expires=60');

      // The caller's phone does as it was asked, and the desk as RFC 3891 says.
      const phone = await scene.phone({ at: { ...subject, sip: () => exchange.address } });
      const taking = phone.call('desk', { uri, extra: [['Replaces', replaces]], offer: sdp({ port: caller.port }) });
      const taken = await exchange.invited('desk');
      checkEqual(header(taken, 'Replaces'), replaces, 'Replaces as the desk sees it');
      exchange.respond(taken, 200, { contact: true, body: sdp({ port: desk.port }) });
      await taking.answered();
      checkStatus((await exchange.ask(consultation, 'BYE')).status, 200);
      notify(call, 'SIP/2.0 200 OK', 'terminated;reason=noresource');

      await call.hungUp();
      taking.ended();
      const record = await recordOf(subject, call.phone.user);
      checkEqual([record.endedBy, record.tools.map(({ ok }) => ok)], ['agent', [true]], 'what the record says');
    },
  },
  {
    row: 14,
    title: 'bridge by a trunk whose first target says 503: by the second the two talk, until the desk hangs up',
    rfc: 'RFC 3261 21.5.4',
    partner: true,
    except,
    async run(scene) {
      const { exchange } = await scene.partner();
      const [caller, desk] = [await scene.rtp(), await scene.rtp()];
      const call = await callAgent(scene, numbers.bridging, caller.port);
      const second = await exchange.invited(BEHIND_THE_DOORS);
      exchange.respond(second, 503, { toTag: 'shut' });
      await exchange.following(second, 'ACK');
      const again = await exchange.invited(BEHIND_THE_DOORS);
      check(again.uri.includes(';door=2'), `the second INVITE goes to ${again.uri}`);
      exchange.respond(again, 200, { contact: true, toTag: 'callee', body: sdp({ port: desk.port }) });
      await exchange.following(again, 'ACK');
      await desk.waitForPackets(5);
      await caller.waitForPackets(5);
      checkStatus((await exchange.ask(again, 'BYE')).status, 200);
      await call.hungUp();
    },
  },
];
