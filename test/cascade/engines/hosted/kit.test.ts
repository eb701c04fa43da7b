import { expect, test } from 'vitest';
import { createTextToSpeech, textToSpeechConfig } from '../../../../src/cascade/engines/standby.js';
import type { TextToSpeech } from '../../../../src/cascade/index.js';
import { formatReport, type ProviderFault, runTextToSpeechChecks } from '../../../../src/flavor-testkit/index.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { startFakeReplicate } from '../../../fakes/replicate/index.js';
import { startFakeRunPod } from '../../../fakes/runpod/index.js';
import { kitFaults } from '../../../fakes/speech-server/faults.js';
import { startFakeTogether } from '../../../fakes/together/index.js';

/** A fake, as far as the kit needs it. */
interface Fake extends AsyncDisposable {
  readonly url: string;
  readonly openConnections: number;
  fail(fault: ProviderFault): void;
  recover(): void;
  drop(): void;
}

const spoken = { synthesise: toneVoice };

async function runPod(): Promise<Fake> {
  const fake = await startFakeRunPod(spoken);
  return faulty(fake, (fault) => fake.fail(kitFaults[fault]));
}

async function replicate(): Promise<Fake> {
  const fake = await startFakeReplicate(spoken);
  return faulty(fake, (fault) => fake.fail(kitFaults[fault]));
}

async function together(): Promise<Fake> {
  const fake = await startFakeTogether(spoken);
  return faulty(fake, (fault) => fake.fail(kitFaults[fault]));
}

const socketFaults = {
  unauthorized: 'upgrade-401',
  'rate-limited': 'upgrade-429',
  'server-error': 'socket-close',
  hang: 'socket-silent',
} as const;

async function togetherSocket(): Promise<Fake> {
  const fake = await startFakeTogether(spoken);
  return faulty(fake, (fault) => {
    // What looks after the provider is a request.
    fake.fail(kitFaults[fault]);
    fake.fail(socketFaults[fault]);
  });
}

function faulty(fake: Omit<Fake, 'fail'>, fail: Fake['fail']): Fake {
  return {
    get url() {
      return fake.url;
    },
    get openConnections() {
      return fake.openConnections;
    },
    fail,
    recover: () => fake.recover(),
    drop: () => fake.drop(),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

test.each([
  ['RunPod', runPod, { provider: 'runpod', endpoint: 'abc123', retries: 0 }],
  ['Replicate', replicate, { provider: 'replicate', retries: 0 }],
  ['Together.ai', together, { provider: 'together' }],
  ['Together.ai over WebSocket', togetherSocket, { provider: 'together', transport: 'websocket' }],
])('%s keeps the promises of a voice', async (_name, start, section) => {
  await using fake = await start();
  const create = (): TextToSpeech =>
    createTextToSpeech(textToSpeechConfig.parse({ apiKey: 'secret', baseUrl: fake.url, ...section }));
  const report = await runTextToSpeechChecks({
    create,
    provider: {
      name: 'tts',
      drop: () => fake.drop(),
      fail: (fault) => fake.fail(fault),
      recover: () => fake.recover(),
      malformNext: () => {},
      connections: () => fake.openConnections,
    },
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});
