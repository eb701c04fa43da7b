import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSystemClock } from '../../../../src/base/clock.js';
import { ResultFiles } from '../../../../src/cascade/engines/hosted/result-files.js';
import type { ResolveHost } from '../../../../src/http/guarded-connector.js';

const never = new AbortController().signal;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: TcpServer): Promise<number> {
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function files(apiOrigin: string, resolve?: ResolveHost): ResultFiles {
  const made = new ResultFiles({
    who: 'the provider',
    apiOrigin,
    timeoutMs: 5_000,
    connectTimeoutMs: 2_000,
    clock: createSystemClock(),
    ...(resolve !== undefined && { resolve }),
  });
  closing.push(() => made[Symbol.asyncDispose]());
  return made;
}

async function failure(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('a file that stands where the API does is fetched, and nobody says who asks', async () => {
  const seen: IncomingMessage[] = [];
  const port = await listening(
    createServer((request, response) => {
      seen.push(request);
      response.end('RIFF');
    }),
  );
  const answer = await files(`http://127.0.0.1:${port}`).fetch(`http://127.0.0.1:${port}/output.wav`, never);
  let text = '';
  for await (const part of answer.body) text += Buffer.from(part).toString();
  expect(text).toBe('RIFF');
  expect(seen[0]?.headers.authorization).toBeUndefined();
});

test.each([
  ['another place without https', 'http://127.0.0.1:9/output.wav'],
  ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data'],
  ['a file of this machine', 'file:///etc/passwd'],
  ['an address with a password', 'https://user:secret@example.com/output.wav'],
  ['no address', 'output.wav'],
])('an answer that names %s fetches nothing', async (_name, address) => {
  const error = await failure(() => files('https://api.example.com').fetch(address, never));
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', retryable: false });
  expect(String(error)).not.toContain(address);
});

test.each([
  ['by its number', '127.0.0.1', undefined],
  ['by the IPv6 form of it', '[::ffff:127.0.0.1]', undefined],
  ['by a name', 'files.example.com', [{ address: '127.0.0.1', family: 4 }]],
])('an address inside, named %s, is never connected to', async (_name, host, addresses) => {
  let connections = 0;
  const port = await listening(
    createTcpServer((socket) => {
      connections += 1;
      socket.destroy();
    }),
  );
  const resolve = addresses === undefined ? undefined : async () => addresses;
  const error = await failure(() =>
    files('https://api.example.com', resolve).fetch(`https://${host}:${port}/output.wav`, never),
  );
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', retryable: false });
  expect(connections).toBe(0);
});

test('a redirect is not followed', async () => {
  let inside = 0;
  const inner = await listening(
    createServer((_request, response) => {
      inside += 1;
      response.end('RIFF');
    }),
  );
  const port = await listening(
    createServer((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${inner}/` }).end();
    }),
  );
  const origin = `http://127.0.0.1:${port}`;
  const error = await failure(() => files(origin).fetch(`${origin}/output.wav`, never));
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
  expect(inside).toBe(0);
});
