import { expect, test } from 'vitest';
import { createHarness, settle } from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { SDP } from '../../support/sip-text.js';

const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });

test.each(['inbound', 'outbound'] as const)(
  'a digit in an %s call: INFO with signal and duration',
  async (direction) => {
    const call = await PeerDialog.establish({ direction });
    call.leg.sendDigit('#', 160.4);
    const info = call.takeRequest();
    expect([info.method, info.uri, info.headers.get('Content-Type'), info.body.toString()]).toEqual([
      'INFO',
      'sip:peer@192.0.2.9:5075',
      'application/dtmf-relay',
      'Signal=#\r\nDuration=160\r\n',
    ]);
  },
);

test('digits leave one by one, whatever the peer answers', async () => {
  const call = await PeerDialog.establish();
  const sent: string[] = [];
  for (const digit of '12A') call.leg.sendDigit(digit, 100);
  for (const status of [200, 415, 603]) {
    const info = call.takeRequest();
    sent.push(info.body.toString('latin1', 7, 8));
    call.respond(info, 100);
    expect(call.seen()).toEqual([]);
    call.respond(info, status);
  }
  expect(sent).toEqual(['1', '2', 'A']);
  expect(call.seen()).toEqual([]);
});

test.each([
  [481, { by: 'peer', status: 481, text: 'gone' }],
  [408, { by: 'peer', status: 408, text: 'gone' }],
  ['nothing', { by: 'transport', status: 408, text: '' }],
] as const)('a call whose peer answers a digit with %s is over (RFC 3261 section 12.2.1.2)', async (answer, end) => {
  const call = await PeerDialog.establish();
  call.leg.sendDigit('1', 100);
  call.leg.sendDigit('2', 100);
  if (answer === 'nothing') {
    call.h.clock.advance(31_999);
    expect(call.take().every(({ message }) => message.body.toString().startsWith('Signal=1'))).toBe(true);
    call.h.clock.advance(1);
  } else call.respond(call.takeRequest(), answer, { phrase: 'gone' });
  expect(call.seen()).toEqual(['BYE']);
  expect(call.events).toEqual([{ type: 'ended', end }]);
});

test('what is no digit, or comes in masses, is refused; an absurd duration is bounded', async () => {
  const call = await PeerDialog.establish();
  for (const digit of ['', '12', 'E', 'a', '5\r\nX', '\u0665'])
    expect(() => call.leg.sendDigit(digit, 100)).toThrow(unfit);
  expect(call.seen()).toEqual([]);
  call.leg.sendDigit('1', Number.POSITIVE_INFINITY);
  expect(call.takeRequest().body.toString()).toBe('Signal=1\r\nDuration=5000\r\n');
  for (let turn = 0; turn < 64; turn += 1) call.leg.sendDigit('2', 100);
  expect(() => call.leg.sendDigit('2', 100)).toThrow(unfit);
});

test('no digit leaves before the call is up or after its end', async () => {
  const h = await createHarness({ onInvite: () => {} });
  h.send({ method: 'INVITE', body: SDP });
  h.leg().sendDigit('1', 100);
  const { leg: outbound } = h.dial();
  outbound.sendDigit('1', 100);
  expect(h.udp.take().map(({ message }) => message.headers.get('CSeq')?.split(' ')[1])).toEqual(['INVITE', 'INVITE']);

  const call = await PeerDialog.establish();
  call.leg.sendDigit('1', 100);
  call.leg.sendDigit('2', 100);
  const info = call.takeRequest();
  call.leg.hangUp();
  call.leg.sendDigit('3', 100);
  call.respond(info, 200);
  await settle();
  expect(call.seen()).toEqual(['BYE']);
});
