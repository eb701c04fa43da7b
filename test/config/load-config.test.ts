// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what is tested here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { wavHeader } from '../../src/audio/wav-header.js';
import type { Config } from '../../src/config/config.js';
import { configDefaults } from '../../src/config/defaults.js';
import { loadConfig } from '../../src/config/load-config.js';
import { formatConfigIssues } from '../../src/config/reading/config-issue.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { tlsPair } from '../support/tls-files.js';
import { anyRoute, complaints, loadGood, loadText, summary } from './load-text.js';

const shipped = fileURLToPath(new URL('../../sip-config/connector.yaml', import.meta.url));

/** A route that says nothing of its own. */
const plainRoute = {
  variables: {},
  timeZone: 'UTC',
  answer: { delayMs: 0, earlyMedia: false, headers: {} },
  hangup: { headers: {} },
  interruption: {
    enabled: true,
    minSpeechMs: 250,
    minWords: 0,
    rejectAfterMs: 500,
    backchannels: configDefaults.route.interruption.backchannels,
    greeting: true,
    echoGuardMs: 0,
  },
  silence: { repromptSeconds: 15, reprompts: [] },
  duration: { warningSeconds: 30 },
  onFailure: {
    retries: 1,
    flavors: [],
    waiting: { text: 'One moment, please.' },
    waitingAfterMs: 1300,
    replyTimeoutMs: 10_000,
    apology: { text: 'I am sorry, something went wrong. Please call again later.' },
  },
  sounds: {},
  tools: ['hang_up'],
  transfer: [],
  headers: [],
};

async function loadShipped(env: Record<string, string> = {}): Promise<Config> {
  const result = await loadConfig(shipped, { env, cwd: '/somewhere' });
  if (!result.ok) throw new Error(formatConfigIssues(result.errors, { color: false }));
  expect(result.warnings).toEqual([]);
  return result.config;
}

