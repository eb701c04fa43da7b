import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ServerTransaction } from '../../../../src/signaling/embedded/transaction/server-transaction.js';
import {
  TransactionLayer,
  transactionLayerDefaults,
} from '../../../../src/signaling/embedded/transaction/transaction-layer.js';
import { createResponse } from '../../../../src/signaling/message/response-builder.js';
import type { SipRequest } from '../../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../../src/signaling/message/sip-parser.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { type FakeFlow, FakeSipTransport } from '../../../support/fake-sip-transport.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { parseRequest, requestText, responseText, tagOf } from '../../../support/sip-text.js';

const peer = { address: '192.0.2.9', port: 5070 };

function setUp(
  options: {
    protocol?: 'udp' | 'tcp';
    max?: number;
    maxBytes?: number;
    onRequest?: (t: ServerTransaction) => void;
  } = {},
) {
  const clock = new FakeClock();
  const transport = new FakeSipTransport(options.protocol ?? 'udp', clock);
  const requests: ServerTransaction[] = [];
  const acks: SipRequest[] = [];
  const faults: string[] = [];
  const layer = new TransactionLayer(
    {
      clock,
      random: new SeededRandom(7),
      user: {
        onRequest: (transaction) => {
          requests.push(transaction);
          options.onRequest?.(transaction);
        },
        onAck: (ack) => acks.push(ack),
      },
      sentBy: () => ({ host: '192.0.2.1', port: 5060 }),
      onFault: (fault) => faults.push(fault),
    },
    {
      ...transactionLayerDefaults,
      maxServerTransactions: options.max ?? 10_000,
      maxServerBytes: options.maxBytes ?? 1 << 30,
    },
  );
  const receive = (text: string, from = peer, flow?: FakeFlow) => {
    layer.receive(
      transport,
      flow ?? transport.flowTo(from),
      parseMessage(Buffer.from(text), transport.protocol),
      text.length,
    );
  };
  const answer = (index: number, status: number, toTag = 'us') => {
    const transaction = requests[index];
    if (transaction === undefined) throw new Error(`no request ${index}`);
    transaction.respond(createResponse(transaction.request, status, { toTag }));
  };
  return { clock, transport, layer, receive, answer, requests, acks, faults };
}

