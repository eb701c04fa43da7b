import { broken, withSession } from './breaking.js';

export default broken(
  13,
  /the model is told what was not heard/,
  withSession(() => ({ onPlayout: () => undefined })),
);
