import type { FlavorModule } from 'sip-voice-connector/flavor';
import * as z from 'zod';
import { type ReferenceConfig, referenceModule } from '../reference/reference-flavor.js';
import { referenceHarness } from '../reference/reference-harness.js';
import type { BrokenFlavor } from './breaking.js';

const configSchema = z.strictObject({
  server: z.string(),
  apiKey: z.string().meta({ writeOnly: true }),
  greeting: z.string().default('Hello, this is the reference.'),
  timeoutMs: z.number().default(1_500),
  headers: z.record(z.string(), z.string()).default({}).meta({ writeOnly: true }),
});
const module: FlavorModule<ReferenceConfig> = {
  manifest: { ...referenceModule.manifest, configSchema },
  create(config, deps) {
    deps.log.info({ config: { ...config, apiKey: '' } }, 'created');
    return referenceModule.create(config, deps);
  },
};

export default {
  check: 23,
  complaint: /a secret of the config is in the log line "created"/,
  harness(provider) {
    const harness = referenceHarness(provider, module);
    const validConfig = { ...Object(harness.validConfig), headers: { 'X-Gateway': 'canary header of a gateway' } };
    return { ...harness, validConfig };
  },
} satisfies BrokenFlavor;
