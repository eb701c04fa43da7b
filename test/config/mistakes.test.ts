import { describe, expect, test } from 'vitest';
import { anyRoute, complaints, loadGood, loadText, summary } from './load-text.js';

describe('many mistakes at once', () => {
  test('are all told, in the order of the file, each with its line, what was expected and what to do', async () => {
    expect(
      await complaints(`signaling:
  driver: asterisk
  embeded:
    listen: [udp:0.0.0.0:5060]
media:
  advertise: 127.0.0.1
  ports: 100-20
  codecs: [pcmu, opus, pcmx]
  jitter: { minMs: 80, maxMs: 60 }
limits:
  calls: lots
  callsPerSecond: 0
admin: { listen: 0.0.0.0:8080 }
flavors:
  front: { use: echo }
  back: { mode: turns }
routes:
  - match: { to: 2000 }
    flavor: frnt
  - match: { to: "+44" }
    flavor: front
    onFailure: { say: sorry }
  - match: {}
    reject: 200
  - flavor: front
silenceSeconds: 3
`),
    ).toMatchInlineSnapshot(`
      "
      error: signaling.driver: expected embedded, drachtio or opensips
       --> connector.yaml:2:11
        |
      2 |   driver: asterisk
        |           ^^^^^^^^

      error: signaling.embeded: unknown key
       --> connector.yaml:3:3
        |
      3 |   embeded:
        |   ^^^^^^^
        = help: did you mean "embedded"?

      error: media.advertise: peers on other machines may call in, and would be told to send their audio to themselves
       --> connector.yaml:6:14
        |
      6 |   advertise: 127.0.0.1
        |              ^^^^^^^^^
        = help: give an address that they reach, or let signaling.embedded.allow name loopback only

      error: media.ports: the ports must lie between 1024 and 65535
       --> connector.yaml:7:10
        |
      7 |   ports: 100-20
        |          ^^^^^^
        = help: write FIRST-LAST, such as 35000-64999

      error: media.codecs[2]: expected pcmu, pcma, g722 or opus
       --> connector.yaml:8:24
        |
      8 |   codecs: [pcmu, opus, pcmx]
        |                        ^^^^
        = help: did you mean "pcmu"?

      error: media.jitter: minMs is above maxMs
       --> connector.yaml:9:3
        |
      9 |   jitter: { minMs: 80, maxMs: 60 }
        |   ^^^^^^
        = help: the delay adapts between the two; the same value fixes it

      error: limits.calls: expected a number, found text
        --> connector.yaml:11:10
         |
      11 |   calls: lots
         |          ^^^^
         = help: Calls at the same time. One more is answered 503 with Retry-After.

      error: limits.callsPerSecond: expected a number from 1 to 10000
        --> connector.yaml:12:19
         |
      12 |   callsPerSecond: 0
         |                   ^

      error: admin.listen: listening beyond loopback needs a token
        --> connector.yaml:13:18
         |
      13 | admin: { listen: 0.0.0.0:8080 }
         |                  ^^^^^^^^^^^^
         = help: add admin.token: "\${ADMIN_TOKEN}", or listen on 127.0.0.1

      error: flavors.back.use: this key is missing
        --> connector.yaml:16:3
         |
      16 |   back: { mode: turns }
         |   ^^^^
         = help: A built-in flavor, an npm package installed beside this file, or a path relative to this file.

      error: routes[0].match.to: expected text, found a whole number
        --> connector.yaml:18:18
         |
      18 |   - match: { to: 2000 }
         |                  ^^^^
         = help: put it in quotes: "2000"

      error: routes[0].flavor: no flavor has this name
        --> connector.yaml:19:13
         |
      19 |     flavor: frnt
         |             ^^^^
         = help: did you mean "front"?

      error: routes[1].match.to: bad regular expression: nothing to repeat
        --> connector.yaml:20:18
         |
      20 |   - match: { to: "+44" }
         |                  ^^^^^
         = help: a "+" that means itself is written \\+; inside double quotes, \\\\+

      error: routes[1].onFailure.say: unknown key
        --> connector.yaml:22:18
         |
      22 |     onFailure: { say: sorry }
         |                  ^^^
         = help: the keys here are retries, flavors, waiting, waitingAfterMs, replyTimeoutMs, apology, transfer

      error: routes[2].match: no condition
        --> connector.yaml:23:5
         |
      23 |   - match: {}
         |     ^^^^^
         = help: write any: true to match every call

      error: routes[2].reject: expected a number from 400 to 699
        --> connector.yaml:24:13
         |
      24 |     reject: 200
         |             ^^^

      error: routes[3].match: this key is missing
        --> connector.yaml:25:5
         |
      25 |   - flavor: front
         |     ^^^^^^^^^^^^^
         = help: Conditions, all of which must hold. Regular expressions, anchored at both ends.

      error: silenceSeconds: unknown key
        --> connector.yaml:26:1
         |
      26 | silenceSeconds: 3
         | ^^^^^^^^^^^^^^
         = help: "silenceSeconds" belongs elsewhere: limits.silenceSeconds
      "
    `);
  });
});

