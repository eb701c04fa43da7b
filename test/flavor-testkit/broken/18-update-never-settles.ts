import { broken, withSession } from './breaking.js';

export default broken(
  18,
  /update\(\) neither resolved nor rejected/,
  withSession(() => ({ update: () => new Promise(() => undefined) })),
);
