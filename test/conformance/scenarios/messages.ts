import { numbers } from '../known-config.js';
import { token } from '../peer/basics.js';
import { audioOf, readAnswer, sdp } from '../peer/sdp.js';
import { addresses, header, headers, tagOf } from '../peer/sip-message.js';
import { hostPort } from '../peer/sip-socket.js';
import { check, checkEqual, checkStatus, type Scenario, type Scene } from '../scenario.js';
import { eventually, recordOf } from '../subject.js';
import { pause } from './calls.js';

/** OPTIONS as text, of a Call-ID of its own; the response is found by {@link answered}. */
function optionsText(phone: Awaited<ReturnType<Scene['phone']>>): { readonly text: string; readonly callId: string } {
  const callId = token();
  return { callId, text: phone.build('OPTIONS', { callId }).text };
}

async function answered(phone: Awaited<ReturnType<Scene['phone']>>, callId: string): Promise<void> {
  const response = await phone.next((message) => header(message, 'Call-ID') === callId, 'the answer to OPTIONS');
  checkStatus(response.status, 200);
}

/** Where a peer has an address that can be written down, and frames are no one else's. */
const streamsAndUdp = ['udp', 'tcp', 'tls'] as const;

/** Row 17: how messages may be written. */
const messageScenarios: readonly Scenario[] = [
  {
    row: 17,
    title: 'compact and folded header fields of odd case are read',
    rfc: 'RFC 3261 7.3',
    async run({ phone, rtp, subject }) {
      const [caller, audio] = [await phone(), await rtp()];
      const callId = token();
      const body = sdp({ port: audio.port });
      const branch = `z9hG4bK${token()}`;
      const lines = [
        `INVITE ${caller.uri(numbers.echo)} SIP/2.0`,
        `v:  ${caller.via(branch).replace(/;/g, ' ;\r\n\t')}`,
        'MAX-forwards: 70',
        `f: "Some Name"\r\n  <sip:${caller.user}@peer.example>\r\n ;tag=${token()}`,
        `t  : <${caller.uri(numbers.echo)}>`,
        `i: ${callId}`,
        'cSEQ:\t 7   INVITE',
        `m: ${caller.contact}`,
        'k: timer,\r\n 100rel',
        'c: application/sdp',
        `l: ${Buffer.byteLength(body)}`,
      ];
      caller.raw(`${lines.join('\r\n')}\r\n\r\n${body}`);
      const response = await caller.next(({ status }) => status >= 200, 'a final response');
      checkStatus(response.status, 200);
      audioOf(readAnswer(body, response.body));
      const to = header(response, 'To');
      const parts = { from: header(response, 'From'), to, callId, uri: caller.uri(numbers.echo), contact: null };
      caller.send('ACK', { ...parts, cseq: 7 });
      checkStatus((await caller.ask('BYE', { ...parts, cseq: 8 })).status, 200);
      await recordOf(subject, caller.user);
    },
  },
  {
    row: 17,
    title: 'a display name that is folded within its quotes is read',
    rfc: 'RFC 3261 25.1',
    except: { opensips: 'the parser of OpenSIPS does not read it, and drops the INVITE' },
    async run({ phone }) {
      const caller = await phone();
      const from = `"Folded\r\n  Name" <sip:${caller.user}@peer.example>;tag=${token()}`;
      const call = caller.call(numbers.echo, { from });
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 17,
    title: 'every Via comes back in order, and Record-Route in the 200',
    rfc: 'RFC 3261 8.2.6.2, 12.1.1, 16.7',
    over: streamsAndUdp,
    async run({ phone }) {
      const caller = await phone();
      const branch = `z9hG4bK${token()}`;
      const via = [
        caller.via(branch),
        'SIP/2.0/UDP proxy.example:5070;branch=z9hG4bKone, SIP/2.0/TCP [2001:db8::9]:5090;branch=z9hG4bKtwo',
        'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKthree',
      ];
      const routes = [`<sip:${hostPort(caller.local)};lr;proxy=1>`, '<sip:192.0.2.8:5080;lr>'];
      const call = caller.call(numbers.echo, {
        via,
        branch,
        extra: routes.map((route): [string, string] => ['Record-Route', route]),
      });
      const response = await call.accepted();
      checkEqual(headers(response, 'Record-Route').join(', '), routes.join(', '), 'Record-Route');
      check(/;\s*rport=\d+/.test(header(response, 'Via')), 'the top Via has no rport value (RFC 3581)');
      call.ack();
      await call.bye();
    },
  },
  {
    row: 17,
    title: 'our requests follow the route set: Request-URI the remote target, Route as recorded',
    rfc: 'RFC 3261 12.2.1.1',
    over: streamsAndUdp,
    async run({ phone, subject }) {
      const caller = await phone();
      const routes = [`<sip:${hostPort(caller.local)};lr;proxy=1>`, '<sip:192.0.2.8:5080;lr>'];
      const call = caller.call(numbers.echo, {
        extra: routes.map((route): [string, string] => ['Record-Route', route]),
      });
      await call.answered();
      await hangUp(subject, caller.user);
      const bye = await call.hungUp();
      checkEqual(bye.uri, caller.contact.slice(1, -1), 'the Request-URI of the BYE');
      checkEqual(addresses(bye, 'Route'), routes, 'Route');
    },
  },
  {
    row: 17,
    title: 'a strict router gets its own URI as Request-URI, and the remote target as the last Route',
    rfc: 'RFC 3261 12.2.1.1',
    over: streamsAndUdp,
    async run({ phone, subject }) {
      const caller = await phone();
      const router = `sip:${hostPort(caller.local)};old=1`;
      const extra = [['Record-Route', `<${router}>, <sip:192.0.2.8:5080>`]] as const;
      const call = caller.call(numbers.echo, { extra });
      await call.answered();
      await hangUp(subject, caller.user);
      const bye = await call.hungUp();
      checkEqual(bye.uri, router, 'the Request-URI of the BYE');
      checkEqual(addresses(bye, 'Route'), ['<sip:192.0.2.8:5080>', caller.contact], 'Route');
    },
  },
  {
    row: 17,
    title: 'header fields of 60 KB over a stream are read',
    rfc: 'RFC 3261 18.1.1',
    over: ['tcp', 'tls'],
    async run({ phone }) {
      const caller = await phone();
      const extra = Array.from({ length: 60 }, (_, index) => [`X-Long-${index}`, 'x'.repeat(1_000)] as const);
      checkStatus((await caller.ask('OPTIONS', { extra })).status, 200);
    },
  },
  {
    row: 17,
    title: 'pipelined messages are answered one by one, whatever the pieces they come in',
    rfc: 'RFC 3261 18.3',
    except: { drachtio: 'drachtio-server reads no further after a CRLF between two messages that came in one piece' },
    over: ['tcp', 'tls'],
    async run({ phone }) {
      const caller = await phone();
      const all = Array.from({ length: 8 }, () => optionsText(caller));
      caller.raw(all.map(({ text }) => text).join('\r\n\r\n'));
      for (const { callId } of all) await answered(caller, callId);
      const split = optionsText(caller);
      for (let from = 0; from < split.text.length; from += 90) {
        caller.raw(split.text.slice(from, from + 90));
        await pause(5);
      }
      await answered(caller, split.callId);
    },
  },
  {
    row: 17,
    title: 'two differing Content-Length: 400, and the connection is closed',
    rfc: 'RFC 3261 18.3, 20.14',
    over: ['tcp', 'tls'],
    except: { opensips: 'OpenSIPS takes the last of them, and closes the connection when no more comes' },
    async run({ phone }) {
      const caller = await phone();
      const sent = caller.build('OPTIONS', { extra: [['Content-Length', '30']] });
      caller.raw(sent.text);
      const response = await caller.next(({ kind }) => kind === 'response', 'a response');
      checkStatus(response.status, 400);
      await eventually(() => caller.disconnected || undefined, 'the end of the connection');
    },
  },
  {
    row: 17,
    title: 'a double CRLF is a keep-alive: over a stream it is answered by one, and nothing else comes of it',
    rfc: 'RFC 5626 3.5.1, 4.4.1',
    except: { drachtio: { tls: 'drachtio-server answers it over TCP alone' } },
    over: streamsAndUdp,
    async run({ phone }) {
      const caller = await phone();
      caller.raw('\r\n\r\n');
      if (caller.transport !== 'udp') await eventually(() => caller.pongs > 0 || undefined, 'a CRLF in answer');
      const { text, callId } = optionsText(caller);
      caller.raw(text);
      await answered(caller, callId);
    },
  },
];

/** Hangs up by the admin interface. */
async function hangUp(subject: Scene['subject'], caller: string): Promise<void> {
  const { body } = await subject.admin('GET', '/calls');
  const calls: unknown = typeof body === 'object' && body !== null && 'calls' in body ? body.calls : [];
  const own: unknown = Array.isArray(calls)
    ? calls.find((call: { from?: unknown }) => call.from === caller)
    : undefined;
  check(typeof own === 'object' && own !== null && 'id' in own, 'the admin interface does not know the call');
  checkStatus((await subject.admin('DELETE', `/calls/${String(own.id)}`)).status, 202);
}

/** An INVITE with that offer is refused with 488. */
function unacceptable(title: string, rfc: string, row: number, offer: string): Scenario {
  return {
    row,
    title,
    rfc,
    async run({ phone }) {
      checkStatus((await (await phone()).call(numbers.echo, { offer }).final()).status, 488);
    },
  };
}

/** Rows 21 and 22: descriptions. */
const descriptionScenarios: readonly Scenario[] = [
  {
    row: 21,
    title: 'of several streams one audio stream is accepted, the others get port 0',
    rfc: 'RFC 3264 6',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const streams = ['m=video 40000 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'm=audio 40002 RTP/AVP 0'];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port, streams }) });
      await call.answered();
      audioOf(call.answer);
      await call.bye();
    },
  },
  {
    row: 21,
    title: 'telephone-event is answered at the payload type that was offered',
    rfc: 'RFC 4733 2.5, RFC 3264 6.1',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const lines = ['a=rtpmap:97 telephone-event/8000', 'a=rtpmap:98 telephone-event/48000', 'a=fmtp:97 0-15'];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port, formats: [0, 98, 97], lines }) });
      await call.answered();
      const { attributes, formats } = audioOf(call.answer);
      checkEqual(formats, ['0', '97'], 'the formats of the answer');
      check(attributes.includes('rtpmap:97 telephone-event/8000'), `the answer has ${attributes.join(', ')}`);
      await call.bye();
    },
  },
  ...[10, 30, 60].map(
    (ptime): Scenario => ({
      row: 21,
      title: `ptime ${ptime} is honoured: packets of ${ptime * 8} samples`,
      rfc: 'RFC 8866 6.4, RFC 3264 6.1',
      async run({ phone, rtp }) {
        const [caller, audio] = [await phone(), await rtp()];
        const lines = [`a=ptime:${ptime}`];
        const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port, formats: [0], lines }) });
        await call.answered();
        await audio.waitForPackets(5);
        checkEqual([...new Set(audio.received.map(({ payload }) => payload.length))], [ptime * 8], 'payload bytes');
        await call.bye();
      },
    }),
  ),
  {
    row: 21,
    title: 'maxptime 20 keeps packets at 20 ms, whatever ptime says',
    rfc: 'RFC 8866 6.4',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const lines = ['a=ptime:60', 'a=maxptime:20'];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port, formats: [0], lines }) });
      await call.answered();
      await audio.waitForPackets(5);
      check(
        audio.received.every(({ payload }) => payload.length <= 160),
        'a packet has more than 20 ms',
      );
      await call.bye();
    },
  },
  {
    row: 21,
    title: 'nothing of the peer’s ICE, DTLS or SSRC attributes is echoed',
    rfc: 'RFC 3264 6, RFC 8839',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const lines = [
        'a=ssrc:1234 cname:peer',
        'a=candidate:1 1 UDP 2130706431 192.0.2.1 54400 typ host',
        'a=ice-ufrag:8hhY',
        'a=ice-pwd:asd88fgpdd777uzjYhagZg',
        'a=rtcp-mux',
      ];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port, lines }) });
      await call.answered();
      audioOf(call.answer);
      await call.bye();
    },
  },
  {
    row: 21,
    title: 'an offer of SRTP alone is answered with SRTP or 488, never with plain RTP',
    rfc: 'RFC 4568 5',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const lines = ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz'];
      const offer = sdp({ port: audio.port, protocol: 'RTP/SAVP', lines });
      const call = caller.call(numbers.echo, { offer });
      const response = await call.final();
      checkStatus(response.status, 200, 488);
      if (response.status !== 200) return;
      call.ack();
      checkEqual(audioOf(readAnswer(offer, response.body)).protocol, 'RTP/SAVP', 'the protocol of the answer');
      await call.bye();
    },
  },
  unacceptable('a host name in c=: 488', 'RFC 3264 6 (policy)', 21, sdp({ port: 4000, address: 'media.peer.example' })),
  unacceptable('media over IPv6 where only IPv4 is bound: 488', 'RFC 3264 6', 22, sdp({ port: 4000, address: '::1' })),
  {
    row: 22,
    title: 'a call whose hosts are IPv6 literals in From, To and Contact is one like any other',
    rfc: 'RFC 5118',
    async run({ phone }) {
      const caller = await phone();
      const from = `<sip:${caller.user}@[2001:db8::9]>;tag=${token()}`;
      const call = caller.call(numbers.echo, { from, to: '<sip:2001@[2001:db8::10]>' });
      const response = await call.answered();
      check(tagOf(header(response, 'To')) !== '', 'the 200 has no To tag');
      await call.bye();
    },
  },
  {
    row: 22,
    title: 'SIP over IPv6: Contact and Via have literals in brackets',
    rfc: 'RFC 3261 19.1.1, RFC 5118 4.5',
    over: ['udp', 'tcp', 'tls'],
    async run({ phone }) {
      const caller = await phone({ family: 6 });
      const call = caller.call(numbers.echo);
      const response = await call.answered();
      check(
        /^<sips?:[^@>]*@?\[[0-9a-f:]+\]/.test(header(response, 'Contact')),
        `Contact ${header(response, 'Contact')}`,
      );
      await call.bye();
    },
  },
];

export const messageAndDescriptionScenarios: readonly Scenario[] = [...messageScenarios, ...descriptionScenarios];
