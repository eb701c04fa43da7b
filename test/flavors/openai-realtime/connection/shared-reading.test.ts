import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { RealtimeConnection } from '../../../../flavors/openai-realtime/connection/connection.js';
import { SharedReading } from '../../../../flavors/openai-realtime/connection/shared-reading.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { tlsText } from '../../../support/tls-files.js';

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

/** A message with audio that is known again. */
function audio(index: number, characters = 640): string {
  const head = `{"type":"response.output_audio.delta","event_id":"event_${index}","response_id":"resp_1","item_id":"item_1"`;
  const sound = String.fromCharCode(65 + (index % 26)).repeat(characters);
  return `${head},"output_index":0,"content_index":0,"delta":"${sound}"}`;
}

/** As a server frames a text, whole or as a part of one. */
function frame(text: string, first = 0x81): Buffer {
  const contents = Buffer.from(text);
  const { length } = contents;
  const header = length < 126 ? [first, length] : [first, 126, length >> 8, length & 0xff];
  if (length < 65_536) return Buffer.concat([Buffer.from(header), contents]);
  const long = Buffer.alloc(10);
  long.set([first, 127]);
  long.writeUInt32BE(length, 6);
  return Buffer.concat([long, contents]);
}

interface Heard {
  readonly connection: RealtimeConnection;
  /** The letters of the audio that was heard, each message's once; '!' for one that is not of one letter. */
  readonly letters: string[];
  /** What the server sends as it is. */
  readonly server: Duplex;
}

/** A connection to a server of its own. `greeting`: sent with the answer to the handshake, in one piece with it. */
async function connected(scheme: 'ws' | 'wss', greeting: Buffer): Promise<Heard> {
  const server =
    scheme === 'wss'
      ? createHttpsServer({ cert: tlsText('server.crt'), key: tlsText('server.key') })
      : createHttpServer();
  const webSockets = new WebSocketServer({ noServer: true });
  const accepted = new Promise<Duplex>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      open.push({ close: () => socket.destroy() });
      socket.cork();
      webSockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.on('error', () => undefined));
      socket.write(greeting);
      socket.uncork();
      resolve(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  const { port }: AddressInfo = Object(server.address());
  const endpoint = {
    url: new URL(`${scheme}://127.0.0.1:${port}/`),
    headers: {},
    ...(scheme === 'wss' && { secureContext: tls.createSecureContext({ ca: tlsText('authority.crt') }) }),
  };
  const connection = await RealtimeConnection.connect(endpoint, 5000, new FakeClock(), new AbortController().signal);
  open.push(connection);
  const letters: string[] = [];
  connection.listen({
    onEvent: (event) => {
      if (event.type !== 'audio') return;
      const [letter = ''] = event.audio;
      letters.push(event.audio === letter.repeat(event.audio.length) ? letter : '!');
    },
    onFault: () => letters.push('!'),
    onLost: () => letters.push('!'),
  });
  return { connection, letters, server: await accepted };
}

const created = frame('{"type":"session.created","event_id":"e","session":{}}');

async function heard({ letters }: Heard, count: number): Promise<string> {
  for (let turn = 0; letters.length < count && turn < 20_000; turn += 1) {
    await turns();
  }
  return letters.join('');
}

const letters = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => String.fromCharCode(65 + ((from + index) % 26))).join('');

test.each(['ws', 'wss'] as const)('%s: audio is heard as it was sent, however it is cut', async (scheme) => {
  const call = await connected(scheme, created);
  const messages = Array.from({ length: 26 }, (_, index) => frame(audio(index)));
  const all = Buffer.concat(messages);
  // Prime to the length of a message: the cuts wander through headers and contents.
  const step = 97;
  for (let at = 0; at < all.length; at += step) {
    call.server.write(all.subarray(at, at + step));
    if (at % 13 === 0) await turns();
  }
  expect(await heard(call, 26)).toBe(letters(0, 26));
});

test.each(['ws', 'wss'] as const)('%s: what came with the answer to the handshake counts', async (scheme) => {
  // The first message is cut in two: its rest comes later.
  const first = frame(audio(0));
  const call = await connected(scheme, Buffer.concat([created, first.subarray(0, 300)]));
  call.server.write(first.subarray(300));
  expect(await heard(call, 1)).toBe('A');
  for (let index = 1; index < 5; index += 1) {
    call.server.write(frame(audio(index)));
    expect(await heard(call, index + 1)).toBe(letters(0, index + 1));
  }
});

test('parts of a message, pings between them and messages longer than what is read at once arrive', async () => {
  const call = await connected('ws', created);
  const text = audio(0);
  call.server.write(frame(text.slice(0, 100), 0x01));
  call.server.write(frame('are you there', 0x89));
  call.server.write(frame(text.slice(100), 0x80));
  call.server.write(frame(audio(1, 300_000)));
  call.server.write(frame(audio(2)));
  expect(await heard(call, 3)).toBe('ABC');
});

test('two connections that take turns do not read each other', async () => {
  const first = await connected('ws', created);
  const second = await connected('ws', created);
  for (let index = 0; index < 10; index += 1) {
    const one = frame(audio(index));
    const other = frame(audio(25 - index));
    first.server.write(one.subarray(0, 400));
    second.server.write(other);
    await heard(second, index + 1);
    first.server.write(one.subarray(400));
    await heard(first, index + 1);
  }
  expect(first.letters.join('')).toBe(letters(0, 10));
  expect(second.letters.join('')).toBe([...letters(16, 10)].reverse().join(''));
});

test('whole messages lie in the same memory one after the other, behind one that was begun with the handshake too', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  const accepted = once(server, 'connection');
  const reading = new SharedReading();
  const socket = connect({ port, host: '127.0.0.1', onread: reading.onread });
  open.push({ close: () => socket.destroy() });
  const first = frame(audio(0));
  socket.unshift(first.subarray(0, 300));
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  reading.begin(socket);
  const [peer]: Socket[] = await accepted;
  for (const bytes of [first.subarray(300), frame(audio(1)), frame(audio(2)), frame('why', 0x89), frame(audio(3))]) {
    const before = pieces.length;
    peer?.write(bytes);
    for (let turn = 0; pieces.length === before && turn < 20_000; turn += 1) await turns();
  }
  const shared = pieces.map(({ buffer }) => buffer === reading.onread.buffer.buffer);
  expect(shared).toEqual([false, false, true, true, false, true]);
});