describe('matching of requests', () => {
  test('the same branch, sent-by and method is a retransmission: the answer is repeated, the user hears once', () => {
    const { receive, answer, requests, transport } = setUp();
    const text = requestText({ method: 'OPTIONS' });
    receive(text);
    answer(0, 200);
    receive(text);
    expect(requests).toHaveLength(1);
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([200, 200]);
  });

  test('the same branch with another Call-ID or CSeq is another transaction, whatever its sender thinks of branches', () => {
    const { receive, requests } = setUp();
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKsame;rport';
    receive(requestText({ method: 'OPTIONS', via, callId: 'a' }));
    receive(requestText({ method: 'OPTIONS', via, callId: 'b' }));
    receive(requestText({ method: 'OPTIONS', via, callId: 'b', cseq: 2 }));
    expect(requests).toHaveLength(3);
  });

  test('a retransmission from another port is answered there, and so is everything after it', () => {
    const { receive, answer, transport } = setUp();
    const text = requestText({ method: 'INVITE' });
    receive(text);
    answer(0, 180);
    receive(text, { address: '192.0.2.9', port: 5071 });
    answer(0, 486);
    expect(transport.take().map(({ to }) => to.port)).toEqual([5070, 5071, 5071]);
  });

  test('the same branch from another sent-by is another transaction', () => {
    const { receive, requests } = setUp();
    receive(requestText({ method: 'OPTIONS', via: 'UDP 192.0.2.9:5070;branch=z9hG4bKx;rport' }));
    receive(requestText({ method: 'OPTIONS', via: 'UDP 192.0.2.9:5071;branch=z9hG4bKx;rport' }));
    receive(requestText({ method: 'OPTIONS', via: 'UDP 192.0.2.8:5070;branch=z9hG4bKx;rport' }));
    expect(requests).toHaveLength(3);
  });

  test('an RFC 2543 INVITE without branch is recognised, and so is its ACK', () => {
    const { receive, answer, requests, acks, transport, clock } = setUp();
    const text = readFileSync('test/fixtures/sip-torture/rfc4475/inv2543.sip', 'utf8');
    receive(text);
    receive(text);
    expect(requests).toHaveLength(1);
    answer(0, 486);
    transport.take();
    const ack = text
      .replace('INVITE sip', 'ACK sip')
      .replace('56 INVITE', '56 ACK')
      .replace('user=phone\r\nCall-ID', 'user=phone;tag=us\r\nCall-ID')
      .replace(/\r\n\r\nv=[\s\S]*/, '\r\n\r\n')
      .replace('Content-Type: application/sdp\r\n', '');
    receive(ack);
    clock.advance(60_000);
    expect(transport.take()).toEqual([]);
    expect(acks).toEqual([]);
  });

  test('a branch that is only the magic cookie does not make two requests one', () => {
    const { receive, requests } = setUp();
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bK';
    receive(requestText({ method: 'OPTIONS', via }));
    receive(requestText({ method: 'OPTIONS', via, uri: 'sip:other@192.0.2.1' }));
    receive(requestText({ method: 'OPTIONS', via, from: '<sip:alice@192.0.2.9>;tag=other' }));
    expect(requests).toHaveLength(3);
  });

  test('a merged request gets 482, also when it is repeated; the first copy goes on', () => {
    const { receive, requests, transport } = setUp();
    receive(requestText({ method: 'INVITE' }));
    const second = requestText({ method: 'INVITE' });
    receive(second);
    receive(second);
    expect(requests).toHaveLength(1);
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([482, 482]);
  });

  test('the 482 of one copy, and the end of its transaction, change nothing for the next copy', () => {
    const { receive, requests, transport, clock } = setUp();
    receive(requestText({ method: 'INVITE' }));
    for (let copy = 0; copy < 3; copy += 1) {
      receive(requestText({ method: 'INVITE' }));
      clock.advance(40_000);
      expect(transport.takeResponses().at(-1)?.status).toBe(482);
    }
    expect(requests).toHaveLength(1);
  });

  test('an OPTIONS ping with the same Call-ID and CSeq for ever is answered each time', () => {
    const { receive, requests } = setUp();
    receive(requestText({ method: 'OPTIONS' }));
    receive(requestText({ method: 'OPTIONS' }));
    expect(requests).toHaveLength(2);
  });
});

describe('ACK', () => {
  test('of an error response ends its repetition and is nobody else’s business', () => {
    const { receive, answer, acks, transport, clock } = setUp();
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKack;rport';
    receive(requestText({ method: 'INVITE', via }));
    answer(0, 486);
    receive(requestText({ method: 'ACK', via, to: '<sip:2000@192.0.2.1>;tag=us' }));
    clock.advance(60_000);
    expect(transport.take()).toHaveLength(1);
    expect(acks).toEqual([]);
  });

  test('of a 2xx is handed on, with a new branch and with an old one', () => {
    const { receive, answer, acks } = setUp();
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKack2;rport';
    receive(requestText({ method: 'INVITE', via }));
    answer(0, 200);
    receive(requestText({ method: 'ACK', to: '<sip:2000@192.0.2.1>;tag=us' }));
    receive(requestText({ method: 'ACK', via, to: '<sip:2000@192.0.2.1>;tag=us' }));
    expect(acks).toHaveLength(2);
  });

  test('that is malformed gets no answer', () => {
    const { receive, acks, requests, transport } = setUp();
    receive(requestText({ method: 'ACK', cseq: '1 INVITE' }));
    expect([acks, requests, transport.take()]).toEqual([[], [], []]);
  });
});

describe('CANCEL', () => {
  const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKcancel;rport';

  test('finds its INVITE: 200 with the INVITE’s tag first, then the user is told', () => {
    const { receive, answer, requests, transport } = setUp();
    receive(requestText({ method: 'INVITE', via }));
    const [invite] = requests;
    if (invite === undefined) throw new Error('no INVITE');
    invite.toTag = 'us';
    invite.onCancel = () => answer(0, 487);
    const cancel = requestText({ method: 'CANCEL', via });
    receive(cancel);
    receive(cancel);
    const responses = transport.takeResponses();
    expect(responses.map(({ status, headers }) => `${status} ${headers.get('CSeq')}`)).toEqual([
      '200 1 CANCEL',
      '487 1 INVITE',
      '200 1 CANCEL',
    ]);
    expect(responses.map(({ headers }) => tagOf(headers.get('To')))).toEqual(['us', 'us', 'us']);
  });

  test('after the final response changes nothing', () => {
    const { receive, answer, requests, transport } = setUp();
    receive(requestText({ method: 'INVITE', via }));
    let cancelled = false;
    for (const invite of requests) invite.onCancel = () => (cancelled = true);
    answer(0, 200);
    receive(requestText({ method: 'CANCEL', via }));
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([200, 200]);
    expect(cancelled).toBe(false);
  });

  test('without INVITE gets 481', () => {
    const { receive, transport } = setUp();
    receive(requestText({ method: 'CANCEL' }));
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([481]);
  });
});