describe('the shipped configuration', () => {
  test('works with no edits and an empty environment', async () => {
    expect(await loadShipped()).toEqual({
      file: shipped,
      signaling: {
        driver: 'embedded',
        embedded: {
          listen: [
            { protocol: 'udp', host: '0.0.0.0', port: 5060 },
            { protocol: 'tcp', host: '0.0.0.0', port: 5060 },
          ],
          advertise: undefined,
          allow: ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1', 'fc00::/7'],
          tls: undefined,
          webSocket: { origins: [] },
          keepAliveSeconds: 25,
          auth: undefined,
          register: [],
          sessionTimers: { mode: 'accept', expiresSeconds: 1800, minSeconds: 90, refresher: 'us' },
        },
        drachtio: [],
        opensips: {
          mi: { protocol: 'udp', host: '127.0.0.1', port: 8080 },
          replyDirectory: '/tmp/',
          events: { host: '127.0.0.1', port: 0 },
          allow: undefined,
          domain: undefined,
        },
      },
      media: {
        engine: 'auto',
        bind: '0.0.0.0',
        advertise: undefined,
        ports: { min: 35_000, max: 64_999 },
        codecs: ['pcmu', 'pcma', 'g722', 'opus'],
        opus: { library: '@evan/opus', bitrate: 32_000, complexity: 5 },
        jitter: { minMs: 20, maxMs: 120 },
        srtp: 'off',
        webRtc: false,
        latching: { nat: false, strict: false },
        dtmf: { inband: false },
        vad: { engine: 'energy' },
        portRestSeconds: 30,
      },
      limits: {
        calls: 200,
        callsPerSecond: 50,
        perSourcePerSecond: 50,
        callSeconds: 3600,
        rtpTimeoutSeconds: 30,
        silenceSeconds: 60,
      },
      cost: {
        prices: [],
        timeZone: 'UTC',
        goodbye: { text: 'I am sorry, I have to end this call now. Goodbye.' },
      },
      trunks: {},
      outbound: { allow: [], callsPerMinute: 30, calls: 10, ringSeconds: 45 },
      admin: { listen: { host: '127.0.0.1', port: 8080 }, token: undefined },
      cdr: { path: '/somewhere/data/cdr.jsonl', include: [] },
      recording: { mode: 'off', format: 'wav', path: '/somewhere/data/recordings' },
      flavors: {
        echo: { use: 'echo', options: { mode: 'turns' } },
        'bare-echo': { use: 'echo', options: { mode: 'immediate' } },
      },
      transfer: { targets: {} },
      tools: {},
      voice: { name: 'slt' },
      breaker: { failures: 5, openSeconds: 30 },
      http: { allow: [] },
      routes: [
        { ...plainRoute, match: { to: '2000' }, flavor: 'echo' },
        { ...plainRoute, match: { to: '2001' }, flavor: 'bare-echo' },
        { ...plainRoute, match: { any: true }, reject: 404 },
      ],
    });
  });

  test('takes its SIP port from VOICE_CONNECTOR_SIP_PORT', async () => {
    const { listen } = (await loadShipped({ VOICE_CONNECTOR_SIP_PORT: '5080' })).signaling.embedded;
    expect(listen.map(({ port }) => port)).toEqual([5080, 5080]);
  });

  test('says nothing but the defaults, so that a file of routes alone means the same', async () => {
    const { flavors: _flavors, routes: _routes, file: _file, ...rest } = await loadShipped();
    const cwd = mkdtempSync(join(tmpdir(), 'connector-config-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const { config } = await loadGood(anyRoute);
    expect({ ...config, cdr: rest.cdr, recording: rest.recording }).toMatchObject(rest);
  });
});

describe('what is read', () => {
  test('every key of the file', async () => {
    const wav = Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1, dataBytes: 4 }), Buffer.alloc(4)]);
    const sorry = join(temporaryDirectory(), 'sorry.wav');
    writeFileSync(sorry, wav);
    const tls = tlsPair('server');
    const { config } = await loadGood(
      `signaling:
  driver: embedded
  embedded:
    listen: ["udp:[::]:5070", tcp:192.0.2.1:0]
    advertise: sip.example.com
    allow: [192.0.2.7, "2001:DB8::/32"]
    tls: { cert: ${tls.cert}, key: ${tls.key}, verifyPeer: false }
    webSocket: { origins: [https://phone.example.com] }
    keepAliveSeconds: 0
media:
  engine: worker
  bind: "::"
  advertise: 203.0.113.7
  ports: 40000-40011
  codecs: [pcma]
  jitter: { minMs: 60, maxMs: 60 }
  latching: { nat: true, strict: true }
  dtmf: { inband: true }
  vad: { engine: silero, model: models/silero_vad.onnx }
  portRestSeconds: 0
limits: { calls: 6, callsPerSecond: 7, perSourcePerSecond: 8, callSeconds: 9.5, rtpTimeoutSeconds: 0.5, silenceSeconds: 10 }
admin: { listen: "[::1]:0", token: abcdefghijklmnopqrstuvwx }
cdr: { path: calls.jsonl, include: [dtmf, transcript, heardText] }
recording: { mode: stereo, format: ogg, path: /var/recordings, announce: { wav: sounds/bye.wav } }
flavors:
  front: { use: "@acme/voice-flavor", voice: marin, nested: { list: [1, true, null] } }
  back: { use: echo }
transfer: { targets: { desk: "sip:desk@pbx.example.com;transport=tcp", boss: { uri: "sip:boss@pbx.example.com", mode: attended, announce: { wav: sounds/bye.wav } } } }
tools:
  weather:
    type: webhook
    description: The weather.
    parameters: { type: object, properties: { town: { type: string } }, required: [town] }
    url: https://api.example.com/weather?for={{from}}
    method: GET
    headers: { Authorization: Bearer abcdef }
    timeoutMs: 900
    secret: sesame-opens
    cancellable: true
    filler: false
    fillerAfterMs: 100
    maxBytes: 500
    result: /now/0
  calendar: { type: mcp, command: npx, args: [calendar-mcp], env: { KEY: value }, allow: [list], filler: { text: Moment. } }
  local: { type: module, path: tools/local.mjs, timeoutMs: 500 }
http: { allow: [127.0.0.1, 10.0.0.0/8] }
voice: { name: rms }
breaker: { failures: 2, openSeconds: 0.5 }
routes:
  - match: { to: "20.*", from: "1.*", toHeader: "2000", header: { X-Tenant: acme } }
    flavor: front
    variables: { shop: London }
    instructions: Be kind. It is {{time}}.
    greeting: "Hello, {{shop}} salon."
    timeZone: Europe/London
    answer: { delayMs: 500, earlyMedia: true }
    interruption: { enabled: false, minSpeechMs: 100, minWords: 2, rejectAfterMs: 900, backchannels: [ja, genau], greeting: false, echoGuardMs: 300 }
    silence: { repromptSeconds: 4, reprompts: [Hello?, { text: Still there? }], goodbye: { wav: sounds/bye.wav, text: Bye. } }
    duration: { warningSeconds: 2, warning: { wav: sounds/bye.wav } }
    onFailure: { retries: 0, flavors: [back], waiting: Wait., waitingAfterMs: 900, replyTimeoutMs: 4000, apology: { wav: /sounds/sorry.wav }, transfer: desk }
    sounds: { ambient: sounds/bye.wav, thinking: { wav: /sounds/sorry.wav, levelDb: -40, afterMs: 500 }, hold: { wav: sounds/bye.wav } }
    tools: [hang_up, transfer, weather, calendar, local]
    transfer: [desk]
    settings: { url: "https://api.example.com/numbers/{{to}}", token: abcdef, timeoutMs: 500, cacheSeconds: 0, required: true }
    headers: [X-Customer]
  - match: { any: true }
    reject: 503
`.replaceAll('/sounds/sorry.wav', sorry),
      { files: { 'sounds/bye.wav': wav, 'tools/local.mjs': '' } },
    );
    const cwd = config.file.slice(0, -'/connector.yaml'.length);
    expect(config).toMatchObject({
      signaling: {
        embedded: {
          listen: [
            { protocol: 'udp', host: '::', port: 5070 },
            { protocol: 'tcp', host: '192.0.2.1', port: 0 },
          ],
          advertise: 'sip.example.com',
          allow: ['192.0.2.7', '2001:db8::/32'],
          tls: { ...tls, verifyPeer: false, requireClientCertificate: false },
          webSocket: { origins: ['https://phone.example.com'] },
          keepAliveSeconds: 0,
        },
      },
      media: {
        engine: 'worker',
        bind: '::',
        advertise: '203.0.113.7',
        ports: { min: 40_000, max: 40_011 },
        codecs: ['pcma'],
        opus: { library: '@evan/opus', bitrate: 32_000, complexity: 5 },
        jitter: { minMs: 60, maxMs: 60 },
        latching: { nat: true, strict: true },
        dtmf: { inband: true },
        vad: { engine: 'silero', model: `${cwd}/models/silero_vad.onnx` },
        portRestSeconds: 0,
      },
      limits: {
        calls: 6,
        callsPerSecond: 7,
        perSourcePerSecond: 8,
        callSeconds: 9.5,
        rtpTimeoutSeconds: 0.5,
        silenceSeconds: 10,
      },
      admin: { listen: { host: '::1', port: 0 }, token: 'abcdefghijklmnopqrstuvwx' },
      cdr: { path: `${cwd}/calls.jsonl`, include: ['dtmf', 'transcript', 'heardText'] },
      recording: { mode: 'stereo', format: 'ogg', path: '/var/recordings', announce: { wav: `${cwd}/sounds/bye.wav` } },
      flavors: { front: { use: '@acme/voice-flavor', options: { voice: 'marin', nested: { list: [1, true, null] } } } },
      routes: [
        {
          match: { to: '20.*', from: '1.*', toHeader: '2000', header: { 'X-Tenant': 'acme' } },
          flavor: 'front',
          variables: { shop: 'London' },
          instructions: 'Be kind. It is {{time}}.',
          greeting: { text: 'Hello, {{shop}} salon.' },
          timeZone: 'Europe/London',
          answer: { delayMs: 500, earlyMedia: true, headers: {} },
          hangup: { headers: {} },
          interruption: {
            enabled: false,
            minSpeechMs: 100,
            minWords: 2,
            rejectAfterMs: 900,
            backchannels: ['ja', 'genau'],
            greeting: false,
            echoGuardMs: 300,
          },
          silence: {
            repromptSeconds: 4,
            reprompts: [{ text: 'Hello?' }, { text: 'Still there?' }],
            goodbye: { wav: `${cwd}/sounds/bye.wav`, text: 'Bye.' },
          },
          duration: { warningSeconds: 2, warning: { wav: `${cwd}/sounds/bye.wav` } },
          onFailure: {
            retries: 0,
            flavors: ['back'],
            waiting: { text: 'Wait.' },
            waitingAfterMs: 900,
            replyTimeoutMs: 4000,
            apology: { wav: sorry },
            transfer: 'desk',
          },
          sounds: {
            ambient: { wav: `${cwd}/sounds/bye.wav`, levelDb: -45 },
            thinking: { wav: sorry, levelDb: -40, afterMs: 500 },
            hold: { wav: `${cwd}/sounds/bye.wav`, levelDb: -28 },
          },
          tools: ['hang_up', 'transfer', 'weather', 'calendar', 'local'],
          transfer: ['desk'],
          settings: {
            url: 'https://api.example.com/numbers/{{to}}',
            token: 'abcdef',
            timeoutMs: 500,
            cacheSeconds: 0,
            required: true,
          },
          headers: ['x-customer'],
        },
        { match: { any: true }, reject: 503 },
      ],
      transfer: {
        targets: {
          desk: { uri: 'sip:desk@pbx.example.com;transport=tcp', headers: {}, mode: 'blind', ringSeconds: 30 },
          boss: {
            uri: 'sip:boss@pbx.example.com',
            headers: {},
            mode: 'attended',
            ringSeconds: 30,
            announce: { wav: `${cwd}/sounds/bye.wav` },
          },
        },
      },
      tools: {
        weather: {
          type: 'webhook',
          description: 'The weather.',
          parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
          url: 'https://api.example.com/weather?for={{from}}',
          method: 'GET',
          headers: { Authorization: 'Bearer abcdef' },
          timeoutMs: 900,
          secret: 'sesame-opens',
          cancellable: true,
          filler: false,
          fillerAfterMs: 100,
          maxBytes: 500,
          result: '/now/0',
        },
        calendar: {
          type: 'mcp',
          command: 'npx',
          args: ['calendar-mcp'],
          env: { KEY: 'value' },
          headers: {},
          allow: ['list'],
          timeoutMs: 10_000,
          filler: { text: 'Moment.' },
          fillerAfterMs: 700,
        },
        local: {
          type: 'module',
          path: `${cwd}/tools/local.mjs`,
          timeoutMs: 500,
          filler: { text: 'One moment, please.' },
          fillerAfterMs: 700,
        },
      },
      http: { allow: ['127.0.0.1', '10.0.0.0/8'] },
      voice: { name: 'rms' },
      breaker: { failures: 2, openSeconds: 0.5 },
    });
  });

  test('sections whose keys are all commented out', async () => {
    const { config } = await loadGood(`admin:\n  # token: x\nsignaling:\n  embedded:\nflavors:\n${anyRoute}`);
    expect(config.admin.listen.port).toBe(8080);
    expect(config.signaling.embedded.listen).toHaveLength(2);
  });

  test('anchors and aliases', async () => {
    const { config } = await loadGood(`flavors:\n  one: &base { use: echo, mode: turns }\n  two: *base\n${anyRoute}`);
    expect(config.flavors['two']).toEqual({ use: 'echo', options: { mode: 'turns' } });
  });

  test('a byte order mark and Windows line ends', async () => {
    const { config } = await loadGood(`\ufefflimits:\r\n  calls: 3\r\n${anyRoute}`);
    expect(config.limits.calls).toBe(3);
  });

  test('a flavor may have a name that every object knows, and a missing one is undefined', async () => {
    const { config } = await loadGood(`flavors:\n  constructor: { use: echo }\n${anyRoute}`);
    expect(config.flavors['constructor']).toEqual({ use: 'echo', options: {} });
    expect(config.flavors['toString']).toBeUndefined();
  });
});

