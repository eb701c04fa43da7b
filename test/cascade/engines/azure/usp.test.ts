import { expect, test } from 'vitest';
import {
  binaryMessage,
  readBinaryMessage,
  readTextMessage,
  textMessage,
} from '../../../../src/cascade/engines/azure/usp.js';
import { waveHeader } from '../../../../src/cascade/engines/azure/wire-format.js';

const requestId = '0123456789ABCDEF0123456789ABCDEF';
const timestamp = '2026-01-01T00:00:00.000Z';

test('a text message is header lines, a blank line, and the body', () => {
  expect(textMessage({ path: 'ssml', requestId, timestamp, contentType: 'application/ssml+xml' }, '<speak/>')).toBe(
    `Path: ssml\r\nX-RequestId: ${requestId}\r\nX-Timestamp: ${timestamp}\r\nContent-Type: application/ssml+xml\r\n\r\n<speak/>`,
  );
});

test('a binary message begins with the length of its header, big-endian', () => {
  const message = binaryMessage({ path: 'audio', requestId, timestamp }, new Uint8Array([1, 2, 3]));
  const header = `Path: audio\r\nX-RequestId: ${requestId}\r\nX-Timestamp: ${timestamp}\r\n`;
  expect(message.readUInt16BE(0)).toBe(header.length);
  expect(message.toString('latin1', 2, 2 + header.length)).toBe(header);
  expect([...message.subarray(2 + header.length)]).toEqual([1, 2, 3]);
});

test('paths, request ids and names of header lines are not case-sensitive', () => {
  const message = readTextMessage(`x-requestid:${requestId.toLowerCase()}\r\nPATH: Speech.Phrase\r\n\r\n{}`);
  expect(message).toEqual({ path: 'speech.phrase', requestId, streamId: '', body: { type: 'text', text: '{}' } });
});

test('a body with a blank line in it stays whole', () => {
  expect(readTextMessage('Path:x\r\n\r\na\r\n\r\nb')?.body).toEqual({ type: 'text', text: 'a\r\n\r\nb' });
});

test('a message without a body may do without the blank line', () => {
  expect(readTextMessage(`Path:turn.end\r\nX-RequestId:${requestId}\r\n`)?.path).toBe('turn.end');
});

test('audio is the rest of a binary message', () => {
  const header = Buffer.from('Path:audio\r\nX-StreamId:S1\r\n');
  const message = Buffer.concat([Buffer.from([0, header.length]), header, Buffer.from([9, 8])]);
  expect(readBinaryMessage(message)).toMatchObject({ path: 'audio', streamId: 'S1', body: { type: 'binary' } });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['half a length', Buffer.from([0])],
  ['a header longer than the message', Buffer.from([0, 200, 80])],
  ['the longest header that a length can say', Buffer.alloc(70_000, 0xff)],
  ['a header without a path', Buffer.from([0, 4, 65, 58, 66, 13])],
])('%s is no binary message', (_what, message) => {
  expect(readBinaryMessage(message)).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['JSON', '{"Path":"x"}'],
  ['a header without a path', 'X-RequestId: 1\r\n\r\n{}'],
  ['a header without end', `Path: x\r\n${'A: b\r\n'.repeat(5_000)}`],
])('%s is no text message', (_what, message) => {
  expect(readTextMessage(message)).toBeUndefined();
});

test('mu-law is announced as RIFF format 7: 8,000 samples of 8 bits a second', () => {
  const hex = Buffer.from(waveHeader({ encoding: 'mulaw', sampleRate: 8000 })).toString('hex');
  expect(hex).toBe('524946460000000057415645666d74201000000007000100401f0000401f0000010008006461746100000000');
});

test.each([
  ['alaw', 8000, '0600', '0800'],
  ['pcm16', 16_000, '0100', '1000'],
] as const)('%s is announced as it is', (encoding, sampleRate, tag, bits) => {
  const header = Buffer.from(waveHeader({ encoding, sampleRate }));
  expect(header.subarray(20, 22).toString('hex')).toBe(tag);
  expect(header.subarray(34, 36).toString('hex')).toBe(bits);
  expect(header.readUInt32LE(24)).toBe(sampleRate);
  expect(header.readUInt32LE(28)).toBe(sampleRate * header.readUInt16LE(32));
});
