import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, test, vi } from 'vitest';
import { agentConfigSchema } from '../../../flavors/deepgram-agent/config.js';
import agent from '../../../flavors/deepgram-agent/index.js';
import {
  azureListenSchema,
  azureSpeakSchema,
  createAzureSpeechToText,
  createAzureTextToSpeech,
} from '../../../src/cascade/engines/azure/index.js';
import {
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  deepgramListenSchema,
  deepgramSpeakSchema,
} from '../../../src/cascade/engines/deepgram/index.js';
import { createTogetherSpeech, togetherSpeechSchema } from '../../../src/cascade/engines/together/index.js';
import { whisperListenSchema } from '../../../src/cascade/engines/whisper/config.js';
import { createWhisperSpeechToText } from '../../../src/cascade/engines/whisper/index.js';
import { createKeptLog } from '../../support/silent-log.js';
import { tlsText } from '../../support/tls-files.js';

/** Connects, however its maker does that. */
type Attempt = (signal: AbortSignal) => Promise<unknown>;

const apiKey = 'key';

const makers: readonly [string, (url: string) => Attempt | Promise<Attempt>][] = [
  [
    "Deepgram's recogniser",
    (url) => {
      const made = createDeepgramSpeechToText(deepgramListenSchema.parse({ url }), { apiKey });
      return (signal) => made.check(signal);
    },
  ],
  [
    "Deepgram's voice",
    (url) => {
      const made = createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url }), { apiKey });
      return (signal) => made.check(signal);
    },
  ],
  [
    "Deepgram's agent",
    async (url) => {
      const config = agentConfigSchema.parse({ url, apiKey });
      const made = await agent.create(config, { log: createKeptLog(), now: () => performance.now() });
      return (signal) => made.check(signal);
    },
  ],
  [
    "Azure's recogniser",
    (endpoint) => {
      const made = createAzureSpeechToText(azureListenSchema.parse({}), { resource: { key: apiKey, endpoint } });
      return (signal) => made.check(signal);
    },
  ],
  [
    "Azure's voice",
    (endpoint) => {
      const made = createAzureTextToSpeech(azureSpeakSchema.parse({}), { resource: { key: apiKey, endpoint } });
      return (signal) => made.check(signal);
    },
  ],
  [
    'Together.ai',
    (url) => {
      const baseUrl = url.replace('wss', 'https');
      const made = createTogetherSpeech(togetherSpeechSchema.parse({ baseUrl, transport: 'websocket' }), { apiKey });
      return async (signal) => {
        for await (const _ of made.synthesize('Hello.', signal));
      };
    },
  ],
  [
    'speaches',
    (url) => {
      const made = createWhisperSpeechToText(whisperListenSchema.parse({ url, server: 'speaches-realtime' }));
      return (signal) => made.check(signal);
    },
  ],
];

test.each(makers)('%s: connections by TLS share whom they trust, the same as before', async (_, make) => {
  const server = tls.createServer({ cert: tlsText('server.crt'), key: tlsText('server.key') });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  const made = vi.spyOn(tls, 'createSecureContext');
  try {
    const attempt = await make(`wss://127.0.0.1:${port}`);
    // The authority of the tests is nobody whom this process knows.
    for (let count = 0; count < 3; count += 1) {
      await expect(attempt(AbortSignal.timeout(5_000))).rejects.toThrow(/UNABLE_TO_VERIFY/);
    }
    expect(made).toHaveBeenCalledTimes(1);
  } finally {
    made.mockRestore();
    server.close();
  }
});
