import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestText, SDP } from '../../support/sip-text.js';
import { addressOf, type SocketDriver, startSocketDriver } from '../../support/socket-driver.js';
import { UdpPeer } from '../../support/socket-peer.js';

interface Case {
  readonly file: string;
  readonly title?: string;
  /** What the RFC asks: a status, `parse` or `drop`. */
  readonly best: readonly string[];
  readonly ok: readonly string[];
  readonly note: string;
}

const read = (set: string): readonly Case[] =>
  JSON.parse(readFileSync(`test/fixtures/sip-torture/${set}/expected.json`, 'utf8')).cases;

let endpoint: SocketDriver;

beforeAll(async () => {
  endpoint = await startSocketDriver((leg) => leg.accept(SDP));
});

afterAll(async () => {
  await endpoint[Symbol.asyncDispose]();
});

/**
 * Sends one message and then an OPTIONS over the same socket: what is answered before the OPTIONS is the answer to the
 * message, since datagrams are handled in order.
 */
async function verdictOf(set: string, file: string, endpoint: SocketDriver): Promise<string> {
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  peer.send(readFileSync(`test/fixtures/sip-torture/${set}/${file}`));
  const callId = `alive-after-${file}`;
  peer.send(requestText({ method: 'OPTIONS', callId, via: `UDP 127.0.0.1:${peer.port};branch=z9hG4bK${file};rport` }));
  const alive = await peer.next(({ headers }) => headers.get('Call-ID') === callId);
  if (alive.kind !== 'response' || alive.status !== 200) throw new Error('OPTIONS was not answered 200');
  const statuses = peer.startLines.slice(0, -1).map((line) => Number(line.split(' ')[1]));
  peer.close();
  const final = statuses.findLast((status) => status >= 200);
  if (statuses.length === 0) return 'drop';
  return final === undefined ? 'provisional' : String(final);
}

function fits(verdict: string, accepted: readonly string[]): boolean {
  if (accepted.includes(verdict)) return true;
  return accepted.includes('parse') && !['drop', '400', '500', '505'].includes(verdict);
}

interface Judgement {
  readonly best: number;
  readonly failed: readonly string[];
  readonly tolerated: readonly string[];
}

async function judge(set: string, endpointOf: () => Promise<SocketDriver>): Promise<Judgement> {
  let best = 0;
  const failed: string[] = [];
  const tolerated: string[] = [];
  for (const { file, ...expected } of read(set)) {
    const verdict = await verdictOf(set, file, await endpointOf());
    if (fits(verdict, expected.best)) best += 1;
    else if (fits(verdict, expected.ok)) tolerated.push(`${file}: ${verdict}`);
    else failed.push(`${file}: ${verdict}`);
  }
  return { best, failed, tolerated };
}

test('all 49 messages of RFC 4475 are judged as the RFC asks', async () => {
  const { best, failed, tolerated } = await judge('rfc4475', async () => endpoint);
  expect({ failed, tolerated }).toEqual({ failed: [], tolerated: [] });
  expect(best).toBe(49);
});

test('all 12 messages of RFC 5118 are judged as the RFC asks', async () => {
  const endpoints: SocketDriver[] = [];
  // A new endpoint for each: two of them are one transaction, branch, Call-ID and CSeq alike.
  const { best, failed, tolerated } = await judge('rfc5118', async () => {
    const own = await startSocketDriver((leg) => leg.accept(SDP));
    endpoints.push(own);
    return own;
  });
  await Promise.all(endpoints.map((own) => own[Symbol.asyncDispose]()));
  expect({ failed, tolerated }).toEqual({ failed: [], tolerated: [] });
  expect(best).toBe(12);
});

test('of two requests in one datagram only the first counts', async () => {
  await verdictOf('rfc4475', 'dblreq.sip', endpoint);
  expect(endpoint.legs.filter(({ callId }) => callId.startsWith('dblreq'))).toEqual([]);
});

test('420 names the extensions, 415 and 406 what would be taken', async () => {
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  const headerOf = async (file: string, status: number, method: string, name: string) => {
    const text = readFileSync(`test/fixtures/sip-torture/rfc4475/${file}.sip`, 'latin1');
    peer.send(
      Buffer.from(
        text.replace(/branch=z9hG4bK/, 'branch=z9hG4bKagain-').replace(/Call-ID: /, 'Call-ID: again-'),
        'latin1',
      ),
    );
    return (await peer.response(method, status)).headers.get(name);
  };
  expect(await headerOf('bext01', 420, 'OPTIONS', 'Unsupported')).toBe(
    'nothingSupportsThis, nothingSupportsThisEither',
  );
  expect(await headerOf('invut', 415, 'INVITE', 'Accept')).toBe('application/sdp');
  expect(await headerOf('sdp01', 406, 'INVITE', 'Accept')).toBe('application/sdp');
  peer.close();
});

test('nothing of all this made a handler throw', () => {
  expect(endpoint.warnings).toEqual([]);
});
