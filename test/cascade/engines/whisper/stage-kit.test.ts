import { expect, test } from 'vitest';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import { createWhisperSpeechToText } from '../../../../src/cascade/engines/whisper/index.js';
import { formatReport, runSpeechToTextChecks } from '../../../../src/flavor-testkit/index.js';
import { startFakeWhisper, type WhisperVariant } from '../../../fakes/whisper/index.js';

test.each<[WhisperVariant, object]>([
  ['speaches', { server: 'openai' }],
  ['openai', { server: 'openai', stream: true }],
  ['speaches', { server: 'speaches-realtime' }],
  ['whisper.cpp', { server: 'whisper.cpp' }],
])('Whisper behind %s keeps the promises of a recogniser', async (variant, section) => {
  await using fake = await startFakeWhisper({ variant });
  const report = await runSpeechToTextChecks({
    create: () =>
      createWhisperSpeechToText(
        whisperListenSchema.parse({ url: fake.url, answerTimeoutMs: 8_000, retries: 0, ...section }),
      ),
    frameIntervalMs: 0,
    provider: fake,
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});
