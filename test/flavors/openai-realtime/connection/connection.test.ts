import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Connection, RealtimeConnection } from '../../../../flavors/openai-realtime/connection/connection.js';
import type { ServerEvent } from '../../../../flavors/openai-realtime/protocol/server-event.js';
import type { FlavorError } from '../../../../src/flavor-api/index.js';
import { eventLoopTurns } from '../../../support/event-loop-turns.js';
import { FakeClock } from '../../../support/fake-clock.js';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

/** A server that does what it is told with each connection. */
class Peer {
  readonly sockets: WebSocket[] = [];
  readonly headers: (readonly [string, unknown])[] = [];
  #port = 0;

  /** `answer`: what happens to a connection; without it, the upgrade is never answered. */
  async listen(answer?: (socket: WebSocket) => void): Promise<this> {
    const server = createServer((_request, response) => response.writeHead(404).end());
    const webSockets = new WebSocketServer({ noServer: true });
    const raw = new Set<Socket>();
    server.on('connection', (socket) => raw.add(socket));
    server.on('upgrade', (request, socket, head) => {
      this.headers.push(...Object.entries(request.headers));
      if (!answer) return;
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.sockets.push(webSocket);
        webSocket.on('error', () => undefined);
        answer(webSocket);
      });
    });
    await this.#begin(server, raw);
    return this;
  }

  /** Answers every upgrade with an HTTP status. */
  async refuse(status: number, body: string): Promise<this> {
    const server = createServer();
    const raw = new Set<Socket>();
    server.on('connection', (socket) => raw.add(socket));
    server.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    });
    await this.#begin(server, raw);
    return this;
  }

  get url(): URL {
    return new URL(`ws://127.0.0.1:${this.#port}/v1/realtime`);
  }

  get socket(): WebSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('nobody has connected');
    return socket;
  }

  say(event: object): void {
    this.socket.send(JSON.stringify(event));
  }

  async #begin(server: Server, raw: ReadonlySet<Socket>): Promise<void> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    open.push({
      close: () => {
        for (const socket of raw) socket.destroy();
        server.close();
      },
    });
  }
}

const created = '{"type":"session.created","session":{}}';

/** What a connection tells. */
interface Told {
  readonly events: ServerEvent[];
  readonly faults: FlavorError[];
  readonly lost: FlavorError[];
}

function hear(connection: Connection): Told {
  const told: Told = { events: [], faults: [], lost: [] };
  connection.listen({
    onEvent: (event) => told.events.push(event),
    onFault: (error) => told.faults.push(error),
    onLost: (error) => told.lost.push(error),
  });
  return told;
}

async function connect(
  peer: Peer,
  clock = new FakeClock(),
  signal = new AbortController().signal,
): Promise<Connection> {
  const endpoint = { url: peer.url, headers: { Authorization: 'Bearer secret-key' } };
  const connection = await RealtimeConnection.connect(endpoint, 2_000, clock, signal);
  open.push(connection);
  return connection;
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}

test('a connection is there when the service greets, and carries the headers of its endpoint', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  expect(connection.alive).toBe(true);
  expect(Object.fromEntries(peer.headers)['authorization']).toBe('Bearer secret-key');
});

test('events come as they are said, what cannot be read as faults, and the connection stands', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  const told = hear(connection);
  peer.say({ type: 'input_audio_buffer.committed', item_id: 'a' });
  peer.socket.send('{"type":');
  peer.socket.send(Buffer.from('{}'), { binary: true });
  peer.say({ type: 'rate_limits.updated' });
  peer.say({ type: 'input_audio_buffer.committed', item_id: 'b' });
  await until(() => told.events.length === 2);
  expect(told.events.map((event) => ('itemId' in event ? event.itemId : ''))).toEqual(['a', 'b']);
  expect(told.faults.map(({ code }) => code)).toEqual(['ERR_FLAVOR_PROTOCOL', 'ERR_FLAVOR_PROTOCOL']);
  expect(told.lost).toEqual([]);
});

test('what a gateway says twice is told once; without ids nothing can be said of it', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  const told = hear(connection);
  const response = { id: 'resp_1', status: 'completed' };
  const events = [
    { type: 'response.created', event_id: 'event_1', response },
    { type: 'response.done', event_id: 'event_2', response },
    { type: 'input_audio_buffer.committed', event_id: 'event_3', item_id: 'a' },
    { type: 'input_audio_buffer.committed', item_id: 'b' },
    { type: 'input_audio_buffer.committed', event_id: '', item_id: 'c' },
  ];
  for (const event of [...events, ...events]) peer.say(event);
  peer.say({ type: 'input_audio_buffer.committed', event_id: 'event_4', item_id: 'last' });
  const seen = (): readonly string[] =>
    told.events.map((event) => ('itemId' in event && typeof event.itemId === 'string' ? event.itemId : event.type));
  await until(() => seen().includes('last'));
  expect(seen()).toEqual(['response-created', 'response-done', 'a', 'b', 'c', 'b', 'c', 'last']);
  expect(told.faults).toEqual([]);
});

