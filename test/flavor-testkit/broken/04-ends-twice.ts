import { broken, withEvents } from './breaking.js';

export default broken(
  4,
  /more events after end/,
  withEvents(async function* (events) {
    yield* events;
    yield { type: 'end', reason: 'completed' };
  }),
);
