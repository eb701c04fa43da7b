import { numbers } from '../known-config.js';
import type { Call } from '../peer/call.js';
import { audioOf, readAnswer, readSdp, sdp } from '../peer/sdp.js';
import { header, type SipMessage } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Scenario, type Scene } from '../scenario.js';
import { recordOf } from '../subject.js';
import { pause } from './calls.js';

/** What the 200 says about the session timer. */
function sessionTimer(response: SipMessage): { readonly seconds: number; readonly refresher: string | undefined } {
  const value = header(response, 'Session-Expires');
  return { seconds: Number(/^\d+/.exec(value)?.[0]), refresher: /refresher=(\w+)/.exec(value)?.[1] };
}

/** A call of 90 seconds' session, up. */
async function timed({ phone }: Scene, refresher: 'uac' | 'uas'): Promise<Call> {
  const call = (await phone()).call(numbers.echo, {
    extra: [
      ['Supported', 'timer'],
      ['Session-Expires', `90;refresher=${refresher}`],
    ],
  });
  const timer = sessionTimer(await call.answered());
  checkEqual(timer, { seconds: 90, refresher }, 'the session timer');
  return call;
}

/** Row 8: UPDATE and session timers. */
export const updateScenarios: readonly Scenario[] = [
  {
    row: 8,
    title: 'UPDATE without SDP: 200, and nothing changes',
    rfc: 'RFC 3311 5.2',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
      await call.answered();
      const response = await call.ask('UPDATE');
      checkStatus(response.status, 200);
      checkEqual(response.body, '', 'the body of the 200');
      await audio.waitForPackets(audio.received.length + 10);
      await call.bye();
    },
  },
  {
    row: 8,
    title: 'UPDATE with SDP is answered like a re-INVITE: hold, resume, 488',
    rfc: 'RFC 3311 5.2, RFC 3264 8',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
      await call.answered();
      await audio.waitForPackets(3);
      const hold = sdp({ port: audio.port, direction: 'sendonly', version: 2 });
      const held = await call.ask('UPDATE', { body: hold });
      checkStatus(held.status, 200);
      checkEqual(audioOf(readAnswer(hold, held.body)).direction, 'recvonly', 'the direction of the answer');
      await pause(200);
      const before = audio.received.length;
      await pause(400);
      checkEqual(audio.received.length - before, 0, 'the count of packets while on hold');
      const unusable = await call.ask('UPDATE', { body: sdp({ port: audio.port, formats: [18], version: 3 }) });
      checkStatus(unusable.status, 488);
      const resumed = await call.ask('UPDATE', { body: sdp({ port: audio.port, version: 3 }) });
      checkStatus(resumed.status, 200);
      checkEqual(audioOf(readSdp(resumed.body)).direction, 'sendrecv', 'the direction after the resume');
      await audio.waitForPackets(before + 5);
      await call.bye();
    },
  },
  {
    row: 8,
    title: 'a session interval below our minimum gets 422 with Min-SE, and one of the minimum a 200',
    rfc: 'RFC 4028 6, 9',
    async run({ phone }) {
      const extra = [['Supported', 'timer']] as const;
      const caller = await phone();
      const refused = await caller.call(numbers.echo, { extra: [...extra, ['Session-Expires', '30']] }).final();
      checkStatus(refused.status, 422);
      const seconds = header(refused, 'Min-SE');
      const call = caller.call(numbers.echo, { extra: [...extra, ['Session-Expires', seconds], ['Min-SE', seconds]] });
      checkEqual(String(sessionTimer(await call.answered()).seconds), seconds, 'the session interval');
      await call.bye();
    },
  },
  {
    row: 8,
    title: 'the peer refreshes: UPDATE and re-INVITE both carry the interval on',
    rfc: 'RFC 4028 9',
    async run(scene) {
      const call = await timed(scene, 'uac');
      const extra = [
        ['Supported', 'timer'],
        ['Session-Expires', '90;refresher=uac'],
      ] as const;
      const updated = await call.ask('UPDATE', { extra });
      checkStatus(updated.status, 200);
      checkEqual(sessionTimer(updated), { seconds: 90, refresher: 'uac' }, 'the session timer of the UPDATE');
      const reinvited = await call.reinvite(call.offer, { extra });
      checkStatus(reinvited.status, 200);
      checkEqual(sessionTimer(reinvited), { seconds: 90, refresher: 'uac' }, 'the session timer of the re-INVITE');
      await call.bye();
    },
  },
  {
    row: 8,
    title: 'we refresh, before half the interval is over and a little more',
    rfc: 'RFC 4028 10',
    seconds: 55,
    async run(scene) {
      const call = await timed(scene, 'uas');
      const method = ({ kind, method: seen }: SipMessage): boolean =>
        kind === 'request' && (seen === 'UPDATE' || seen === 'INVITE');
      const refresh = await call.phone.next(method, 'a refresh', 70_000);
      const { seconds, refresher } = sessionTimer(refresh);
      check(
        seconds >= 90 && refresher === 'uac',
        `the refresh has Session-Expires: ${header(refresh, 'Session-Expires')}`,
      );
      const body = refresh.body === '' ? '' : call.offer;
      call.respond(refresh, 200, {
        contact: true,
        body,
        extra: [
          ['Require', 'timer'],
          ['Session-Expires', '90;refresher=uac'],
        ],
      });
      if (refresh.method === 'INVITE') await call.next('ACK');
      await call.bye();
    },
  },
  {
    row: 8,
    title: 'the peer does not refresh: BYE before the interval is over',
    rfc: 'RFC 4028 10',
    seconds: 92,
    async run(scene) {
      const call = await timed(scene, 'uac');
      await call.hungUp(95_000);
      check((await recordOf(scene.subject, call.phone.user)).cause.text !== 'normal', 'the record says normal');
    },
  },
];
