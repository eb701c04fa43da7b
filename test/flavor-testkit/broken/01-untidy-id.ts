import { referenceModule } from '../reference/reference-flavor.js';
import { broken } from './breaking.js';

const manifest = { ...referenceModule.manifest, id: 'Reference Flavor' };
export default broken(1, /kebab-case/, { ...referenceModule, manifest });
