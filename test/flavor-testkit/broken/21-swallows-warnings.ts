import { broken, withEvents } from './breaking.js';

export default broken(
  21,
  /no warning about a malformed message/,
  withEvents(async function* (events) {
    for await (const event of events) if (event.type !== 'warning') yield event;
  }),
);
