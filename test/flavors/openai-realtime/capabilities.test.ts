import { expect, test } from 'vitest';
import { realtimeConfigSchema } from '../../../flavors/openai-realtime/config.js';
import { realtimeCapabilities } from '../../../flavors/openai-realtime/manifest.js';

const capabilitiesOf = (config: object) =>
  realtimeCapabilities(realtimeConfigSchema.parse({ apiKey: 'key', ...config }));

test.each([
  ['server VAD', { type: 'server_vad', silenceDurationMs: 700 }, 700],
  ['server VAD by default', { type: 'server_vad' }, 500],
  ['semantic VAD, patient', { type: 'semantic_vad', eagerness: 'low' }, 8000],
  ['semantic VAD', { type: 'semantic_vad' }, 4000],
  ['semantic VAD, eager', { type: 'semantic_vad', eagerness: 'high' }, 2000],
])(
  'with %s the host knows how long the service may wait for the end of a turn',
  (_name, turnDetection, endOfTurnMs) => {
    expect(capabilitiesOf({ turnDetection })).toMatchObject({ turnTaking: 'flavor', endOfTurnMs });
  },
);

test('where the host takes turns, there is nothing to wait for', () => {
  const capabilities = capabilitiesOf({ turnDetection: { type: 'host' } });
  expect(capabilities.turnTaking).toBe('host');
  expect(capabilities).not.toHaveProperty('endOfTurnMs');
});

test('it says whether it greets by itself', () => {
  expect(capabilitiesOf({}).greets).toBe(true);
  expect(capabilitiesOf({ greeting: '' }).greets).toBe(false);
});
