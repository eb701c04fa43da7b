import { accounts, numbers } from '../known-config.js';
import { type Challenge, challengeOf, credentials, type DigestAlgorithm, faultOf } from '../peer/digest.js';
import type { Exchange } from '../peer/exchange.js';
import { sdp } from '../peer/sdp.js';
import { header, headers, type SipMessage } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Partner, type Scenario } from '../scenario.js';
import { eventually, type SeenRecord } from '../subject.js';
import { dial, recordTo, refuse } from './dialling.js';

/** Why a driver cannot be asked for it: somebody else does it. */
const byTheServer = {
  drachtio: 'callers are asked for a password, and extensions registered, by the proxy or PBX before drachtio',
  opensips: 'callers are asked for a password, and extensions registered, by OpenSIPS itself',
};

const acknowledgedOverUdp = 'drachtio-server acknowledges a 200 that comes again over UDP alone';

const challenge = (algorithm: DigestAlgorithm): Challenge => ({ realm: 'exchange', nonce: 'n0nce', algorithm });

function challengeText({ realm, nonce, algorithm }: Challenge): string {
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"`;
}

/** Row 20: digest, as server. */
const serverScenarios: readonly Scenario[] = [
  ...(['MD5', 'SHA-256'] as const).map(
    (algorithm): Scenario => ({
      row: 20,
      title: `a caller without credentials gets 401, with right ones of ${algorithm} the call`,
      rfc: 'RFC 7616 3, RFC 8760 2.6, RFC 3261 22',
      partner: true,
      except: byTheServer,
      async run({ partner, phone }) {
        const caller = await phone({ at: (await partner()).subject });
        const first = caller.call(numbers.echo);
        const refused = await first.final();
        checkStatus(refused.status, 401);
        const facts = { method: 'INVITE', uri: caller.uri(numbers.echo) };
        const given = challengeOf(headers(refused, 'WWW-Authenticate'), algorithm);
        const again = { callId: first.callId, from: first.from, cseq: 2 };
        const call = caller.call(numbers.echo, {
          ...again,
          extra: [['Authorization', credentials(given, accounts.caller, facts)]],
        });
        await call.answered();
        await call.bye();
      },
    }),
  ),
  {
    row: 20,
    title: 'a wrong password gets 401 again, and so do credentials that were used before',
    rfc: 'RFC 7616 3.4, 5.12',
    partner: true,
    except: byTheServer,
    async run({ partner, phone }) {
      const caller = await phone({ at: (await partner()).subject });
      const refused = await caller.call(numbers.echo).final();
      const facts = { method: 'INVITE', uri: caller.uri(numbers.echo) };
      const given = challengeOf(headers(refused, 'WWW-Authenticate'), 'SHA-256');
      const place = (authorization: string) => caller.call(numbers.echo, { extra: [['Authorization', authorization]] });
      const wrong = credentials(given, { ...accounts.caller, password: 'guess' }, facts);
      checkStatus((await place(wrong).final()).status, 401);
      const right = credentials(given, accounts.caller, facts);
      const call = place(right);
      await call.answered();
      await call.bye();
      checkStatus((await place(right).final()).status, 401);
    },
  },
];

function cseqOf(request: SipMessage): number {
  return Number(header(request, 'CSeq').split(' ')[0]);
}

/** The call that answered the challenge. */
async function answerChallenge(partner: Partner, status: 401 | 407, algorithm: DigestAlgorithm): Promise<void> {
  const dialled = await dial(partner);
  const { exchange, invite, number } = dialled;
  const [asks, says] =
    status === 401 ? ['WWW-Authenticate', 'Authorization'] : ['Proxy-Authenticate', 'Proxy-Authorization'];
  await refuse(dialled, status, [[asks, challengeText(challenge(algorithm))]]);
  const again = await exchange.invited(number);
  checkEqual(header(again, 'CSeq'), `${cseqOf(invite) + 1} INVITE`, 'the CSeq of the second INVITE');
  checkEqual(header(again, 'Call-ID'), header(invite, 'Call-ID'), 'its Call-ID');
  const facts = { method: 'INVITE', uri: again.uri };
  const fault = faultOf(header(again, says), challenge(algorithm), accounts.trunk, facts);
  check(fault === undefined, `the credentials have ${fault}`);
  exchange.respond(again, 486);
  await exchange.following(again, 'ACK');
}

