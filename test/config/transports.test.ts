import { describe, expect, test } from 'vitest';
import { tlsText } from '../support/tls-files.js';
import { anyRoute, loadGood, summary } from './load-text.js';

const files = Object.fromEntries(
  [
    ...['server.crt', 'server.key', 'client.key', 'encrypted.key', 'authority.crt'],
    ...['expired.crt', 'expired.key', 'short.crt', 'short.key'],
  ].map((name) => [`tls/${name}`, tlsText(name)]),
);
const good = 'tls: { cert: tls/server.crt, key: tls/server.key }';
const embedded = (rest: string) => `signaling: { embedded: { ${rest} } }\n${anyRoute}`;

test('tls:, ws: and wss: with their certificate; paths start at the file', async () => {
  const listen = 'listen: ["tls:127.0.0.1:5061", "ws:127.0.0.1:5066", "wss:[::1]:5067"]';
  const { config } = await loadGood(
    embedded(`${listen}, tls: { cert: tls/server.crt, key: tls/server.key, ca: tls/authority.crt }`),
    { files },
  );
  const { listen: bound, tls, webSocket, keepAliveSeconds } = config.signaling.embedded;
  expect(bound.map(({ protocol, host, port }) => `${protocol} ${host} ${port}`)).toEqual([
    ...['tls 127.0.0.1 5061', 'ws 127.0.0.1 5066', 'wss ::1 5067'],
  ]);
  expect(tls).toMatchObject({ verifyPeer: true, requireClientCertificate: false });
  expect(tls?.cert).toMatch(/^\/.*\/tls\/server\.crt$/);
  expect([webSocket, keepAliveSeconds]).toEqual([{ origins: [] }, 25]);
});

test('without tls there is none', async () => {
  expect((await loadGood(anyRoute)).config.signaling.embedded.tls).toBeUndefined();
});

test.each([
  [`{ cert: "\${NOT_SET}", key: tls/server.key }`, 'tls.cert'],
  [`"\${NOT_SET}"`, 'tls'],
])('a certificate whose variable is not set is one mistake: %s', async (tls, key) => {
  expect(await summary(embedded(`listen: ["tls:127.0.0.1:5061"], tls: ${tls}`), { files })).toEqual([
    `error signaling.embedded.${key}: the environment variable NOT_SET is not set`,
  ]);
});

describe('certificates that will not do', () => {
  test.each([
    ['listen: [tls:127.0.0.1:5061]', 'error signaling.embedded.listen[0]: tls: needs a certificate'],
    ['listen: [wss:127.0.0.1:5061]', 'error signaling.embedded.listen[0]: wss: needs a certificate'],
    [
      'tls: { cert: nosuch.crt, key: tls/server.key }',
      'error signaling.embedded.tls.cert: this file cannot be read: there is no such file',
    ],
    [
      'tls: { cert: tls/server.key, key: tls/server.key }',
      'error signaling.embedded.tls.cert: this file holds no PEM certificate',
    ],
    [
      'tls: { cert: tls/server.crt, key: tls/client.key }',
      'error signaling.embedded.tls.key: this file is not the key of the certificate',
    ],
    [
      'tls: { cert: tls/server.crt, key: tls/encrypted.key }',
      'error signaling.embedded.tls.key: this file has a passphrase: give one without',
    ],
    [
      'tls: { cert: tls/server.crt, key: tls/server.key, ca: tls/client.key }',
      'error signaling.embedded.tls.ca: this file holds no PEM certificate',
    ],
    [
      'tls: { cert: tls/expired.crt, key: tls/expired.key }',
      'warning signaling.embedded.tls.cert: this certificate has expired',
    ],
    [
      'tls: { cert: tls/server.crt, key: tls/server.key, requireClientCertificate: true }',
      "error signaling.embedded.tls.requireClientCertificate: with the system's authorities anybody's certificate would do",
    ],
  ])('%s', async (text, message) => {
    const said = await summary(embedded(text), { files });
    expect(said).toEqual([expect.stringContaining(message)]);
  });
});

test('a key that many refuse is said to be too short, by a Node.js that takes it and by one that does not', async () => {
  const said = await summary(embedded('tls: { cert: tls/short.crt, key: tls/short.key }'), { files });
  expect(said).toEqual([expect.stringMatching(/^(warning|error) signaling\.embedded\.tls\.cert: .*key .*1024 bits/)]);
});

test('origins are those of pages, and nothing more', async () => {
  const origins = async (...list: string[]) =>
    summary(embedded(`${good}, webSocket: { origins: [${list.map((origin) => `"${origin}"`).join(', ')}] }`), {
      files,
    });
  expect(await origins('https://phone.example.com', 'http://localhost:8000', '*')).toEqual([]);
  expect(await origins('https://phone.example.com/', 'phone.example.com', 'file:///x', 'https://u@a.example')).toEqual(
    [0, 1, 2, 3].map((index) => `error signaling.embedded.webSocket.origins[${index}]: expected the origin of a page`),
  );
});
