import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHarness, PEER, settle } from '../../support/embedded-harness.js';
import { requestText, responseText, SDP } from '../../support/sip-text.js';

/** What the far end, and we ourselves, may do to an outbound call, in any order. */
const steps = [
  ...['100', '180 a', '183 b', '200 a', '200 b', '302', '486 a', '487 a', '503'],
  ...['hangUp', 'bye a', 'bye b', 'options a', 'reinvite a', 'ack a', 'short', 'long'],
] as const;

test('whatever the order of events, an outbound call ends exactly once, last of all, and leaves no timer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 20 }), async (order) => {
      const h = await createHarness();
      const { leg, events } = h.dial();
      const [invite] = h.udp.takeRequests();
      if (invite === undefined) throw new Error('no INVITE');
      leg.listen((event) => {
        events.push(event);
        if (event.type === 'offer') event.reply.accept(SDP);
      });
      let cseq = 0;
      const inDialog = (method: string, tag: string) => {
        cseq += 1;
        const to = invite.headers.get('From') ?? '';
        return requestText({ method, cseq, callId: leg.callId, from: `<sip:bob@192.0.2.9>;tag=${tag}`, to });
      };
      for (const step of order) {
        const [what = '', tag = ''] = step.split(' ');
        if (what === 'hangUp') leg.hangUp();
        else if (what === 'short') h.clock.advance(300);
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
    { numRuns: 400, seed: 20_260_102 },
  );
}, 60_000);
