import { broken, withFlavor } from './breaking.js';

// A timer of that length rings at once: the host would take the flavor for out of order.
export default broken(
  2,
  /capabilities\.endOfTurnMs is Infinity/,
  withFlavor(({ capabilities }) => ({ capabilities: { ...capabilities, endOfTurnMs: Number.POSITIVE_INFINITY } })),
);
