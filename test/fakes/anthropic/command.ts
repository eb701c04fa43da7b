import { modelCommand } from '../language-model/command.js';
import { startFakeAnthropic } from './fake.js';

/** The Messages API, by hand. */
export const anthropicCommand = modelCommand({
  name: 'anthropic',
  title: "Anthropic's Messages API",
  options: [],
  variants: [],
  section: (url, key) => `{ provider: anthropic, baseUrl: "${url}", apiKey: "${key}" }`,
  open: ({ variant: _none, ...options }) => startFakeAnthropic(options),
});
