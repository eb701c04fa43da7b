import { expect, test } from 'vitest';
import { echoConfigSchema } from '../../../flavors/echo/config.js';
import { echoCapabilities } from '../../../flavors/echo/manifest.js';

test.each([
  ['a talking echo greets', {}, true],
  ['one whose greeting is empty does not', { greeting: '' }, false],
  ['a bare echo does not', { mode: 'immediate' }, false],
])('%s', (_name, config, greets) => {
  expect(echoCapabilities(echoConfigSchema.parse(config)).greets ?? false).toBe(greets);
});