describe('references', () => {
  const greeting = (text: string): string => `flavors: { a: { use: echo, greeting: ${text} } }\n${anyRoute}`;
  const resolved = async (text: string, env: Record<string, string> = {}, files: Record<string, string> = {}) =>
    (await loadGood(greeting(text), { env, files })).config.flavors['a']?.options['greeting'];

  test.each([
    ['"${NAME}"', { NAME: 'Ann' }, 'Ann'],
    ['"hi ${NAME}, ${OTHER:-you}!"', { NAME: 'Ann' }, 'hi Ann, you!'],
    ['"${NAME:-}"', {}, ''],
    ['"${NAME:-a:-b}"', {}, 'a:-b'],
    ['"${NAME:-default}"', { NAME: '' }, 'default'],
    ['"$${NAME} $5 $$ $"', {}, '${NAME} $5 $$ $'],
    ["'${NAME}'", { NAME: '${OTHER}' }, '${OTHER}'],
    ['"${NAME}"', { NAME: 'a: [b, c] # d' }, 'a: [b, c] # d'],
    ['"${file:secret}"', {}, 'from the file'],
    ['"<${file:./secret}>"', {}, '<from the file>'],
  ])('%s with %j is %j', async (text, env, expected) => {
    expect(await resolved(text, env, { secret: 'from the file\n' })).toBe(expected);
  });

  test('are not resolved in keys and comments', async () => {
    const { config } = await loadGood(`flavors:\n  "\${A}": { use: echo } # \${B}\n${anyRoute}`);
    expect(Object.keys(config.flavors)).toEqual(['${A}']);
  });

  test('may stand for the false of a greeting or a filler: nobody says that word', async () => {
    const text = (value: string): string => `flavors: { a: { use: echo } }
tools: { t: { type: webhook, description: d, url: "https://example.com/t", filler: ${value} } }
routes: [{ match: { any: true }, flavor: a, greeting: ${value}, tools: [t] }]
`;
    const said = async (value: string, env = {}) => {
      const { routes, tools } = (await loadGood(text(value), { env })).config;
      return { greeting: routes[0]?.greeting?.text, filler: tools['t']?.filler };
    };
    const nothing = await said('false');
    expect(nothing).toEqual({ greeting: '', filler: false });
    expect(await said('"${WORDS:-false}"')).toEqual(nothing);
    expect(await said('"${WORDS}"', { WORDS: 'false' })).toEqual(nothing);
    const words = { greeting: 'Hello.', filler: { text: 'Hello.' } };
    expect(await said('"${WORDS:-false}"', { WORDS: 'Hello.' })).toEqual(words);
    expect(await said('{ text: "false" }')).toEqual({ greeting: 'false', filler: { text: 'false' } });
  });

  test('may stand for a number or a truth, where one is wanted', async () => {
    const { config } = await loadGood(
      `limits: { calls: "\${CALLS}", callSeconds: "\${SECONDS:-1.5}" }\nmedia: { latching: { nat: "\${NAT}" } }\n${anyRoute}`,
      { env: { CALLS: '12', NAT: 'true' } },
    );
    expect(config.limits).toMatchObject({ calls: 12, callSeconds: 1.5 });
    expect(config.media.latching.nat).toBe(true);
  });

  test('stay text where text is wanted, whatever they look like', async () => {
    const { config } = await loadGood(`admin: { token: "\${T}" }\n${anyRoute}`, { env: { T: '1234567890123456' } });
    expect(config.admin.token).toBe('1234567890123456');
  });

  test('that cannot be resolved are named with key and variable', async () => {
    expect(
      await complaints(
        `admin: { token: "\${ADMIN_TOKEN}" }
flavors:
  a: { use: echo, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}}" }
${anyRoute}`,
        { env: { OPENAI_API_KEY: '' }, files: { blank: '\n' } },
      ),
    ).toMatchInlineSnapshot(`
      "
      error: admin.token: the environment variable ADMIN_TOKEN is not set
       --> connector.yaml:1:17
        |
      1 | admin: { token: "\${ADMIN_TOKEN}" }
        |                 ^^^^^^^^^^^^^^^^
        = help: set ADMIN_TOKEN before the connector starts

      error: flavors.a.apiKey: the environment variable OPENAI_API_KEY is empty
       --> connector.yaml:3:27
        |
      3 |   a: { use: echo, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: " …
        |                           ^^^^^^^^^^^^^^^^^^^
        = help: set OPENAI_API_KEY before the connector starts

      error: flavors.a.b: the file /nowhere/key cannot be read: there is no such file
       --> connector.yaml:3:51
        |
      3 | … : echo, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}} …
        |                                           ^^^^^^^^^^^^^^^^^^^^^^
        = help: check its path and permissions

      error: flavors.a.c: the file blank is empty
       --> connector.yaml:3:78
        |
      3 | … cho, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}}" }
        |                                                                   ^^^^^^^^^^^^^^^
        = help: write the value into it

      error: flavors.a.d: "\${" without its "}"
       --> connector.yaml:3:98
        |
      3 | … cho, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}}" }
        |                                                                                       ^^^^
        = help: write $\${ for the two characters \${ themselves

      error: flavors.a.e: this is no reference
       --> connector.yaml:3:107
        |
      3 | … cho, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}}" }
        |                                                                                                ^^^^^^^^
        = help: write \${NAME}, \${NAME:-default} or \${file:/path}; write $\${ for the two characters \${ themselves

      error: flavors.a.f: a reference inside a reference
       --> connector.yaml:3:120
        |
      3 | … cho, apiKey: "\${OPENAI_API_KEY}", b: "\${file:/nowhere/key}", c: "\${file:blank}", d: "\${", e: "\${A-B}", f: "\${A:-\${B}}" }
        |                                                                                                             ^^^^^^^^^^^^
        = help: set one variable before the connector starts
      "
    `);
  });

  test('that cannot be resolved are told once, wherever they stand', async () => {
    expect(
      await summary(
        `signaling: { embedded: { allow: ["\${X}"] } }\nflavors: { a: { use: "\${X}" } }\nroutes: ["\${X}"]\n`,
      ),
    ).toEqual([
      'error signaling.embedded.allow[0]: the environment variable X is not set',
      'error flavors.a.use: the environment variable X is not set',
      'error routes[0]: the environment variable X is not set',
    ]);
  });

  test('never have their value repeated, whatever is wrong with it', async () => {
    const canary = 'canary-4711-canary';
    const said = await complaints(
      `signaling: { driver: "\${C}", embedded: { listen: ["\${C}"], advertise: "\${C} ", allow: ["\${C}"] } }
media: { bind: "\${C}", ports: "\${C}", codecs: ["\${C}"] }
limits: { calls: "\${C}" }
admin: { listen: "\${C}", token: ["\${C}"] }
cdr: { include: ["\${C}"] }
flavors: { a: { use: 3, "\${C}": "\${C}" } }
routes:
  - { match: { to: "(\${C}" }, flavor: "\${C}", reject: "\${C}", headers: ["\${C} "], greeting: "{{x}}\${C}", oops: "\${C}" }
`,
      { env: { C: canary } },
    );
    expect(said.match(/^error: .*:/gm)).toMatchInlineSnapshot(`
      [
        "error: signaling.driver:",
        "error: signaling.embedded.listen[0]:",
        "error: signaling.embedded.advertise:",
        "error: signaling.embedded.allow[0]:",
        "error: media.bind:",
        "error: media.ports:",
        "error: media.codecs[0]:",
        "error: limits.calls:",
        "error: admin.listen:",
        "error: admin.token:",
        "error: cdr.include[0]:",
        "error: flavors.a.use:",
        "error: routes[0].match.to: bad regular expression:",
        "error: routes[0].flavor:",
        "error: routes[0].reject:",
        "error: routes[0].headers[0]:",
        "error: routes[0].oops:",
      ]
    `);
    expect(said).not.toContain(canary);
  });
});