/** Rows 20 and 23: as client. */
const clientScenarios: readonly Scenario[] = [
  ...([407, 401] as const).flatMap((status) =>
    (['MD5', 'SHA-256'] as const).map(
      (algorithm): Scenario => ({
        row: 20,
        title: `our INVITE is sent again with credentials after a ${status} of ${algorithm}`,
        rfc: 'RFC 3261 22.2, RFC 8760 2.4',
        partner: true,
        run: async ({ partner }) => answerChallenge(await partner(), status, algorithm),
      }),
    ),
  ),
  {
    row: 23,
    title: 'an outbound call: INVITE, ACK of the 200 and of each that comes again, audio, BYE',
    rfc: 'RFC 3261 13.2.2.4',
    partner: true,
    except: { drachtio: { tcp: acknowledgedOverUdp, tls: acknowledgedOverUdp } },
    async run({ partner, rtp }) {
      const dialled = await dial(await partner());
      const { exchange, invite, id } = dialled;
      const audio = await rtp();
      exchange.respond(invite, 180, { contact: true, toTag: 'callee' });
      const answer = { contact: true, toTag: 'callee', body: sdp({ port: audio.port, formats: [0, 101] }) };
      exchange.respond(invite, 200, answer);
      const ack = await exchange.following(invite, 'ACK');
      checkEqual(header(ack, 'CSeq'), `${cseqOf(invite)} ACK`, 'the CSeq of the ACK');
      exchange.respond(invite, 200, answer);
      await exchange.following(invite, 'ACK');
      await audio.waitForPackets(10);
      checkStatus((await dialled.partner.subject.admin('DELETE', `/calls/${id}`)).status, 202);
      exchange.respond(await exchange.following(invite, 'BYE'), 200);
      await recordTo(dialled);
    },
  },
  {
    row: 23,
    title: 'nobody answers: CANCEL after ringSeconds, and the 487 is acknowledged',
    rfc: 'RFC 3261 9.1',
    partner: true,
    async run({ partner }) {
      const dialled = await dial(await partner(), { ringSeconds: 1 });
      const { exchange, invite } = dialled;
      exchange.respond(invite, 180, { contact: true, toTag: 'callee' });
      exchange.respond(await exchange.following(invite, 'CANCEL'), 200);
      await refuse(dialled, 487);
      checkEqual((await recordTo(dialled)).cause.text, 'no-answer', 'the cause');
    },
  },
  {
    row: 23,
    title: 'a 200 that crosses our CANCEL is acknowledged, and the call ended by BYE',
    rfc: 'RFC 3261 9.1, 15',
    partner: true,
    async run({ partner, rtp }) {
      const { exchange, invite } = await dial(await partner(), { ringSeconds: 1 });
      const audio = await rtp();
      exchange.respond(invite, 180, { contact: true, toTag: 'callee' });
      const cancel = await exchange.following(invite, 'CANCEL');
      exchange.respond(invite, 200, { contact: true, toTag: 'callee', body: sdp({ port: audio.port, formats: [0] }) });
      exchange.respond(cancel, 200);
      await exchange.following(invite, 'ACK');
      exchange.respond(await exchange.following(invite, 'BYE'), 200);
    },
  },
  {
    row: 23,
    title: 'busy: 486 is acknowledged, and told as busy',
    rfc: 'RFC 3261 17.1.1.3',
    partner: true,
    async run({ partner }) {
      const dialled = await dial(await partner());
      await refuse(dialled, 486);
      checkEqual((await recordTo(dialled)).cause.text, 'busy', 'the cause');
    },
  },
  {
    row: 23,
    title: 'a 302 to where nobody may be called is not followed',
    rfc: 'RFC 3261 8.1.3.4 (policy)',
    partner: true,
    async run({ partner }) {
      const dialled = await dial(await partner());
      const elsewhere = dialled.exchange.contact.replace('exchange@', '+19005550100@');
      await refuse(dialled, 302, [['Contact', elsewhere]]);
      await recordTo(dialled);
      checkEqual(dialled.exchange.received.filter(({ uri }) => uri.includes('+1900')).length, 0, 'the count of calls');
    },
  },
  {
    row: 23,
    title: 'a number that is not on the allow-list is not dialled: 403',
    rfc: 'policy',
    partner: true,
    async run({ partner }) {
      const { subject } = await partner();
      const { status } = await subject.admin('POST', '/calls', { to: '+19005550100', flavor: 'echo' });
      checkStatus(status, 403);
    },
  },
  {
    row: 23,
    title: 'nothing comes back at all: timer B ends the call after 32 s',
    rfc: 'RFC 3261 17.1.1.2',
    partner: true,
    seconds: 36,
    async run({ partner }) {
      const dialled = await dial(await partner());
      const record = (): SeenRecord | undefined =>
        dialled.partner.subject.records().find(({ to }) => to === dialled.number);
      await eventually(record, 'a call record', 45_000);
      checkEqual(record()?.cause.text, 'unreachable', 'the cause');
    },
  },
];

