import type { LookupAddress, LookupOptions } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { createProviderHttp } from '../../../src/cascade/engines/language-model/provider-http.js';
import { createHostGuard, type HostGuard } from '../../../src/cascade/engines/shared/host-guard.js';
import { ProviderSocket } from '../../../src/cascade/engines/shared/provider-socket.js';
import { SharedTls } from '../../../src/cascade/engines/shared/shared-tls.js';
import { SpeechHttp } from '../../../src/cascade/engines/speech-server/http.js';
import { FlavorError } from '../../../src/flavor-api/index.js';

const { signal } = new AbortController();
const refused = { code: 'ERR_FLAVOR_CONFIG', retryable: false };

/** What the resolver says, one answer a question; the last again and again. */
function guardWith(hosts: readonly string[], ...answers: readonly (readonly string[])[]): HostGuard {
  let asked = 0;
  return createHostGuard({
    hosts,
    async resolve(): Promise<readonly LookupAddress[]> {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  });
}

function judge(guard: HostGuard, url: string): string {
  try {
    guard.admit(new URL(url));
    return 'allowed';
  } catch (error) {
    expect(error).toMatchObject(refused);
    return 'refused';
  }
}

describe('what is allowed', () => {
  test.each([
    ['http://127.0.0.1:8000/v1', 'allowed'],
    ['http://localhost:8000', 'allowed'],
    ['http://LOCALHOST.:8000', 'allowed'],
    ['http://10.1.2.3', 'allowed'],
    ['http://172.31.0.1', 'allowed'],
    ['http://192.168.1.1', 'allowed'],
    ['http://[::1]:8000', 'allowed'],
    ['http://[fd00::7]', 'allowed'],
    // Whoever means an IPv4 address can write one.
    ['http://[::ffff:10.0.0.1]', 'refused'],
    ['http://gpu.example.net', 'allowed'],
    ['http://203.0.113.7', 'allowed'],
    ['http://198.51.100.200', 'allowed'],
    ['https://api.openai.com/v1', 'refused'],
    ['http://other.example.net', 'refused'],
    ['http://gpu.example.net.evil.example', 'refused'],
    ['http://172.32.0.1', 'refused'],
    ['http://8.8.8.8', 'refused'],
    ['http://169.254.169.254', 'refused'],
    ['http://0x08080808', 'refused'],
    ['http://[2001:db8::1]', 'refused'],
    ['http://[::ffff:8.8.8.8]', 'refused'],
    ['http://[fe80::1]', 'refused'],
  ])('%s is %s', (url, verdict) => {
    expect(judge(guardWith(['gpu.example.net', '203.0.113.7', '198.51.100.0/24']), url)).toBe(verdict);
  });

  test.each(['no name', 'http://x', '10.0.0.0/33', '10.0.0.0/x', ''])('%j is no host to allow', (host) => {
    expect(() => createHostGuard({ hosts: [host] })).toThrow(FlavorError);
  });
});

describe('addresses of a name', () => {
  const ask = (guard: HostGuard, name: string, options: LookupOptions): Promise<unknown> =>
    new Promise((resolve) => guard.lookup(name, options, (error, ...found) => resolve(error ?? found)));

  test('are all given, or the first of the family that is asked for', async () => {
    const guard = guardWith(['gpu.example.net'], ['fd00::7', '10.0.0.1']);
    const four = { address: '10.0.0.1', family: 4 };
    const six = { address: 'fd00::7', family: 6 };
    expect(await ask(guard, 'gpu.example.net', { all: true })).toEqual([[six, four]]);
    expect(await ask(guard, 'gpu.example.net', { all: true, family: 'IPv4' })).toEqual([[four]]);
    expect(await ask(guard, 'gpu.example.net', {})).toEqual(['fd00::7', 6]);
    expect(await ask(guard, 'gpu.example.net', { family: 4 })).toEqual(['10.0.0.1', 4]);
  });

  test('of the family that is asked for may be none', async () => {
    const guard = guardWith(['gpu.example.net'], ['10.0.0.1']);
    expect(await ask(guard, 'gpu.example.net', { family: 6 })).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  });

  test('come from the system where nothing else is said', async () => {
    const found = await ask(createHostGuard({ hosts: [] }), 'localhost', { all: true });
    expect(JSON.stringify(found)).toMatch(/"(127\.0\.0\.1|::1)"/);
  });
});

describe('connections', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that counts connections, whatever comes over them. */
  async function listen(): Promise<{ readonly port: number; readonly seen: () => number }> {
    let connections = 0;
    const server = createServer((_, response) => response.end('{}'));
    server.on('connection', () => {
      connections += 1;
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, seen: () => connections };
  }

  const ways: readonly (readonly [string, (url: string, guard: HostGuard) => Promise<unknown>])[] = [
    [
      'speech servers',
      async (url, guard) => {
        await using http = new SpeechHttp({ who: 'it', connectTimeoutMs: 1_000, clock: createSystemClock(), guard });
        return await (await http.request({ url: new URL(url), firstByteMs: 2_000 }, signal)).json();
      },
    ],
    [
      'language models',
      async (url, guard) => {
        await using http = createProviderHttp(undefined, guard);
        return await (await http.fetch(url)).json();
      },
    ],
    [
      'WebSockets',
      (url, guard) => {
        const listener = { onText: () => {}, onBinary: () => {}, onLost: () => {} };
        const failure = (): FlavorError => new FlavorError('ERR_FLAVOR_NETWORK', 'no WebSocket', true);
        const failures = { refused: failure, closed: failure, broken: failure, late: failure };
        const tls = new SharedTls();
        const options = {
          headers: {},
          timeoutMs: 2_000,
          maxMessageBytes: 100,
          clock: createSystemClock(),
          failures,
          tls,
        };
        return ProviderSocket.connect({ ...options, url: new URL(url.replace('http', 'ws')), guard }, listener, signal);
      },
    ],
  ];

  test.each(ways)('%s: nothing is sent to a name that resolves to a strange address', async (_, connect) => {
    // What is allowed here is a block of 127.0.0.0/8 that 127.0.0.1 is none of: that stands for the cloud.
    const { port, seen } = await listen();
    const guard = createHostGuard({
      hosts: ['gpu.example.net'],
      blocks: ['127.0.0.128/25'],
      resolve: async () => [
        { address: '127.0.0.130', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    });
    const outcome = await connect(`http://gpu.example.net:${port}/`, guard).catch((error: unknown) => error);
    expect(rootOf(outcome)).toMatchObject(refused);
    await expect(connect(`http://127.0.0.1:${port}/`, guard)).rejects.toMatchObject(refused);
    await expect(connect(`http://stranger.example.net:${port}/`, guard)).rejects.toMatchObject(refused);
    expect(seen()).toBe(0);
  });

  test('every connection asks again: a resolver that changes its mind is found out', async () => {
    const { port, seen } = await listen();
    const guard = guardWith(['gpu.example.net'], ['127.0.0.1'], ['8.8.8.8']);
    const url = new URL(`http://gpu.example.net:${port}/`);
    for (const expected of [1, 1]) {
      await using http = new SpeechHttp({ who: 'it', connectTimeoutMs: 1_000, clock: createSystemClock(), guard });
      await http.request({ url, firstByteMs: 2_000 }, signal).then(
        (answer) => answer.discard(),
        () => {},
      );
      expect(seen()).toBe(expected);
    }
  });
});

/** The `FlavorError` in a chain of causes. */
function rootOf(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && !(at instanceof FlavorError) && at.cause !== undefined) at = at.cause;
  return at;
}
