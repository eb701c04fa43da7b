import { broken, withEvents } from './breaking.js';

export default broken(
  19,
  /neither answers nor ends/,
  withEvents(async function* (events) {
    for await (const event of events) {
      if (event.type === 'end' && event.reason === 'failed') return;
      yield event;
    }
  }),
);
