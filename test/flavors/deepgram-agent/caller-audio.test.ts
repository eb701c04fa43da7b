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

test('what waits for a connection is a copy, also of a Buffer', () => {
  const audio = new CallerAudio(() => {});
  const frame = Buffer.alloc(160, 1);
  for (let count = 0; count < 10; count += 1) {
    audio.write(frame);
  }
  frame.fill(2);
  const sent: number[] = [];
  audio.attach({ bufferedBytes: 0, sendAudio: (data: Uint8Array) => void sent.push(...data) });
  expect(sent.length).toBeGreaterThan(0);
  expect(new Set(sent)).toEqual(new Set([1]));
});
