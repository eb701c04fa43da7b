import { broken, withFlavor } from './breaking.js';

export default broken(
  2,
  /capabilities\.endOfTurnMs is NaN/,
  withFlavor(({ capabilities }) => ({ capabilities: { ...capabilities, endOfTurnMs: Number.NaN } })),
);