describe('one mistake', () => {
  test.each([
    ['signaling: { embedded: { listen: [] } }', 'error signaling.embedded.listen: the list is empty'],
    [
      'signaling: { embedded: { listen: udp:0.0.0.0:5060 } }',
      'error signaling.embedded.listen: expected a list, found text',
    ],
    [
      'signaling: { embedded: { listen: [0.0.0.0:5060] } }',
      'error signaling.embedded.listen[0]: expected a listening address',
    ],
    [
      'signaling: { embedded: { listen: [udp:example.com:5060] } }',
      'error signaling.embedded.listen[0]: the part before the port is not an IP address',
    ],
    [
      'signaling: { embedded: { listen: [udp:0.0.0.0:70000] } }',
      'error signaling.embedded.listen[0]: the port is above 65535',
    ],
    [
      'signaling: { embedded: { listen: [udp:0.0.0.0:1, udp:0.0.0.0:1] } }',
      'error signaling.embedded.listen[1]: this address is listed twice',
    ],
    [
      'signaling: { embedded: { sessionTimers: { expiresSeconds: 100, minSeconds: 120 } } }',
      'error signaling.embedded.sessionTimers.expiresSeconds: shorter than minSeconds (120), the shortest interval agreed to',
    ],
    [
      'signaling: { embedded: { advertise: 0.0.0.0 } }',
      'error signaling.embedded.advertise: a wildcard cannot be advertised',
    ],
    [
      'signaling: { embedded: { advertise: "a b" } }',
      'error signaling.embedded.advertise: expected an IP address or a host name',
    ],
    [
      'signaling: { embedded: { advertise: 127.0.0.1 } }',
      'error signaling.embedded.advertise: peers on other machines may call in, and would be told to answer to themselves',
    ],
    [
      'signaling: { embedded: { allow: [10.0.0.0/33] } }',
      'error signaling.embedded.allow[0]: expected an IP address or a block of them',
    ],
    [
      'signaling: { embedded: { allow: [pbx.example.com] } }',
      'error signaling.embedded.allow[0]: expected an IP address or a block of them',
    ],
    [
      'signaling: { embedded: { allow: [0.0.0.0/0] } }',
      'warning signaling.embedded.allow[0]: anybody on the network may call in',
    ],
    ['media: { bind: localhost }', 'error media.bind: expected an IP address'],
    [
      'media: { bind: 127.0.0.1 }',
      'error media.bind: peers on other machines may call in, and would be told to send their audio to themselves',
    ],
    [
      'media: { advertise: 127.0.0.1 }',
      'error media.advertise: peers on other machines may call in, and would be told to send their audio to themselves',
    ],
    [
      'media: { advertise: "::ffff:127.0.0.1", bind: "::" }',
      'error media.advertise: peers on other machines may call in, and would be told to send their audio to themselves',
    ],
    ['media: { advertise: connector.example.com }', 'error media.advertise: expected an IP address'],
    ['media: { advertise: "::" }', 'error media.advertise: a wildcard cannot be advertised'],
    ['media: { advertise: "2001:db8::1" }', 'error media.advertise: the address is of another family than media.bind'],
    ['media: { ports: 35000 }', 'error media.ports: expected text, found a whole number'],
    ['media: { ports: 64999-35000 }', 'error media.ports: the range holds no even port with the odd one above it'],
    ['media: { ports: 35001-35002 }', 'error media.ports: the range holds no even port with the odd one above it'],
    ['media: { ports: 1000-2000 }', 'error media.ports: the ports must lie between 1024 and 65535'],
    ['media: { ports: 35001-35012 }', 'warning media.ports: the range has ports for 5 calls, and limits.calls is 200'],
    ['media: { codecs: [pcmu, pcmu] }', 'error media.codecs[1]: this codec is listed twice'],
    ['media: { jitter: { minMs: 5, maxMs: 40 } }', 'error media.jitter.minMs: expected a number from 20 to 200'],
    ['media: { latching: { nat: yes } }', 'error media.latching.nat: expected true or false, found text'],
    ['limits: { callSeconds: 0 }', 'error limits.callSeconds: expected a number above 0 and at most 31536000'],
    ['limits: { calls: 1.5 }', 'error limits.calls: expected a whole number, found a number'],
    ['limits: { calls: "200" }', 'error limits.calls: expected a number, found text'],
    ['limits: 3', 'error limits: expected keys and values, found a whole number'],
    ['admin: { listen: 8080 }', 'error admin.listen: expected text, found a whole number'],
    ['admin: { listen: 0.0.0.0:8080 }', 'error admin.listen: listening beyond loopback needs a token'],
    [
      `admin: { listen: 0.0.0.0:8080, token: "\${NOT_SET}" }`,
      'error admin.token: the environment variable NOT_SET is not set',
    ],
    ['admin: { token: short }', 'warning admin.token: the token has fewer than 16 characters'],
    ['admin: { token: "" }', 'error admin.token: the text is empty'],
    ['cdr: { include: [transcripts] }', 'error cdr.include[0]: expected transcript, heardText or dtmf'],
    ['media: { vad: { engine: silero } }', 'error media.vad.model: silero needs its model'],
    [
      'media: { vad: { engine: silero, model: none.onnx } }',
      'warning media.vad.model: this model cannot be loaded, and engine: energy takes its place: there is no such file',
    ],
    [
      'media: { vad: { engine: silero, model: . } }',
      'warning media.vad.model: this model cannot be loaded, and engine: energy takes its place: it is no file',
    ],
    [
      'signaling: { embedded: { hep: { to: "tcp:192.0.2.9:9060" } } }',
      'error signaling.embedded.hep.to: captures are sent over UDP',
    ],
    [
      'signaling: { embedded: { hep: { to: "udp:homer:9060" } } }',
      'error signaling.embedded.hep.to: expected the address of a capture server',
    ],
    [
      'signaling: { embedded: { hep: { to: "udp:0.0.0.0:9060" } } }',
      'error signaling.embedded.hep.to: nothing can be sent there',
    ],
    ['media: { dscp: 64 }', 'error media.dscp: expected a mark (DSCP)'],
    ['media: { dscp: EFX }', 'error media.dscp: expected a mark (DSCP)'],
    ['media: { dscp: [] }', 'error media.dscp: expected a number, or text, found a list'],
    [
      'media: { engine: worker, dscp: EF }',
      'error media.dscp: the worker engine cannot mark packets: Node has no way to do it',
    ],
    ['recording: { mode: mono }', 'error recording.mode: expected off or stereo'],
    ['recording: { format: mp3 }', 'error recording.format: expected wav or ogg'],
    ['flavors: [a]', 'error flavors: expected keys and values, found a list'],
    ['flavors: { a: { mode: turns } }', 'error flavors.a.use: this key is missing'],
  ])('%s', async (text, message) => {
    expect(await summary(`${text}\n${anyRoute}`)).toEqual([message]);
  });

  test.each([
    ['{ match: { any: true } }', 'error routes[0]: a route needs a flavor to answer, or a reject'],
    [
      '{ match: { any: true }, flavor: a, reject: 404 }',
      'error routes[0].reject: a route has a flavor or a reject, not both',
    ],
    ['{ match: { any: true }, flavor: b }', 'error routes[0].flavor: no flavor has this name'],
    ['{ match: { any: true }, reject: 302 }', 'error routes[0].reject: expected a number from 400 to 699'],
    ['{ match: {}, flavor: a }', 'error routes[0].match: no condition'],
    ['{ match: { header: {} }, flavor: a }', 'error routes[0].match: no condition'],
    ['{ match: { any: true, to: "1" }, flavor: a }', 'error routes[0].match.any: any: true with other conditions'],
    ['{ match: { any: false }, flavor: a }', 'error routes[0].match.any: expected true'],
    ['{ match: { too: "1" }, flavor: a }', 'error routes[0].match.too: unknown key'],
    ['{ match: { to: "2000)|(?:.*" }, flavor: a }', "error routes[0].match.to: bad regular expression: unmatched ')'"],
    [
      '{ match: { header: { X-A: "[" } }, flavor: a }',
      'error routes[0].match.header.X-A: bad regular expression: unterminated character class',
    ],
    [
      '{ match: { to: "(\\\\d+)*" }, flavor: a }',
      'error routes[0].match.to: a hostile number could stall this regular expression: it repeats a group that repeats or branches itself',
    ],
    [
      '{ match: { any: true }, reject: 404, greeting: hi }',
      'error routes[0].greeting: a call that is refused is not greeted',
    ],
    [
      '{ match: { any: true }, flavor: a, variables: { from: x } }',
      'error routes[0].variables.from: this name cannot be given to a variable',
    ],
    [
      '{ match: { any: true }, flavor: a, variables: { sip.X: x } }',
      'error routes[0].variables["sip.X"]: this name cannot be given to a variable',
    ],
    [
      '{ match: { any: true }, flavor: a, variables: { table: 12 } }',
      'error routes[0].variables.table: expected text, found a whole number',
    ],
    [
      '{ match: { any: true }, flavor: a, headers: ["X-A:"] }',
      'error routes[0].headers[0]: expected the name of a SIP header field',
    ],
    [
      '{ match: { any: true }, flavor: a, headers: [Authorization] }',
      'error routes[0].headers[0]: this header field carries credentials and is never shown to a flavor',
    ],
    [
      '{ match: { any: true }, flavor: a, greeting: "Hi {{form}} {{sip.X-A}} {{to}}" }',
      'warning routes[0].greeting: {{form}} has no value and will be left out',
    ],
    ['{ match: { any: true }, flavor: a, answer: { delay: 1 } }', 'error routes[0].answer.delay: unknown key'],
  ])('routes: %s', async (route, message) => {
    expect(await summary(`flavors: { a: { use: echo } }\nroutes: [${route}]\n`)).toEqual([message]);
  });

  test('a route behind one that takes every call', async () => {
    expect(
      await summary('routes: [{ match: { any: true }, reject: 404 }, { match: { to: "1" }, reject: 486 }]\n'),
    ).toEqual(['warning routes[1]: no call gets here: routes[0] matches every call']);
  });

  test.each([
    ['{ to: "1" }', '{ to: "1" }'],
    ['{ from: "2", to: "1" }', '{ to: "1", from: "2" }'],
    ['{ to: "1" }', '{ to: "1", from: "2" }'],
    ['{ header: { X-A: b } }', '{ to: "1", header: { x-a: b } }'],
  ])('a route behind one that takes its calls: %s before %s', async (first, second) => {
    expect(
      await summary(
        `routes: [{ match: ${first}, reject: 404 }, { match: { to: "3" }, reject: 404 }, { match: ${second}, reject: 486 }]\n`,
      ),
    ).toEqual(['warning routes[2].match: no call gets here: routes[0] matches all of them']);
  });

  test.each([
    ['{ to: "1", from: "2" }', '{ to: "1" }'],
    ['{ to: "1" }', '{ from: "1" }'],
    ['{ to: "1", from: "2" }', '{ to: "1", from: "3" }'],
    ['{ to: "1" }', '{ any: true }'],
  ])('one that gets some of the calls: %s before %s', async (first, second) => {
    expect(await summary(`routes: [{ match: ${first}, reject: 404 }, { match: ${second}, reject: 486 }]\n`)).toEqual(
      [],
    );
  });
});

