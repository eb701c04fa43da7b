import { execFile, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { DtlsServer } from '../../../src/media/dtls/dtls-server.js';
import type { SrtpParameters } from '../../../src/media/engine.js';
import { testIdentity } from '../../support/dtls-pair.js';
import { findTool } from '../../tools/tools.mjs';

const openssl = findTool('openssl');
const folder = mkdtempSync(join(tmpdir(), 'dtls-'));
/** Nothing of the machine's settings; and where openssl was unpacked without them there are none. */
const settings = join(folder, 'openssl.cnf');
writeFileSync(settings, '[req]\ndistinguished_name = dn\n[dn]\n');
const env = { ...openssl.env, OPENSSL_CONF: settings };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const rsa = ['-newkey', 'rsa:2048'];

/** Somebody else's certificate, in `folder`. */
async function certificateOf(name: string, key: readonly string[]): Promise<{ args: string[]; der: Buffer }> {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const args = ['req', '-x509', '-nodes', '-subj', '/CN=peer', '-keyout', keyFile, '-out', certFile, ...key];
  await promisify(execFile)(openssl.command, args, { env });
  return { args: ['-cert', certFile, '-key', keyFile], der: new X509Certificate(readFileSync(certFile)).raw };
}

interface Meeting {
  readonly srtp: SrtpParameters | undefined;
  readonly events: readonly string[];
  /** What openssl printed. */
  readonly text: string;
}

/** `openssl s_client` calls the server on a socket of loopback, and hangs up once it has said everything. */
async function meet(key: readonly string[], args: readonly string[], exportBytes: number): Promise<Meeting> {
  const clock = createSystemClock();
  const { args: identity, der } = await certificateOf('peer', key);
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const events: string[] = [];
  let srtp: SrtpParameters | undefined;
  let to: AddressInfo | undefined;
  const ended = new EventEmitter();
  const over = once(ended, 'end');
  const server = new DtlsServer(
    {
      identity: testIdentity(),
      fingerprints: [{ hash: 'sha-256', value: createHash('sha256').update(der).digest() }],
      suites: ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'],
    },
    {
      send: (datagram) => socket.send(Buffer.from(datagram), to?.port, to?.address),
      listener: {
        onEstablished: (keys) => {
          srtp = keys;
          events.push('established');
        },
        onFailed: (message) => {
          events.push(message);
          ended.emit('end');
        },
        onClosed: () => {
          events.push('closed');
          ended.emit('end');
        },
      },
    },
  );
  socket.on('message', (datagram, from) => {
    to = { ...from, family: 'IPv4' };
    server.receive(datagram, clock.now());
  });
  const timer = setInterval(() => server.tick(clock.now()), 20);
  const connect = ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${socket.address().port}`];
  const material = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', String(exportBytes)];
  const client = spawn(openssl.command, [...connect, ...material, ...identity, ...args], { env });
  const closed = once(client, 'close');
  let text = '';
  const read = (chunk: Buffer): void => {
    text += chunk.toString();
    // Its close_notify follows.
    if (/Keying material: \w+\n/.test(text)) client.stdin.end();
  };
  client.stdout.on('data', read);
  client.stderr.on('data', read);
  try {
    await over;
    await closed;
  } finally {
    client.kill();
    clearInterval(timer);
    socket.close();
  }
  return { srtp, events, text };
}

test.each([
  ['AES_CM_128_HMAC_SHA1_80', 'SRTP_AES128_CM_SHA1_80', 14, ec, ['-groups', 'X25519:P-256']],
  ['AEAD_AES_128_GCM', 'SRTP_AEAD_AES_128_GCM', 12, ec, ['-groups', 'P-256']],
  // RSA, in datagrams so small that certificates come in fragments.
  ['AES_CM_128_HMAC_SHA1_32', 'SRTP_AES128_CM_SHA1_32', 14, rsa, ['-mtu', '300']],
] as const)("%s: openssl's client exports the same keys", async (suite, profile, saltBytes, key, args) => {
  const { srtp, events, text } = await meet(key, ['-use_srtp', profile, ...args], 2 * (16 + saltBytes));
  expect(events).toEqual(['established', 'closed']);
  expect(text).toContain(`SRTP Extension negotiated, profile=${profile}`);
  expect(text).toContain('Extended master secret: yes');
  const material = Buffer.from(/Keying material: (\w+)/.exec(text)?.[1] ?? '', 'hex');
  const part = (from: number, bytes: number): string => material.toString('hex', from, from + bytes);
  const [clientKey, serverKey] = [part(0, 16), part(16, 16)];
  const [clientSalt, serverSalt] = [part(32, saltBytes), part(32 + saltBytes, saltBytes)];
  expect(srtp?.suite).toBe(suite);
  expect(Buffer.from(srtp?.localKey ?? []).toString('hex')).toBe(`${serverKey}${serverSalt}`);
  expect(Buffer.from(srtp?.remoteKey ?? []).toString('hex')).toBe(`${clientKey}${clientSalt}`);
});

test('openssl understands why it is refused', async () => {
  const { events, text } = await meet(ec, ['-use_srtp', 'SRTP_AES128_CM_SHA1_80', '-groups', 'P-384'], 60);
  expect(events).toEqual(['DTLS: no group in common']);
  expect(text).toMatch(/alert handshake failure/);
});
