import { CALLS_LIMIT, numbers } from '../known-config.js';
import type { CallParts } from '../peer/call.js';
import { sdp } from '../peer/sdp.js';
import { header, headers, type SipMessage, tokens } from '../peer/sip-message.js';
import { check, checkEqual, checkStatus, type Scenario, type Scene } from '../scenario.js';
import { waitForCalls } from '../subject.js';
import { pause } from './calls.js';

/** What an INVITE that is refused got. */
async function refusal({ phone }: Scene, number: string, parts: CallParts = {}): Promise<SipMessage> {
  const call = (await phone()).call(number, parts);
  const response = await call.final();
  check(response.status >= 300, `status ${response.status}`);
  return response;
}

function hasRetryAfter(response: SipMessage): boolean {
  return /^\d+/.test(header(response, 'Retry-After'));
}

/** An INVITE refused with that status; `also` is looked at as well. */
function refused(
  title: string,
  rfc: string,
  status: number,
  number: string,
  parts: CallParts = {},
  also: (response: SipMessage) => void = () => {},
): Scenario {
  return {
    row: 12,
    title,
    rfc,
    async run(scene) {
      const response = await refusal(scene, number, parts);
      checkStatus(response.status, status);
      also(response);
    },
  };
}

/** Nothing but a fax: its profile is in lower case. */
function fax(port: number): string {
  const lines = [
    'v=0',
    'o=peer 7 7 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=image ${port} udptl t38`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

const noRetry = (response: SipMessage): void => {
  checkEqual(headers(response, 'Retry-After'), [], 'Retry-After');
};

/** Row 12: what is refused, and how. */
const refusalScenarios: readonly Scenario[] = [
  {
    row: 12,
    title: 'an unknown method outside of a dialog gets 501',
    rfc: 'RFC 3261 8.2.1',
    except: { drachtio: 'drachtio-server drops it' },
    async run({ phone }) {
      checkStatus((await (await phone()).ask('NONSENSE')).status, 501);
    },
  },
  {
    row: 12,
    title: 'an unknown method in a dialog gets 501',
    rfc: 'RFC 3261 8.2.1',
    async run({ phone }) {
      const call = (await phone()).call(numbers.echo);
      await call.answered();
      checkStatus((await call.ask('NONSENSE')).status, 501);
      await call.bye();
    },
  },
  {
    row: 12,
    title: 'a method that is known but not allowed gets 405 with Allow',
    rfc: 'RFC 3261 8.2.1',
    async run({ phone }) {
      const caller = await phone();
      for (const method of ['REGISTER', 'PUBLISH']) {
        const response = await caller.ask(method);
        checkStatus(response.status, 405);
        check(tokens(response, 'Allow').includes('invite'), `Allow is ${header(response, 'Allow')}`);
      }
    },
  },
  refused(
    'Require of an extension nobody has: 420, Unsupported names it',
    'RFC 3261 8.2.2.3',
    420,
    numbers.echo,
    { extra: [['Require', 'foo']] },
    (response) => checkEqual(tokens(response, 'Unsupported'), ['foo'], 'Unsupported'),
  ),
  refused(
    'a body that is no description: 415, Accept names what would be',
    'RFC 3261 8.2.3',
    415,
    numbers.echo,
    { offer: 'nothing', type: 'text/plain' },
    (response) => check(tokens(response, 'Accept').includes('application/sdp'), 'Accept has no application/sdp'),
  ),
  refused('no common codec: 488', 'RFC 3261 13.3.1.3', 488, numbers.echo, {
    offer: sdp({ port: 4000, formats: [18] }),
  }),
  refused('an offer of T.38 alone: 488', 'RFC 3264 6', 488, numbers.echo, { offer: fax(4_000) }),
  {
    row: 7,
    title: 'a re-INVITE to T.38 gets 488, and the call goes on unchanged',
    rfc: 'RFC 3261 14.2',
    async run({ phone, rtp }) {
      const [caller, audio] = [await phone(), await rtp()];
      const call = caller.call(numbers.echo, { offer: sdp({ port: audio.port }) });
      await call.answered();
      checkStatus((await call.reinvite(fax(4_000))).status, 488);
      await audio.waitForPackets(audio.received.length + 10);
      await call.bye();
    },
  },
  refused('a number no route has: 404', 'RFC 3261 21.4.5', 404, numbers.unknown),
  refused('a route that refuses: its status', 'RFC 3261 21.4.21', 486, numbers.refused),
  refused('a Request-URI of another scheme: 416', 'RFC 3261 8.2.2.1', 416, numbers.echo, {
    uri: 'http://127.0.0.1/2001',
  }),
  refused(
    'a flavor that cannot open: 503 without Retry-After, so that a proxy tries the next',
    'RFC 3261 21.5.4',
    503,
    numbers.broken,
    {},
    noRetry,
  ),
  {
    ...refused(
      'a flavor that has not opened within 5 s: the same 503',
      'RFC 3261 21.5.4',
      503,
      numbers.silent,
      {},
      noRetry,
    ),
    seconds: 6,
  },
  {
    row: 12,
    title: 'a source outside `allow` gets no answer at all',
    rfc: 'RFC 3261 26.2 (policy)',
    over: ['udp'],
    except: {
      drachtio: 'drachtio-server takes the packets: access is its own configuration or a firewall',
      opensips: 'OpenSIPS takes the packets: access is in opensips.cfg',
    },
    async run({ phone }) {
      const stranger = await phone({ from: '127.0.0.2' });
      stranger.send('OPTIONS');
      stranger.send('INVITE', { body: sdp({ port: stranger.sinkPort }) });
      await pause(800);
      checkEqual(stranger.received.length, 0, 'the count of answers');
    },
  },
];

/** Row 11: OPTIONS. */
const optionsScenarios: readonly Scenario[] = [
  {
    row: 11,
    title: 'OPTIONS outside a dialog: 200 with Allow, Accept, Supported',
    rfc: 'RFC 3261 11.2',
    async run({ phone }) {
      const response = await (await phone()).ask('OPTIONS');
      checkStatus(response.status, 200);
      checkAbilities(response);
    },
  },
  {
    row: 11,
    title: 'OPTIONS in a dialog: 200 with Allow, Accept, Supported; of no dialog: 481',
    rfc: 'RFC 3261 11.2, 12.2.2',
    async run({ phone }) {
      const call = (await phone()).call(numbers.echo);
      await call.answered();
      const response = await call.ask('OPTIONS');
      checkStatus(response.status, 200);
      checkAbilities(response);
      await call.bye();
      checkStatus((await call.ask('OPTIONS')).status, 481);
    },
  },
  {
    row: 11,
    title: 'one call more than the limit gets 503 with Retry-After, OPTIONS too; both are 200 again when there is room',
    rfc: 'RFC 3261 21.5.4',
    turn: 'alone',
    async run({ phone, subject }) {
      const caller = await phone();
      const calls = Array.from({ length: CALLS_LIMIT }, () => caller.call(numbers.ringing));
      await Promise.all(calls.map((call) => call.provisional(180)));
      const surplus = caller.call(numbers.echo);
      const refused = await surplus.final();
      checkStatus(refused.status, 503);
      check(hasRetryAfter(refused), '503 to INVITE has no Retry-After');
      const busy = await caller.ask('OPTIONS');
      checkStatus(busy.status, 503);
      check(hasRetryAfter(busy), '503 to OPTIONS has no Retry-After');
      for (const call of calls) {
        await call.cancel();
        checkStatus((await call.final()).status, 487);
      }
      await waitForCalls(subject, 0);
      checkStatus((await caller.ask('OPTIONS')).status, 200);
      const call = caller.call(numbers.echo);
      await call.answered();
      await call.bye();
    },
  },
  {
    row: 11,
    title: 'while draining: INVITE and OPTIONS get 503 with Retry-After, a call that is up stays up',
    rfc: 'RFC 3261 21.5.4',
    turn: 'last',
    async run({ meet, phone, subject }) {
      const caller = await phone();
      const up = caller.call(numbers.echo);
      await up.answered();
      await meet();
      await subject.admin('POST', '/drain');
      const refused = await caller.call(numbers.echo).final();
      checkStatus(refused.status, 503);
      check(hasRetryAfter(refused), '503 to INVITE has no Retry-After');
      checkStatus((await caller.ask('OPTIONS')).status, 503);
      checkStatus((await up.ask('OPTIONS')).status, 200);
      // Drained, it ends with its last call: everybody has to have seen what there is to see.
      await meet();
      await up.bye();
    },
  },
];

function checkAbilities(response: SipMessage): void {
  const allow = tokens(response, 'Allow');
  const missing = ['invite', 'ack', 'cancel', 'bye', 'options'].filter((method) => !allow.includes(method));
  checkEqual(missing, [], 'what is missing in Allow');
  check(tokens(response, 'Accept').includes('application/sdp'), `Accept is ${header(response, 'Accept')}`);
  checkEqual(headers(response, 'Supported').length, 1, 'the count of Supported header fields');
}

export const answerScenarios: readonly Scenario[] = [...refusalScenarios, ...optionsScenarios];
