import { broken, withEvents } from './breaking.js';

export default broken(
  7,
  /longer than 2000 ms/,
  withEvents(async function* (events) {
    for await (const event of events) {
      yield event;
      if (event.type === 'audio') yield { ...event, data: new Uint8Array(20_000).fill(0xff) };
    }
  }),
);
