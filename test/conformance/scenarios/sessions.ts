import type { RtpPeer } from '../../support/rtp-peer.js';
import { numbers } from '../known-config.js';
import type { Call } from '../peer/call.js';
import { audioOf, type Direction, readAnswer, readSdp, sdp } from '../peer/sdp.js';
import { header, tagOf } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Scenario, type Scene } from '../scenario.js';
import { recordOf, waitForCalls } from '../subject.js';
import { pause } from './calls.js';

/** A call with audio, up. */
async function withAudio({ phone, rtp }: Scene): Promise<{ readonly call: Call; readonly audio: RtpPeer }> {
  const [caller, audio] = [await phone(), await rtp()];
  const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
  await call.answered();
  await audio.waitForPackets(3);
  return { call, audio };
}

/** Offers anew; the answer must be one, and of that direction. */
async function offerAnew(call: Call, offer: string, direction: Direction): Promise<void> {
  const response = await call.reinvite(offer);
  checkStatus(response.status, 200);
  const answer = readAnswer(offer, response.body);
  checkEqual(audioOf(answer).direction, direction, 'the direction of the answer');
  checkEqual(answer.sessionId, call.answer.sessionId, 'the session id');
  // Section 8: as the version was, so must be every line.
  const risen = answer.version - call.answer.version;
  check(risen > 0 || response.body === call.answerText, 'the description changed, and its version did not rise');
}

/** Nothing is heard for a while, then audio is back. */
async function holdAndResume(scene: Scene, held: Parameters<typeof sdp>[0], direction: Direction): Promise<void> {
  const { call, audio } = await withAudio(scene);
  await offerAnew(call, sdp({ ...held, port: audio.port, version: 2 }), direction);
  await pause(200);
  const before = audio.received.length;
  await pause(400);
  checkEqual(audio.received.length - before, 0, 'the count of packets while on hold');
  await offerAnew(call, sdp({ port: audio.port, version: 3 }), 'sendrecv');
  await audio.waitForPackets(before + 10);
  checkEqual(new Set(audio.received.map(({ ssrc }) => ssrc)).size, 1, 'the count of SSRCs');
  await call.bye();
}

/** Row 7: re-INVITE. */
const reinviteScenarios: readonly Scenario[] = [
  {
    row: 7,
    title: 'hold by sendonly is answered recvonly, and audio stops until the call is resumed',
    rfc: 'RFC 3264 8.4',
    run: (scene) => holdAndResume(scene, { port: 0, direction: 'sendonly' }, 'recvonly'),
  },
  {
    row: 7,
    title: 'hold by inactive is answered inactive, and audio stops until the call is resumed',
    rfc: 'RFC 3264 8.4',
    run: (scene) => holdAndResume(scene, { port: 0, direction: 'inactive' }, 'inactive'),
  },
  {
    row: 7,
    title: 'hold by c=0.0.0.0 stops audio until the call is resumed',
    rfc: 'RFC 3264 8.4',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      const offer = sdp({ port: audio.port, address: '0.0.0.0', version: 2 });
      const response = await call.reinvite(offer);
      checkStatus(response.status, 200);
      audioOf(readAnswer(offer, response.body));
      await pause(200);
      const before = audio.received.length;
      await pause(400);
      checkEqual(audio.received.length - before, 0, 'the count of packets while on hold');
      await offerAnew(call, sdp({ port: audio.port, version: 3 }), 'sendrecv');
      await audio.waitForPackets(before + 10);
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'media follows a re-INVITE to another port',
    rfc: 'RFC 3264 8.3.1',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      const other = await scene.rtp();
      await offerAnew(call, sdp({ port: other.port, version: 2 }), 'sendrecv');
      await other.waitForPackets(10);
      const before = audio.received.length;
      await pause(200);
      checkEqual(audio.received.length - before, 0, 'the count of packets to the old port');
      checkEqual(other.received[0]?.ssrc, audio.received[0]?.ssrc, 'the SSRC');
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'a re-INVITE changes the codec',
    rfc: 'RFC 3264 8.3.2',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      await offerAnew(call, sdp({ port: audio.port, formats: [8, 101], version: 2 }), 'sendrecv');
      await audio.waitForPackets(audio.received.length + 15);
      checkEqual(audio.received.at(-1)?.payloadType, 8, 'the payload type heard');
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'a re-INVITE without SDP is answered with our offer; the ACK brings the answer',
    rfc: 'RFC 3261 14.2',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      const other = await scene.rtp();
      const response = await call.reinvite('', { ackBody: sdp({ port: other.port, formats: [0, 101], version: 2 }) });
      checkStatus(response.status, 200);
      const offer = readSdp(response.body);
      checkEqual(offer.sessionId, call.answer.sessionId, 'the session id');
      audioOf(offer);
      await other.waitForPackets(10);
      check(audio.received.length > 0, 'nothing was heard before');
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'a re-INVITE of unusable codecs gets 488, and the call goes on unchanged',
    rfc: 'RFC 3261 14.2',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      checkStatus((await call.reinvite(sdp({ port: audio.port, formats: [18], version: 2 }))).status, 488);
      const before = audio.received.length;
      await audio.waitForPackets(before + 15);
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'a second INVITE before the first has its final response: 500 with Retry-After',
    rfc: 'RFC 3261 14.2',
    except: {
      drachtio: 'drachtio-server answers 100 and tells nobody, until the call is answered',
      opensips: 'b2b_entities drops all but UPDATE and PRACK until the 200 is sent, and tells nobody',
    },
    async run({ phone }) {
      const call = (await phone()).call(numbers.slow);
      await call.provisional(180);
      const second = call.request('INVITE', { uri: call.invite.message.uri, body: call.offer });
      const response = await call.phone.responseTo(second, (status) => status >= 200);
      checkStatus(response.status, 500);
      const seconds = Number(header(response, 'Retry-After').split(/[ ;(]/)[0] || Number.NaN);
      check(seconds >= 0 && seconds <= 10, `Retry-After is ${header(response, 'Retry-After') || 'absent'}`);
      call.request('ACK', { uri: call.invite.message.uri, branch: second.branch, cseq: call.cseq, contact: null });
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 7,
    title: 'our own hold: a re-INVITE of sendonly or inactive, taken back a second later',
    rfc: 'RFC 3264 8.4',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.holding, { offer: sdp({ port: audio.port }) });
      await call.answered();
      const hold = await call.next('INVITE');
      const offered = audioOf(readSdp(hold.body)).direction;
      check(offered === 'sendonly' || offered === 'inactive', `our hold offers ${offered}`);
      const direction = offered === 'sendonly' ? 'recvonly' : 'inactive';
      const parts = { formats: [0, 101], version: 2, port: audio.port };
      call.respond(hold, 200, { contact: true, body: sdp({ ...parts, direction }) });
      await call.next('ACK');
      const resume = await call.next('INVITE');
      checkEqual(audioOf(readSdp(resume.body)).direction, 'sendrecv', 'the direction of the resume');
      call.respond(resume, 200, { contact: true, body: sdp({ ...parts, version: 3 }) });
      await call.next('ACK');
      await call.bye();
    },
  },
];

