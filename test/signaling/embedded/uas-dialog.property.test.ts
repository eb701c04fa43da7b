import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { InboundLeg, LegEvent } from '../../../src/signaling/port.js';
import { createHarness, type Harness, PEER, settle } from '../../support/embedded-harness.js';
import { requestText, responseText, SDP, tagOf } from '../../support/sip-text.js';

/** What can happen to a call, from both sides, in any order. */
const steps = [
  ...['ring', 'early', 'accept', 'reject', 'hangUp', 'ack', 'bye', 'cancel', 'repeatInvite', 'repeatLast'],
  ...['reinvite', 'reinviteEmpty', 'ackReinvite', 'info', 'options', 'refer', 'lowCSeq', 'wrongTag', 'short', 'long'],
  ...['transfer', 'reoffer', 'answer100', 'answer200', 'answer481', 'answer491', 'answer603', 'notify', 'notifyEnd'],
  ...['prack', 'prackOffer', 'update', 'updateOffer', 'refresh', 'answer422'],
] as const;

type StepName = (typeof steps)[number];

class Caller {
  readonly #h: Harness;
  readonly #invite: string;
  #last = '';
  #cseq = 1;
  /** Of the last reliable provisional response. */
  #rseq = '1';
  /** Requests of ours, in order. */
  readonly #received: SipRequest[] = [];
  /** Without a tag these would be new calls. */
  #to = '<sip:2000@192.0.2.1>;tag=not-yet';

  constructor(h: Harness, extra: readonly string[]) {
    this.#h = h;
    const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKprop;rport';
    this.#invite = requestText({ method: 'INVITE', via, body: SDP, extra });
  }

  start(): void {
    this.#put(this.#invite);
  }

  do(step: StepName, leg: InboundLeg): void {
    const h = this.#h;
    const next = (method: string, extra: object = {}) => {
      this.#cseq += 1;
      this.#put(requestText({ method, to: this.#to, cseq: this.#cseq, ...extra }));
    };
    const answer = (status: number, extra: readonly string[] = []) => {
      const request = this.#received.at(-1);
      if (request !== undefined) h.udp.receive(PEER, responseText(request, { status, extra }));
    };
    const notify = (state: string) =>
      next('NOTIFY', {
        extra: ['Event: refer', `Subscription-State: ${state}`],
        type: 'message/sipfrag',
        body: state === 'active' ? 'SIP/2.0 180 Ringing' : 'SIP/2.0 200 OK',
      });
    const actions: Record<StepName, () => void> = {
      ring: () => leg.ring(180),
      early: () => leg.ring(183, SDP),
      accept: () => leg.accept(SDP),
      reject: () => leg.reject(486),
      hangUp: () => leg.hangUp(),
      ack: () => this.#put(requestText({ method: 'ACK', to: this.#to, cseq: 1 })),
      bye: () => next('BYE'),
      cancel: () => this.#put(requestText({ method: 'CANCEL', via: 'UDP 192.0.2.9:5070;branch=z9hG4bKprop;rport' })),
      repeatInvite: () => this.#put(this.#invite),
      repeatLast: () => this.#put(this.#last),
      reinvite: () => next('INVITE', { body: SDP }),
      reinviteEmpty: () => next('INVITE'),
      ackReinvite: () => this.#put(requestText({ method: 'ACK', to: this.#to, cseq: this.#cseq })),
      prack: () => next('PRACK', { extra: [`RAck: ${this.#rseq} 1 INVITE`] }),
      prackOffer: () => next('PRACK', { extra: [`RAck: ${this.#rseq} 1 INVITE`], body: SDP }),
      update: () => next('UPDATE', { extra: ['Supported: timer'] }),
      updateOffer: () => next('UPDATE', { body: SDP, extra: ['Allow: UPDATE'] }),
      refresh: () => next('UPDATE', { extra: ['Supported: timer', 'Session-Expires: 90;refresher=uas'] }),
      answer422: () => answer(422, ['Min-SE: 100']),
      info: () => next('INFO', { type: 'application/dtmf', body: '5' }),
      options: () => next('OPTIONS'),
      refer: () => next('REFER'),
      lowCSeq: () => this.#put(requestText({ method: 'INFO', to: this.#to, cseq: 0 })),
      wrongTag: () => this.#put(requestText({ method: 'BYE', to: '<sip:x@x>;tag=wrong', cseq: 99 })),
      transfer: () => {
        try {
          leg.refer({ uri: 'sip:x@192.0.2.7' });
        } catch {
          // One is under way.
        }
      },
      reoffer: () => leg.reoffer(SDP),
      answer100: () => answer(100),
      answer200: () => answer(200),
      answer481: () => answer(481),
      answer491: () => answer(491),
      answer603: () => answer(603),
      notify: () => notify('active'),
      notifyEnd: () => notify('terminated;reason=noresource'),
      short: () => h.clock.advance(300),
      long: () => h.clock.advance(9000),
    };
    actions[step]();
  }

  /** Learns the endpoint's tag from its responses. */
  learn(): void {
    for (const { message } of this.#h.udp.take()) {
      if (message.kind === 'request' && message.method !== 'ACK') this.#received.push(message);
      this.#rseq = message.headers.get('RSeq') ?? this.#rseq;
      const tag = tagOf(message.headers.get('To'));
      const ofInvite = message.kind === 'response' && message.headers.get('CSeq') === '1 INVITE';
      if (ofInvite && tag !== '') this.#to = `<sip:2000@192.0.2.1>;tag=${tag}`;
    }
  }

  #put(text: string): void {
    this.#last = text;
    this.#h.udp.receive(PEER, text);
  }
}

const sequence = fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 30 });
const extensions = fc.constantFrom<readonly string[]>(
  [],
  ['Supported: 100rel'],
  ['Require: 100rel'],
  ['Supported: timer, 100rel', 'Session-Expires: 120;refresher=uas', 'Allow: UPDATE'],
);
const replies = fc.array(fc.constantFrom('accept', 'reject', 'nothing', 'hangUp'), { minLength: 1, maxLength: 4 });

test('whatever the order of events, a call ends exactly once, last of all, and leaves no timer', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, replies, extensions, async (order, answers, extra) => {
      const events: LegEvent[] = [];
      let offers = 0;
      const h = await createHarness({
        onInvite: (leg) => {
          leg.listen((event) => {
            events.push(event);
            if (event.type !== 'offer') return;
            const how = answers[offers % answers.length];
            offers += 1;
            if (how === 'accept') event.reply.accept(SDP);
            if (how === 'reject') event.reply.reject(488);
            if (how === 'hangUp') leg.hangUp();
          });
        },
      });
      const caller = new Caller(h, extra);
      caller.start();
      for (const step of order) {
        caller.do(step, h.leg());
        caller.learn();
        await settle();
      }
      h.leg().hangUp();
      h.clock.advance(400_000);
      await settle();
      expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('ended');
      const results = events.filter((event) => event.type === 'transfer' && event.final).length;
      expect(results).toBeLessThanOrEqual(order.filter((step) => step === 'transfer').length);
      expect(h.clock.pendingTimers).toBe(0);
      expect(h.warnings).toEqual([]);
      expect(h.legs).toHaveLength(1);
    }),
    { numRuns: 600, seed: 20_260_101 },
  );
});
