import { broken, withEvents } from './breaking.js';

export default broken(
  25,
  /audio before start\(\)/,
  withEvents(async function* (events) {
    yield { type: 'audio', responseId: 'early', data: new Uint8Array(1_600).fill(0xff) };
    yield { type: 'audio-done', responseId: 'early' };
    yield* events;
  }),
);
