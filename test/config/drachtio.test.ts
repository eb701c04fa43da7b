import { describe, expect, test } from 'vitest';
import { editorSchema } from '../../src/config/json-schema.js';
import { anyRoute, complaints, loadGood, summary } from './load-text.js';

const of = (drachtio: string): string => `signaling: { driver: drachtio, drachtio: ${drachtio} }\n${anyRoute}`;

describe('the drachtio servers of a configuration', () => {
  test('are one or several, with the port of every drachtio', async () => {
    const { config: one } = await loadGood(of('{ host: 10.0.0.5, secret: hush-hush }'));
    expect(one.signaling.drachtio).toMatchObject([{ host: '10.0.0.5', port: 9022, secret: 'hush-hush' }]);
    const { config: two } = await loadGood(
      of('[{ host: a.example, port: 9023, secret: one }, { host: "::1", secret: two }]'),
    );
    expect(two.signaling.drachtio.map(({ host, port }) => [host, port])).toEqual([
      ['a.example', 9023],
      ['::1', 9022],
    ]);
  });

  test('have an allow-list of their own, which a mistake about media points to', async () => {
    const text = `${of('{ host: a, secret: hush-hush }')}media: { bind: 127.0.0.1 }\n`;
    expect(await complaints(text)).toContain('or let signaling.drachtio.allow name loopback only');
  });

  test('may connect to us, from loopback where nothing else is said', async () => {
    const {
      config: { signaling },
    } = await loadGood(of('{ listen: "127.0.0.1:9023", secret: hush-hush }'));
    expect(signaling.drachtio).toMatchObject([
      { listen: { host: '127.0.0.1', port: 9023 }, from: ['127.0.0.0/8', '::1'] },
    ]);
  });

  test('have session timers of their own, agreed to where nothing else is said', async () => {
    const { config } = await loadGood(
      of('[{ host: a, secret: s }, { host: b, secret: s, sessionTimers: { mode: request, expiresSeconds: 600 } }]'),
    );
    expect(config.signaling.drachtio.map(({ sessionTimers }) => sessionTimers)).toEqual([
      { mode: 'accept', expiresSeconds: 1800, minSeconds: 90, refresher: 'us' },
      { mode: 'request', expiresSeconds: 600, minSeconds: 90, refresher: 'us' },
    ]);
  });

  test('have the files of their TLS found from the directory of the configuration', async () => {
    const {
      config: { signaling, file },
    } = await loadGood(of('{ host: a, secret: b, tls: { ca: ca.pem } }'), { files: { 'ca.pem': '' } });
    expect(signaling.drachtio[0]?.tls?.ca).toBe(file.replace(/[^/]*$/, 'ca.pem'));
  });

  test.each([
    ['driver: drachtio', 'error signaling.driver: no drachtio server is named'],
    ['driver: drachtio, drachtio: { host: a }', 'error signaling.drachtio[0].secret: this key is missing'],
    [
      `driver: drachtio, drachtio: { host: a, secret: "\${NOT_SET}" }`,
      'error signaling.drachtio.secret: the environment variable NOT_SET is not set',
    ],
    [
      `driver: drachtio, drachtio: "\${NOT_SET}"`,
      'error signaling.drachtio: the environment variable NOT_SET is not set',
    ],
    ['driver: drachtio, drachtio: { secret: a }', 'error signaling.drachtio[0]: either host or listen'],
    [
      'driver: drachtio, drachtio: { host: a, listen: "127.0.0.1:1", secret: a }',
      'error signaling.drachtio[0]: either host or listen',
    ],
    [
      'driver: drachtio, drachtio: { host: a, secret: "a|b" }',
      'error signaling.drachtio[0].secret: this cannot be a secret of drachtio',
    ],
    [
      'driver: drachtio, drachtio: { host: a, secret: b, sessionTimers: { expiresSeconds: 100, minSeconds: 200 } }',
      'error signaling.drachtio[0].sessionTimers.expiresSeconds: shorter than minSeconds (200), the shortest interval agreed to',
    ],
    [
      'driver: drachtio, drachtio: [{ host: a, secret: b }, { host: a, secret: c }]',
      'error signaling.drachtio[1]: this server is named twice',
    ],
    [
      'driver: drachtio, drachtio: [{ listen: "127.0.0.1:1", secret: b }, { listen: "127.0.0.1:2", secret: c }]',
      'error signaling.drachtio[1].listen: servers connect to one place only',
    ],
    [
      'driver: drachtio, drachtio: { listen: "127.0.0.1:1", secret: b, from: [0.0.0.0/0] }',
      'error signaling.drachtio[0].from[0]: anybody on the network would be told the secret',
    ],
    [
      'driver: drachtio, drachtio: { listen: "127.0.0.1:1", secret: b, tls: {} }',
      'error signaling.drachtio[0]: TLS for servers that connect to us needs cert and key',
    ],
    [
      'driver: drachtio, drachtio: { host: a, secret: b, tls: { ca: none.pem } }',
      'error signaling.drachtio[0].tls.ca: this file cannot be read: there is no such file',
    ],
    [
      'driver: drachtio, drachtio: { listen: "127.0.0.1:1", secret: b, tls: { cert: connector.yaml, key: connector.yaml } }',
      'error signaling.drachtio[0].tls.cert: this file holds no PEM certificate',
    ],
    [
      'driver: drachtio, drachtio: { host: a, secret: b, allow: [0.0.0.0/0] }',
      'warning signaling.drachtio[0].allow[0]: anybody on the network may call in',
    ],
  ])('%s', async (text, message) => {
    expect(await summary(`signaling: { ${text} }\n${anyRoute}`)).toEqual([message]);
  });

  test('are one or a list for an editor, too', () => {
    const node = editorSchema().properties?.['signaling']?.properties?.['drachtio'];
    expect(node?.anyOf?.map(({ type }) => type)).toEqual(['object', 'array']);
  });
});
