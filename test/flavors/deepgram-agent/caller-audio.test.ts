import { expect, test } from 'vitest';
import { CallerAudio } from '../../../flavors/deepgram-agent/caller-audio.js';

test('how much a message still awaits is known before each frame, with another connection as well', () => {
  const audio = new CallerAudio(() => {});
  let messages = 0;
  const sink = {
    bufferedBytes: 0,
    sendAudio: () => {
      messages += 1;
    },
  };
  for (const _connection of [1, 2]) {
    audio.attach(sink);
    for (let frame = 0; frame < 7; frame += 1) {
      const { awaitedMs } = audio;
      const before = messages;
      audio.write(new Uint8Array(160));
      expect(messages - before).toBe(awaitedMs <= 20 ? 1 : 0);
    }
    audio.detach();
    audio.write(new Uint8Array(160));
  }
});
