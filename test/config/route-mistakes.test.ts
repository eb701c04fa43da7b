import { describe, expect, test } from 'vitest';
import { wavHeader } from '../../src/audio/wav-header.js';
import { fliteVoices } from '../../src/cascade/index.js';
import { fliteVoiceNames } from '../../src/config/config.js';
import { anyRoute, complaints, loadGood, summary } from './load-text.js';

/** A file whose one route says `keys`. */
const withRoute = (keys: string, sections = ''): string => `limits: { callSeconds: 600, silenceSeconds: 60 }
flavors: { a: { use: echo }, b: { use: echo } }
transfer: { targets: { sales: "sip:sales@example.com", support: "tel:+442071234567" } }
${sections}
routes:
  - match: { any: true }
    flavor: a
    ${keys}
`;

describe('a mistake in a route', () => {
  test.each([
    ['greeting: { wave: a.wav }', 'error routes[0].greeting.wave: unknown key'],
    ['greeting: {}', 'error routes[0].greeting: neither text nor wav'],
    ['greeting: ""', 'error routes[0].greeting: the text is empty'],
    ['greeting: 7', 'error routes[0].greeting: expected text, or false, or keys and values, found a whole number'],
    ['timeZone: Europe/Lodnon', 'error routes[0].timeZone: no time zone has this name'],
    ['timeZone: "+01:00"', 'error routes[0].timeZone: expected a time zone'],
    [
      'interruption: { minSpeechMs: 600 }',
      'error routes[0].interruption.minSpeechMs: no speech could interrupt: after rejectAfterMs, 500 ms, it is too late',
    ],
    [
      'interruption: { backchannels: [1] }',
      'error routes[0].interruption.backchannels[0]: expected text, found a whole number',
    ],
    [
      'silence: { repromptSeconds: 20, reprompts: [a, b, c] }',
      'warning routes[0].silence.reprompts: limits.silenceSeconds ends the call after 60 s, before the last of these is said',
    ],
    [
      'silence: { repromptSeconds: 20, reprompts: [a], endSeconds: 15 }',
      'warning routes[0].silence.reprompts: silence.endSeconds ends the call after 15 s, before the last of these is said',
    ],
    [
      'silence: { firstSeconds: 60, repromptSeconds: 15, reprompts: [a] }',
      'warning routes[0].silence.reprompts: limits.silenceSeconds ends the call after 60 s, before the last of these is said',
    ],
    [
      'silence: { firstSeconds: 0 }',
      'error routes[0].silence.firstSeconds: expected a number above 0 and at most 31536000',
    ],
    [
      'duration: { endSeconds: 20, warning: Soon. }',
      'error routes[0].duration.warningSeconds: the longest call, duration.endSeconds, has only 20 s',
    ],
    ['greeting: true', 'error routes[0].greeting: expected text, or false, or keys and values, found the word true'],
    ['silence: { reprompts: hello }', 'error routes[0].silence.reprompts: expected a list, found text'],
    [
      'duration: { warning: Soon., warningSeconds: 600 }',
      'error routes[0].duration.warningSeconds: the longest call, limits.callSeconds, has only 600 s',
    ],
    ['onFailure: { flavors: [c] }', 'error routes[0].onFailure.flavors[0]: no flavor has this name'],
    ['onFailure: { flavors: [a] }', 'error routes[0].onFailure.flavors[0]: this is the flavor that has failed'],
    ['onFailure: { flavors: [b, b] }', 'error routes[0].onFailure.flavors[1]: this name is listed twice'],
    [
      'answer: { headers: { via: x } }',
      'error routes[0].answer.headers.via: this header field is written by the endpoint itself',
    ],
    [
      'hangup: { headers: { X-A: a, x-a: b } }',
      'error routes[0].hangup.headers.x-a: this header field is listed twice',
    ],
    [
      'hangup: { headers: { X-A: "a\\r\\nVia: b" } }',
      'error routes[0].hangup.headers.X-A: a character that no header field may have',
    ],
    [
      'answer: { headers: { X-A: "{{nmae}}" } }',
      'warning routes[0].answer.headers.X-A: {{nmae}} has no value and will be left out',
    ],
    ['onFailure: { transfer: sale }', 'error routes[0].onFailure.transfer: no target has this name'],
    [
      'onFailure: { waitingAfterMs: 10000 }',
      'warning routes[0].onFailure.waitingAfterMs: nobody waits that long: after 10000 ms, replyTimeoutMs, the agent counts as failed',
    ],
    ['tools: [hangup]', 'error routes[0].tools[0]: no tool has this name'],
    ['tools: [hold, hold]', 'error routes[0].tools[1]: this name is listed twice'],
    ['tools: [transfer]', 'error routes[0].tools[0]: the agent may transfer calls, but to nobody'],
    ['transfer: [sales]', 'warning routes[0].transfer: the agent of this route has no tool to transfer calls with'],
    ['{ tools: [transfer], transfer: [sails] }', 'error routes[0].transfer[0]: no target has this name'],
    ['settings: { token: abc }', 'error routes[0].settings.url: this key is missing'],
    ['settings: { url: ftp://example.com }', 'error routes[0].settings.url: expected a URL of http: or https:'],
    [
      'settings: { url: "https://{{to}}.example.com/" }',
      'error routes[0].settings.url: the host of this URL is a template, and a caller could choose it',
    ],
    [
      'settings: { url: http://10.1.2.3/numbers }',
      'error routes[0].settings.url: this is a private address, which requests do not reach without leave',
    ],
    [
      'settings: { url: http://config.example.com/, token: abc }',
      'warning routes[0].settings.url: the token would cross the network for everybody to read',
    ],
    [
      'settings: { url: https://example.com/, token: "a b" }',
      'error routes[0].settings.token: a token of printable ASCII without blanks is needed',
    ],
    ['variables: { date: today }', 'error routes[0].variables.date: this name cannot be given to a variable'],
    ['instructions: "Talk of {{shop}}."', 'warning routes[0].instructions: {{shop}} has no value and will be left out'],
    [
      'silence: { reprompts: [Hi, "{{x}}?"] }',
      'warning routes[0].silence.reprompts[1]: {{x}} has no value and will be left out',
    ],
    ['silence: { goodbye: {} }', 'error routes[0].silence.goodbye: neither text nor wav nor instructions'],
    [
      'silence: { goodbye: { wav: a.wav, instructions: Report. } }',
      'error routes[0].silence.goodbye: a recording and instructions: one of them is said',
    ],
    [
      'onFailure: { apology: { instructions: Apologise. } }',
      'error routes[0].onFailure.apology.instructions: unknown key',
    ],
    [
      'silence: { reprompts: [{ instructions: "Ask for {{x}}." }] }',
      'warning routes[0].silence.reprompts[0].instructions: {{x}} has no value and will be left out',
    ],
    [
      'duration: { warning: { text: "{{tme}}" } }',
      'warning routes[0].duration.warning.text: {{tme}} has no value and will be left out',
    ],
  ])('%s', async (keys, message) => {
    const text = keys.startsWith('{ ') ? keys.slice(2, -2).replace(', transfer:', '\n    transfer:') : keys;
    expect(await summary(withRoute(text))).toEqual([message]);
  });

  test('a pattern between slashes, as JavaScript writes them, matches nothing that it should', async () => {
    const withMatch = (match: string) => withRoute('').replace('match: { any: true }', `match: ${match}`);
    expect(await summary(withMatch('{ to: "/20../", from: "/" }'))).toEqual([
      'warning routes[0].match.to: the slashes are part of the pattern: no number has them',
    ]);
    expect(await summary(withMatch('{ header: { X-Path: "/.*/" } }'))).toEqual([]);
  });

  test('comes with what to do', async () => {
    expect(
      await complaints(
        withRoute(
          'timeZone: Europe/Lodnon\n    tools: [transfer, hangup]\n    onFailure: { flavors: [a], transfer: sale }',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error: routes[0].timeZone: no time zone has this name
       --> connector.yaml:8:15
        |
      8 |     timeZone: Europe/Lodnon
        |               ^^^^^^^^^^^^^
        = help: did you mean "Europe/London"?

      error: routes[0].tools[0]: the agent may transfer calls, but to nobody
       --> connector.yaml:9:13
        |
      9 |     tools: [transfer, hangup]
        |             ^^^^^^^^
        = help: list names of transfer.targets in the transfer of this route, or remove the tool

      error: routes[0].tools[1]: no tool has this name
       --> connector.yaml:9:23
        |
      9 |     tools: [transfer, hangup]
        |                       ^^^^^^
        = help: did you mean "hang_up"?

      error: routes[0].onFailure.flavors[0]: this is the flavor that has failed
        --> connector.yaml:10:28
         |
      10 |     onFailure: { flavors: [a], transfer: sale }
         |                            ^
         = help: name another one; retries says how often this one is tried again

      error: routes[0].onFailure.transfer: no target has this name
        --> connector.yaml:10:42
         |
      10 |     onFailure: { flavors: [a], transfer: sale }
         |                                          ^^^^
         = help: did you mean "sales"?
      "
    `);
  });
});

test('with settings fetched for each call, what a text mentions cannot be judged, but for their own address', async () => {
  expect(
    await summary(withRoute('greeting: "{{shop}}"\n    settings: { url: "https://example.com/{{tenant}}" }')),
  ).toEqual(['warning routes[0].settings.url: {{tenant}} has no value and will be left out']);
});

describe('a call that is refused', () => {
  test.each([
    'instructions: x',
    'onFailure: {}',
    'tools: [nothing]',
    'transfer: []',
    'silence: {}',
    'settings: { url: https://a.example }',
  ])('has no use for %s', async (keys) => {
    const [key = ''] = keys.split(':');
    expect(await summary(`routes: [{ match: { any: true }, reject: 404, ${keys} }]\n`)).toEqual([
      `error routes[0].${key}: a call that is refused has no use for ${key}`,
    ]);
  });
});

describe('a mistake in a tool', () => {
  const webhook = (keys: string): string => `{ type: webhook, description: d, url: "https://a.example/", ${keys} }`;

  test.each([
    ['x: { type: webhok }', 'error tools.x.type: expected webhook, mcp or module'],
    ['x: { url: https://a.example }', 'error tools.x.type: this key is missing'],
    ['x: 7', 'error tools.x: expected keys and values, found a whole number'],
    ['x: { type: webhook, url: https://a.example }', 'error tools.x.description: this key is missing'],
    [`hold: ${webhook('')}`, 'error tools.hold: a built-in tool has this name'],
    [`"a b": ${webhook('')}`, 'error tools["a b"]: this name cannot be given to a tool'],
    [`x: ${webhook('path: a')}`, 'error tools.x.path: unknown key'],
    [`x: ${webhook('timeoutMs: 1')}`, 'error tools.x.timeoutMs: expected a number from 100 to 120000'],
    [
      `x: ${webhook('filler: 3')}`,
      'error tools.x.filler: expected text, or false, or keys and values, found a whole number',
    ],
    [`x: ${webhook('filler: { txt: a }')}`, 'error tools.x.filler.txt: unknown key'],
    [
      `x: ${webhook('parameters: { type: string }')}`,
      'error tools.x.parameters: the arguments of a tool are an object',
    ],
    [
      `x: ${webhook('parameters: { type: object, properties: { a: { type: text } } }')}`,
      'error tools.x.parameters: this is no JSON Schema: schema is invalid: data/properties/a/type must be equal to one of the allowed values, data/properties/a/type must be array, data/properties/a/type must match a schema in anyOf',
    ],
    [`x: ${webhook('headers: { "X:": a }')}`, 'error tools.x.headers["X:"]: this is no name of an HTTP header field'],
    [`x: ${webhook('headers: { Host: a }')}`, 'error tools.x.headers.Host: this header field is set by the connector'],
    [
      `x: ${webhook('headers: { X: "a\\r\\nY: b" }')}`,
      'error tools.x.headers.X: a character that no HTTP header field may have',
    ],
    [`x: ${webhook('method: GET, body: a')}`, 'error tools.x.body: a GET has no body'],
    [
      'x: { type: webhook, description: d, url: "http://localhost:3000/" }',
      'error tools.x.url: this is a private address, which requests do not reach without leave',
    ],
    [`x: ${webhook('result: data')}`, 'error tools.x.result: this is no JSON pointer'],
    [
      `x: ${webhook('parameters: { type: object, properties: { a: { type: string, maxlength: 3 } } }')}`,
      'warning tools.x.parameters.properties.a.maxlength: draft 7 of JSON Schema has no such keyword: nothing comes of it',
    ],
    [`x: ${webhook('body: "{{args.day}}"')}`, 'warning tools.x.body: the tool has no argument day'],
    [
      'x: { type: mcp, url: "https://a.example/{{to}}" }',
      'error tools.x.url: a template, and the server is the same for all calls',
    ],
    ['x: { type: mcp }', 'error tools.x: an MCP server has either a command or a url'],
    [
      'x: { type: mcp, command: a, url: https://a.example }',
      'error tools.x.url: an MCP server has either a command or a url',
    ],
    [
      'x: { type: mcp, command: a, headers: { X: b } }',
      'error tools.x.headers: a server with a command has no use for headers',
    ],
    [
      'x: { type: mcp, url: https://a.example, args: [b] }',
      'error tools.x.args: a server with a url has no use for args',
    ],
    [
      'x: { type: module, path: missing.mjs }',
      'error tools.x.path: this module cannot be loaded: there is no such file',
    ],
    ['x: { type: module, path: . }', 'error tools.x.path: this module cannot be loaded: it is no file'],
  ])('%s', async (tool, message) => {
    expect(await summary(`tools: { ${tool} }\n${anyRoute}`)).toEqual([message]);
  });

  test('none in a template that takes what there is', async () => {
    const parameters = 'parameters: { type: object, properties: { day: { type: object } } }';
    const text = `tools: { x: ${webhook(`${parameters}, body: "{{args.day.month}} {{tool}} {{shop}}"`)} }\n${anyRoute}`;
    expect(await summary(text)).toEqual([]);
    expect(await complaints(text.replace('args.day', 'args.dya'))).toContain('= help: did you mean "day"?\n');
  });

  test('comes with the keys of its own kind', async () => {
    const said = await complaints(`tools: { x: { type: module, path: connector.yaml, comand: a } }\n${anyRoute}`);
    expect(said).toContain('= help: the keys here are type, path, timeoutMs, filler, fillerAfterMs\n');
    expect(await complaints(`tools: { x: { type: mcp, comand: a, url: https://a.example } }\n${anyRoute}`)).toContain(
      '= help: did you mean "command"?\n',
    );
    expect(await complaints(`tools: { x: { type: webhok } }\n${anyRoute}`)).toContain(
      '= help: did you mean "webhook"?\n',
    );
  });

  test('in a tool hides no other, and a route may still name the tool', async () => {
    const text = withRoute('tools: [x, y]', 'tools: { x: { type: webhok }, y: { type: mcp, command: z } }');
    expect(await summary(text)).toEqual(['error tools.x.type: expected webhook, mcp or module']);
  });
});

describe('a private address in a URL', () => {
  const at = (host: string, allow: string): string =>
    withRoute(`settings: { url: "http://${host}/" }`, `http: { allow: [${allow}] }`);

  test.each([
    ['10.1.2.3', '10.0.0.0/8'],
    ['localhost:8000', '127.0.0.1'],
    ['localhost', '"::1"'],
    ['[::1]', '"::1"'],
    ['[fd00::7]:80', 'fd00::/8'],
    ['127.1', '127.0.0.0/8'],
  ])('%s is fine with http.allow: %s', async (host, allow) => {
    expect(await summary(at(host, allow))).toEqual([]);
  });

  test.each([
    ['10.1.2.3', '10.2.0.0/16'],
    ['localhost', '10.0.0.0/8'],
    ['[::ffff:127.0.0.1]', '10.0.0.0/8'],
    ['169.254.169.254', '127.0.0.1'],
    ['0x7f.1', '10.0.0.0/8'],
  ])('%s is none with http.allow: %s', async (host, allow) => {
    expect(await summary(at(host, allow))).toEqual([
      'error routes[0].settings.url: this is a private address, which requests do not reach without leave',
    ]);
  });

  test('of IPv4 is not among all of IPv6', async () => {
    expect(await summary(at('10.1.2.3', '"::/0"'))).toContain(
      'error routes[0].settings.url: this is a private address, which requests do not reach without leave',
    );
  });

  test('comes with the key to write', async () => {
    expect(await complaints(at('10.1.2.3', ''))).toContain('= help: write http: { allow: ["10.1.2.3"] }\n');
    expect(await complaints(at('localhost', ''))).toContain('= help: write http: { allow: ["127.0.0.1", "::1"] }\n');
  });
});

describe('recordings', () => {
  const good = Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1, dataBytes: 4 }), Buffer.alloc(4)]);
  const say = (keys: string, files: Readonly<Record<string, Uint8Array>>): Promise<string[]> =>
    summary(withRoute(keys), { files });

  test('are looked for beside the file', async () => {
    const { config } = await loadGood(withRoute('greeting: { wav: sounds/hello.wav }'), {
      files: { 'sounds/hello.wav': good },
    });
    expect(config.routes[0]?.greeting?.wav).toBe(config.file.replace('connector.yaml', 'sounds/hello.wav'));
  });

  test.each([
    ['greeting: { wav: a.wav }', 'routes[0].greeting.wav'],
    ['silence: { reprompts: [Hi, { wav: a.wav }] }', 'routes[0].silence.reprompts[1].wav'],
    ['silence: { goodbye: { wav: a.wav } }', 'routes[0].silence.goodbye.wav'],
    ['duration: { warning: { wav: a.wav } }', 'routes[0].duration.warning.wav'],
    ['onFailure: { waiting: { wav: a.wav } }', 'routes[0].onFailure.waiting.wav'],
    ['onFailure: { apology: { wav: a.wav } }', 'routes[0].onFailure.apology.wav'],
  ])('%s', async (keys, key) => {
    expect(await say(keys, {})).toEqual([`error ${key}: this recording cannot be played: there is no such file`]);
    expect(await say(keys, { 'a.wav': Buffer.from('ID3 music') })).toEqual([
      `error ${key}: this recording cannot be played: it is no RIFF/WAVE file`,
    ]);
    expect(await say(keys, { 'a.wav': good })).toEqual([]);
  });

  test('of a tool that lets the caller wait', async () => {
    const text = withRoute('tools: [x]', 'tools: { x: { type: mcp, command: y, filler: { wav: a.wav } } }');
    expect(await summary(text)).toEqual([
      'error tools.x.filler.wav: this recording cannot be played: there is no such file',
    ]);
    expect(await summary(text, { files: { 'a.wav': good } })).toEqual([]);
  });
});

