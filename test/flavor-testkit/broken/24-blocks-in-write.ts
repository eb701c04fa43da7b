import { broken, withSession } from './breaking.js';

export default broken(
  24,
  /write\(\) is too slow in 3 rounds/,
  withSession((session) => ({
    write(frame) {
      const until = performance.now() + 0.25;
      while (performance.now() < until);
      session.write(frame);
    },
  })),
);
