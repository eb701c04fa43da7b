import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import type { SipFlow, SipTransport } from '../../../../src/signaling/embedded/transport/sip-transport.js';
import {
  createUdpTransport,
  type UdpTransportOptions,
} from '../../../../src/signaling/embedded/transport/udp-transport.js';
import type { ListeningAddress } from '../../../../src/signaling/port.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { invite } from '../../message/samples.js';
import { hasIpv6 } from './loopback.js';

interface Received {
  readonly flow: SipFlow;
  readonly message: Buffer;
}

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function listen(options: Partial<UdpTransportOptions> = {}): Promise<{
  transport: SipTransport;
  bound: ListeningAddress;
  received: Received[];
  failures: Error[];
}> {
  const transport = createUdpTransport({ address: '127.0.0.1', port: 0, clock: new FakeClock(), ...options });
  opened.push(() => transport.close());
  const received: Received[] = [];
  const failures: Error[] = [];
  const bound = await transport.start({
    onMessage: (flow, message) => received.push({ flow, message }),
    onFailure: (error) => failures.push(error),
  });
  return { transport, bound, received, failures };
}

async function peer(address = '127.0.0.1'): Promise<{ socket: Socket; heard: string[] }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  opened.push(() => void socket.close());
  const heard: string[] = [];
  socket.on('message', (message) => heard.push(message.toString('latin1')));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return { socket, heard };
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ...(hasIpv6
    ? ([
        ['::1', '::1'],
        ['::', '::1'],
      ] as const)
    : []),
] as const)(
  'bound to %s, a message from %s comes with a flow back to its sender and a concrete local address',
  async (address, source) => {
    const { bound, received } = await listen({ address });
    const { socket, heard } = await peer(source);
    socket.send(invite(), bound.port, source);
    await expect.poll(() => received).toHaveLength(1);
    const [{ flow, message }] = received as [Received];
    expect(message.equals(invite())).toBe(true);
    expect(flow).toMatchObject({
      protocol: 'udp',
      reliable: false,
      closed: false,
      remote: { address: source, port: socket.address().port },
      local: { address: source, port: bound.port },
    });
    flow.send(Buffer.from('SIP/2.0 100 Trying\r\n\r\n'));
    await expect.poll(() => heard).toEqual(['SIP/2.0 100 Trying\r\n\r\n']);
  },
);

test('keep-alives and noise are not messages', async () => {
  const { bound, received } = await listen();
  const { socket } = await peer();
  for (const noise of ['', '\r\n\r\n', '\r\n', '\0', '\0\0\0\0', 'jaK']) socket.send(noise, bound.port, '127.0.0.1');
  socket.send(invite(), bound.port, '127.0.0.1');
  await expect.poll(() => received).toHaveLength(1);
});

test('peers outside the filter are not heard', async () => {
  const asked: string[] = [];
  const accept = (address: string): boolean => {
    asked.push(address);
    return false;
  };
  const { bound, received } = await listen({ accept });
  const { socket } = await peer();
  socket.send(invite(), bound.port, '127.0.0.1');
  await expect.poll(() => asked).toEqual(['127.0.0.1']);
  expect(received).toEqual([]);
});

test('datagrams to one peer leave in order', async () => {
  const { transport } = await listen();
  const { socket, heard } = await peer();
  const flow = transport.flowTo({ address: '127.0.0.1', port: socket.address().port });
  for (let index = 0; index < 50; index += 1) flow.send(Buffer.from(String(index)));
  await expect.poll(() => heard).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
});

test.each([
  ['a name', 'localhost', 5060],
  ['an empty host', '', 5060],
  ['port 0', '127.0.0.1', 0],
  ['port 99999', '127.0.0.1', 99_999],
  ['half a port', '127.0.0.1', 50.5],
  ['no number', '127.0.0.1', Number.NaN],
  ['no host', '0.0.0.0', 5060],
  ['no host in IPv6', '::', 5060],
  ['no host, mapped', '::ffff:0.0.0.0', 5060],
  ['multicast', '224.0.1.75', 5060],
  ['IPv6 multicast', 'ff02::1', 5060],
  ['broadcast', '255.255.255.255', 5060],
])('a flow to %s is refused before any socket sees it', async (_title, address, port) => {
  const { transport } = await listen();
  expect(() => transport.flowTo({ address, port })).toThrow(expect.objectContaining({ code: 'ERR_SIP_MESSAGE' }));
});

