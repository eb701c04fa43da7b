import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import type { LegEvent, SipProtocol } from '../../../src/signaling/port.js';
import { newBranch, requestText, SDP, tagOf } from '../../support/sip-text.js';
import { addressOf, type SocketDriver, startSocketDriver } from '../../support/socket-driver.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { tlsFile, tlsPair, tlsText } from '../../support/tls-files.js';

const tls = {
  ...tlsPair('server'),
  ca: tlsFile('authority.crt'),
  verifyPeer: true,
  requireClientCertificate: false,
};

/** A call between two endpoints of ours; resolves with what the caller heard. */
function call(caller: SocketDriver, uri: string): Promise<readonly LegEvent[]> {
  return new Promise((resolve) => {
    const heard: LegEvent[] = [];
    const leg = caller.driver.invite({ uri, fromUser: 'a', sdp: SDP });
    leg.listen((event) => {
      heard.push(event);
      if (event.type === 'answered') leg.hangUp();
      if (event.type === 'ended') resolve(heard);
    });
  });
}

test.each([
  ['tls', '127.0.0.1', 'sip:2000@HOST;transport=tls', '<sip:2000@HOST;transport=tls>'],
  ['tls', '::1', 'sips:2000@HOST', '<sips:2000@HOST>'],
  ['ws', '127.0.0.1', 'sip:2000@HOST;transport=ws', '<sip:2000@HOST;transport=ws>'],
  ['wss', '127.0.0.1', 'sips:2000@HOST;transport=ws', '<sips:2000@HOST;transport=ws>'],
  ['wss', '127.0.0.1', 'sip:2000@HOST;transport=wss', '<sip:2000@HOST;transport=ws>'],
] as const)('a whole call over %s on %s by %s', async (protocol, address, uri, contact) => {
  await using callee = await startSocketDriver((leg) => leg.accept('answer'), { address, tls, protocols: [protocol] });
  await using caller = await startSocketDriver(() => {}, { address, tls, protocols: [protocol] });
  const { port } = addressOf(callee, protocol);
  const host = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const heard = await call(caller, uri.replace('HOST', host));
  expect(heard.map(({ type }) => type)).toEqual(['answered', 'ended']);
  expect(callee.legs[0]?.invite.source.protocol).toBe(protocol);
  await expect.poll(() => callee.events.map(({ type }) => type)).toEqual(['acked', 'ended']);
  expect(callee.legs[0]?.invite.headers.get('contact')).toEqual([
    contact.replace('2000', 'a').replace('HOST', host.replace(/:\d+$/, `:${addressOf(caller, protocol).port}`)),
  ]);
  expect([...caller.warnings, ...callee.warnings]).toEqual([]);
});

test('a callee whose certificate names somebody else: the call fails, and the log says why', async () => {
  await using callee = await startSocketDriver((leg) => leg.accept(SDP), {
    ...{ tls: { ...tls, ...tlsPair('elsewhere') }, protocols: ['tls'] },
  });
  await using caller = await startSocketDriver(() => {}, { tls, protocols: ['tls'] });
  const { port } = addressOf(callee, 'tls');
  const heard = await call(caller, `sips:2000@127.0.0.1:${port}`);
  expect(heard).toEqual([{ type: 'ended', end: { by: 'transport', status: 503, text: '' } }]);
  expect(callee.legs).toEqual([]);
  expect(caller.warnings).toEqual([
    { protocol: 'tls', error: expect.stringContaining('the certificate does not name 127.0.0.1') },
  ]);
});

test('renew() shows the certificate that the files hold now, and keeps the old one when they are no good', async () => {
  const folder = temporaryDirectory();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const install = (name: string): void => {
    writeFileSync(cert, tlsText(`${name}.crt`));
    writeFileSync(key, tlsText(`${name}.key`));
  };
  install('server');
  await using endpoint = await startSocketDriver(() => {}, { tls: { ...tls, cert, key }, protocols: ['tls', 'udp'] });
  const { port } = addressOf(endpoint, 'tls');
  const shown = async (): Promise<unknown> => {
    const socket = connect({ host: '127.0.0.1', port, ca: tlsText('authority.crt') });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  expect(await shown()).toBe('server');
  install('renewed');
  await endpoint.driver.renew?.();
  expect(await shown()).toBe('renewed');
  writeFileSync(cert, 'rubbish');
  await expect(endpoint.driver.renew?.()).rejects.toMatchObject({ code: 'ERR_TLS_FILE' });
  expect(await shown()).toBe('renewed');
});

test('a browser, whose Via and Contact name hosts that do not exist, is reached over its WebSocket alone', async () => {
  const protocol: SipProtocol = 'ws';
  await using endpoint = await startSocketDriver((leg) => leg.accept(SDP), { protocols: [protocol] });
  const browser = new WebSocket(`ws://127.0.0.1:${addressOf(endpoint, protocol).port}`, 'sip');
  const received: string[] = [];
  browser.on('message', (data) => received.push(String(data)));
  await once(browser, 'open');
  const request = (method: string, to?: string): string =>
    requestText({
      method,
      via: `WS df7jal23ls0d.invalid;branch=${newBranch()};rport`,
      contact: '<sip:alice@df7jal23ls0d.invalid;transport=ws;ob>',
      body: method === 'INVITE' ? SDP : '',
      ...(to !== undefined && { to }),
    });
  browser.send(request('INVITE'));
  await expect
    .poll(() => received.map((text) => text.split('\r\n')[0]))
    .toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 200 OK']);
  const parsed = parseMessage(Buffer.from(received[1] ?? ''), 'ws');
  if (parsed.type !== 'message') throw new Error(parsed.type);
  const { headers } = parsed.message;
  expect(headers.get('Via')).toContain('received=127.0.0.1');
  browser.send(request('ACK', `<sip:2000@192.0.2.1>;tag=${tagOf(headers.get('To'))}`));
  await expect.poll(() => endpoint.events.map(({ type }) => type)).toEqual(['acked']);
  endpoint.legs[0]?.hangUp();
  await expect.poll(() => received.length).toBe(3);
  const [start, via] = received[2]?.split('\r\n') ?? [];
  expect(start).toBe('BYE sip:alice@df7jal23ls0d.invalid;transport=ws;ob SIP/2.0');
  expect(via).toMatch(/^Via: SIP\/2\.0\/WS 127\.0\.0\.1:\d+;branch=z9hG4bK[0-9a-f]+$/);
  expect(endpoint.names).toEqual([]);
  browser.terminate();
});
