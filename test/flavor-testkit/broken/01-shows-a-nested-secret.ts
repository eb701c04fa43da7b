import * as z from 'zod';
import { referenceModule } from '../reference/reference-flavor.js';
import { broken } from './breaking.js';

const configSchema = z.strictObject({
  server: z.string(),
  apiKey: z.string().meta({ writeOnly: true }),
  greeting: z.string().default(''),
  timeoutMs: z.number().default(400),
  voices: z.array(z.strictObject({ token: z.string() })).default([]),
});
const manifest = { ...referenceModule.manifest, configSchema };
export default broken(1, /'voices\[\]\.token' names a secret/, { ...referenceModule, manifest });
