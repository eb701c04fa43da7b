import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chatterboxCustomConfigSchema } from '../../../flavors/chatterbox-custom/config.js';
import chatterboxCustom from '../../../flavors/chatterbox-custom/index.js';
import type { CallContext, Flavor } from '../../../src/flavor-api/index.js';
import { FakeHost, speechLike } from '../../../src/flavor-testkit/index.js';
import { Patience } from '../../../src/flavor-testkit/patience.js';
import { FakeDevnen } from '../../fakes/chatterbox/devnen.js';
import { toneVoice } from '../../fakes/openai-realtime/index.js';
import { type FakeOpenAiText, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { type FakeWhisper, startFakeWhisper } from '../../fakes/whisper/index.js';
import { createKeptLog } from '../../support/silent-log.js';

/**
 * Something in the cloud that can be reached, and sees every byte. Its address stands for a public one: the system takes
 * 0.0.0.0 for itself, and no guard takes it for private.
 */
class Cloud implements AsyncDisposable {
  /** All that was received, a line for each piece. */
  readonly heard: string[] = [];
  connections = 0;
  readonly #server: Server = createServer((socket) => {
    this.connections += 1;
    socket.on('data', (data) => {
      this.heard.push(data.toString('latin1'));
      socket.destroy();
    });
    socket.on('error', () => {});
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** What was received beside questions after its health, which a tier is asked while there are calls of any kind. */
  get told(): readonly string[] {
    return this.heard.filter((text) => !/^GET \/[\w/]* HTTP\/1\.1\r\n[^{]*$/.test(text));
  }

  get url(): string {
    const address = this.#server.address();
    return `http://0.0.0.0:${typeof address === 'object' ? address?.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let cloud: Cloud;
let ears: FakeWhisper;
let mind: FakeOpenAiText;
let voice: FakeDevnen;

beforeEach(async () => {
  cloud = new Cloud();
  await cloud.listen();
  ears = await startFakeWhisper({ lines: ['What can you tell me about my order?'] });
  mind = await startFakeOpenAiText({ mind: () => ({ text: 'It will come on Friday.' }) });
  voice = await FakeDevnen.start({ voice: { synthesise: toneVoice } });
});

afterEach(async () => {
  for (const each of [ears, mind]) await each.close();
  await voice[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

const own = () => ({
  stt: { provider: 'whisper', url: ears.url, language: 'en' },
  llm: { provider: 'openai-compatible', baseUrl: mind.baseUrl, model: 'qwen3:8b' },
  tts: { provider: 'chatterbox', server: 'devnen', url: voice.url },
});

/** Everything in the cloud, which is preferred; the own servers stand by. */
const hybrid = () => ({
  stt: { provider: 'whisper', url: `${cloud.url}/v1`, language: 'en' },
  llm: { provider: 'openai-compatible', baseUrl: `${cloud.url}/v1`, model: 'large' },
  tiers: [
    { name: 'far', kind: 'dedicated', backend: { provider: 'chatterbox', server: 'travisvn', url: cloud.url } },
    { name: 'near', kind: 'local', backend: own().tts },
  ],
  standby: {
    stt: [own().stt],
    llm: [own().llm],
    tts: [{ provider: 'openai-speech', baseUrl: `${cloud.url}/v1` }],
  },
});

async function create(section: object): Promise<Flavor> {
  const config = chatterboxCustomConfigSchema.parse(section);
  return chatterboxCustom.create(config, { log: createKeptLog(), now: () => performance.now() });
}

/** What a request for speech asked for. */
const textOf = ({ body }: { readonly body: unknown }): string => (body as { readonly text: string }).text;

/** A caller is greeted, says something and has an answer. */
async function converse(flavor: Flavor, variables: CallContext['variables']): Promise<void> {
  const open = (call: CallContext) => flavor.open({ ...call, variables });
  const host = await FakeHost.open(
    { capabilities: flavor.capabilities, open } as Flavor,
    {
      log: createKeptLog(),
      tools: [],
      frameIntervalMs: 4,
      answerMs: 4_000,
      patience: new Patience(300, true),
      callerSpeech: speechLike,
      onPosition: () => {},
    },
    {},
  );
  try {
    host.start();
    await host.untilQuiet();
    await host.converse({ type: 'speaks', durationMs: 1_200 });
  } finally {
    await host.close();
  }
}

test('nothing of a private call is told to the cloud, though all of it can be reached', async () => {
  const flavor = await create(hybrid());
  await converse(flavor, { private: 'true' });
  expect(cloud.told).toEqual([]);
  expect(voice.spoken.length).toBeGreaterThan(0);
  expect(ears.recordings.length).toBeGreaterThan(0);
  // Any other call of the same flavor goes there.
  await converse(flavor, {});
  expect(cloud.told).not.toEqual([]);
  await flavor[Symbol.asyncDispose]();
});

test('a private call whose own voice fails is silent rather than spoken to by the cloud', async () => {
  const flavor = await create(hybrid());
  voice.fail('refused');
  await expect(converse(flavor, { private: 'yes' })).rejects.toThrow();
  expect(cloud.told).toEqual([]);
  await flavor[Symbol.asyncDispose]();
});

test('a private call whose tiers fail goes on with a standby on the premises', async () => {
  const { standby, ...rest } = hybrid();
  const other = await FakeDevnen.start({ voice: { synthesise: toneVoice } });
  const near = { provider: 'chatterbox', server: 'devnen', url: other.url };
  const flavor = await create({ ...rest, standby: { ...standby, tts: [...standby.tts, near] } });
  voice.fail('refused');
  await converse(flavor, { private: 'yes' });
  expect(other.spoken.length).toBeGreaterThan(0);
  expect(cloud.told).toEqual([]);
  await flavor[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

test('a private call is refused where a stage has nobody on an allowed host', async () => {
  const flavor = await create({ ...hybrid(), standby: {} });
  await expect(converse(flavor, { private: 'true' })).rejects.toMatchObject({ code: 'ERR_FLAVOR_UNSUPPORTED' });
  expect(cloud.connections).toBe(0);
  await flavor[Symbol.asyncDispose]();
});

test('with profile private a section that names another host is refused, by its place', async () => {
  const far = hybrid();
  const refused = (section: object) =>
    chatterboxCustomConfigSchema
      .safeParse({ profile: 'private', ...own(), ...section })
      .error?.issues.map(({ path }) => path.join('.'));
  expect(refused({})).toBeUndefined();
  expect(refused({ stt: far.stt })).toEqual(['stt.url']);
  expect(refused({ llm: far.llm })).toEqual(['llm.baseUrl']);
  expect(refused({ tts: far.tiers[0]?.backend })).toEqual(['tts.url']);
  expect(refused({ tts: undefined, tiers: far.tiers })).toEqual(['tiers.0.backend.url']);
  expect(refused({ standby: far.standby })).toEqual(['standby.tts.0.baseUrl']);
  expect(refused({ stt: far.stt, llm: far.llm })).toEqual(['stt.url', 'llm.baseUrl']);
  const allowed = { profile: 'private', allowedHosts: ['0.0.0.0'], ...far, standby: {} };
  await expect(create(allowed)).resolves.toBeDefined();
});

test('a tier that private calls may be heard by is on an allowed host, or said not to be', () => {
  const backend = { provider: 'openai-speech', baseUrl: 'https://gpu.example.com/v1' };
  const wrong = (tier: object, more: object = {}) =>
    chatterboxCustomConfigSchema
      .safeParse({ tiers: [{ name: 'one', kind: 'local', backend, ...tier }], ...more })
      .error?.issues.map(({ path }) => path.join('.'));
  expect(wrong({})).toEqual(['tiers.0.backend.baseUrl']);
  expect(wrong({ kind: 'dedicated', private: true })).toEqual(['tiers.0.backend.baseUrl']);
  expect(wrong({ private: false })).toBeUndefined();
  expect(wrong({}, { allowedHosts: ['gpu.example.com'] })).toBeUndefined();
  expect(wrong({}, { allowedHosts: ['10.0.0.0/8', 'https://gpu.example.com'] })).toEqual(['allowedHosts.1']);
});

test('with profile private no tier may say that it hears no private call: it would never speak', () => {
  const backend = { provider: 'openai-speech', baseUrl: 'http://127.0.0.1:8004/v1' };
  const issues = (tier: object) => {
    const tiers = [{ name: 'one', kind: 'local', backend, ...tier }];
    return chatterboxCustomConfigSchema.safeParse({ profile: 'private', tiers }).error?.issues;
  };
  expect(issues({})).toBeUndefined();
  expect(issues({ private: true })).toBeUndefined();
  expect(issues({ private: false })).toMatchObject([{ path: ['tiers', 0, 'private'] }]);
});

test('with profile private everything works, and not a byte reaches the cloud', async () => {
  const flavor = await create({ profile: 'private', ...own() });
  await flavor.warmup?.(AbortSignal.timeout(5_000));
  await flavor.check(AbortSignal.timeout(5_000));
  await converse(flavor, {});
  voice.fail('refused');
  await expect(converse(flavor, {})).rejects.toThrow();
  expect(cloud.connections).toBe(0);
  expect(voice.spoken.length).toBeGreaterThan(0);
  await flavor[Symbol.asyncDispose]();
});

test('a greeting of several sentences is spoken before the call, and not asked for in it', async () => {
  const greeting = 'Good day, this is the salon. It is open until six. How can I help you? Or do you want a person?';
  const flavor = await create({ ...own(), greeting });
  await flavor.warmup?.(AbortSignal.timeout(5_000));
  const before = voice.spoken.length;
  expect(before).toBeGreaterThan(0);
  await converse(flavor, {});
  expect(voice.spoken.slice(before).map(textOf)).toEqual(['It will come on Friday.']);
  await flavor[Symbol.asyncDispose]();
});

test('the filler is spoken before the call as well, in the pieces in which a call asks for it; a template is not', async () => {
  const filler = 'One moment, I am looking that up for you. It will not take long.';
  const flavor = await create({ ...own(), greeting: 'Hello {{from}}.', filler: { text: filler, afterMs: 300 } });
  await flavor.warmup?.(AbortSignal.timeout(5_000));
  const before = voice.spoken.map(textOf);
  expect(before.join(' ')).toBe(filler);
  expect(before.length).toBeGreaterThan(1);
  mind.fail('stall-before-first', { times: 1 });
  await converse(flavor, {});
  expect(voice.spoken.slice(before.length).map(textOf).join(' ')).not.toContain('moment');
  await flavor[Symbol.asyncDispose]();
});
