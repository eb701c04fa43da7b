import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createEventFilter, miHost } from '../../../src/signaling/opensips/event-sources.js';
import { HttpMiLink } from '../../../src/signaling/opensips/mi/http-mi-link.js';
import type { MiAddress } from '../../../src/signaling/opensips/mi/mi-link.js';
import { UdpMiLink } from '../../../src/signaling/opensips/mi/udp-mi-link.js';
import type { OpensipsOptions } from '../../../src/signaling/opensips/opensips-options.js';
import { ANSWER, OFFER, openOpensipsScene, watch } from '../../support/opensips-harness.js';

it('events come from where OpenSIPS answers commands, whatever address its name means by now, and from this machine', () => {
  const commands: { address: string | undefined } = { address: undefined };
  const accepts = createEventFilter(undefined, commands);
  const senders = ['127.0.0.1', '127.9.9.9', '10.0.0.5', '10.0.0.6', '192.0.2.1'];
  const taken = () => senders.filter(accepts);
  expect(taken()).toEqual(['127.0.0.1', '127.9.9.9']);
  commands.address = '10.0.0.5';
  expect(taken()).toEqual(['127.0.0.1', '127.9.9.9', '10.0.0.5']);
  commands.address = '10.0.0.6';
  expect(taken()).toEqual(['127.0.0.1', '127.9.9.9', '10.0.0.6']);
});

it('what the configuration lists is all there is', () => {
  const accepts = createEventFilter(['10.0.0.0/24'], { address: '10.1.0.5' });
  expect(['127.0.0.1', '10.0.0.5', '10.1.0.5'].filter(accepts)).toEqual(['10.0.0.5']);
});

it.each<[MiAddress, string | undefined, string]>([
  [{ protocol: 'udp', host: 'opensips', port: 8080 }, undefined, '127.0.0.1'],
  [{ protocol: 'udp', host: 'opensips', port: 8080 }, '10.0.0.5', '10.0.0.5'],
  [{ protocol: 'http', url: 'http://localhost:8888/mi' }, '::1', '127.0.0.1'],
  [{ protocol: 'http', url: 'http://[2001:db8::5]:8888/mi' }, '2001:db8::5', '2001:db8::5'],
  [{ protocol: 'udp', host: '10.0.0.5', port: 8080 }, undefined, '10.0.0.5'],
  [{ protocol: 'fifo', path: '/run/fifo', replyDirectory: '/tmp/' }, '127.0.0.1', '127.0.0.1'],
])('OpenSIPS at %o, reached at %s, is at %s', (configured, address, host) => {
  expect(miHost(configured, { address })).toBe(host);
});

it('a link by datagrams knows where its name has led', async () => {
  const link = new UdpMiLink('localhost', 9);
  onTestFinished(() => link.close());
  expect(link.address).toBeUndefined();
  await link.open(() => {});
  expect(link.address).toBe('127.0.0.1');
});

it('a link by HTTP knows who has answered', async () => {
  const server = createServer((_request, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const link = new HttpMiLink(`http://localhost:${(server.address() as AddressInfo).port}/mi`);
  onTestFinished(() => link.close());
  const answered = new Promise((resolve) => void link.open(resolve));
  link.send('{}');
  await answered;
  expect(link.address).toBe('127.0.0.1');
});

it('a call comes by an OpenSIPS that is known by name', async () => {
  const options: { -readonly [Key in keyof OpensipsOptions]?: OpensipsOptions[Key] } = {
    allow: undefined,
    events: { host: '0.0.0.0', port: 0 },
  };
  const scene = await openOpensipsScene(options, (opensips) => {
    // Its port is known when the driver is made.
    options.mi = {
      protocol: 'udp',
      host: 'localhost',
      get port() {
        return opensips.port;
      },
    };
  });
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  expect([leg.localAddress, leg.invite.source.address]).toEqual(['127.0.0.1', '127.0.0.1']);
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
});
