import { expect, test } from 'vitest';
import { answer, setUp } from './call-setup.js';

test.each([
  ['takes its own turns', { turnTaking: 'flavor', needsVad: false }, false],
  ['leaves turns to the host', { turnTaking: 'host', needsVad: false }, true],
  ['wants to be told of voice', { turnTaking: 'flavor', needsVad: true }, true],
] as const)('a call whose flavor %s pays for a voice model accordingly', async (_what, capabilities, model) => {
  const setup = setUp({ capabilities });
  const { stream } = await answer(setup);
  expect(stream.voiceModel).toBe(model);
});