describe('the way of a response', () => {
  const responseTo = (via: string, from = peer) => {
    const { receive, answer, transport } = setUp();
    receive(requestText({ method: 'OPTIONS', via }), from);
    answer(0, 200);
    const [sent] = transport.take();
    return { to: sent?.to, via: sent?.message.headers.get('Via') };
  };

  test('rport: to the source port, with received and rport filled in (RFC 3581)', () => {
    expect(responseTo('UDP 10.0.0.1:5060;branch=z9hG4bK1;rport', { address: '192.0.2.9', port: 31_000 })).toEqual({
      to: { address: '192.0.2.9', port: 31_000 },
      via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=31000;received=192.0.2.9',
    });
  });

  test('no rport and a true address in sent-by: to the port written there (RFC 3261 section 18.2.2)', () => {
    expect(responseTo('UDP 192.0.2.9:5099;branch=z9hG4bK2', { address: '192.0.2.9', port: 31_000 }).to).toEqual({
      address: '192.0.2.9',
      port: 5099,
    });
    expect(responseTo('UDP 192.0.2.9;branch=z9hG4bK3', { address: '192.0.2.9', port: 31_000 }).to).toEqual({
      address: '192.0.2.9',
      port: 5060,
    });
  });

  test('no rport and a name or another address in sent-by: back to the source', () => {
    expect(responseTo('UDP host.example.com;branch=z9hG4bK4').to).toEqual(peer);
    expect(responseTo('UDP 10.0.0.1:5099;branch=z9hG4bK5').to).toEqual(peer);
  });

  test('never where a Via of the sender would have it: maddr, forged received and rport', () => {
    expect(responseTo('UDP 192.0.2.9:5070;branch=z9hG4bK6;maddr=198.51.100.7').to).toEqual(peer);
    expect(responseTo('UDP 10.0.0.1;branch=z9hG4bK7;received=198.51.100.7;rport=99').to).toEqual(peer);
  });

  test('TCP: the same connection, and a new one to sent-by once that is closed', () => {
    const { receive, answer, transport } = setUp({ protocol: 'tcp' });
    const source = { address: '192.0.2.9', port: 40_000 };
    receive(requestText({ method: 'INVITE', via: 'TCP 192.0.2.9:5070;branch=z9hG4bK8' }), source);
    answer(0, 180);
    transport.opened[0]?.break();
    answer(0, 486);
    expect(transport.take().map(({ to }) => to)).toEqual([source, { address: '192.0.2.9', port: 5070 }]);
  });
});

