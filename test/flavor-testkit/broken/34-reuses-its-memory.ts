import { broken, withEvents } from './breaking.js';

export default broken(
  34,
  /its memory is reused/,
  withEvents(async function* (events) {
    const scratch = new Uint8Array(2_000);
    let amount = 0;
    for await (const event of events) {
      if (event.type !== 'audio') {
        yield event;
        continue;
      }
      amount += 1;
      scratch.set(event.data);
      scratch[0] = amount % 256;
      yield { ...event, data: scratch.subarray(0, event.data.length) };
    }
  }),
);
