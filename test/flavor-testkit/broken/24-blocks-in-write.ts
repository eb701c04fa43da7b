import { broken, withSession } from './breaking.js';

export default broken(
  24,
  /the 99th percentile is/,
  withSession((session) => ({
    write(frame) {
      const until = performance.now() + 0.25;
      while (performance.now() < until);
      session.write(frame);
    },
  })),
);
