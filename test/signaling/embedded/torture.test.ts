import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestText, SDP } from '../../support/sip-text.js';
import { addressOf, type SocketDriver, startSocketDriver } from '../../support/socket-driver.js';
import { TcpPeer, UdpPeer } from '../../support/socket-peer.js';

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

type Protocol = 'udp' | 'tcp';

/** What a stream makes of messages whose end it cannot tell, or tells otherwise (RFC 3261 section 18.3). */
const onStream: Readonly<Record<string, { readonly best: readonly string[]; readonly because: string }>> = {
  'clerr.sip': { best: ['drop'], because: 'the rest of the body never comes' },
  'inv2543.sip': { best: ['400'], because: 'without Content-Length the body has no end' },
};

/**
 * Sends one message and then an OPTIONS over the same socket: what is answered before the OPTIONS is the answer to the
 * message, since datagrams, and what a connection carries, are handled in order.
 */
async function verdictOf(set: string, file: string, endpoint: SocketDriver, protocol: Protocol): Promise<string> {
  const message = readFileSync(`test/fixtures/sip-torture/${set}/${file}`);
  const statuses = await (protocol === 'udp' ? answersByUdp : answersByTcp)(message, file, endpoint);
  const final = statuses.findLast((status) => status >= 200);
  if (statuses.length === 0) return 'drop';
  return final === undefined ? 'provisional' : String(final);
}

function signOfLife(protocol: Protocol, file: string, port: number): string {
  const via = `${protocol.toUpperCase()} 127.0.0.1:${port};branch=z9hG4bK${protocol}${file};rport`;
  return requestText({ method: 'OPTIONS', callId: `alive-after-${file}`, via });
}

function statusesOf(lines: readonly string[]): readonly number[] {
  return lines.map((line) => Number(line.split(' ')[1]));
}

async function answersByUdp(message: Buffer, file: string, endpoint: SocketDriver): Promise<readonly number[]> {
  const peer = await new UdpPeer(addressOf(endpoint, 'udp')).open();
  peer.send(message);
  peer.send(signOfLife('udp', file, peer.port));
  const alive = await peer.next(({ headers }) => headers.get('Call-ID') === `alive-after-${file}`);
  if (alive.kind !== 'response' || alive.status !== 200) throw new Error('OPTIONS was not answered 200');
  peer.close();
  return statusesOf(peer.startLines.slice(0, -1));
}

/** A stream that nobody can read on is closed, with or without an answer. */
async function answersByTcp(message: Buffer, file: string, endpoint: SocketDriver): Promise<readonly number[]> {
  const peer = await new TcpPeer(addressOf(endpoint, 'tcp')).open();
  peer.send(message);
  peer.send(signOfLife('tcp', file, peer.port));
  if (file === 'clerr.sip') peer.end();
  const alive = peer
    .next(({ headers }) => headers.get('Call-ID') === `alive-after-${file}`)
    .then(
      () => true,
      () => false,
    );
  const lives = await Promise.race([alive, peer.over.then(() => false)]);
  peer.close();
  return statusesOf(lives ? peer.startLines.slice(0, -1) : peer.startLines);
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

async function judge(set: string, protocol: Protocol, endpointOf: () => Promise<SocketDriver>): Promise<Judgement> {
  let best = 0;
  const failed: string[] = [];
  const tolerated: string[] = [];
  for (const { file, ...expected } of read(set)) {
    const verdict = await verdictOf(set, file, await endpointOf(), protocol);
    const asked = (protocol === 'tcp' ? onStream[file]?.best : undefined) ?? expected.best;
    if (fits(verdict, asked)) best += 1;
    else if (fits(verdict, expected.ok)) tolerated.push(`${file}: ${verdict}`);
    else failed.push(`${file}: ${verdict}`);
  }
  return { best, failed, tolerated };
}

test.each(['udp', 'tcp'] as const)(
  'all 49 messages of RFC 4475 over %s are judged as the RFC asks',
  async (protocol) => {
    const own = await startSocketDriver((leg) => leg.accept(SDP));
    const { best, failed, tolerated } = await judge('rfc4475', protocol, async () => own);
    expect({ failed, tolerated, warnings: own.warnings }).toEqual({ failed: [], tolerated: [], warnings: [] });
    expect(best).toBe(49);
    await own[Symbol.asyncDispose]();
  },
);

test.each(['udp', 'tcp'] as const)(
  'all 12 messages of RFC 5118 over %s are judged as the RFC asks',
  async (protocol) => {
    const endpoints: SocketDriver[] = [];
    // A new endpoint for each: two of them are one transaction, branch, Call-ID and CSeq alike.
    const { best, failed, tolerated } = await judge('rfc5118', protocol, async () => {
      const own = await startSocketDriver((leg) => leg.accept(SDP));
      endpoints.push(own);
      return own;
    });
    await Promise.all(endpoints.map((own) => own[Symbol.asyncDispose]()));
    expect({ failed, tolerated }).toEqual({ failed: [], tolerated: [] });
    expect(best).toBe(12);
  },
);

test('of two requests in one datagram only the first counts', async () => {
  await verdictOf('rfc4475', 'dblreq.sip', endpoint, 'udp');
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