/** Rows 9 and 10: digits. */
const digitScenarios: readonly Scenario[] = [
  {
    row: 9,
    title: 'INFO application/dtmf-relay and application/dtmf: 200, one digit each',
    rfc: 'RFC 6086 (legacy use)',
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.answered();
      const relay = { type: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=160\r\n' };
      checkStatus((await call.ask('INFO', relay)).status, 200);
      checkStatus((await call.ask('INFO', { type: 'application/dtmf', body: '7' })).status, 200);
      checkStatus((await call.ask('INFO', { type: 'application/dtmf-relay', body: 'Signal= *\r\n' })).status, 200);
      await call.bye();
      checkEqual((await recordOf(subject, caller.user)).dtmf, '57*', 'the digits of the record');
    },
  },
  {
    row: 9,
    title: 'INFO of another body: 200 or 415 with Accept, no digit, and the call goes on',
    rfc: 'RFC 6086, RFC 3261 8.2.3',
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.answered();
      const { status } = await call.ask('INFO', { type: 'application/media_control+xml', body: '<media_control/>' });
      checkStatus(status, 200, 415);
      checkStatus((await call.ask('INFO')).status, 200);
      await waitForCalls(subject, 1, caller.user);
      await call.bye();
      checkEqual((await recordOf(subject, caller.user)).dtmf ?? '', '', 'the digits of the record');
    },
  },
  {
    row: 10,
    title: 'telephone events: each key once, whichever of its packets are lost or tripled',
    rfc: 'RFC 4733 2.5',
    async run(scene) {
      const { call, audio } = await withAudio(scene);
      await audio.sendDigit('1', 101);
      await audio.sendDigit('1', 101, [], 3);
      await audio.sendDigit('*', 101, [5, 6, 7]);
      await audio.sendDigit('D', 101, [0, 1, 2, 3, 4]);
      await pause(100);
      await call.bye();
      checkEqual((await recordOf(scene.subject, call.phone.user)).dtmf, '11*D', 'the digits of the record');
    },
  },
];

const replacesNotBuilt = {
  opensips: 'Replaces is not looked at by this driver: the INVITE is a call of its own',
} as const;

