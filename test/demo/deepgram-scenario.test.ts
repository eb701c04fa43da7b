import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { demoConfig } from '../../src/demo/demo-config.js';
import { type DeepgramOptions, deepgramScenario } from '../../src/demo/scenarios/deepgram.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const keys = { DEEPGRAM_API_KEY: 'dg-real', OPENAI_API_KEY: 'sk-real' };

/** A program in place of the fakes: its port tells which one was asked for. */
function fakes(): URL {
  const path = join(temporaryDirectory(), 'fakes.mjs');
  const source = `const port = { deepgram: 1001, 'openai-text': 1002 }[process.argv[2]];
    process.stdout.write(JSON.stringify({ url: (port === 1001 ? 'ws' : 'http') + '://127.0.0.1:' + port + '/v1' }) + '\\n');
    process.stdin.resume();`;
  writeFileSync(path, source);
  return pathToFileURL(path);
}

async function optionsOf(flavor: DeepgramOptions['flavor'], env: Readonly<Record<string, string>>) {
  const told: string[] = [];
  const setting = { env, tell: (text: string) => told.push(text), clock: createSystemClock(), signal: undefined };
  await using stage = await deepgramScenario({ flavor, fakes: fakes() }).open(setting);
  expect(stage.config).not.toMatch(/dg-real|sk-real/);
  const directory = temporaryDirectory();
  const file = join(directory, 'connector.yaml');
  writeFileSync(file, demoConfig(directory, stage.config));
  const loaded = await loadConfig(file, { env: { ...stage.env, DEMO_ADMIN_TOKEN: 'f'.repeat(48) }, cwd: directory });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  return { options: loaded.config.flavors['salon']?.options, agent: stage.agent, told };
}

test('with its keys in the environment the demo of deepgram calls the real services, else it is all fakes', async () => {
  expect(await optionsOf('deepgram', keys)).toMatchObject({
    options: { apiKey: 'dg-real', stt: {}, llm: { provider: 'openai', apiKey: 'sk-real' }, tts: {} },
    agent: expect.stringContaining('the real services'),
    told: [],
  });
  // One key of two is none: the model's would go to nobody.
  expect(await optionsOf('deepgram', { DEEPGRAM_API_KEY: 'dg-real' })).toMatchObject({
    options: {
      apiKey: 'none',
      stt: { url: 'ws://127.0.0.1:1001/v1' },
      llm: { apiKey: 'none', baseUrl: 'http://127.0.0.1:1002/v1' },
      tts: { url: 'ws://127.0.0.1:1001/v1' },
    },
    agent: expect.stringContaining('the fakes'),
    told: [expect.stringContaining('DEEPGRAM_API_KEY and OPENAI_API_KEY not set')],
  });
});

test('so does that of deepgram-agent, which needs one key', async () => {
  const real = await optionsOf('deepgram-agent', { DEEPGRAM_API_KEY: 'dg-real' });
  expect(real.options).toEqual({ apiKey: 'dg-real' });
  const fake = await optionsOf('deepgram-agent', {});
  expect(fake.options).toEqual({ apiKey: 'none', url: 'ws://127.0.0.1:1001/v1' });
});
