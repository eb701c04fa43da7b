import { broken, withEvents } from './breaking.js';

export default broken(
  6,
  /audio for 'reply-1' after its audio-done/,
  withEvents(async function* (events) {
    for await (const event of events) {
      yield event;
      if (event.type === 'audio-done') {
        yield { type: 'audio', responseId: event.responseId, data: new Uint8Array(160).fill(0xff) };
      }
    }
  }),
);