test('a server that gives every event the same id is heard in full', async () => {
  const id = { event_id: 'event_TODO' };
  const peer = await new Peer().listen((socket) =>
    socket.send(JSON.stringify({ type: 'session.created', ...id, session: {} })),
  );
  const connection = await connect(peer);
  const told = hear(connection);
  const item = { ...id, item_id: 'item_1' };
  const delta = { type: 'conversation.item.input_audio_transcription.delta', ...item, delta: ' ha' };
  const sound = { response_id: 'resp_1', output_index: 0, content_index: 0 };
  const events = [
    { type: 'session.updated', ...id, session: {} },
    { type: 'input_audio_buffer.committed', ...item },
    delta,
    delta,
    { type: 'response.output_audio.delta', ...item, ...sound, delta: 'AAEC' },
    { type: 'input_audio_buffer.committed', ...item, item_id: 'last' },
  ];
  for (const event of events) peer.say(event);
  await until(() => told.events.some((event) => 'itemId' in event && event.itemId === 'last'));
  expect(told.events.map(({ type }) => type)).toEqual([
    'session-updated',
    'committed',
    'caller-words',
    'caller-words',
    'audio',
    'committed',
  ]);
  // By an id that names no event, none of the sound behind it would be heard.
  expect(told.events).toContainEqual(expect.objectContaining({ type: 'audio', eventId: '' }));
});

test.each([
  [401, '{}', 'ERR_FLAVOR_AUTH', false],
  [429, '{"error":{"code":"insufficient_quota"}}', 'ERR_FLAVOR_QUOTA', false],
  [429, 'Too many', 'ERR_FLAVOR_QUOTA', true],
  [503, 'x'.repeat(100_000), 'ERR_FLAVOR_NETWORK', true],
  [404, '', 'ERR_FLAVOR_CONFIG', false],
])('an upgrade refused with %i is named', async (status, body, code, retryable) => {
  const peer = await new Peer().refuse(status, body);
  await expect(connect(peer)).rejects.toMatchObject({ code, retryable });
});

test('a service that greets with an error is not connected', async () => {
  const error = { type: 'invalid_request_error', code: 'invalid_api_key', message: 'sk-secret' };
  const peer = await new Peer().listen((socket) => {
    socket.send(JSON.stringify({ type: 'error', error }));
    socket.close(3000);
  });
  await expect(connect(peer)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
});

test('a service that closes before it greets is not connected', async () => {
  const peer = await new Peer().listen((socket) => socket.close(1011));
  await expect(connect(peer)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
});

test('nobody there is a fault of the network', async () => {
  const peer = await new Peer().listen();
  const { url } = peer;
  open.pop()?.close();
  const connecting = RealtimeConnection.connect(
    { url, headers: {} },
    2_000,
    new FakeClock(),
    AbortSignal.timeout(5_000),
  );
  await expect(connecting).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
});

test.each([
  ['does not answer the upgrade', undefined],
  ['does not greet', () => undefined],
])('a service that %s takes too long', async (_what, answer) => {
  const peer = await new Peer().listen(answer);
  const clock = new FakeClock();
  const connecting = connect(peer, clock);
  const refused = expect(connecting).rejects.toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', retryable: true });
  await until(() => peer.headers.length > 0);
  clock.advance(2_000);
  await refused;
});

test('a service that loads its model first may take as long as it is given to greet', async () => {
  const peer = await new Peer().listen(() => undefined);
  const clock = new FakeClock();
  const endpoint = { url: peer.url, headers: {} };
  const connecting = RealtimeConnection.connect(endpoint, 60_000, clock, new AbortController().signal);
  await until(() => peer.sockets.length > 0);
  peer.socket.pause();
  for (let step = 0; step < 5; step += 1) clock.advance(10_000);
  peer.socket.send(created);
  const connection = await connecting;
  open.push(connection);
  expect(connection.alive).toBe(true);
});

test('a call that ends while it connects stops it, with the signal’s reason', async () => {
  const peer = await new Peer().listen();
  const controller = new AbortController();
  const connecting = connect(peer, new FakeClock(), controller.signal);
  const refused = expect(connecting).rejects.toThrow('over');
  await until(() => peer.headers.length > 0);
  controller.abort(new Error('over'));
  await refused;
  await expect(connect(peer, new FakeClock(), controller.signal)).rejects.toThrow('over');
});

test.each([
  ['a close with 1011', (socket: WebSocket) => socket.close(1011), 'ERR_FLAVOR_NETWORK'],
  ['a close with 1000', (socket: WebSocket) => socket.close(1000), 'ERR_FLAVOR_NETWORK'],
  ['the end of TCP', (socket: WebSocket) => socket.terminate(), 'ERR_FLAVOR_NETWORK'],
  ['a message without end', (socket: WebSocket) => socket.send('x'.repeat(9 * 2 ** 20)), 'ERR_FLAVOR_PROTOCOL'],
])('%s is a loss, told once', async (_what, end, code) => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  const told = hear(connection);
  end(peer.socket);
  await until(() => told.lost.length > 0);
  await until(() => peer.socket.readyState === peer.socket.CLOSED);
  expect(told.lost.map((error) => error.code)).toEqual([code]);
  expect(told.lost[0]?.retryable).toBe(true);
  expect(connection.alive).toBe(false);
});

test('a loss that nobody listened to is told to whoever listens next', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  peer.socket.terminate();
  await until(() => !connection.alive);
  expect(hear(connection).lost).toHaveLength(1);
});

