import { describe, expect, test } from 'vitest';
import { advertisedTo } from '../../../src/signaling/embedded/advertised-host.js';
import {
  createHarness,
  establishedCall,
  type HarnessOptions,
  lastResponse,
  PEER,
  settle,
  toOf,
} from '../../support/embedded-harness.js';
import { type RequestText, requestText, SDP } from '../../support/sip-text.js';

/** Where the BYE of a call set up with these parts goes. */
async function byeOf(parts: Partial<RequestText>, options: HarnessOptions = {}) {
  const h = await createHarness(options);
  establishedCall(h, parts);
  h.leg().hangUp();
  await settle();
  const [sent] = [...h.udp.take(), ...h.tcp.take()];
  if (sent?.message.kind !== 'request') throw new Error('no BYE');
  return {
    to: `${sent.to.address}:${sent.to.port}`,
    uri: sent.message.uri,
    routes: sent.message.headers.getAll('Route'),
    h,
  };
}

describe('over UDP', () => {
  test('to the Contact', async () => {
    expect(await byeOf({ contact: '<sip:alice@192.0.2.33:5077>' })).toMatchObject({ to: '192.0.2.33:5077' });
    expect(await byeOf({ contact: '<sip:alice@192.0.2.33>' })).toMatchObject({ to: '192.0.2.33:5060' });
  });

  test('through a loose router, and through a strict one', async () => {
    expect(await byeOf({ extra: ['Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>'] })).toMatchObject({
      to: '192.0.2.50:5060',
      uri: 'sip:alice@192.0.2.9:5070',
      routes: ['<sip:192.0.2.50;lr>', '<sip:192.0.2.51;lr>'],
    });
    expect(await byeOf({ extra: ['Record-Route: <sip:192.0.2.50>'] })).toMatchObject({
      to: '192.0.2.50:5060',
      uri: 'sip:192.0.2.50',
      routes: ['<sip:alice@192.0.2.9:5070>'],
    });
  });

  test('a name is resolved; when that fails, back to where the INVITE came from', async () => {
    const contact = '<sip:alice@phone.example:5077>';
    expect(await byeOf({ contact }, { lookup: async () => ['2001:db8::7', '192.0.2.77'] })).toMatchObject({
      to: '192.0.2.77:5077',
    });
    const lookup = async () => {
      throw new Error('ENOTFOUND');
    };
    expect(await byeOf({ contact }, { lookup })).toMatchObject({ to: '192.0.2.9:5070' });
  });

  test('a name that takes too long: after 2 s to where the INVITE came from; the leg has ended already', async () => {
    const h = await createHarness({ lookup: () => new Promise(() => {}) });
    establishedCall(h, { contact: '<sip:alice@slow.example>' });
    h.leg().hangUp();
    await settle();
    expect(h.events().at(-1)).toMatchObject({ type: 'ended', end: { by: 'local' } });
    h.clock.advance(1999);
    expect(h.udp.take()).toEqual([]);
    h.clock.advance(1);
    expect(h.udp.take().map(({ to }) => to)).toEqual([PEER]);
  });

  test.each(['<sip:alice@192.0.2.33:5077;transport=tls>', '<sips:alice@192.0.2.33>', '<sip:alice@[2001:db8::1]>'])(
    '%s leads nowhere from here: back to where the INVITE came from',
    async (contact) => {
      expect(await byeOf({ contact })).toMatchObject({ to: '192.0.2.9:5070' });
    },
  );

  test('a phone behind NAT that knows only its private address is reached where it was seen', async () => {
    const contact = '<sip:alice@10.1.1.1:5060>';
    expect(await byeOf({ contact, via: 'UDP 10.1.1.1:5060;branch=z9hG4bKnat;rport' })).toMatchObject({
      to: '192.0.2.9:5070',
    });
    expect(await byeOf({ contact })).toMatchObject({ to: '10.1.1.1:5060' });
  });

  test('maddr and transport of the Contact count', async () => {
    expect(await byeOf({ contact: '<sip:alice@192.0.2.33;maddr=192.0.2.34>' })).toMatchObject({
      to: '192.0.2.34:5060',
    });
    const { to, h } = await byeOf({ contact: '<sip:alice@192.0.2.33;transport=TCP>' });
    expect([to, h.tcp.opened.length]).toEqual(['192.0.2.33:5060', 1]);
  });
});

