import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createConnector } from '../../src/connector.js';
import { loadGood } from '../config/load-text.js';
import { BrowserPhone } from '../support/browser-phone.js';
import { FakeLeg } from '../support/fake-leg.js';
import { MemoryLog } from '../support/memory-log.js';
import { requestText } from '../support/sip-text.js';
import { UdpPeer } from '../support/socket-peer.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { setUp } from './connector-setup.js';

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('hex').toUpperCase().match(/../g)?.join(':') ?? '';

/** As browsers write it, with PCMU alone. */
function browserOffer(fingerprint: Uint8Array, fragment = 'w7fO'): string {
  return [
    'v=0',
    'o=- 3154543439736798662 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 0',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${fragment}`,
    'a=ice-pwd:eXbporw/r6hpB0rr0ZvwSjWx',
    `a=fingerprint:sha-256 ${hex(fingerprint)}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=rtcp-mux',
    '',
  ].join('\r\n');
}

const attribute = (sdp: string, name: string): string => new RegExp(`^a=${name}:(.*)\r$`, 'm').exec(sdp)?.[1] ?? '';

test('a browser calls: ICE finds the way, DTLS gives the keys, and it hears itself', async () => {
  const directory = temporaryDirectory();
  const { config } = await loadGood(
    `signaling: { embedded: { listen: ["udp:127.0.0.1:0"] } }
media: { bind: 127.0.0.1, portRestSeconds: 0, webRtc: true }
admin: { listen: "127.0.0.1:0", token: a-token-for-a-browser }
cdr: { path: ${join(directory, 'cdr.jsonl')} }
flavors: { echo: { use: echo, mode: immediate } }
routes: [{ match: { to: "2000" }, flavor: echo }]
`,
  );
  const log = new MemoryLog();
  const connector = createConnector(config, { log });
  onTestFinished(() => connector.stop());
  const { sip } = await connector.start();
  const phone = await BrowserPhone.open({ localFragment: '', localPassword: '', remoteFragment: 'w7fO' });
  const peer = await new UdpPeer({ address: '127.0.0.1', port: sip[0]?.port ?? 0 }).open();
  onTestFinished(() => peer.close());
  const via = `UDP 127.0.0.1:${peer.port};branch=z9hG4bK-browser;rport`;
  const contact = `<sip:browser@127.0.0.1:${peer.port}>`;
  peer.send(requestText({ method: 'INVITE', via, contact, body: browserOffer(phone.credentials.fingerprint.value) }));
  const answered = await peer.response('INVITE', 200);
  const sdp = answered.body.toString();
  const to = answered.headers.get('To') ?? '';
  peer.send(requestText({ method: 'ACK', via: `${via}-ack`, contact, to }));
  phone.ice = {
    localFragment: attribute(sdp, 'ice-ufrag'),
    localPassword: attribute(sdp, 'ice-pwd'),
    remoteFragment: 'w7fO',
  };
  const [, , , , address = '', port = ''] = attribute(sdp, 'candidate').split(' ');
  await phone.connect({ address, port: Number(port) });
  expect(attribute(sdp, 'fingerprint')).toBe(`sha-256 ${hex(phone.shown)}`);
  const values = Array.from({ length: 25 }, (_, index) => index + 1);
  // An echo's packets need not begin where those of the caller did, and on a busy machine frames come too late.
  const heard = () => values.filter((byte) => Buffer.concat(phone.heard).includes(Buffer.alloc(160, byte))).length;
  for (let attempt = 0; attempt < 10 && heard() < 5; attempt += 1) {
    await phone.talk(values.map((byte) => new Uint8Array(160).fill(byte)));
  }
  await expect.poll(heard).toBeGreaterThan(4);
  peer.send(requestText({ method: 'BYE', via: `${via}-bye`, contact, to, cseq: 2 }));
  await peer.response('BYE', 200);
  await connector.stop();
  const record = await readFile(config.cdr.path, 'utf8');
  expect(JSON.parse(record)).toMatchObject({ codec: 'pcmu', endedBy: 'caller', cause: { sip: 200 } });
  for (const secret of [phone.ice.localPassword, 'eXbporw/r6hpB0rr0ZvwSjWx']) {
    expect(JSON.stringify(log.lines) + record).not.toContain(secret);
  }
});

test('an engine without a certificate refuses the offer; the reason is in the record', async () => {
  const setup = await setUp();
  await setup.connector.start();
  const leg = new FakeLeg({ sdp: browserOffer(new Uint8Array(32)) });
  setup.driver.ring(leg);
  expect(leg.actions).toEqual(['reject 488']);
  const [record] = await setup.records();
  expect(record?.error?.message).toMatch(/UDP\/TLS\/RTP\/SAVPF is not RTP\/AVP/);
});
