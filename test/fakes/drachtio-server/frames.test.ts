import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameReader } from './frames.js';

describe('frames between a drachtio server and its applications', () => {
  test('count bytes, not characters', () => {
    expect(encodeFrame(['id', 'sip'], 'é').toString()).toBe('10#id|sip\r\né');
    expect(encodeFrame(['a']).toString()).toBe('1#a');
  });

  test('are read out of pieces', () => {
    const reader = new FrameReader();
    const bytes = Buffer.concat([encodeFrame(['one', 'two']), encodeFrame(['three'], 'SIP')]);
    const frames = [...bytes].flatMap((byte) => reader.push(Buffer.from([byte])) ?? []);
    expect(frames).toEqual([
      { fields: ['one', 'two'], message: undefined },
      { fields: ['three'], message: 'SIP' },
    ]);
  });

  test.each(['x#', '123456#', '1234567', '#'])('%s ends the connection', (text) => {
    expect(new FrameReader().push(Buffer.from(text))).toBeUndefined();
  });
});