describe('over TCP', () => {
  const source = { address: '192.0.2.9', port: 40_123 };

  async function tcpCall(contact: string, via = 'TCP 192.0.2.9:5070;branch=z9hG4bKtcp') {
    const h = await createHarness();
    const invite = requestText({ method: 'INVITE', via, contact, body: SDP });
    const flow = h.tcp.receive(source, invite);
    const ok = lastResponse(h.tcp.take());
    h.tcp.receive(source, requestText({ method: 'ACK', via: `${via}2`, to: toOf(ok) }), flow);
    return { h, flow, ok };
  }

  test('our Contact says so, and the connection is used again', async () => {
    const { h, ok } = await tcpCall('<sip:alice@192.0.2.9:5070;transport=tcp>');
    expect(ok.headers.get('Contact')).toBe('<sip:2000@192.0.2.1:5060;transport=tcp>');
    h.leg().hangUp();
    const [sent] = h.tcp.take();
    expect(sent?.to).toEqual(source);
    expect(sent?.message.headers.get('Via')).toMatch(/^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]{24}$/);
  });

  test('also for a peer whose Contact does not mention TCP, and for one behind NAT', async () => {
    for (const [contact, via] of [
      ['<sip:alice@192.0.2.9:5070>', 'TCP 192.0.2.9:5070;branch=z9hG4bKtcpa'],
      ['<sip:alice@10.1.1.1:5070;transport=tcp>', 'TCP 10.1.1.1:5070;branch=z9hG4bKtcpb'],
    ]) {
      const { h } = await tcpCall(contact ?? '', via);
      h.leg().hangUp();
      expect(h.tcp.take().map(({ to }) => to)).toEqual([source]);
    }
  });

  test('a dead connection is replaced by a new one to the remote target', async () => {
    const { h, flow } = await tcpCall('<sip:alice@192.0.2.9:5070;transport=tcp>');
    flow.break();
    h.leg().hangUp();
    expect(h.tcp.take().map(({ to }) => to)).toEqual([{ address: '192.0.2.9', port: 5070 }]);
  });

  test('a 200 un-ACKed over a dead connection goes to sent-by', async () => {
    const h = await createHarness();
    const flow = h.tcp.receive(
      source,
      requestText({ method: 'INVITE', via: 'TCP 192.0.2.9:5070;branch=z9hG4bKd', body: SDP }),
    );
    flow.break();
    h.tcp.take();
    h.clock.advance(500);
    expect(h.tcp.take().map(({ to }) => to)).toEqual([{ address: '192.0.2.9', port: 5070 }]);
  });
});

test('advertise stands in Contact and Via, IPv6 in brackets', async () => {
  for (const [advertise, host] of [
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['voice.example.com', 'voice.example.com'],
  ]) {
    const h = await createHarness({ options: { advertise } });
    h.send({ method: 'INVITE', body: SDP });
    expect(lastResponse(h.udp.take()).headers.get('Contact')).toBe(`<sip:2000@${host}:5060>`);
    h.dial();
    const [invite] = h.udp.takeRequests();
    expect(invite?.headers.get('Via')).toContain(`UDP ${host}:5060;`);
    expect(invite?.headers.get('From')).toContain(`<sip:2000@${host}>`);
  }
});