test.each([
  ['settings: { url: https://a.example/, token: sesame-sesame, tiemoutMs: 1 }', ''],
  ['', 'tools: { x: { type: webhook, description: d, url: https://a.example/, secret: sesame-sesame, scret: 1 } }'],
  ['', 'tools: { x: { type: mcp, url: https://a.example/, headers: { Authorization: sesame-sesame }, ulr: 1 } }'],
  ['', 'tools: { x: { type: mcp, command: a, env: { API_KEY: sesame-sesame }, ulr: 1 } }'],
])('secrets of %s%s are not shown', async (keys, sections) => {
  const said = await complaints(withRoute(keys, sections));
  expect(said).toContain('[redacted]');
  expect(said).not.toContain('sesame');
});

test('the voices are those there are', () => {
  expect([...fliteVoiceNames]).toEqual([...fliteVoices]);
});

test.each([
  [
    'http: { allow: [0.0.0.0/0] }',
    'warning http.allow[0]: requests may reach every address, those of this machine included',
  ],
  ['voice: { name: slr }', 'error voice.name: expected kal, awb_time, kal16, awb, rms or slt'],
  ['breaker: { failures: 0 }', 'error breaker.failures: expected a number from 1 to 1000'],
  ['http: { allow: [localhost] }', 'error http.allow[0]: expected an IP address or a block of them'],
  ['transfer: { targets: { "": "sip:a@b" } }', 'error transfer.targets[""]: this name cannot be given to a target'],
  ['transfer: { targets: { a: "sip:a@b?Subject=x" } }', 'error transfer.targets.a: a target with header fields ("?")'],
  [
    'transfer: { targets: { a: { uri: "sip:a@b", headers: { Contact: x } } } }',
    'error transfer.targets.a.headers.Contact: this header field is written by the endpoint itself',
  ],
  [
    'transfer: { targets: { a: { uri: "tel:+442071234567", mode: bridge } } }',
    'error transfer.targets.a.uri: bridge: the connector itself calls this target, and needs a sip: URI',
  ],
  [
    'transfer: { targets: { a: { uri: "tel:+442071234567", mode: bridge, trunk: main } } }',
    'error transfer.targets.a.trunk: there is no trunk of this name',
  ],
  [
    'trunks: { main: { targets: [sip:192.0.2.1] } }\ntransfer: { targets: { a: { uri: "tel:+442071234567", trunk: main } } }',
    "error transfer.targets.a.trunk: blind: the caller's phone calls this target",
  ],
  [
    'transfer: { targets: { a: { uri: "sip:a@b", announce: A call for you. } } }',
    "error transfer.targets.a.announce: blind: the caller's phone calls this target, and says nothing to it",
  ],
  [
    'transfer: { targets: { a: { uri: "sip:a@b", mode: attended, announce: { wav: nowhere.wav } } } }',
    expect.stringMatching(/^error transfer\.targets\.a\.announce\.wav: /),
  ],
])('%s', async (text, message) => {
  expect(await summary(`${text}\n${anyRoute}`)).toEqual([message]);
});

test('a route that names a built-in flavor which the file does not have is told to make it', async () => {
  expect(await complaints('routes: [{ match: { any: true }, flavor: echo }]\n')).toContain(
    '= help: flavors is empty: add flavors: { echo: { use: ... } }\n',
  );
});
