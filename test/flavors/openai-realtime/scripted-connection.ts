import type { Connection, ConnectionListener } from '../../../flavors/openai-realtime/connection/connection.js';
import { isObject, type JsonObject } from '../../../flavors/openai-realtime/protocol/json.js';
import { readServerEvent } from '../../../flavors/openai-realtime/protocol/server-event.js';
import { FlavorError } from '../../../src/flavor-api/index.js';

/** A connection whose other end is the test: what is sent can be read, what the service says is said by the test. */
export class ScriptedConnection implements Connection {
  readonly openedAtMs: number;
  alive = true;
  bufferedBytes = 0;
  closed = false;
  /** Everything sent but audio. */
  readonly sent: JsonObject[] = [];
  /** Bytes of audio sent. */
  audio = Buffer.alloc(0);
  /** How each `update` ends; at once, if nothing else is said. */
  onUpdate: () => Promise<void> = () => Promise.resolve();
  #listener: ConnectionListener | undefined;

  constructor(openedAtMs = 0) {
    this.openedAtMs = openedAtMs;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  send(event: object): void {
    this.sendMessage(Buffer.from(JSON.stringify(event)));
  }

  sendMessage(message: Buffer): void {
    if (this.closed || !this.alive) return;
    const event: unknown = JSON.parse(message.toString());
    if (!isObject(event)) throw new Error('no event');
    if (event['type'] === 'input_audio_buffer.append') {
      this.audio = Buffer.concat([this.audio, Buffer.from(String(event['audio']), 'base64')]);
    } else {
      this.sent.push(event);
    }
  }

  update(event: object): Promise<void> {
    this.send(event);
    return this.onUpdate();
  }

  close(): void {
    this.closed = true;
  }

  /** The service says something, in its own words. */
  say(type: string, members: JsonObject = {}): void {
    const event = readServerEvent(JSON.stringify({ type, ...members }));
    if (event === 'unreadable') throw new Error(`unreadable: ${type}`);
    if (event !== 'ignored') this.#listener?.onEvent(event);
  }

  fault(): void {
    this.#listener?.onFault(new FlavorError('ERR_FLAVOR_PROTOCOL', 'a fault', true));
  }

  lose(code: 'ERR_FLAVOR_NETWORK' | 'ERR_FLAVOR_AUTH' = 'ERR_FLAVOR_NETWORK'): void {
    this.alive = false;
    this.#listener?.onLost(new FlavorError(code, 'lost', code === 'ERR_FLAVOR_NETWORK'));
  }

  /** Types of what was sent, audio apart, from index `from` on. */
  types(from = 0): readonly string[] {
    return this.sent.slice(from).map((event) => String(event['type']));
  }

  /** What was sent of one type. */
  ofType(type: string): readonly JsonObject[] {
    return this.sent.filter((event) => event['type'] === type);
  }
}
