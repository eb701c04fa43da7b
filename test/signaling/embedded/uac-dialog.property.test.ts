import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { SipLeg } from '../../../src/signaling/port.js';
import { createHarness, PEER, settle } from '../../support/embedded-harness.js';
import { type RequestText, requestText, responseText, SDP } from '../../support/sip-text.js';

/** What the far end, and we ourselves, may do to an outbound call, in any order. */
const steps = [
  ...['100', '180 a', '183 b', '200 a', '200 b', '302', '486 a', '487 a', '503'],
  ...['hangUp', 'bye a', 'bye b', 'options a', 'reinvite a', 'ack a', 'short', 'long'],
  ...[
    'transfer',
    'reoffer',
    'reply 100',
    'reply 202',
    'reply 408',
    'reply 491',
    'reply 488',
    'notify a',
    'notifyEnd a',
  ],
] as const;

test('whatever the order of events, an outbound call ends exactly once, last of all, and leaves no timer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 25 }), async (order) => {
      const h = await createHarness();
      const { leg, events } = h.dial();
      const [invite] = h.udp.takeRequests();
      if (invite === undefined) throw new Error('no INVITE');
      leg.listen((event) => {
        events.push(event);
        if (event.type === 'offer') event.reply.accept(SDP);
      });
      let cseq = 0;
      const received: SipRequest[] = [];
      const inDialog = (method: string, tag: string, parts: Partial<RequestText> = {}) => {
        cseq += 1;
        const to = invite.headers.get('From') ?? '';
        return requestText({ method, cseq, callId: leg.callId, from: `<sip:bob@192.0.2.9>;tag=${tag}`, to, ...parts });
      };
      for (const step of order) {
        const [what = '', tag = ''] = step.split(' ');
        for (const { message } of h.udp.take()) {
          if (message.kind === 'request' && message.method !== 'ACK') received.push(message);
        }
        if (what === 'hangUp') leg.hangUp();
        else if (what === 'transfer') refer(leg);
        else if (what === 'reoffer') leg.reoffer(SDP);
        else if (what === 'reply') {
          const request = received.at(-1);
          if (request !== undefined) h.udp.receive(PEER, responseText(request, { status: Number(tag) }));
        } else if (what === 'notify' || what === 'notifyEnd') {
          const over = what === 'notifyEnd';
          const extra = ['Event: refer', `Subscription-State: ${over ? 'terminated' : 'active'}`];
          const body = over ? 'SIP/2.0 200 OK' : 'SIP/2.0 100 Trying';
          h.udp.receive(PEER, inDialog('NOTIFY', tag, { extra, body, type: 'message/sipfrag' }));
        } else if (what === 'short') h.clock.advance(300);
        else if (what === 'long') h.clock.advance(9000);
        else if (/^[a-z]/.test(what))
          h.udp.receive(PEER, inDialog(what === 'reinvite' ? 'INVITE' : what.toUpperCase(), tag));
        else h.udp.receive(PEER, responseText(invite, { status: Number(what), toTag: tag === '' ? 'x' : tag }));
        await settle();
      }
      leg.hangUp();
      h.clock.advance(400_000);
      await settle();
      expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('ended');
      expect(events.filter(({ type }) => type === 'answered').length).toBeLessThanOrEqual(1);
      expect(h.clock.pendingTimers).toBe(0);
      expect(h.udp.opened.filter(({ listeners }) => listeners > 0)).toEqual([]);
      expect(h.warnings).toEqual([]);
    }),
    { numRuns: 600, seed: 20_260_102 },
  );
});

function refer(leg: SipLeg): void {
  try {
    leg.refer({ uri: 'sip:x@192.0.2.7' });
  } catch {
    // One is under way.
  }
}