describe('secrets', () => {
  test('are whatever a file holds, and what has a name that sounds like one', async () => {
    const { secrets } = await loadGood(
      `admin: { token: literal-admin-token }
flavors:
  a: { use: echo, apiKey: "\${SOME}", voice: "\${VOICE_PASSWORD}", model: "\${MODEL}", notes: "\${file:notes}", password: 12345678, maxTokens: 400000 }
${anyRoute}`,
      {
        env: { SOME: 'key-from-env', VOICE_PASSWORD: 'sounds-secret', MODEL: 'gpt-realtime' },
        files: { notes: 'file-content' },
      },
    );
    expect(secrets.redact('literal-admin-token key-from-env sounds-secret gpt-realtime file-content 400000')).toBe(
      '[redacted] [redacted] [redacted] gpt-realtime [redacted] 400000',
    );
  });

  test('standing in the file are masked in the line that is quoted', async () => {
    expect(
      await complaints(`admin: { token: hunter2hunter2hunter2, listen: nowhere, tokn: 1 }
flavors:
  a: { use: [], password: "sesame \\"open\\" sesame", pin: 1 }
${anyRoute}`),
    ).toMatchInlineSnapshot(`
      "
      error: admin.listen: expected an address and a port
       --> connector.yaml:1:48
        |
      1 | admin: { token: [redacted], listen: nowhere, tokn: 1 }
        |                                     ^^^^^^^
        = help: write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080

      error: admin.tokn: unknown key
       --> connector.yaml:1:57
        |
      1 | admin: { token: [redacted], listen: nowhere, tokn: 1 }
        |                                              ^^^^
        = help: did you mean "token"?

      error: flavors.a.use: expected text, found a list
       --> connector.yaml:3:8
        |
      3 |   a: { use: [], password: [redacted], pin: 1 }
        |        ^^^
        = help: A built-in flavor, an npm package installed beside this file, or a path relative to this file.
      "
    `);
  });

  test('standing in the file as a default are masked too', async () => {
    const said = await complaints(
      `admin: { token: "\${TOKEN:-hunter2hunter2}", listen: "\${LISTEN:-nowhere}" }\n${anyRoute}`,
    );
    expect(said).toContain('admin: { token: [redacted], listen: "${LISTEN:-nowhere}" }');
  });

  test('written as a number are masked too', async () => {
    expect(await complaints(`admin: { token: 12345678 }\n${anyRoute}`)).toMatchInlineSnapshot(`
      "
      error: admin.token: expected text, found a whole number
       --> connector.yaml:1:17
        |
      1 | admin: { token: [redacted] }
        |                 ^^^^^^^^^^
        = help: put it in quotes: "…"
      "
    `);
  });

  test('written as a number, of a caller, or at an anchor, are masked too', async () => {
    const said = await complaints(
      `x-ours: &pw hunter22secret
signaling: { embedded: { auth: { realm: r, users: { desk: 1234567 } }, register: [{ registrar: sip:a.example, user: u, password: *pw }] } }
tools: { look: { type: mcp, command: x, env: { OPENAI_APIKEY: 7654321 } } }
${anyRoute}`,
    );
    expect(said).toContain('1 | x-ours: &pw [redacted]');
    expect(said.match(/put it in quotes: "…"/g)).toHaveLength(2);
    expect(said).not.toMatch(/hunter|1234567|7654321/);
  });

  test('are masked even in a part of a line that YAML has given up on', async () => {
    const said = await complaints(`flavors:\n  a: { use: echo } password: sesame, key: "\${KEY}"\n`);
    expect(said).toContain('2 |   a: { use: echo } password: [redacted], key: "${KEY}"');
    const withDefault = await complaints(`flavors:\n  a: { use: echo } password: \${PW:-sesame}, x: 1\n`);
    expect(withDefault).toContain('a: { use: echo } password: [redacted], x: 1');
    const inner = await complaints(`admin: { token: hunter2 listen: x }\nx: { token: \${T:-hunter2}, y: [ }\n`);
    expect(inner).toContain('1 | admin: { token: [redacted] }');
    expect(inner).not.toContain('hunter2');
  });

  test.each(['#a', '*a', '&a', '!a', '{a}', '[a]', '@a', '%a', '`a', '|a', '>a', '"b"a', 'b: a', '-b: a'])(
    'that need quotes and have none are masked: %s',
    async (secret) => {
      const said = await complaints(`admin:\n  token: ${secret.replace('a', 'hunter2')}\n${anyRoute}`);
      expect(said).toContain('token: [redacted]');
      expect(said).not.toContain('hunter2');
    },
  );

  test('written twice, in a list of a caller, or in an address are masked too', async () => {
    const said = await complaints(
      `admin: { token: hunter2hunter2, token: hunter2hunter3 }
signaling: { embedded: { auth: { realm: r, users: { desk: [hunter22] } } } }
tools: { look: { type: mcp, url: "http://u:hunter22@host/" } }
${anyRoute}`,
    );
    expect(said).toContain('url: "http://u:[redacted]@host/"');
    expect(said).not.toContain('hunter');
  });

  test('are masked even on a line that YAML cannot read', async () => {
    const said = await complaints(
      `admin: { token: hunter2hunter2 }\nflavors:\n  a: { password: sesame, apiKey: "open" } x: y\n`,
    );
    expect(said).toContain('a: { password: [redacted], apiKey: [redacted] } x: y');
    expect(said).not.toMatch(/hunter|sesame|open/);
  });
});

