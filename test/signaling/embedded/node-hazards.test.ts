import { afterEach, beforeEach, expect, test } from 'vitest';
import { newBranch, requestText, SDP, tagOf } from '../../support/sip-text.js';
import { addressOf, type SocketDriver, startSocketDriver } from '../../support/socket-driver.js';
import { UdpPeer } from '../../support/socket-peer.js';

/** Things that stop a Node process, or its event loop, when a peer's text reaches the wrong function. */

let endpoint: SocketDriver;
let peer: UdpPeer;
let answer = SDP;
const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);

beforeEach(async () => {
  answer = SDP;
  endpoint = await startSocketDriver((leg) => leg.accept(answer));
  peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});

afterEach(async () => {
  peer.close();
  await endpoint[Symbol.asyncDispose]();
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  expect(uncaught.splice(0)).toEqual([]);
  expect(endpoint.warnings).toEqual([]);
});

const via = (rest = ';rport') => `UDP 127.0.0.1:${peer.port};branch=${newBranch()}${rest}`;

async function alive(): Promise<void> {
  const callId = `alive-${newBranch()}`;
  peer.send(requestText({ method: 'OPTIONS', callId, via: via() }));
  await peer.next(({ headers }) => headers.get('Call-ID') === callId);
}

/** Sets a call up whose requests of ours must go where `parts` say, and hangs up. */
async function hangUpOn(parts: Partial<Parameters<typeof requestText>[0]>): Promise<void> {
  const callId = `call-${newBranch()}`;
  peer.send(requestText({ method: 'INVITE', callId, via: via(), body: SDP, ...parts }));
  const ok = await peer.response('INVITE', 200);
  peer.send(requestText({ method: 'ACK', callId, via: via(), to: `<sip:x@x>;tag=${tagOf(ok.headers.get('To'))}` }));
  await alive();
  endpoint.legs.at(-1)?.hangUp();
  await alive();
}

test.each([99_999, 65_536, 0])('port %i in Via, Contact, Record-Route, maddr and received', async (port) => {
  for (const parts of [
    { via: `UDP 127.0.0.1:${port};branch=${newBranch()}` },
    { via: via(`;received=127.0.0.1;rport=${port}`) },
    { contact: `<sip:alice@127.0.0.1:${port}>` },
    { extra: [`Record-Route: <sip:127.0.0.1:${port};lr>`] },
  ]) {
    peer.send(requestText({ method: 'INVITE', callId: newBranch(), via: via(), body: SDP, ...parts }));
    await alive();
  }
});

test('host names: resolved by us, never by the socket; unknown ones do no harm', async () => {
  await hangUpOn({ contact: '<sip:alice@no-such-host.test:5060>' });
  await hangUpOn({ extra: ['Record-Route: <sip:no-such-proxy.test;lr>'] });
  await hangUpOn({ contact: '<sip:alice@127.0.0.1;maddr=no-such-maddr.test>' });
  expect(endpoint.names).toEqual(['no-such-host.test', 'no-such-proxy.test', 'no-such-maddr.test']);
  peer.send(
    requestText({ method: 'OPTIONS', via: `UDP no-such-via.invalid;branch=${newBranch()};maddr=evil.invalid` }),
  );
  await alive();
  expect(endpoint.names).toHaveLength(3);
});

test('addresses nothing can be sent to', async () => {
  for (const host of ['255.255.255.255', '0.0.0.0', '224.0.0.1', '[::1]', '[fe80::1]']) {
    await hangUpOn({ contact: `<sip:alice@${host}:9>` });
  }
});

test('an answer that does not fit into a datagram is lost, and nothing else', async () => {
  answer = 'x'.repeat(30_000);
  const extra = [
    `X: ${'y'.repeat(1000)}`,
    ...Array.from({ length: 500 }, () => `Record-Route: <sip:127.0.0.1;lr;a=${'z'.repeat(70)}>`),
  ];
  peer.send(requestText({ method: 'INVITE', via: via(), body: SDP, extra }));
  await peer.response('INVITE', 100);
  await alive();
  expect(peer.startLines.filter((line) => line.startsWith('SIP/2.0 200'))).toHaveLength(1);
});

test('header names that mean something to JavaScript', async () => {
  const extra = ['__proto__: x', 'constructor: x', 'toString: x', 'hasOwnProperty: x'];
  peer.send(requestText({ method: 'INVITE', via: via(), body: SDP, extra }));
  await peer.response('INVITE', 200);
  const headers = endpoint.legs[0]?.invite.headers;
  for (const name of ['__proto__', 'constructor', 'tostring', 'hasownproperty'])
    expect(headers?.get(name)).toEqual(['x']);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('60 KB of blanks, quotes, commas, backslashes and parameters in every header field that is looked at', async () => {
  const names = ['Accept', 'Require', 'Content-Disposition', 'Content-Encoding', 'Contact', 'Route', 'Record-Route'];
  const more = ['Expires', 'Reason', 'Supported', 'Max-Forwards', 'Date', 'Timestamp', 'X'];
  for (const filler of [' ', '"', ',', '\\', ';', '"\\', '<', '=', ';handling', '\t ,', 'a,', '%', '@', ':']) {
    for (const name of [...names, ...more]) {
      const value = `a${filler.repeat(60_000 / filler.length)}b`;
      peer.send(
        requestText({ method: 'INVITE', callId: newBranch(), via: via(), body: SDP, extra: [`${name}: ${value}`] }),
      );
    }
    await alive();
  }
});

test('60 KB bodies that look like many parts, many lines or one endless one', async () => {
  for (const [type, unit] of [
    ['multipart/mixed;boundary=a', '--a\r\n'],
    ['multipart/mixed;boundary="-"', '---'],
    ['multipart/mixed;boundary=a', '--a\r\n\r\n'],
    ['multipart/mixed;boundary=a', 'x:y\r\n'],
    ['application/dtmf-relay', 'Signal='],
    ['application/dtmf-relay', '\n'],
  ] as const) {
    peer.send(
      requestText({ method: 'INVITE', callId: newBranch(), via: via(), type, body: unit.repeat(60_000 / unit.length) }),
    );
    await alive();
  }
});

test('Expires and Session-Expires beyond what a timer can hold', async () => {
  const extra = ['Expires: 4294967295', 'Session-Expires: 4294967296', 'Min-SE: 99999999999999999999'];
  await hangUpOn({ extra });
  expect(endpoint.events.map(({ type }) => type)).toEqual(['acked', 'ended']);
});
