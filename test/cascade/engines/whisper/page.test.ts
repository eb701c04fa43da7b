import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sherpaListenSchema } from '../../../../src/cascade/engines/sherpa/index.js';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/index.js';

const page = readFileSync(new URL('../../../../docs/19-recognisers.md', import.meta.url), 'utf8');

test.each([
  ['Whisper', whisperListenSchema],
  ['sherpa-onnx', sherpaListenSchema],
])('the page names every key of %s', (_, schema) => {
  for (const key of Object.keys(schema.shape)) expect(page).toContain(`\`${key}\``);
});

test('the page tells the defaults that apply', () => {
  const config = whisperListenSchema.parse({ url: 'http://127.0.0.1/v1' });
  expect(page).toContain(`| \`pauseMs\` | ${config.pauseMs} |`);
  expect(page).toContain(`| \`endSilenceMs\` | ${config.endSilenceMs} |`);
  expect(page).toContain(`| \`longestMs\` | ${config.longestMs} |`);
  expect(page).toContain(`| \`minLevelDb\` | ${config.minLevelDb} |`);
  expect(page).toContain(`| \`retries\` | ${config.retries} |`);
  expect(page).toContain(`| ${config.answerTimeoutMs}, ${config.connectTimeoutMs} |`);
  expect(page).toContain(`| yes, ${config.partialMs} |`);
});