describe('what looks like a mistake and is none', () => {
  test.each([
    ['two free ports', 'signaling: { embedded: { listen: [udp:127.0.0.1:0, udp:127.0.0.1:0] } }'],
    ['admin for everybody, with a token', 'admin: { listen: 0.0.0.0:8080, token: abcdefghijklmnop }'],
    ['a port range that just fits', 'media: { ports: 40000-40399 }'],
    ['the IPv6 wildcard with an IPv4 address advertised', 'media: { bind: "::", advertise: 203.0.113.7 }'],
  ])('%s', async (_name, text) => {
    expect(await summary(`${text}\n${anyRoute}`)).toEqual([]);
  });
});

describe('loopback in SDP is fine where every peer is on this machine', () => {
  test.each([
    'signaling: { embedded: { allow: [127.0.0.0/8, "::1", "::ffff:127.0.0.0/104"] } }',
    'signaling: { embedded: { listen: [udp:127.0.0.1:5060, "tcp:[::1]:5060"] } }',
  ])('%s', async (signaling) => {
    const { config } = await loadGood(`${signaling}\nmedia: { advertise: 127.0.0.1 }\n${anyRoute}`);
    expect(config.media.advertise).toBe('127.0.0.1');
  });
});

describe('unknown keys come with advice', () => {
  test.each([
    ['limts: {}', 'did you mean "limits"?'],
    ['LIMITS: {}', 'did you mean "limits"?'],
    ['limits: { callPerSecond: 1 }', 'did you mean "callsPerSecond"?'],
    [
      'limits: { rtpTimeout: 1 }',
      'the keys here are calls, callsPerSecond, perSourcePerSecond, callSeconds, rtpTimeoutSeconds, silenceSeconds',
    ],
    ['codecs: [pcmu]', '"codecs" belongs elsewhere: media.codecs'],
    ['media: { nat: true }', '"nat" belongs elsewhere: media.latching.nat'],
  ])('%s', async (text, help) => {
    expect(await complaints(`${text}\n${anyRoute}`)).toContain(`= help: ${help}\n`);
  });
});

test.each([
  ['media: { ports: 40000 }', 'write FIRST-LAST, such as 35000-64999'],
  ['admin: { listen: 8080 }', 'write ADDRESS:PORT'],
  ['routes: [{ match: { to: 2000 }, reject: 404 }]', 'put it in quotes: "2000"'],
])('quotes are advised where they would help, and nowhere else: %s', async (text, help) => {
  const result = await loadText(`${text}\n${text.startsWith('routes') ? '' : anyRoute}`);
  const [issue] = result.ok ? [] : result.errors;
  expect(issue?.message).toBe('expected text, found a whole number');
  expect(issue?.help).toContain(help);
});

test('a kind that is not said is asked for by the kinds there are, not by the words of one of them', async () => {
  expect(await complaints('tools: { x: { url: https://a.example } }\n')).toContain('= help: it is webhook, ');
});