/** Answers REGISTERs with a challenge until one has credentials, and that one, if they are right, with 200. */
async function register(exchange: Exchange, user: string, expiresSeconds: number): Promise<SipMessage> {
  const asked = challenge('SHA-256');
  for (;;) {
    const request = await exchange.registered(user, 60_000);
    if (header(request, 'Authorization') === '') {
      exchange.respond(request, 401, { extra: [['WWW-Authenticate', challengeText(asked)]] });
      continue;
    }
    const account = { user, password: accounts.extension };
    const fault = faultOf(header(request, 'Authorization'), asked, account, { method: 'REGISTER', uri: request.uri });
    check(fault === undefined, `the credentials have ${fault}`);
    const contact = `${header(request, 'Contact')};expires=${expiresSeconds}`;
    exchange.respond(request, 200, { extra: [['Contact', contact]] });
    return request;
  }
}

/** Row 24: an extension of a PBX. */
const registrationScenarios: readonly Scenario[] = [
  {
    row: 24,
    title: 'it registers when it starts, with digest, and calls for the extension come in',
    rfc: 'RFC 3261 10.2, 22',
    partner: true,
    except: byTheServer,
    async run({ partner }) {
      await register((await partner()).exchange, '3001', 3_600);
    },
  },
  {
    row: 24,
    title: 'the registration is refreshed before it expires',
    rfc: 'RFC 3261 10.2.4',
    partner: true,
    except: byTheServer,
    seconds: 40,
    async run({ partner }) {
      const { exchange } = await partner();
      const before = await register(exchange, '3002', 60);
      const refresh = await exchange.registered('3002', 60_000);
      checkEqual(header(refresh, 'Call-ID'), header(before, 'Call-ID'), 'the Call-ID of the refresh');
      exchange.respond(refresh, 200, { extra: [['Contact', `${header(refresh, 'Contact')};expires=3600`]] });
    },
  },
  {
    row: 24,
    title: 'a registration that fails is tried again, later and later',
    rfc: 'RFC 5626 4.5',
    partner: true,
    // Attempts that nobody has answered wait at the exchange, and would all be found at once later on.
    turn: 'first',
    except: byTheServer,
    seconds: 25,
    async run({ partner }) {
      const { exchange } = await partner();
      const timesMs: number[] = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        exchange.respond(await exchange.registered('3003', 40_000), 503);
        timesMs.push(performance.now());
      }
      const [one = 0, two = 0, three = 0] = timesMs;
      check(
        two - one > 2_000 && three - two > 4_000,
        `after ${Math.round(two - one)} and ${Math.round(three - two)} ms`,
      );
      await register(exchange, '3003', 3_600);
    },
  },
  {
    row: 24,
    title: 'the registration is taken back at the end',
    rfc: 'RFC 3261 10.2.2',
    partner: true,
    except: byTheServer,
    turn: 'last',
    async run({ partner }) {
      const { exchange, subject } = await partner();
      await subject.admin('POST', '/drain');
      const end = await exchange.registered('3001');
      const expires = header(end, 'Expires') || /expires=(\d+)/.exec(header(end, 'Contact'))?.[1];
      checkEqual(expires, '0', 'Expires');
      exchange.respond(end, 200);
    },
  },
];

export const partnerScenarios: readonly Scenario[] = [...serverScenarios, ...clientScenarios, ...registrationScenarios];