/** Rows 13 and 14: REFER, both ways. */
const referScenarios: readonly Scenario[] = [
  {
    row: 13,
    title: 'a REFER in the dialog is declined by name, or accepted and reported on',
    rfc: 'RFC 3515 2.4.2',
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.answered();
      const { status } = await call.ask('REFER', { extra: [['Refer-To', '<sip:other@127.0.0.1:9>']] });
      checkStatus(status, 202, 603);
      if (status === 202) call.respond(await call.next('NOTIFY'), 200);
      await waitForCalls(subject, 1, caller.user);
      await call.bye();
    },
  },
  {
    row: 13,
    title: 'a REFER outside any dialog is answered',
    rfc: 'RFC 3515 2.4.2',
    except: { drachtio: 'drachtio-server drops it' },
    async run({ phone }) {
      const { status } = await (await phone()).ask('REFER', { extra: [['Refer-To', '<sip:other@127.0.0.1:9>']] });
      check(status >= 300 && status !== 500, `status ${status}`);
    },
  },
  {
    row: 13,
    title: 'an INVITE with Replaces takes the place of the peer: BYE in the old dialog, one call all along',
    rfc: 'RFC 3891 3',
    except: replacesNotBuilt,
    async run({ phone, subject }) {
      const old = (await phone()).call(numbers.echo);
      await old.answered();
      const replaces = `${old.callId};to-tag=${old.remoteTag};from-tag=${tagOf(old.from)}`;
      const extra: [string, string][] = [
        ['Replaces', replaces],
        ['Require', 'replaces'],
      ];
      const call = (await phone()).call(numbers.echo, { extra });
      await call.answered();
      check(/replaced/.test(header(await old.hungUp(), 'Reason')), 'the BYE does not say why');
      await waitForCalls(subject, 1, old.phone.user);
      checkStatus((await call.ask('OPTIONS')).status, 200);
      await call.bye();
      checkEqual((await recordOf(subject, old.phone.user)).endedBy, 'caller', 'who ended it');
    },
  },
  {
    row: 13,
    title: 'an INVITE with Replaces of a call that is not there is refused',
    rfc: 'RFC 3891 3',
    except: replacesNotBuilt,
    async run({ phone }) {
      const caller = await phone();
      const extra: [string, string][] = [['Replaces', 'nobody@peer.example;to-tag=a;from-tag=b']];
      checkStatus((await caller.call(numbers.echo, { extra }).final()).status, 481);
    },
  },
  {
    row: 14,
    title: 'our REFER succeeds: NOTIFYs are answered, and we send BYE',
    rfc: 'RFC 3515, RFC 5589 6.1',
    async run({ phone, subject }) {
      const { call } = await transferring(phone);
      await notify(call, 'SIP/2.0 100 Trying', 'active;expires=60');
      await notify(call, 'SIP/2.0 200 OK', 'terminated;reason=noresource');
      await call.hungUp();
      checkEqual(
        (await recordOf(subject, call.phone.user)).tools.map(({ ok }) => ok),
        [true],
        'what the agent heard',
      );
    },
  },
  {
    row: 14,
    title: 'our REFER fails: the caller stays with the agent, who is told',
    rfc: 'RFC 3515, RFC 5589 6.1',
    async run({ phone, subject }) {
      const { call } = await transferring(phone);
      await notify(call, 'SIP/2.0 100 Trying', 'active;expires=60');
      await notify(call, 'SIP/2.0 486 Busy Here', 'terminated;reason=noresource');
      await pause(500);
      checkEqual(call.phone.received.filter(({ method }) => method === 'BYE').length, 0, 'the count of BYEs');
      await waitForCalls(subject, 1, call.phone.user);
      await call.bye();
      checkEqual(
        (await recordOf(subject, call.phone.user)).tools.map(({ ok }) => ok),
        [false],
        'what the agent heard',
      );
    },
  },
  {
    row: 14,
    title: 'our REFER is refused: the caller stays with the agent, who is told',
    rfc: 'RFC 3515 2.4.2',
    async run({ phone, subject }) {
      const { call } = await transferring(phone, 603);
      await pause(300);
      await waitForCalls(subject, 1, call.phone.user);
      await call.bye();
      checkEqual(
        (await recordOf(subject, call.phone.user)).tools.map(({ ok }) => ok),
        [false],
        'what the agent heard',
      );
    },
  },
];

/** A call whose agent transfers it: the REFER has come, and has its answer. */
async function transferring(phone: Scene['phone'], status = 202): Promise<{ readonly call: Call }> {
  const call = (await phone()).call(numbers.transferring);
  await call.answered();
  const refer = await call.next('REFER');
  check(/sales@127\.0\.0\.1:9/.test(header(refer, 'Refer-To')), `Refer-To is ${header(refer, 'Refer-To')}`);
  call.respond(refer, status, { contact: status < 300 });
  return { call };
}

/** Waits for the answer, as a phone has to that counts up CSeq. */
async function notify(call: Call, fragment: string, state: string): Promise<void> {
  const { status } = await call.ask('NOTIFY', {
    extra: [
      ['Event', 'refer'],
      ['Subscription-State', state],
    ],
    type: 'message/sipfrag;version=2.0',
    body: `${fragment}\r\n`,
  });
  checkStatus(status, 200);
}

export const sessionScenarios: readonly Scenario[] = [...reinviteScenarios, ...digitScenarios, ...referScenarios];
