import { expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { PEER } from '../../support/embedded-harness.js';
import { FakeLeg } from '../../support/fake-leg.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { responseText, SDP, tagOf } from '../../support/sip-text.js';

const TARGET = 'sip:sales@192.0.2.9:5070';
const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });

/** A caller who talks, and a second leg of ours that called the target. `to` is the To of the target's 200. */
async function consultation(answered = true) {
  const call = await PeerDialog.establish();
  const { leg: second, events } = call.h.dial({ uri: TARGET });
  const invite = call.takeRequest();
  if (answered) {
    const extra = ['Contact: <sip:sales-phone@192.0.2.9:5079>'];
    call.h.udp.receive(PEER, responseText(invite, { status: 200, toTag: 'target%;x', extra, body: SDP }));
    call.take();
  }
  return { call, second, events, invite };
}

function replacesOf(refer: SipRequest): string {
  const uri = /^<(.*)>$/.exec(refer.headers.get('Refer-To') ?? '')?.[1] ?? '';
  return decodeURIComponent(/[?&]Replaces=([^&]*)/.exec(uri)?.[1] ?? '');
}

test('a REFER with Replaces names the dialog as the target knows it: its tag is to-tag, ours from-tag', async () => {
  const { call, second, invite } = await consultation();
  call.leg.refer({ uri: TARGET, replaces: second });
  const refer = call.takeRequest();
  expect(refer.headers.get('Refer-To')).toMatch(/^<sip:sales@192\.0\.2\.9:5070\?Replaces=[\w%.~!*'()-]+>$/);
  const ours = tagOf(invite.headers.get('From'));
  expect(replacesOf(refer)).toBe(`${second.callId};to-tag=target%;from-tag=${ours}`);
});

test('the Replaces goes behind header fields that the URI has already', async () => {
  const { call, second } = await consultation();
  call.leg.refer({ uri: `${TARGET}?Subject=a`, replaces: second });
  expect(call.takeRequest().headers.get('Refer-To')).toMatch(/\?Subject=a&Replaces=/);
});

test('a caller’s leg may be replaced as well, with the tags turned round', async () => {
  const { call, second } = await consultation();
  call.request('OPTIONS');
  const to = call.take()[0]?.message.headers.get('To');
  second.refer({ uri: 'sip:alice@192.0.2.9', replaces: call.leg });
  expect(replacesOf(call.takeRequest())).toBe(`${call.leg.callId};to-tag=alice;from-tag=${tagOf(to)}`);
});

test('a leg that is not up, has ended, or is of another driver cannot be replaced; nothing is sent', async () => {
  const early = await consultation(false);
  expect(() => early.call.leg.refer({ uri: TARGET, replaces: early.second })).toThrow(unfit);
  expect(early.call.seen()).toEqual([]);

  const { call, second } = await consultation();
  expect(() => call.leg.refer({ uri: TARGET, replaces: new FakeLeg() })).toThrow(unfit);
  expect(() => call.leg.refer({ uri: 'tel:+4420', replaces: second })).toThrow(unfit);
  second.hangUp();
  expect(call.seen()).toEqual(['BYE']);
  expect(() => call.leg.refer({ uri: TARGET, replaces: second })).toThrow(unfit);
  call.leg.refer({ uri: TARGET });
  expect(call.seen()).toEqual(['REFER']);
});