test('an advertised address is for peers of its own family, where both are bound', () => {
  const [four, six] = [
    { address: '192.0.2.1', port: 5060 },
    { address: '2001:db8::1', port: 5060 },
  ];
  const bound = (address: string) => ({ bound: { protocol: 'udp' as const, address, port: 5060 } });
  const both = [bound('0.0.0.0'), bound('::')];
  const told = (host: string | undefined, transports = both) =>
    [four, six].map((local) => advertisedTo({ local }, host, transports));
  expect(told('203.0.113.7')).toEqual(['203.0.113.7', undefined]);
  expect(told('2001:db8::7')).toEqual([undefined, '2001:db8::7']);
  expect(told('voice.example.com')).toEqual(['voice.example.com', 'voice.example.com']);
  expect(told(undefined)).toEqual([undefined, undefined]);
  // Behind a translator of addresses there is nobody else to be told.
  expect(told('203.0.113.7', [bound('::')])).toEqual(['203.0.113.7', '203.0.113.7']);
});

describe('over TLS and WebSocket', () => {
  const source = { address: '192.0.2.9', port: 40_123 };

  async function byeOver(protocol: 'tls' | 'ws', parts: Partial<RequestText>, closed = false) {
    const h = await createHarness({ protocols: ['udp', 'tls', 'ws'] });
    const via = `${protocol.toUpperCase()} x.invalid;branch=z9hG4bKsecure`;
    const invite = { via, body: SDP, ...parts };
    const transport = h[protocol];
    const flow = transport.receive(source, requestText({ method: 'INVITE', ...invite }));
    const ok = lastResponse(transport.take());
    transport.receive(source, requestText({ method: 'ACK', to: toOf(ok), via }), flow);
    if (closed) flow.break();
    h.leg().hangUp();
    await settle();
    const [sent] = [...h.udp.take(), ...h.tls.take(), ...h.ws.take()];
    return {
      contact: ok.headers.get('Contact'),
      to: sent && `${sent.to.address}:${sent.to.port}`,
      via: sent?.message.headers.get('Via')?.split(' ')[0],
      opened: h.tls.opened.length + h.ws.opened.length,
    };
  }

  test('a sips dialog has a sips Contact, and its BYE goes over the same connection', async () => {
    const contact = '<sips:alice@192.0.2.9:5061>';
    expect(await byeOver('tls', { uri: 'sips:2000@192.0.2.1', contact })).toEqual({
      ...{ contact: '<sips:2000@192.0.2.1:5060>', to: '192.0.2.9:40123', via: 'SIP/2.0/TLS', opened: 1 },
    });
    expect(await byeOver('tls', { contact })).toMatchObject({ contact: '<sips:2000@192.0.2.1:5060>' });
    expect(await byeOver('tls', {})).toMatchObject({ contact: '<sip:2000@192.0.2.1:5060;transport=tls>' });
  });

  test('once it is gone, to port 5061 of the Contact', async () => {
    expect(await byeOver('tls', { contact: '<sips:alice@192.0.2.33>' }, true)).toMatchObject({
      ...{ to: '192.0.2.33:5061', via: 'SIP/2.0/TLS', opened: 2 },
    });
  });

  test('a browser that has gone is not dialled back', async () => {
    const contact = '<sip:alice@x.invalid;transport=ws>';
    expect(await byeOver('ws', { contact }, true)).toMatchObject({ to: undefined, opened: 1 });
  });

  test.each([
    '<sip:alice@192.0.2.33;transport=ws>',
    '<sips:alice@192.0.2.33;transport=ws>',
    '<sip:alice@192.0.2.33;ob>',
  ])('%s is reached by the WebSocket it came by', async (contact) => {
    expect(await byeOver('ws', { contact })).toMatchObject({ to: '192.0.2.9:40123', via: 'SIP/2.0/WS', opened: 1 });
  });
});

test('a Contact with ob (RFC 5626) is reached where the INVITE came from, over UDP too', async () => {
  expect(await byeOf({ contact: '<sip:alice@192.0.2.33:5077;ob>' })).toMatchObject({ to: '192.0.2.9:5070' });
});
