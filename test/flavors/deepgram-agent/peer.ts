import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentConfigSchema } from '../../../flavors/deepgram-agent/config.js';
import agent from '../../../flavors/deepgram-agent/index.js';
import type { FlavorEvent, FlavorSession } from '../../../src/flavor-api/index.js';
import { isObject, type JsonObject } from '../../fakes/openai-realtime/json-value.js';
import { contextOf } from '../openai-realtime/call.js';

/** What is closed after each test. */
export const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

/** A service whose connections do what the test says, and nothing else. */
export class Peer {
  readonly sockets: WebSocket[] = [];
  /** By connection, all that it was told but audio. */
  readonly told: JsonObject[][] = [];
  readonly #server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  /** Whether `Settings` are taken as soon as they come. */
  takes = true;
  /** Said on each connection before `Welcome`. */
  early: readonly object[] = [];

  async listen(): Promise<this> {
    open.push({ close: () => this.#server.close() });
    this.#server.on('connection', (socket) => {
      open.push({ close: () => socket.terminate() });
      const told: JsonObject[] = [];
      this.sockets.push(socket);
      this.told.push(told);
      socket.on('message', (data, isBinary) => {
        const message: unknown = isBinary ? undefined : JSON.parse(String(data));
        if (!isObject(message)) return;
        told.push(message);
        if (message['type'] === 'Settings' && this.takes) this.say({ type: 'SettingsApplied' });
      });
      for (const message of this.early) socket.send(JSON.stringify(message));
      socket.send('{"type":"Welcome","request_id":"r"}');
    });
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  say(message: object): void {
    this.sockets.at(-1)?.send(JSON.stringify(message));
  }

  sound(bytes: number): void {
    this.sockets.at(-1)?.send(Buffer.alloc(bytes, 0x55));
  }

  /** All of a type that was told, on whatever connection. */
  ofType(type: string): readonly JsonObject[] {
    return this.told.flat().filter((each) => each['type'] === type);
  }
}

export async function callOf(
  peer: Peer,
  config: object = {},
): Promise<{ readonly session: FlavorSession; readonly events: FlavorEvent[] }> {
  const controller = new AbortController();
  open.push({ close: () => controller.abort() });
  const flavor = await agent.create(
    agentConfigSchema.parse({ apiKey: 'key', url: peer.url, greeting: '', instructions: 'Be brief.', ...config }),
    { log: contextOf().log, now: () => performance.now() },
  );
  const session = await flavor.open(contextOf({ signal: controller.signal }));
  const events: FlavorEvent[] = [];
  void (async () => {
    for await (const event of session.events) events.push(event);
  })();
  session.start();
  return { session, events };
}
