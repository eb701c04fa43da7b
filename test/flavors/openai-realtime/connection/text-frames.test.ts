import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { FrameMemory } from '../../../../flavors/openai-realtime/connection/frame-memory.js';
import { MaskSource } from '../../../../flavors/openai-realtime/connection/mask-source.js';
import { TextFrames } from '../../../../flavors/openai-realtime/connection/text-frames.js';

/** A network that keeps what it is given, as it is, until it is told to take it. */
class Network extends Writable {
  readonly given: Buffer[] = [];
  readonly #owed: (() => void)[] = [];

  override _write(frame: Buffer, _encoding: string, done: () => void): void {
    this.given.push(frame);
    this.#owed.push(done);
  }

  /** What had been given when it is taken. */
  takeAll(): Buffer {
    const taken: Buffer[] = [];
    // With each that is taken the next is given.
    for (let done = this.#owed.shift(); done !== undefined; done = this.#owed.shift()) {
      taken.push(Buffer.from(this.given.at(-1) ?? ''));
      done();
    }
    return Buffer.concat(taken);
  }
}

/** What a server makes of it (RFC 6455 section 5.2): texts in one frame each, masked, with lengths of 16 bits. */
function messagesIn(bytes: Buffer): readonly string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.subarray(at, at + 2)).toEqual(Buffer.of(0x81, 0xfe));
    const length = bytes.readUInt16BE(at + 2);
    const mask = bytes.subarray(at + 4, at + 8);
    const masked = bytes.subarray(at + 8, at + 8 + length);
    messages.push(Buffer.from(masked.map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString());
    at += 8 + length;
  }
  return messages;
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a server reads the messages that were written, whatever their length', () => {
  const frames = new TextFrames(new MaskSource());
  const network = new Network();
  const messages = [126, 127, 128, 129, 700, 3000, 32_760].map((length, index) => String(index).repeat(length));
  for (const message of messages) {
    expect(frames.takes(message.length)).toBe(true);
    frames.write(network, Buffer.from(message));
  }
  expect(messagesIn(network.takeAll())).toEqual(messages);
});

test.each([0, 125, 32_761, 100_000])('a message of %d bytes is left to others', (bytes) => {
  expect(new TextFrames(new MaskSource()).takes(bytes)).toBe(false);
});

test('a network that takes nothing loses nothing: no message lies where one waits', () => {
  const frames = new TextFrames(new MaskSource());
  const network = new Network();
  const written: string[] = [];
  // More than all pieces of the memory hold.
  for (let index = 0; index < 1500; index += 1) {
    written.push(`${index} `.padEnd(700, 'x'));
    frames.write(network, Buffer.from(written[index] ?? ''));
  }
  expect(messagesIn(network.takeAll())).toEqual(written);
});

test('what the network has taken is used again', async () => {
  const frames = new TextFrames(new MaskSource());
  const network = new Network();
  const message = Buffer.alloc(700, 'x');
  for (let index = 0; index < 200; index += 1) {
    frames.write(network, message);
    network.takeAll();
    await turns();
  }
  expect(new Set(network.given.map(({ buffer }) => buffer)).size).toBe(1);
  expect(new Set(network.given.map(({ byteOffset }) => byteOffset)).size).toBe(1);
});

test('one connection that takes nothing does not keep others from using their memory again', async () => {
  const frames = new TextFrames(new MaskSource());
  const stuck = new Network();
  const network = new Network();
  frames.write(stuck, Buffer.alloc(700, 'x'));
  for (let index = 0; index < 1000; index += 1) {
    frames.write(network, Buffer.alloc(700, 'y'));
    network.takeAll();
    await turns();
  }
  expect(new Set(network.given.map(({ buffer }) => buffer)).size).toBe(2);
  expect(messagesIn(stuck.takeAll())).toEqual(['x'.repeat(700)]);
});

test('a message to a connection that is gone leaves its place to others', async () => {
  const frames = new TextFrames(new MaskSource());
  const gone = new Network();
  gone.on('error', () => undefined);
  gone.destroy();
  frames.write(gone, Buffer.alloc(700, 'x'));
  await turns();
  const network = new Network();
  frames.write(network, Buffer.alloc(700, 'y'));
  expect(network.given[0]?.byteOffset).toBe(0);
});

test('frames begin at multiples of four, where they can be masked by words', () => {
  const memory = new FrameMemory();
  for (const bytes of [1, 2, 3, 4, 5, 133, 700, 701]) {
    memory.take(bytes);
    expect(memory.at % 4).toBe(0);
  }
});