test('an IPv4 address in its IPv4-mapped form is reached over IPv4', async () => {
  const { transport } = await listen();
  const { socket, heard } = await peer();
  transport.flowTo({ address: '::ffff:127.0.0.1', port: socket.address().port }).send(Buffer.from('x'));
  await expect.poll(() => heard).toEqual(['x']);
});

test('what cannot be sent is told to the flow and to nobody else', async () => {
  const { transport, failures } = await listen();
  const wrongFamily = transport.flowTo({ address: '::1', port: 5060 });
  const tooLong = transport.flowTo({ address: '127.0.0.1', port: 9 });
  const errors: Error[] = [];
  wrongFamily.onError((error) => errors.push(error));
  tooLong.onError((error) => errors.push(error));
  const unsubscribed: Error[] = [];
  tooLong.onError((error) => unsubscribed.push(error))();
  wrongFamily.send(Buffer.from('x'));
  tooLong.send(Buffer.alloc(70_000));
  expect(errors).toEqual([]);
  await expect.poll(() => errors).toHaveLength(2);
  expect(unsubscribed).toEqual([]);
  expect(failures).toEqual([]);
});

test('a closed transport closes its flows; sending then fails without an exception', async () => {
  const { transport } = await listen();
  const flow = transport.flowTo({ address: '127.0.0.1', port: 9 });
  const errors: Error[] = [];
  flow.onError((error) => errors.push(error));
  await transport.close();
  await transport.close();
  expect(flow.closed).toBe(true);
  flow.send(Buffer.from('x'));
  await expect.poll(() => errors).toMatchObject([{ code: 'ERR_SIP_TRANSPORT' }]);
});

test.each(['localhost', '', '192.0.2.1.5'])('binding to %j fails without asking DNS', async (address) => {
  await expect(listen({ address })).rejects.toMatchObject({ code: 'ERR_LISTEN' });
});

test('a busy port is reported with address and port', async () => {
  const { bound } = await listen();
  await expect(listen({ port: bound.port })).rejects.toMatchObject({
    code: 'ERR_LISTEN',
    message: expect.stringContaining(`udp 127.0.0.1 port ${bound.port}`),
  });
});

test.runIf(hasIpv6)('the two wildcards can share a port', async () => {
  const { bound } = await listen({ address: '0.0.0.0' });
  await expect(listen({ address: '::', port: bound.port })).resolves.toMatchObject({ bound: { address: '::' } });
});

test('every message has a flow of its own: no table of sources is kept', async () => {
  const { bound, received } = await listen();
  const { socket } = await peer();
  for (let index = 0; index < 200; index += 1) socket.send(invite(), bound.port, '127.0.0.1');
  await expect.poll(() => received.length).toBeGreaterThan(100);
  const flows = new Set(received.map(({ flow }) => flow));
  expect(flows.size).toBe(received.length);
});

test("a STUN binding request (RFC 5626) is answered on the SIP port; other STUN, and a stranger's, is not", async () => {
  const { bound, received } = await listen({ accept: (address) => address === '127.0.0.1' });
  const { socket, heard } = await peer();
  const request = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
  socket.send(Buffer.from('010100002112a442b7e7a701bc34d686fa87dfae', 'hex'), bound.port, '127.0.0.1');
  socket.send(request, bound.port, '127.0.0.1');
  await expect.poll(() => heard.length).toBe(1);
  expect(Buffer.from(heard[0] ?? '', 'latin1').readUInt16BE(26) ^ 0x2112).toBe(socket.address().port);
  expect(received).toEqual([]);
});
