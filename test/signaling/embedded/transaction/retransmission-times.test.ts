import { expect, test } from 'vitest';
import type { ServerTransaction } from '../../../../src/signaling/embedded/transaction/server-transaction.js';
import {
  TransactionLayer,
  transactionLayerDefaults,
} from '../../../../src/signaling/embedded/transaction/transaction-layer.js';
import { createResponse } from '../../../../src/signaling/message/response-builder.js';
import { parseMessage } from '../../../../src/signaling/message/sip-parser.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeSipTransport } from '../../../support/fake-sip-transport.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { parseRequest, parseResponse, requestText, responseText } from '../../../support/sip-text.js';

const peer = { address: '192.0.2.9', port: 5070 };

function setUp(protocol: 'udp' | 'tcp' = 'udp') {
  const clock = new FakeClock();
  const transport = new FakeSipTransport(protocol, clock);
  const failures: { readonly reason: string; readonly atMs: number }[] = [];
  const requests: ServerTransaction[] = [];
  const layer = new TransactionLayer({
    clock,
    random: new SeededRandom(1),
    user: { onRequest: (transaction) => requests.push(transaction), onAck: () => {} },
    sentBy: () => ({ host: '192.0.2.1', port: 5060 }),
    onFault: (fault) => {
      throw new Error(fault);
    },
  });
  const receive = (text: string) => {
    layer.receive(transport, transport.flowTo(peer), parseMessage(Buffer.from(text), protocol), text.length);
  };
  const send = (method: string) => {
    const request = parseRequest(requestText({ method }));
    request.headers.delete('Via');
    return layer.send(request, transport.flowTo(peer), {
      onResponse: () => {},
      onFailure: (reason) => failures.push({ reason, atMs: clock.now() }),
    });
  };
  return { clock, transport, layer, receive, send, requests, failures };
}

/** When messages left, seconds. */
function seconds(transport: FakeSipTransport): readonly number[] {
  return transport.take().map(({ atMs }) => atMs / 1000);
}

test('an unanswered INVITE leaves at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, and fails at 32 s', () => {
  const { clock, transport, layer, send, failures } = setUp();
  send('INVITE');
  clock.advance(120_000);
  expect(seconds(transport)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
  expect(failures).toEqual([{ reason: 'timeout', atMs: 32_000 }]);
  expect(layer.size.clients).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('an unanswered BYE leaves at 0.5, 1.5, 3.5 s and then every 4 s, and fails at 32 s', () => {
  const { clock, transport, layer, send, failures } = setUp();
  send('BYE');
  clock.advance(120_000);
  expect(seconds(transport)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]);
  expect(failures).toEqual([{ reason: 'timeout', atMs: 32_000 }]);
  expect(layer.size.clients).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('on TCP a request leaves once and still fails at 32 s', () => {
  const { clock, transport, send, failures } = setUp('tcp');
  send('INVITE');
  send('BYE');
  clock.advance(120_000);
  expect(seconds(transport)).toEqual([0, 0]);
  expect(failures.map(({ atMs }) => atMs)).toEqual([32_000, 32_000]);
});

test('an error response without ACK leaves at 0.5, 1.5, 3.5 s and then every 4 s, until 32 s', () => {
  const { clock, transport, layer, receive, requests } = setUp();
  receive(requestText({ method: 'INVITE' }));
  const [invite] = requests;
  invite?.respond(createResponse(invite.request, 486, { toTag: 'us' }));
  clock.advance(120_000);
  expect(seconds(transport)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]);
  expect(layer.size.servers).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('a transaction lives exactly as long as its lingering timer says', () => {
  const lifeOf = (protocol: 'udp' | 'tcp', method: string, status: number): number => {
    const { clock, layer, receive, requests } = setUp(protocol);
    receive(requestText({ method }));
    const [transaction] = requests;
    transaction?.respond(createResponse(transaction.request, status, { toTag: 'us' }));
    while (layer.size.servers > 0) clock.advance(100);
    return clock.now();
  };
  expect(lifeOf('udp', 'OPTIONS', 200)).toBe(32_000);
  expect(lifeOf('tcp', 'OPTIONS', 200)).toBe(0);
  expect(lifeOf('udp', 'INVITE', 200)).toBe(32_000);
  expect(lifeOf('tcp', 'INVITE', 200)).toBe(32_000);
  expect(lifeOf('tcp', 'INVITE', 486)).toBe(32_000);
});

test('a client transaction lives exactly as long as its lingering timer says', () => {
  const lifeOf = (protocol: 'udp' | 'tcp', method: string, status: number): number => {
    const { clock, layer, receive, send, transport } = setUp(protocol);
    const { request } = send(method);
    receive(responseText(request, { status, toTag: 'peer' }));
    while (layer.size.clients > 0) clock.advance(100);
    expect(transport.opened.every(({ listeners }) => listeners === 0)).toBe(true);
    return clock.now();
  };
  expect(lifeOf('udp', 'BYE', 200)).toBe(5000);
  expect(lifeOf('tcp', 'BYE', 200)).toBe(0);
  expect(lifeOf('udp', 'INVITE', 200)).toBe(32_000);
  expect(lifeOf('udp', 'INVITE', 486)).toBe(32_000);
  expect(lifeOf('tcp', 'INVITE', 486)).toBe(0);
});

test('other base timers give other times', () => {
  const clock = new FakeClock();
  const transport = new FakeSipTransport('udp', clock);
  const layer = new TransactionLayer(
    {
      clock,
      random: new SeededRandom(1),
      user: { onRequest: () => {}, onAck: () => {} },
      sentBy: () => ({ host: '192.0.2.1', port: 5060 }),
      onFault: () => {},
    },
    { ...transactionLayerDefaults, timers: { t1Ms: 100, t2Ms: 400, t4Ms: 1000 } },
  );
  layer.send(parseRequest(requestText({ method: 'OPTIONS' })), transport.flowTo(peer), {
    onResponse: () => {},
    onFailure: () => {},
  });
  clock.advance(2000);
  expect(transport.take().map(({ atMs }) => atMs)).toEqual([0, 100, 300, 700, 1100, 1500, 1900]);
});

test('the ACK of an error response goes out for every copy of it, with the INVITE’s branch and the peer’s tag', () => {
  const { transport, receive, send } = setUp();
  const { request } = send('INVITE');
  transport.take();
  const busy = responseText(request, { status: 486, toTag: 'peer' });
  receive(busy);
  receive(busy);
  const acks = transport.takeRequests();
  expect(acks.map(({ method }) => method)).toEqual(['ACK', 'ACK']);
  expect(acks[0]?.headers.get('Via')).toBe(request.headers.get('Via'));
  expect(acks[0]?.headers.get('To')).toBe(parseResponse(busy).headers.get('To'));
  expect(acks[0]?.headers.get('CSeq')).toBe('1 ACK');
  expect(acks[0]?.uri).toBe(request.uri);
});
