import { numbers } from '../known-config.js';
import type { Call } from '../peer/call.js';
import { audioOf, readAnswer, sdp } from '../peer/sdp.js';
import { header, headers, type SipMessage, tokens } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Scenario } from '../scenario.js';

/** Acknowledges a reliable provisional response; `rseq` other than its own is a wrong RAck. */
async function prack(call: Call, response: SipMessage, rseq = Number(header(response, 'RSeq'))): Promise<SipMessage> {
  const cseq = header(call.invite.message, 'CSeq');
  return call.ask('PRACK', { extra: [['RAck', `${rseq} ${cseq}`]], contact: null });
}

function isReliable(response: SipMessage): boolean {
  return tokens(response, 'Require').includes('100rel') && /^\d+$/.test(header(response, 'RSeq'));
}

/** RFC 3262 section 3 lets the server choose where the client merely supports it. */
const onlyWhereRequired =
  'only where the caller requires it: asked for by us, a reliable response without PRACK is the end of drachtio-server v0.9.10';

/** Where 100rel is required the answer is 420. */
const noneAtAll = 'b2b_entities sends a status once and answers each PRACK 200 itself: 420 where 100rel is required';

/** Row 18: reliable provisional responses. */
export const reliableScenarios: readonly Scenario[] = [
  ...(['Require', 'Supported'] as const).map(
    (name): Scenario => ({
      row: 18,
      title: `${name}: 100rel makes the 180 reliable; PRACK gets 200, and the 200 to the INVITE follows`,
      rfc: 'RFC 3262 3',
      except: { opensips: noneAtAll, ...(name === 'Supported' && { drachtio: onlyWhereRequired }) },
      async run({ phone }) {
        const call = (await phone()).call(numbers.slow, { extra: [[name, '100rel']] });
        const ringing = await call.provisional(180);
        check(
          isReliable(ringing),
          `the 180 has Require: ${header(ringing, 'Require')}, RSeq: ${header(ringing, 'RSeq')}`,
        );
        checkStatus((await prack(call, ringing)).status, 200);
        await call.answered();
        await call.bye();
      },
    }),
  ),
  {
    row: 18,
    title: 'a PRACK of what was not sent gets 481, and the 180 comes again until the right one does',
    rfc: 'RFC 3262 3',
    except: { opensips: noneAtAll, drachtio: 'drachtio-server does not answer the wrong PRACK; the 180 comes again' },
    async run({ phone }) {
      const call = (await phone()).call(numbers.slow, { extra: [['Require', '100rel']] });
      const ringing = await call.provisional(180);
      checkStatus((await prack(call, ringing, Number(header(ringing, 'RSeq')) + 7)).status, 481);
      const again = await call.provisional(180);
      checkEqual(header(again, 'RSeq'), header(ringing, 'RSeq'), 'the RSeq of the 180 that came again');
      checkStatus((await prack(call, ringing)).status, 200);
      checkStatus((await prack(call, ringing)).status, 481);
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 18,
    title: 'without 100rel the 180 is an ordinary one',
    rfc: 'RFC 3262 3',
    async run({ phone }) {
      const call = (await phone()).call(numbers.slow);
      const ringing = await call.provisional(180);
      checkEqual([headers(ringing, 'RSeq').length, headers(ringing, 'Require').length], [0, 0], 'RSeq and Require');
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 18,
    title: 'reliable early media: the answer is in the 183, the PRACK is answered, the 200 follows',
    rfc: 'RFC 3262 5',
    except: { opensips: noneAtAll, drachtio: onlyWhereRequired },
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const extra = [['Supported', '100rel']] as const;
      const call = caller.call(numbers.earlyMedia, { offer: sdp({ port: audio.port }), extra });
      let progress = await call.provisional(180, 183);
      check(isReliable(progress), `the ${progress.status} is not reliable`);
      if (progress.status === 180) {
        // No second one before the first has its PRACK.
        checkStatus((await prack(call, progress)).status, 200);
        progress = await call.provisional(183);
        check(isReliable(progress), 'the 183 is not reliable');
      }
      audioOf(readAnswer(call.offer, progress.body));
      checkStatus((await prack(call, progress)).status, 200);
      await audio.waitForPackets(5);
      await call.answered();
      await call.bye();
    },
  },
];
