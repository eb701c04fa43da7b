import * as z from 'zod';
import { referenceModule } from '../reference/reference-flavor.js';
import { broken } from './breaking.js';

const configSchema = z.looseObject({
  server: z.string(),
  apiKey: z.string().meta({ writeOnly: true }),
  greeting: z.string().default(''),
  timeoutMs: z.number().default(400),
});
const manifest = { ...referenceModule.manifest, configSchema };
export default broken(2, /a config with an unknown key is accepted/, { ...referenceModule, manifest });