describe('limits and faults', () => {
  test('above the limit an INVITE gets a stateless 503 with one and the same tag, other requests are answered and forgotten', () => {
    const { receive, answer, transport, layer, clock } = setUp({ max: 2 });
    receive(requestText({ method: 'INVITE', callId: 'a' }));
    receive(requestText({ method: 'INVITE', callId: 'b' }));
    const late = requestText({ method: 'INVITE', callId: 'c' });
    receive(late);
    receive(late);
    const responses = transport.takeResponses();
    expect(responses.map(({ status }) => status)).toEqual([503, 503]);
    expect(responses.map(({ headers }) => headers.get('Retry-After'))).toEqual(['5', '5']);
    const tags = responses.map(({ headers }) => tagOf(headers.get('To')));
    expect(tags[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(tags[1]).toBe(tags[0]);
    for (let cseq = 1; cseq <= 100; cseq += 1) {
      receive(requestText({ method: 'BYE', to: '<sip:2000@192.0.2.1>;tag=x', cseq }));
      answer(1 + cseq, 481);
    }
    expect(transport.takeResponses().map(({ status }) => status)).toEqual(Array(100).fill(481));
    expect(layer.size.servers).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });

  test('few but huge requests reach the limit too', () => {
    const { receive, transport } = setUp({ maxBytes: 100_000 });
    for (const callId of ['a', 'b', 'c']) {
      receive(requestText({ method: 'INVITE', callId, extra: [`X: ${'x'.repeat(50_000)}`] }));
    }
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([503]);
  });

  test('what only waits for retransmissions makes room, the oldest first: after a flood new calls come through', () => {
    const { receive, answer, layer, clock, requests, transport } = setUp({ max: 10 });
    const pending = requestText({ method: 'INVITE', callId: 'pending' });
    const accepted = requestText({ method: 'INVITE', callId: 'accepted' });
    receive(pending);
    receive(accepted);
    answer(1, 200);
    const flood = Array.from({ length: 100 }, (_, index) =>
      requestText({ method: 'INVITE', callId: `flood-${index}` }),
    );
    for (const [index, text] of flood.entries()) {
      receive(text);
      answer(2 + index, 503);
    }
    expect(requests).toHaveLength(102);
    expect([layer.size.servers, clock.pendingTimers]).toEqual([10, 17]);
    for (const text of [pending, accepted, ...flood.slice(-8)]) receive(text);
    expect(requests).toHaveLength(102);
    expect(transport.takeResponses().every(({ status }) => status === 503 || status === 200)).toBe(true);
    clock.advance(32_000);
    expect([layer.size.servers, clock.pendingTimers]).toEqual([1, 0]);
  });

  test('an answer that cannot be written is none: 500 instead, and nothing is left behind', () => {
    const onRequest = (transaction: ServerTransaction): void => {
      const headers = [['Reason', 'SIP;cause=486\nVia: x']] as const;
      transaction.respond(createResponse(transaction.request, 486, { toTag: 'us', headers }));
    };
    const { receive, transport, faults, layer, clock } = setUp({ onRequest });
    receive(requestText({ method: 'INVITE' }));
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([500]);
    expect(faults).toEqual(['line end in the value of Reason']);
    clock.advance(32_000);
    expect([layer.size.servers, clock.pendingTimers]).toEqual([0, 0]);
  });

  test('a user that throws leaves nobody unanswered', () => {
    const { receive, transport, faults } = setUp({
      onRequest: () => {
        throw new Error('boom');
      },
    });
    receive(requestText({ method: 'INVITE' }));
    expect(transport.takeResponses().map(({ status }) => status)).toEqual([500]);
    expect(faults).toEqual(['boom']);
  });

  test('responses that belong to nobody, or went astray, are dropped', () => {
    const { receive, transport, layer } = setUp();
    const request = parseRequest(requestText({ method: 'OPTIONS' }));
    request.headers.delete('Via');
    const heard: number[] = [];
    layer.send(request, transport.flowTo(peer), {
      onResponse: ({ status }) => heard.push(status),
      onFailure: () => {},
    });
    const response = responseText(request, { status: 200 });
    receive(response.replace('branch=z9hG4bK', 'branch=z9hG4bKx'));
    receive(response.replace('1 OPTIONS', '1 BYE'));
    receive(response.replace('From:', 'Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK9\r\nFrom:'));
    receive(response.replace(/^(Via: .*)$/m, '$1, SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK9'));
    expect(heard).toEqual([]);
    receive(response);
    expect(heard).toEqual([200]);
    expect(transport.take()).toHaveLength(1);
  });

  test('closing stops every timer', () => {
    const { receive, answer, layer, clock, transport } = setUp();
    receive(requestText({ method: 'INVITE' }));
    answer(0, 486);
    layer.send(parseRequest(requestText({ method: 'OPTIONS' })), transport.flowTo(peer), {
      onResponse: () => {},
      onFailure: () => {},
    });
    expect(clock.pendingTimers).toBeGreaterThan(0);
    layer.close();
    expect(clock.pendingTimers).toBe(0);
    receive(requestText({ method: 'OPTIONS', callId: 'late' }));
    expect(layer.size).toEqual({ servers: 0, clients: 0 });
  });

  test('three thousand transactions hold two timers each at most', () => {
    const { receive, layer, clock, requests } = setUp({ max: 20_000 });
    for (let index = 0; index < 3_000; index += 1) {
      receive(requestText({ method: 'INVITE', callId: `flood-${index}` }));
      const transaction = requests[index];
      transaction?.respond(createResponse(transaction.request, 503, { toTag: 'us' }));
    }
    expect(layer.size.servers).toBe(3_000);
    expect(clock.pendingTimers).toBe(6_000);
    layer.close();
  });
});
