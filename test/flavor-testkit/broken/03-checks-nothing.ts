import { broken, withFlavor } from './breaking.js';

export default broken(
  3,
  /refusing: resolved/,
  withFlavor(() => ({ check: async () => undefined })),
);
