import { broken, withFlavor } from './breaking.js';

export default broken(
  26,
  /asked to greet/,
  withFlavor((flavor) => ({
    open: ({ greeting: _ignored, ...call }) => flavor.open(call),
  })),
);
