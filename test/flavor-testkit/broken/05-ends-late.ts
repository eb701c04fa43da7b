import { setTimeout as sleep } from 'node:timers/promises';
import { broken, withEvents } from './breaking.js';

export default broken(
  5,
  /the end came after \d+ ms/,
  withEvents(async function* (events) {
    for await (const event of events) {
      if (event.type === 'end') await sleep(800);
      yield event;
    }
  }),
);
