import { expect, test } from 'vitest';
import type { SipMessage } from '../../../src/signaling/message/sip-message.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';
import { newBranch, requestText, SDP, tagOf } from '../../support/sip-text.js';
import { addressOf, type SocketDriver, startSocketDriver } from '../../support/socket-driver.js';
import { TcpPeer, UdpPeer } from '../../support/socket-peer.js';

const sites = [
  ['udp', '127.0.0.1'],
  ['tcp', '127.0.0.1'],
  ['udp', '::1'],
  ['tcp', '::1'],
] as const;

async function connect(endpoint: SocketDriver, protocol: 'udp' | 'tcp'): Promise<UdpPeer | TcpPeer> {
  const remote = addressOf(endpoint, protocol);
  return protocol === 'udp' ? new UdpPeer(remote).open() : new TcpPeer(remote).open();
}

/** Request texts of a caller on that socket. */
function callerOn(peer: UdpPeer | TcpPeer, protocol: 'udp' | 'tcp', address: string) {
  const host = address.includes(':') ? `[${address}]` : address;
  const transport = protocol === 'tcp' ? ';transport=tcp' : '';
  return (method: string, to?: string, parts: Partial<Parameters<typeof requestText>[0]> = {}) =>
    requestText({
      method,
      uri: `sip:2000@${host}`,
      via: `${protocol.toUpperCase()} ${host}:${peer.port};branch=${newBranch()};rport`,
      contact: `<sip:alice@${host}:${peer.port}${transport}>`,
      ...(to === undefined ? {} : { to }),
      ...parts,
    });
}

function toOf(ok: SipMessage): string {
  return `<sip:2000@127.0.0.1>;tag=${tagOf(ok.headers.get('To'))}`;
}

test.each(sites)('a whole call over %s on %s, ended by the caller', async (protocol, address) => {
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { address });
  const peer = await connect(endpoint, protocol);
  const request = callerOn(peer, protocol, address);
  peer.send(request('INVITE', undefined, { body: SDP }));
  await peer.response('INVITE', 100);
  const ok = await peer.response('INVITE', 200);
  const { port } = addressOf(endpoint, protocol);
  const host = address.includes(':') ? `[${address}]` : address;
  expect(ok.headers.get('Contact')).toBe(`<sip:2000@${host}:${port}${protocol === 'tcp' ? ';transport=tcp' : ''}>`);
  expect(endpoint.legs[0]?.localAddress).toBe(address);
  peer.send(request('ACK', toOf(ok)));
  peer.send(request('INFO', toOf(ok), { cseq: 2, type: 'application/dtmf', body: '9' }));
  await peer.response('INFO', 200);
  peer.send(request('BYE', toOf(ok), { cseq: 3 }));
  await peer.response('BYE', 200);
  expect(endpoint.events.map(({ type }) => type)).toEqual(['acked', 'digit', 'ended']);
  expect(endpoint.warnings).toEqual([]);
  peer.close();
});

test.each(sites)('a whole call over %s on %s, ended by us', async (protocol, address) => {
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { address });
  const peer = await connect(endpoint, protocol);
  const request = callerOn(peer, protocol, address);
  peer.send(request('INVITE', undefined, { body: SDP }));
  const ok = await peer.response('INVITE', 200);
  endpoint.legs[0]?.hangUp();
  peer.send(request('ACK', toOf(ok)));
  const bye = await peer.next((message) => message.kind === 'request');
  expect(bye.kind === 'request' && bye.method).toBe('BYE');
  peer.close();
});

test.each(sites)('two of our endpoints call each other over %s on %s', async (protocol, address) => {
  await using callee = await startSocketDriver((leg) => leg.accept('answer'), { address });
  await using caller = await startSocketDriver(() => {}, { address });
  const { port } = addressOf(callee, protocol);
  const host = address.includes(':') ? `[${address}]` : address;
  const ended = new Promise<readonly string[]>((resolve) => {
    const heard: string[] = [];
    const leg = caller.driver.invite({
      uri: `sip:2000@${host}:${port};transport=${protocol}`,
      fromUser: 'a',
      sdp: SDP,
    });
    leg.listen((event) => {
      heard.push(event.type);
      if (event.type === 'answered') leg.hangUp();
      if (event.type === 'ended') resolve(heard);
    });
  });
  expect(await ended).toEqual(['answered', 'ended']);
  await expect.poll(() => callee.events.map(({ type }) => type)).toEqual(['acked', 'ended']);
});

