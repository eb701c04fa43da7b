import { numbers } from '../known-config.js';
import { token } from '../peer/basics.js';
import { audioOf, readAnswer, readSdp, sdp } from '../peer/sdp.js';
import { header, headers, tagOf, tokens } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Scenario } from '../scenario.js';
import { callsOf, eventually, recordOf, waitForCalls } from '../subject.js';

/** Sleeps. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** µ-law and A-law silence. */
const silent: ReadonlySet<number> = new Set([0xff, 0x7f, 0xfe, 0x7e, 0xd5, 0x55]);

/** RFC 3261 section 13.3.1.4 asks for it over every transport; timers in drachtio-server do it over datagrams alone. */
const byUdpAlone = 'drachtio-server repeats a 200 over UDP alone; BYE after 32 s over all';
const notRepeated = { tcp: byUdpAlone, tls: byUdpAlone } as const;

/** Rows 1 to 6: a call from INVITE to its end. */
export const callScenarios: readonly Scenario[] = [
  {
    row: 1,
    title: 'an INVITE gets 100, then 200 with an answer to its offer, and audio flows until BYE',
    rfc: 'RFC 3261 13.3, RFC 3264 6',
    async run({ phone, rtp, subject }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
      const response = await call.answered();
      check(tokens(response, 'Allow').includes('bye'), '200 has no Allow');
      const stream = audioOf(call.answer);
      checkEqual(stream.formats, ['0', '101'], 'the formats of the answer');
      await audio.waitForPackets(10);
      checkEqual([...new Set(audio.received.map(({ payloadType }) => payloadType))], [0], 'the payload type heard');
      // A caller who is not answered speaks on: on a busy machine ten packets may come too late to be played.
      const words = Array.from({ length: 10 }, () => new Uint8Array(160).fill(0x2a));
      await eventually(async () => {
        await audio.sendAudio(words);
        return audio.received.some(({ payload }) => payload[80] === 0x2a) || undefined;
      }, 'the echo of what was said');
      await call.bye();
      const { cause, endedBy } = await recordOf(subject, caller.user);
      checkEqual([cause.text, endedBy], ['normal', 'caller'], 'the call record');
    },
  },
  {
    row: 1,
    title: '100 comes at once and has no To tag that the 200 contradicts; 180 while the agent opens',
    rfc: 'RFC 3261 8.2.6, 13.3.1.1',
    async run({ phone }) {
      const call = (await phone()).call(numbers.slow);
      await call.provisional(100);
      const ringing = await call.provisional(180);
      check(ringing.body === '', '180 carries a body although no early media was asked for');
      const response = await call.answered();
      checkEqual(tagOf(header(response, 'To')), tagOf(header(ringing, 'To')), 'the To tag of the 200');
      await call.bye();
    },
  },
  {
    row: 1,
    title: 'the ACK starts the greeting: silence before it, speech after it',
    rfc: 'RFC 3261 13.2.2.4',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.greeting, { offer: sdp({ port: audio.port, formats: [0] }) });
      await call.accepted();
      const voiced = (): number =>
        audio.received.filter(({ payload }) => payload.some((byte) => !silent.has(byte))).length;
      await audio.waitForPackets(5);
      checkEqual(voiced(), 0, 'the count of packets with speech before the ACK');
      call.ack();
      await eventually(() => voiced() > 5 || undefined, 'a greeting after the ACK');
      await call.bye();
    },
  },
  {
    row: 2,
    title: 'an INVITE without SDP: the 200 has our offer, the ACK the answer, which is followed',
    rfc: 'RFC 3261 13.2.1, RFC 3264 4',
    async run({ phone, rtp, subject }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: null });
      const response = await call.accepted();
      const offered = audioOf(readSdp(response.body));
      check(
        ['0', '8', '101'].every((format) => offered.formats.includes(format)),
        `offered ${offered.formats}`,
      );
      call.ack({ body: sdp({ port: audio.port, formats: [8, 101] }) });
      await audio.waitForPackets(5);
      checkEqual(audio.received[0]?.payloadType, 8, 'the payload type heard');
      await call.bye();
      checkEqual((await recordOf(subject, caller.user)).codec, 'pcma', 'the codec of the record');
    },
  },
  {
    row: 3,
    title: 'CANCEL before the 200: 200 to CANCEL, 487 to INVITE, the call is gone',
    rfc: 'RFC 3261 9.2',
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.ringing);
      await call.provisional(180);
      checkStatus((await call.cancel()).status, 200);
      checkStatus((await call.final()).status, 487);
      checkEqual((await recordOf(subject, caller.user)).cause, { sip: 487, text: 'cancelled' }, 'the cause');
      checkEqual((await callsOf(subject, caller.user)).length, 0, 'the count of calls left');
    },
  },
  {
    row: 3,
    title: 'CANCEL that crosses the 200 leaves an ordinary call, which BYE ends',
    rfc: 'RFC 3261 9.2',
    except: { opensips: 'b2b_entities forgets such a session at the ACK: the call ends with the CANCEL' },
    async run({ phone, rtp, subject }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
      await call.accepted();
      checkStatus((await call.cancel()).status, 200, 481);
      call.ack();
      await audio.waitForPackets(audio.received.length + 10);
      await call.bye();
      checkEqual((await recordOf(subject, caller.user)).cause.text, 'normal', 'the cause');
    },
  },
  {
    row: 3,
    title: 'CANCEL of no INVITE: 481',
    rfc: 'RFC 3261 9.2',
    async run({ phone }) {
      checkStatus((await (await phone()).ask('CANCEL', { contact: null })).status, 481);
    },
  },
  {
    row: 4,
    title: 'an INVITE that comes again makes no second call: same response, same tag',
    rfc: 'RFC 3261 17.2.1',
    over: ['udp'],
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.slow);
      const ringing = await call.provisional(180);
      for (let count = 0; count < 3; count += 1) caller.raw(call.invite.text);
      const again = await call.provisional(180);
      checkEqual(tagOf(header(again, 'To')), tagOf(header(ringing, 'To')), 'the To tag of the 180 that came again');
      await waitForCalls(subject, 1, caller.user);
      await call.answered();
      await call.bye();
      await recordOf(subject, caller.user);
    },
  },
  {
    row: 4,
    title: 'a BYE that comes again gets the same 200 again',
    rfc: 'RFC 3261 17.2.2',
    over: ['udp'],
    async run({ phone }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.answered();
      const bye = call.request('BYE', { contact: null });
      checkStatus((await caller.responseTo(bye, (status) => status >= 200)).status, 200);
      caller.raw(bye.text);
      checkStatus((await caller.responseTo(bye, (status) => status >= 200)).status, 200);
      call.ended();
    },
  },
  {
    row: 4,
    title: 'an error response is sent again until its ACK comes, and no more after it',
    rfc: 'RFC 3261 17.2.1, timer G',
    over: ['udp'],
    async run({ phone }) {
      const caller = await phone();
      const sent = caller.send('INVITE', { uri: caller.uri(numbers.unknown), body: sdp({ port: caller.sinkPort }) });
      const first = await caller.responseTo(sent, (status) => status === 404);
      await caller.responseTo(sent, (status) => status === 404);
      const { message, branch } = sent;
      caller.send('ACK', {
        ...{ uri: message.uri, branch, from: header(message, 'From'), to: header(first, 'To'), contact: null },
        callId: header(message, 'Call-ID'),
      });
      await pause(300);
      caller.received.length = 0;
      await pause(1_500);
      checkEqual(caller.received.length, 0, 'the count of responses after the ACK');
    },
  },
  {
    row: 5,
    title: '200 comes again while no ACK does, on every transport, and no more after it',
    rfc: 'RFC 3261 13.3.1.4',
    except: { drachtio: notRepeated },
    async run({ phone }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.accepted();
      for (let copies = 0; copies < 2; copies += 1) {
        const again = await caller.responseTo(call.invite, (status) => status === 200);
        checkEqual(tagOf(header(again, 'To')), call.remoteTag, 'the To tag of the 200 that came again');
      }
      call.ack();
      await pause(300);
      caller.received.length = 0;
      await pause(2_500);
      checkEqual(caller.received.length, 0, 'the count of responses after the ACK');
      await call.bye();
    },
  },
  {
    row: 5,
    title: 'without an ACK: 200 at 0.5, 1, 2, 4, 4 … s, BYE after 32 s, the call ends with it',
    rfc: 'RFC 3261 13.3.1.4',
    except: { drachtio: notRepeated },
    seconds: 34,
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.accepted();
      const startMs = performance.now();
      await call.hungUp(40_000);
      const tookMs = performance.now() - startMs;
      check(Math.abs(tookMs - 32_000) < 1_500, `BYE came after ${Math.round(tookMs)} ms`);
      const copies = caller.received.filter(({ status, method }) => status === 200 && method === 'INVITE').length;
      checkEqual(copies, 10, 'the count of further 200s');
      checkEqual((await recordOf(subject, caller.user)).cause.text, 'ack-timeout', 'the cause');
    },
  },
  {
    row: 6,
    title: 'the same request by another way (merged): 482, and one call',
    rfc: 'RFC 3261 8.2.2.2',
    except: {
      drachtio: 'after the first provisional response drachtio-server answers 100 and tells nobody; 482 before it',
    },
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.slow);
      await call.provisional(180);
      const branch = `z9hG4bK${token()}`;
      const { from, callId } = call;
      const uri = call.invite.message.uri;
      const to = header(call.invite.message, 'To');
      const merged = caller.send('INVITE', { uri, from, to, callId, branch, body: call.offer });
      const loop = await caller.responseTo(merged, (status) => status >= 200);
      checkStatus(loop.status, 482);
      caller.send('ACK', { uri, from, callId, branch, to: header(loop, 'To'), contact: null });
      await waitForCalls(subject, 1, caller.user);
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 15,
    title: 'BYE before the ACK ends the call',
    rfc: 'RFC 3261 15',
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.accepted();
      await call.bye();
      checkEqual((await recordOf(subject, caller.user)).cause.text, 'normal', 'the cause');
    },
  },
  {
    row: 15,
    title: 'a BYE with other tags gets 481, and the call goes on',
    rfc: 'RFC 3261 12.2.2, 15.1.2',
    except: { opensips: 'b2b_entities answers a BYE of no session 200; the call goes on' },
    async run({ phone, subject }) {
      const caller = await phone();
      const call = caller.call(numbers.echo);
      await call.answered();
      checkStatus(
        (await call.ask('BYE', { to: `<${caller.uri(numbers.echo)}>;tag=wrong`, contact: null })).status,
        481,
      );
      const from = call.from.replace(/tag=.*/, 'tag=wrong');
      checkStatus((await call.ask('BYE', { from, contact: null })).status, 481);
      await waitForCalls(subject, 1, caller.user);
      await call.bye();
    },
  },
  {
    row: 15,
    title: 'a second BYE gets 481',
    rfc: 'RFC 3261 15.1.2',
    except: { opensips: 'b2b_entities answers a BYE of no session 200' },
    async run({ phone }) {
      const call = (await phone()).call(numbers.echo);
      await call.answered();
      await call.bye();
      checkStatus((await call.ask('BYE', { contact: null })).status, 481);
    },
  },
  {
    row: 16,
    title: 'a CSeq below the last gets 500, and the call goes on',
    rfc: 'RFC 3261 12.2.2',
    async run({ phone }) {
      const call = (await phone()).call(numbers.echo, { cseq: 50 });
      await call.answered();
      checkStatus((await call.ask('OPTIONS', { cseq: 60 })).status, 200);
      checkStatus((await call.ask('OPTIONS', { cseq: 55 })).status, 500);
      checkStatus((await call.ask('BYE', { cseq: 61, contact: null })).status, 200);
      call.ended();
    },
  },
  {
    row: 19,
    title: 'early media where the route asks for it: 183 with an answer, and audio before the 200',
    rfc: 'RFC 3960 3',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.earlyMedia, { offer: sdp({ port: audio.port }) });
      const progress = await call.provisional(183);
      const early = audioOf(readAnswer(call.offer, progress.body));
      await audio.waitForPackets(5);
      check(
        !caller.received.some(({ status }) => status === 200),
        'the 200 was there before the first packets of audio',
      );
      await call.answered();
      checkEqual(audioOf(call.answer).port, early.port, 'the port of the 200');
      await call.bye();
    },
  },
  {
    row: 19,
    title: 'no early media where no route asks for it',
    rfc: 'RFC 3960 3',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.slow, { offer: sdp({ port: audio.port }) });
      await call.provisional(180);
      const response = await call.accepted();
      check(headers(response, 'Content-Type').length === 1, 'the 200 has no description');
      checkEqual(caller.received.filter(({ body }) => body !== '').length, 0, 'the count of provisional descriptions');
      call.ack();
      await call.bye();
    },
  },
];
