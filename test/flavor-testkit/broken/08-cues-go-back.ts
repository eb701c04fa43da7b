import { broken, withEvents } from './breaking.js';

export default broken(
  8,
  /atMs of 'reply-1' goes back/,
  withEvents(async function* (events) {
    for await (const event of events) {
      yield event.type === 'text' ? { ...event, atMs: 10_000 - (event.atMs ?? 0) } : event;
    }
  }),
);