test('an IPv6 address is itself however it is spelled: in Via, and in Contact', async () => {
  const [address, spelled] = ['::1', '[0:0:0:0:0:0:0:1]'];
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { address });
  const [sending, listening] = [await connect(endpoint, 'udp'), await connect(endpoint, 'udp')];
  // Without rport the answer goes to the port in Via, where that names the address it came from.
  const via = `UDP ${spelled}:${listening.port};branch=${newBranch()}`;
  sending.send(callerOn(sending, 'udp', address)('OPTIONS', undefined, { via }));
  expect((await listening.response('OPTIONS', 200)).headers.get('Via')).not.toContain('received');
  sending.close();
  listening.close();

  const peer = await connect(endpoint, 'tcp');
  const request = callerOn(peer, 'tcp', address);
  const contact = `<sip:alice@${spelled}:9;transport=tcp>`;
  peer.send(request('INVITE', undefined, { body: SDP, contact }));
  const ok = await peer.response('INVITE', 200);
  peer.send(request('ACK', toOf(ok), { contact }));
  await expect.poll(() => endpoint.events.map(({ type }) => type)).toEqual(['acked']);
  endpoint.legs[0]?.hangUp();
  const bye = await peer.next((message) => message.kind === 'request');
  expect(bye.kind === 'request' && bye.method).toBe('BYE');
  peer.close();
});

test('the advertised IPv4 address is not what a caller over IPv6 is told, where we listen on both', async () => {
  const listen = ['127.0.0.1', '::1'].map((host) => ({ protocol: 'udp' as const, host, port: 0 }));
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { listen, advertise: '203.0.113.7' });
  const contacts = await Promise.all(
    endpoint.bound.map(async (remote) => {
      const peer = await new UdpPeer(remote).open();
      peer.send(callerOn(peer, 'udp', remote.address)('INVITE', undefined, { callId: remote.address, body: SDP }));
      const ok = await peer.response('INVITE', 200);
      peer.close();
      return ok.headers.get('Contact');
    }),
  );
  const [four, six] = endpoint.bound.map(({ port }) => port);
  expect(contacts).toEqual([`<sip:2000@203.0.113.7:${four}>`, `<sip:2000@[::1]:${six}>`]);
});

test('TCP: 60 KB of header fields, in pieces and in one packet with the next message', async () => {
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP));
  const peer = await new TcpPeer(addressOf(endpoint, 'tcp')).open();
  const request = callerOn(peer, 'tcp', '127.0.0.1');
  const routes = Array.from(
    { length: 400 },
    (_, index) => `Record-Route: <sip:proxy-${index}.example.com;lr;x=${'y'.repeat(100)}>`,
  );
  const invite = request('INVITE', undefined, { body: SDP, extra: routes });
  expect(invite.length).toBeGreaterThan(55_000);
  const half = invite.length >> 1;
  peer.send(invite.slice(0, 10));
  await new Promise((resolve) => setImmediate(resolve));
  peer.send(invite.slice(10, half));
  await new Promise((resolve) => setImmediate(resolve));
  peer.send(invite.slice(half) + request('OPTIONS', undefined, { callId: 'pipelined' }));
  const ok = await peer.response('INVITE', 200);
  expect(ok.headers.getAll('Record-Route')).toHaveLength(400);
  await peer.response('OPTIONS', 200);
  peer.close();
});

test('a source that is not allowed gets no answer at all', async () => {
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { allow: ['192.0.2.0/24'] });
  const udp = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  const tcp = new TcpPeer(addressOf(endpoint, 'tcp'));
  // The connection is reset, at the latest when something is sent over it.
  await tcp.open().catch(() => {});
  for (const method of ['OPTIONS', 'INVITE', 'REGISTER', 'garbage']) {
    udp.send(callerOn(udp, 'udp', '127.0.0.1')(method));
    tcp.send(callerOn(tcp, 'tcp', '127.0.0.1')(method));
  }
  await eventLoopTurns(100);
  expect([udp.startLines, tcp.startLines, endpoint.legs]).toEqual([[], [], []]);
  udp.close();
  tcp.close();
});

test('a callee that accepts no connection: ended by transport', async () => {
  await using endpoint = await startSocketDriver(() => {});
  const probe = await startSocketDriver(() => {});
  const { port } = addressOf(probe, 'tcp');
  await probe[Symbol.asyncDispose]();
  const end = await new Promise((resolve) => {
    const leg = endpoint.driver.invite({ uri: `sip:x@127.0.0.1:${port};transport=tcp`, fromUser: 'a', sdp: SDP });
    leg.listen((event) => event.type === 'ended' && resolve(event.end));
  });
  expect(end).toEqual({ by: 'transport', status: 503, text: '' });
});
