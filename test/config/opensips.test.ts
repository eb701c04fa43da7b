import { describe, expect, test } from 'vitest';
import { parseEvents, parseMi } from '../../src/config/schema/opensips.js';
import { anyRoute, loadGood, summary } from './load-text.js';

describe('where OpenSIPS takes commands', () => {
  test.each([
    ['udp:127.0.0.1:8080', { protocol: 'udp', host: '127.0.0.1', port: 8080 }],
    ['UDP:[::1]:8080', { protocol: 'udp', host: '::1', port: 8080 }],
    ['udp:opensips:65535', { protocol: 'udp', host: 'opensips', port: 65_535 }],
    ['udp:sip-1.example.com:1', { protocol: 'udp', host: 'sip-1.example.com', port: 1 }],
    ['http://opensips:8888/mi', { protocol: 'http', url: 'http://opensips:8888/mi' }],
    ['fifo:/run/opensips/fifo', { protocol: 'fifo', path: '/run/opensips/fifo' }],
  ])('%s', (text, value) => {
    expect(parseMi(text)).toEqual({ ok: true, value });
  });

  test.each([
    'opensips:8080',
    'udp:opensips',
    'udp:opensips:0',
    'udp:opensips:65536',
    'udp:127.0.0.1:0',
    'udp:1.2.3:8080',
    'udp:a b:8080',
    'udp:a..b:8080',
    'udp::8080',
    'http://:8888',
    'fifo:run/opensips',
    'tcp:127.0.0.1:8080',
  ])('not %j', (text) => {
    expect(parseMi(text)).toMatchObject({ ok: false, help: expect.stringContaining('udp:HOST:PORT') });
  });
});

test('events come to an IPv4 address, port 0 for any', () => {
  expect(parseEvents('UDP:0.0.0.0:0')).toEqual({ ok: true, value: { host: '0.0.0.0', port: 0 } });
  for (const text of ['udp:[::1]:5000', 'udp:opensips:5000', '127.0.0.1:5000', 'tcp:127.0.0.1:5000']) {
    expect(parseEvents(text)).toMatchObject({ ok: false });
  }
});

test('the directory of replies is an absolute path, and ends with a slash', async () => {
  const of = (directory: string) =>
    `signaling: { driver: opensips, opensips: { mi: "fifo:/run/opensips", replyDirectory: ${directory} } }\n${anyRoute}`;
  expect((await loadGood(of('/run/replies'))).config.signaling.opensips.replyDirectory).toBe('/run/replies/');
  expect(await summary(of('replies'))).toEqual(['error signaling.opensips.replyDirectory: expected an absolute path']);
});
