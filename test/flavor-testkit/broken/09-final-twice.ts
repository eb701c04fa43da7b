import { broken, withEvents } from './breaking.js';

export default broken(
  9,
  /after its final one/,
  withEvents(async function* (events) {
    for await (const event of events) {
      yield event;
      if (event.type === 'transcript') yield event;
    }
  }),
);
