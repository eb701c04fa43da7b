import { broken, withFlavor } from './breaking.js';

export default broken(
  31,
  /the model is not told of the dialogue before/,
  withFlavor((flavor) => ({ open: (call) => flavor.open({ ...call, history: [] }) })),
);
