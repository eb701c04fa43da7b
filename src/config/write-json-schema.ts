import { writeFileSync } from 'node:fs';
import { editorSchema } from './json-schema.js';

/** Run by `npm run schema`: writes the JSON Schema of the configuration to the file named on the command line. */
const [file = 'sip-config/connector.schema.json'] = process.argv.slice(2);
writeFileSync(file, `${JSON.stringify(editorSchema(), null, 2)}\n`);