test('a peer that answers no ping is gone', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const clock = new FakeClock();
  const connection = await connect(peer, clock);
  const told = hear(connection);
  // Below the WebSocket: no answer leaves any more, and no end either.
  peer.socket.pause();
  clock.advance(10_000);
  expect(told.lost).toEqual([]);
  clock.advance(10_000);
  expect(told.lost.map(({ code }) => code)).toEqual(['ERR_FLAVOR_TIMEOUT']);
});

test('a peer that answers pings may be silent for as long as it likes', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const clock = new FakeClock();
  const connection = await connect(peer, clock);
  const told = hear(connection);
  let pings = 0;
  peer.socket.on('ping', () => {
    pings += 1;
  });
  for (let minute = 1; minute <= 4; minute += 1) {
    clock.advance(10_000);
    await until(() => pings === minute);
    await eventLoopTurns(20);
  }
  expect(told.lost).toEqual([]);
});

test('settings are taken when the service says so', async () => {
  const peer = await new Peer().listen((socket) => {
    socket.send(created);
    socket.on('message', () => socket.send('{"type":"session.updated","session":{}}'));
  });
  const connection = await connect(peer);
  await connection.update({ type: 'session.update', session: {} }, 1_000);
});

test.each([
  ['by the event', { event_id: 'update-1' }],
  ['by the parameter', { param: 'session.voice' }],
])('settings that are refused, named %s, are a mistake of the configuration', async (_what, naming) => {
  const error = { type: 'invalid_request_error', code: 'invalid_value', ...naming };
  const peer = await new Peer().listen((socket) => {
    socket.send(created);
    socket.on('message', () => socket.send(JSON.stringify({ type: 'error', error })));
  });
  const connection = await connect(peer);
  const told = hear(connection);
  const updating = connection.update({ type: 'session.update', session: {} }, 1_000);
  await expect(updating).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  expect(told.events).toEqual([]);
});

test('settings that nobody answers take too long, and a lost connection takes none', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const clock = new FakeClock();
  const connection = await connect(peer, clock);
  const late = expect(connection.update({}, 1_000)).rejects.toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT' });
  clock.advance(1_000);
  await late;
  const lost = expect(connection.update({}, 60_000)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  peer.socket.terminate();
  await lost;
  await expect(connection.update({}, 1_000)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
});

test('closing says goodbye, is no loss, and leaves no timer', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const clock = new FakeClock();
  const connection = await connect(peer, clock);
  const told = hear(connection);
  const codes: number[] = [];
  peer.socket.on('close', (code) => codes.push(code));
  connection.close();
  connection.close();
  await until(() => codes.length > 0);
  expect(codes).toEqual([1000]);
  await until(() => clock.pendingTimers === 0);
  expect(told.lost).toEqual([]);
});

test('a close that the other side does not answer is cut short', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const clock = new FakeClock();
  const connection = await connect(peer, clock);
  peer.socket.pause();
  let gone = false;
  peer.socket.on('close', () => {
    gone = true;
  });
  connection.close();
  clock.advance(300);
  peer.socket.resume();
  await until(() => gone);
  expect(clock.pendingTimers).toBe(0);
});

test('messages whose memory is used again at once arrive as they were, however many wait for the network', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const connection = await connect(peer);
  const received: string[] = [];
  peer.socket.on('message', (data) => received.push(String(data)));
  peer.socket.pause();
  const message = Buffer.alloc(20_000);
  const count = 400;
  for (let index = 0; index < count; index += 1) {
    message.fill(97 + (index % 26));
    connection.sendMessage(message);
  }
  expect(connection.bufferedBytes).toBeGreaterThan(message.length);
  peer.socket.resume();
  await until(() => received.length === count);
  for (const [index, text] of received.entries()) {
    expect(text === String.fromCharCode(97 + (index % 26)).repeat(message.length)).toBe(true);
  }
});

test('audio is read the same whether it comes in the usual shape or another', async () => {
  const peer = await new Peer().listen((socket) => socket.send(created));
  const told = hear(await connect(peer));
  const ids = { event_id: 'e', response_id: 'r', item_id: 'i' };
  peer.say({ type: 'response.output_audio.delta', ...ids, output_index: 0, content_index: 0, delta: 'AAAA' });
  peer.say({ delta: 'AAAA', ...ids, type: 'response.output_audio.delta' });
  await until(() => told.events.length === 2);
  const audio = { type: 'audio', eventId: 'e', responseId: 'r', itemId: 'i', audio: 'AAAA' };
  expect(told.events).toEqual([audio, audio]);
});
