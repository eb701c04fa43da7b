import { broken, withSession } from './breaking.js';

export default broken(
  10,
  /no speech in answer to the caller/,
  withSession(() => ({ endTurn: () => undefined })),
);
