import { expect, test } from 'vitest';
import { largeRequestDefaults } from '../../../src/signaling/embedded/dialog/large-requests.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness, type Harness, type HarnessOptions, PEER, settle } from '../../support/embedded-harness.js';
import { responseText, SDP } from '../../support/sip-text.js';

/** Makes the INVITE larger than 1,300 bytes. */
const headers = new Map([['X-Padding', 'x'.repeat(1_300)]]);

async function dialled(options: HarnessOptions = {}, more = headers) {
  const h = await createHarness(options);
  const { leg, events } = h.dial({ headers: more });
  await settle();
  return { h, leg, events, sent: (transport: 'udp' | 'tcp') => h[transport].takeRequests() };
}

const via = (request: SipRequest | undefined): string => request?.headers.get('Via') ?? '';
const branch = (request: SipRequest | undefined): string => /branch=([^;]+)/.exec(via(request))?.[1] ?? '';

function breakStream(h: Harness): void {
  for (const flow of h.tcp.opened) if (!flow.closed) flow.break();
}

test('an INVITE above 1,300 bytes goes over TCP, and so do the CANCEL and the answers (RFC 3261 section 18.1.1)', async () => {
  const { h, leg, events, sent } = await dialled();
  const [invite] = sent('tcp');
  if (invite === undefined) throw new Error('no INVITE');
  expect([sent('udp'), h.tcp.opened[0]?.remote]).toEqual([[], { ...PEER }]);
  expect(via(invite)).toMatch(/^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]+$/);
  h.tcp.receive(PEER, responseText(invite, { status: 180, toTag: 'b' }));
  leg.hangUp();
  expect(sent('tcp').map(({ method }) => method)).toEqual(['CANCEL']);
  expect(events.map(({ type }) => type)).toEqual(['progress']);
});

test('a small one stays with UDP', async () => {
  const { sent } = await dialled({}, new Map());
  expect([sent('udp').length, sent('tcp')]).toEqual([1, []]);
});

test('a peer that refuses TCP gets it over UDP at once, and the next without asking', async () => {
  const { h, events, sent } = await dialled();
  const [overTcp] = sent('tcp');
  breakStream(h);
  const [overUdp] = sent('udp');
  expect(via(overUdp)).toMatch(/^SIP\/2\.0\/UDP .*;rport/);
  expect(branch(overUdp)).toBe(branch(overTcp));
  if (overUdp === undefined) throw new Error('no INVITE');
  h.clock.advance(500);
  expect(sent('udp')).toHaveLength(1);
  h.udp.receive(
    PEER,
    responseText(overUdp, { status: 200, toTag: 'b', body: SDP, extra: ['Contact: <sip:b@192.0.2.9>'] }),
  );
  await settle();
  expect(events.map(({ type }) => type)).toEqual(['answered']);
  expect(sent('udp').map(({ method }) => method)).toEqual(['ACK']);

  h.dial({ headers });
  expect([sent('udp').length, sent('tcp')]).toEqual([1, []]);
  h.clock.advance(largeRequestDefaults.refusalMs);
  h.udp.take();
  h.dial({ headers });
  expect(sent('tcp')).toHaveLength(1);
});

test('a connection that breaks after an answer is no reason to send the request again', async () => {
  const { h, sent } = await dialled();
  const [invite] = sent('tcp');
  if (invite === undefined) throw new Error('no INVITE');
  h.tcp.receive(PEER, responseText(invite, { status: 180, toTag: 'b' }));
  breakStream(h);
  expect(sent('udp')).toEqual([]);
});

test('neither transport: the call has failed', async () => {
  const { h, events } = await dialled();
  breakStream(h);
  h.clock.advance(32_000);
  await settle();
  expect(events.at(-1)).toEqual({ type: 'ended', end: { by: 'transport', status: 408, text: '' } });
  expect(h.clock.pendingTimers).toBe(0);
});

test('without a TCP address of ours it is UDP', async () => {
  const { sent } = await dialled({ protocols: ['udp'] });
  expect(sent('udp')).toHaveLength(1);
});
