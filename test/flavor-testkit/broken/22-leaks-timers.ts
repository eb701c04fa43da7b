import { broken, withSession } from './breaking.js';

export default broken(
  22,
  /\d\d resources of type Timeout/,
  withSession((session) => {
    setInterval(() => session.events, 60_000).unref();
    return {};
  }),
);