describe('files that are no configuration', () => {
  test('a missing file', async () => {
    const result = await loadConfig('missing.yaml', { env: {}, cwd: '/nowhere' });
    expect(result).toMatchObject({
      ok: false,
      errors: [{ code: 'ERR_CONFIG_UNREADABLE', file: 'missing.yaml', line: 0 }],
    });
    expect(formatConfigIssues(result.ok ? [] : result.errors, { color: false })).toBe(
      `error: the configuration file cannot be read: there is no such file
 --> missing.yaml
  = help: name another file with --config FILE
`,
    );
  });

  test('a directory', async () => {
    const result = await loadConfig('/', { env: {}, cwd: '/' });
    expect(result).toMatchObject({ ok: false, errors: [{ message: expect.stringContaining('it is a directory') }] });
  });

  test.each([
    ['an empty file', '', 'error routes: this key is missing'],
    ['only comments', '# nothing\n', 'error routes: this key is missing'],
    ['a list', '- a\n', 'error : expected keys and values, found a list'],
    ['a word', 'hello\n', 'error : expected keys and values, found text'],
  ])('%s', async (_name, text, message) => {
    expect(await summary(text)).toEqual([message]);
  });

  test('syntax: the first error, without what follows from it', async () => {
    expect(await complaints(`media:\n  codecs: [pcmu\nlimits:\n  calls: 1\n`)).toMatchInlineSnapshot(`
      "
      error: YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
       --> connector.yaml:3:1
        |
      3 | limits:
        | ^^^^^^
      "
    `);
    expect(await complaints(`media:\n\tbind: 0.0.0.0\n`)).toMatchInlineSnapshot(`
      "
      error: a tab as indentation
       --> connector.yaml:2:1
        |
      2 |  bind: 0.0.0.0
        | ^
        = help: YAML indents with spaces only
      "
    `);
    expect(await complaints(`flavors: { a: { use: \${FLAVOR} } }\n`)).toMatchInlineSnapshot(`
      "
      error: YAML: Unexpected flow-map-start at node end
       --> connector.yaml:1:23
        |
      1 | flavors: { a: { use: \${FLAVOR} } }
        |                       ^
        = help: a value with \${...} inside [ ] or { } needs quotes: "\${NAME}"
      "
    `);
    expect(await complaints(`routes: [{ match: { to: "\\+44" }, reject: 404 }]\n`)).toMatchInlineSnapshot(`
      "
      error: a backslash that YAML does not know, inside double quotes
       --> connector.yaml:1:26
        |
      1 | routes: [{ match: { to: "\\+44" }, reject: 404 }]
        |                          ^
        = help: write it twice ("\\\\+44"), or use single quotes ('\\+44')
      "
    `);
  });

  test.each([
    ['greeting: Hello: this is me', 'a colon and a blank in the middle of a text', 'put a text in quotes'],
    ['a: b\n  c: d', 'keys below a value', 'a key has either a value beside it or keys below it'],
    ['routes:\n  - match: { any: true }\n  flavor: a', 'at the same column', 'begin in the same column'],
    ['greeting: @home', 'reserved character', 'put the text in quotes'],
    ['greeting: "Hello', 'Missing closing', 'close the text with the quote that it began with'],
  ])('syntax: %j is told with what to do', async (text, message, help) => {
    const lines = (await complaints(`${text}\n`)).split('\n');
    expect(lines.find((line) => line.startsWith('error: '))).toContain(message);
    expect(lines.find((line) => line.includes('= help: '))).toContain(help);
  });

  test('duplicate keys and tags do not hide other mistakes', async () => {
    expect(
      await complaints(`limits: { calls: 1, calls: 2, cals: 3 }\nadmin: { listen: !host 127.0.0.1:1 }\n${anyRoute}`),
    ).toMatchInlineSnapshot(`
      "
      error: this key is here twice
       --> connector.yaml:1:21
        |
      1 | limits: { calls: 1, calls: 2, cals: 3 }
        |                     ^^^^^
        = help: keep one of the two; the other would be ignored

      error: limits.cals: unknown key
       --> connector.yaml:1:31
        |
      1 | limits: { calls: 1, calls: 2, cals: 3 }
        |                               ^^^^
        = help: did you mean "calls"?

      error: a YAML tag
       --> connector.yaml:2:18
        |
      2 | admin: { listen: !host 127.0.0.1:1 }
        |                  ^^^^^
        = help: remove it: the configuration uses none
      "
    `);
  });

  test('duplicate keys are found in maps of lists and below anchors, each once', async () => {
    const text = `flavors: { a: &a { use: echo, use: echo }, b: *a }
routes:
  - match: { any: true }
    reject: 404
    reject: 404
    reject: 404
`;
    const result = await loadText(text);
    const duplicates = result.ok ? [] : result.errors.filter(({ message }) => message === 'this key is here twice');
    expect(duplicates.map(({ line, column }) => `${line}:${column}`)).toEqual(['1:31', '5:5', '6:5']);
  });

  test('aliases without an anchor, and aliases that multiply', async () => {
    expect(await summary(`limits: *nowhere\n${anyRoute}`)).toEqual([
      'error limits: no anchor "&nowhere" before this alias',
    ]);
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefg'.split('').map((name, index) => {
        const inner = 'abcdef'[index];
        return `${name}: &${name} [${Array(10).fill(`*${inner}`).join(', ')}]`;
      }),
    ].join('\n');
    const said = await summary(`${bomb}\n${anyRoute}`);
    expect(said.filter((line) => line.includes('too large or too deep'))).toHaveLength(1);
  });

  test('__proto__ is no key', async () => {
    expect(await summary(`flavors: { __proto__: { use: echo } }\n${anyRoute}`)).toEqual([
      'error flavors.__proto__: this name cannot be used as a key',
    ]);
  });
});

