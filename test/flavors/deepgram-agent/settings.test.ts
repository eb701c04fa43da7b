import { expect, test } from 'vitest';
import { agentConfigSchema } from '../../../flavors/deepgram-agent/config.js';
import { settingsOf } from '../../../flavors/deepgram-agent/settings.js';

const format = { encoding: 'mulaw', sampleRate: 8000 } as const;
const setup = { instructions: 'Be kind.', tools: [], greeting: '', history: [] };
const settings = (config: object): object =>
  settingsOf(agentConfigSchema.parse({ apiKey: 'secret', ...config }), { input: format, output: format }, setup);

test('all that is configured goes to Deepgram', () => {
  const endpoint = { url: 'https://model.example.com/v1', headers: { Authorization: 'Bearer key' } };
  expect(
    settings({
      tags: ['desk'],
      mipOptOut: true,
      listen: { keyterms: ['Ulm'], eotThreshold: 0.8, eagerEotThreshold: 0.5, eotTimeoutMs: 900 },
      think: { provider: 'anthropic', model: 'claude', temperature: 0.3, endpoint },
      speak: { model: 'aura-2-orion-en', speed: 1.2 },
    }),
  ).toMatchObject({
    tags: ['desk'],
    mip_opt_out: true,
    agent: {
      listen: {
        provider: {
          version: 'v2',
          keyterms: ['Ulm'],
          eot_threshold: 0.8,
          eager_eot_threshold: 0.5,
          eot_timeout_ms: 900,
        },
      },
      think: { provider: { type: 'anthropic', model: 'claude', temperature: 0.3 }, endpoint, prompt: 'Be kind.' },
      speak: { provider: { model: 'aura-2-orion-en', speed: 1.2 } },
    },
  });
  const listen = { model: 'nova-3', language: 'de' };
  expect(settings({ listen })).toMatchObject({ agent: { listen: { provider: { ...listen, type: 'deepgram' } } } });
});

test('what is not configured is left to Deepgram', () => {
  expect(settings({})).toEqual({
    type: 'Settings',
    flags: { history: false },
    audio: {
      input: { encoding: 'mulaw', sample_rate: 8000 },
      output: { encoding: 'mulaw', sample_rate: 8000, container: 'none' },
    },
    agent: {
      listen: { provider: { type: 'deepgram', model: 'flux-general-en', version: 'v2' } },
      think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'Be kind.' },
      speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    },
  });
});
