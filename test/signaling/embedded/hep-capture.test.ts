import { expect, test } from 'vitest';
import { newBranch, requestText, SDP, tagOf } from '../../support/sip-text.js';
import { addressOf, startSocketDriver } from '../../support/socket-driver.js';
import { TcpPeer, UdpPeer } from '../../support/socket-peer.js';
import { captureServer } from '../hep/capture-server.js';

test.each(['udp', 'tcp'] as const)('a call over %s is captured, message by message, both ways', async (protocol) => {
  using server = await captureServer();
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { hep: { to: server.to, id: 7 } });
  const remote = addressOf(endpoint, protocol);
  const peer = protocol === 'udp' ? await new UdpPeer(remote).open() : await new TcpPeer(remote).open();
  const request = (method: string, to?: string) =>
    requestText({
      method,
      uri: 'sip:2000@127.0.0.1',
      via: `${protocol.toUpperCase()} 127.0.0.1:${peer.port};branch=${newBranch()};rport`,
      contact: `<sip:alice@127.0.0.1:${peer.port};transport=${protocol}>`,
      ...(to === undefined ? {} : { to }),
    });
  peer.send(request('INVITE'));
  const ok = await peer.response('INVITE', 200);
  const to = `<sip:2000@127.0.0.1>;tag=${tagOf(ok.headers.get('To'))}`;
  peer.send(request('ACK', to));
  peer.send(request('BYE', to));
  await peer.response('BYE', 200);
  await expect.poll(() => server.captured).toHaveLength(6);
  const [number, port] = [protocol === 'udp' ? 17 : 6, remote.port];
  const inwards = { from: peer.port, to: port, protocol: number };
  const outwards = { from: port, to: peer.port, protocol: number };
  expect(server.captured.map(({ message, ...rest }) => ({ line: message.split('\r\n')[0], ...rest }))).toEqual([
    { line: 'INVITE sip:2000@127.0.0.1 SIP/2.0', ...inwards },
    { line: 'SIP/2.0 100 Trying', ...outwards },
    { line: 'SIP/2.0 200 OK', ...outwards },
    { line: 'ACK sip:2000@127.0.0.1 SIP/2.0', ...inwards },
    { line: 'BYE sip:2000@127.0.0.1 SIP/2.0', ...inwards },
    { line: 'SIP/2.0 200 OK', ...outwards },
  ]);
  peer.close();
});

test('without a capture server calls go on, and nobody is told more than once', async () => {
  const nobody = { address: '255.255.255.255', port: 9 };
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { hep: { to: nobody, id: 7 } });
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  for (let call = 0; call < 3; call += 1) {
    const branch = newBranch();
    peer.send(
      requestText({
        method: 'OPTIONS',
        uri: 'sip:127.0.0.1',
        via: `UDP 127.0.0.1:${peer.port};branch=${branch};rport`,
      }),
    );
    await peer.response('OPTIONS', 200);
  }
  await expect.poll(() => endpoint.warnings).toHaveLength(1);
  expect(endpoint.warnings).toEqual([{ error: expect.stringContaining('EACCES') }]);
  peer.close();
});
