import { broken, withSession } from './breaking.js';

export default broken(
  16,
  /no speech in answer to digits/,
  withSession(() => ({ onDtmf: () => undefined })),
);
