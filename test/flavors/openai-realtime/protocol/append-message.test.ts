import { expect, test } from 'vitest';
import { MaskSource } from '../../../../flavors/openai-realtime/connection/mask-source.js';
import { AppendMessage, AppendMessages } from '../../../../flavors/openai-realtime/protocol/append-message.js';

test('audio of any length makes the message that it would make as an object', () => {
  const message = new AppendMessage(320);
  for (const length of [320, 320, 1, 2, 160, 8_000, 320]) {
    const audio = Buffer.from(Array.from({ length }, (_, index) => (index * 37 + length) % 256));
    const expected = { type: 'input_audio_buffer.append', audio: audio.toString('base64') };
    expect(message.of(audio).toString()).toBe(JSON.stringify(expected));
  }
});

test('messages of the usual length use one memory', () => {
  const message = new AppendMessage(320);
  expect(message.of(Buffer.alloc(320, 1))).toBe(message.of(Buffer.alloc(320, 2)));
});

test('calls with messages of one length share their memory, and no audio of one is in what another sends', () => {
  const messages = new AppendMessages();
  const [one, two, wide] = [messages.of(480), messages.of(480), messages.of(960)];
  expect(one).toBe(two);
  expect(wide.of(Buffer.alloc(960, 3))).not.toBe(one.of(Buffer.alloc(480, 1)));
  for (const audio of [Buffer.alloc(480, 1), Buffer.alloc(20, 2), Buffer.alloc(480, 4)]) {
    expect(JSON.parse(two.of(audio).toString()).audio).toBe(audio.toString('base64'));
  }
});

test('ten thousand masks are never zero and hardly ever the same', () => {
  const source = new MaskSource();
  const masks = new Set<number>();
  for (let count = 0; count < 10_000; count += 1) {
    const mask = Buffer.alloc(4);
    source.fill(mask);
    masks.add(mask.readUInt32BE());
  }
  expect(masks.has(0)).toBe(false);
  expect(masks.size).toBeGreaterThan(9_950);
});
