import { broken, withSession } from './breaking.js';

export default broken(
  12,
  /after it was interrupted/,
  withSession(() => ({ interrupt: () => undefined })),
);