test('a long line is shown around what is wrong in it', async () => {
  const instructions = 'Be kind. '.repeat(40);
  expect(
    await complaints(`flavors: { a: { use: 1, instructions: "${instructions}" } }\n${anyRoute}`),
  ).toMatchInlineSnapshot(`
    "
    error: flavors.a.use: expected text, found a whole number
     --> connector.yaml:1:22
      |
    1 | flavors: { a: { use: 1, instructions: "Be kind. Be kind. Be kind. Be kind. Be kind. Be kind. Be kind. Be kind. Be kind. …
      |                      ^
      = help: put it in quotes: "1"
    "
  `);
  expect(
    await complaints(
      `flavors: { a: { use: echo, instructions: "${instructions}" }, b: 7, c: { use: echo, instructions: "${instructions}" } }\n${anyRoute}`,
    ),
  ).toMatchInlineSnapshot(`
    "
    error: flavors.b: expected keys and values, found a whole number
     --> connector.yaml:1:411
      |
    1 | … ind. Be kind. Be kind. Be kind. " }, b: 7, c: { use: echo, instructions: "Be kind. Be kind. Be kind. Be kind. Be kind. B …
      |                                           ^
      = help: An agent. All keys but \`use\` are the flavor's own.
    "
  `);
});

test('an issue found later, in the options of a flavor, is placed like any other', async () => {
  const { document } = await loadGood(
    `flavors:\n  front:\n    use: echo\n    apiKey: sk-123456\n    voice: { speed: fast }\n${anyRoute}`,
  );
  const issues = [
    document.issueAt(['flavors', 'front', 'voice', 'speed'], 'expected a number', { help: 'write 1.0' }),
    document.issueAt(['flavors', 'front', 'model'], 'this key is missing'),
    document.issueAt(['flavors', 'front', 'apiKey'], 'the provider does not know it', { severity: 'warning' }),
  ];
  expect(`\n${formatConfigIssues(issues, { color: false })}`).toMatchInlineSnapshot(`
    "
    error: flavors.front.voice.speed: expected a number
     --> connector.yaml:5:21
      |
    5 |     voice: { speed: fast }
      |                     ^^^^
      = help: write 1.0

    error: flavors.front.model: this key is missing
     --> connector.yaml:2:3
      |
    2 |   front:
      |   ^^^^^

    warning: flavors.front.apiKey: the provider does not know it
     --> connector.yaml:4:13
      |
    4 |     apiKey: [redacted]
      |             ^^^^^^^^^^
    "
  `);
  expect(document.lineOf(['flavors', 'front', 'voice', 'speed'])).toBe(5);
  expect(document.lineOf(['routes', 0])).toBe(6);
});

test('colours are for terminals', async () => {
  const result = await loadText('routs: []\n');
  const text = formatConfigIssues(result.ok ? [] : result.errors, { color: true });
  expect(text).toContain('\u001b[1;31merror:\u001b[0m');
  const plain = formatConfigIssues(result.ok ? [] : result.errors, { color: false });
  expect(
    text
      .split('\u001b')
      .map((piece, index) => (index === 0 ? piece : piece.replace(/^\[[\d;]*m/, '')))
      .join(''),
  ).toBe(plain);
});
