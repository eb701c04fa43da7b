import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createLanguageModel,
  createSpeechToText,
  createTextToSpeech,
  type HostGuard,
  languageModelConfig,
  privateProfile,
  speechToTextConfig,
  standbyConfig,
  textToSpeechConfig,
  withStandby,
} from '../../../src/cascade/index.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { speechLike } from '../../../src/flavor-testkit/sound.js';
import { startFakeWhisper } from '../../fakes/whisper/index.js';

const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
const keys = { apiKey: 'k' };
const whisper = { provider: 'whisper', url: 'http://127.0.0.1:8000/v1' };
const ollama = { provider: 'openai-compatible', baseUrl: 'http://localhost:11434/v1', model: 'llama' };

describe('what the configuration may say', () => {
  test('recogniser, model and voice of the house', () => {
    const standby = standbyConfig.parse({ stt: [{ ...whisper, url: 'http://10.0.0.2:8000/v1' }] });
    const tts = { provider: 'deepgram', ...keys, url: 'ws://speech.example.internal:8080' };
    const sections = { stt: speechToTextConfig.parse(whisper), llm: languageModelConfig.parse(ollama), standby };
    privateProfile({ ...sections, tts: textToSpeechConfig.parse(tts) }, { hosts: ['speech.example.internal'] });
  });

  test.each<[string, object, string]>([
    ['Deepgram by default', { stt: speechToTextConfig.parse({ provider: 'deepgram', ...keys }) }, 'stt.url'],
    ['OpenAI by default', { llm: languageModelConfig.parse({ provider: 'openai', ...keys }) }, 'llm.baseUrl'],
    ['Anthropic by default', { llm: languageModelConfig.parse({ provider: 'anthropic', ...keys }) }, 'llm.baseUrl'],
    [
      'Azure OpenAI by its resource',
      { llm: languageModelConfig.parse({ provider: 'azure', ...keys, resource: 'mine', deployment: 'gpt' }) },
      'llm: names no address',
    ],
    [
      'a standby in the cloud',
      { standby: standbyConfig.parse({ stt: [whisper, { provider: 'deepgram', ...keys }] }) },
      'standby.stt[1].url',
    ],
    ['a voice in the cloud', { tts: textToSpeechConfig.parse({ provider: 'deepgram', ...keys }) }, 'tts.url'],
    ['whoever has a public address', { stt: { ...whisper, url: 'http://8.8.8.8/v1' } }, 'stt.url'],
    [
      'Azure Speech, wherever',
      { tts: { provider: 'azure', speech: { endpoint: 'ws://127.0.0.1/x' } } },
      'tts: the SDK',
    ],
    ['a name that nobody has named', { stt: { ...whisper, url: 'http://gpu:8000/v1' } }, 'stt.url'],
  ])('%s is refused by its key', (_, sections, key) => {
    expect(() => privateProfile({ ...sections }, { hosts: [] })).toThrow(
      expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG', message: expect.stringContaining(`private, ${key}`) }),
    );
  });
});

describe('what is sent', () => {
  const open: AsyncDisposable[] = [];
  const servers: Server[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
    for (const server of servers.splice(0)) server.close();
  });

  /** Whoever listens at another address of loopback: it stands for every cloud, and can be reached. */
  async function cloud(): Promise<{ readonly port: number; readonly seen: { connections: number; bytes: number } }> {
    const seen = { connections: 0, bytes: 0 };
    const server = createServer((socket) => {
      seen.connections += 1;
      socket.on('error', () => {});
      socket.on('data', (data) => {
        seen.bytes += data.length;
        socket.destroy();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    return { port: (server.address() as AddressInfo).port, seen };
  }

  /**
   * A call whose recogniser dies while the caller speaks, whose model and voice are away from the beginning, and whose
   * standbys are all in the cloud.
   */
  async function call(port: number, guard: HostGuard | undefined): Promise<void> {
    const fake = await startFakeWhisper();
    open.push(fake);
    const there = `cloud.example.net:${port}`;
    const quick = { connectTimeoutMs: 500, reconnect: { attempts: 0 } };
    const stt = createSpeechToText(speechToTextConfig.parse({ ...whisper, url: fake.url, retries: 0 }), { guard });
    const away = { ...ollama, baseUrl: 'http://127.0.0.1:1/v1', retries: 0 };
    const llm = createLanguageModel(languageModelConfig.parse(away), { guard });
    const voice = { provider: 'deepgram', ...keys, url: 'ws://127.0.0.1:1', ...quick };
    const tts = createTextToSpeech(textToSpeechConfig.parse(voice), { guard });
    const standby = standbyConfig.parse({
      stt: [
        { provider: 'deepgram', ...keys, url: `ws://${there}`, ...quick },
        { ...whisper, url: `http://${there}/v1`, retries: 0 },
      ],
      llm: [
        { ...ollama, baseUrl: `http://${there}/v1`, retries: 0 },
        { provider: 'anthropic', ...keys, baseUrl: `http://${there}`, retries: 0 },
      ],
      tts: [{ provider: 'deepgram', ...keys, url: `ws://${there}`, ...quick }],
    });
    const stages = withStandby({ stt, llm, tts }, standby, { guard });
    open.push(stages.stt, stages.llm, stages.tts);
    const { signal } = new AbortController();
    const stream = await stages.stt.open({ input }, signal);
    fake.fail('500');
    const speech = speechLike(input, 1_200);
    for (let at = 0; at < speech.length; at += 160) {
      stream.write({ data: speech.subarray(at, at + 160), positionMs: at / 8, concealed: false });
    }
    stream.finalize();
    for await (const event of stream.events) if (event.type === 'end') expect(event.error).toBeInstanceOf(FlavorError);
    const request = {
      system: 'x',
      messages: [{ role: 'user' as const, text: 'Hello' }],
      tools: [],
      mayCallTools: false,
    };
    await expect(drained(stages.llm.answer(request, signal))).rejects.toBeInstanceOf(FlavorError);
    await expect(spoken(stages.tts, signal)).rejects.toBeInstanceOf(FlavorError);
  }

  test('not a byte leaves the hosts that are allowed, whoever stands by', async () => {
    const { port, seen } = await cloud();
    // The name is one of the house's, and its address was changed to one that is not.
    const guard = privateProfile(
      {},
      {
        hosts: ['cloud.example.net'],
        blocks: ['127.0.0.1/32'],
        resolve: async () => [{ address: '127.0.0.2', family: 4 }],
      },
    );
    await call(port, guard);
    expect(seen).toEqual({ connections: 0, bytes: 0 });
  });

  test('the same call without the profile is heard by each of them', async () => {
    const { port, seen } = await cloud();
    const everywhere = privateProfile(
      {},
      {
        hosts: ['cloud.example.net'],
        blocks: ['0.0.0.0/0'],
        resolve: async () => [{ address: '127.0.0.2', family: 4 }],
      },
    );
    await call(port, everywhere);
    expect(seen.connections).toBeGreaterThanOrEqual(5);
    expect(seen.bytes).toBeGreaterThan(1_000);
  });
});

async function drained(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

/** @throws what keeps a voice from speaking */
async function spoken(tts: ReturnType<typeof createTextToSpeech>, signal: AbortSignal): Promise<void> {
  const session = await tts.open({ output: input }, signal);
  try {
    const utterance = session.begin();
    utterance.append('Hello.');
    utterance.finish();
    for await (const event of utterance.events) if (event.type === 'end' && event.error) throw event.error;
  } finally {
    session.close();
  }
}
