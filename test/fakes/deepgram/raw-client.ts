import { WebSocket } from 'ws';
import { isObject, type JsonObject } from '../openai-realtime/json-value.js';
import type { Speech } from '../openai-realtime/speech.js';
import { bytesPerMs, encodeAudio, type FakeAudioFormat } from './audio-format.js';

/** How long a test waits for something that should come at once, ms. */
const PATIENCE_MS = 30_000;

export const mulaw: FakeAudioFormat = { encoding: 'mulaw', sampleRate: 8000 };

/** The barest client there is: JSON and audio over a WebSocket, everything that came kept in order. */
export class RawClient {
  readonly socket: WebSocket;
  readonly events: JsonObject[] = [];
  /** Types of messages and `audio`, in the order in which they came. */
  readonly order: string[] = [];
  readonly audio: Buffer[] = [];
  readonly oddFrames: string[] = [];
  readonly opened: Promise<boolean>;
  readonly ending: Promise<{ readonly code: number; readonly reason: string }>;
  #read = 0;
  #wake: (() => void) | undefined;

  constructor(
    url: string,
    headers: Readonly<Record<string, string>> = { authorization: 'Token test' },
    protocols: readonly string[] = [],
  ) {
    this.socket = new WebSocket(url, [...protocols], { headers });
    this.socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    // A connection that fails shows in its end.
    this.socket.on('error', () => {});
    this.opened = new Promise((resolve) => {
      this.socket.on('open', () => resolve(true));
      this.socket.on('close', () => resolve(false));
    });
    this.ending = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  send(message: JsonObject): void {
    this.socket.send(JSON.stringify(message));
  }

  sendAudio(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  /**
   * Says something, and is then silent for so long; all at once: the service's clock is the audio's. In messages of
   * `chunkMs`.
   */
  say({ pcm, sampleRate }: Speech, silenceMs = 700, format = mulaw, chunkMs = 20): void {
    const padded = new Int16Array(pcm.length + (silenceMs * sampleRate) / 1000);
    padded.set(pcm);
    const bytes = encodeAudio(padded, sampleRate, format);
    const chunk = chunkMs * bytesPerMs(format);
    for (let at = 0; at < bytes.length; at += chunk) this.sendAudio(bytes.subarray(at, at + chunk));
  }

  /** Is silent for so long. */
  silence(ms: number, format = mulaw): void {
    this.say({ pcm: new Int16Array(0), sampleRate: 8000, words: [] }, ms, format);
  }

  /** Waits for the next message that fits, passing over others; each is met once. */
  async next(type: string, matches: (event: JsonObject) => boolean = () => true): Promise<JsonObject> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const index = this.events.findIndex((event, at) => at >= this.#read && event['type'] === type && matches(event));
      const event = this.events[index];
      if (event !== undefined) {
        this.#read = index + 1;
        return event;
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`no ${type}; came: ${this.order.join(' ')}`));
      });
    }
  }

  /** HTTP status and body of a refused upgrade. */
  refusal(): Promise<{ readonly status: number; readonly body: unknown }> {
    return new Promise((resolve) => {
      this.socket.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
          this.socket.terminate();
        });
      });
    });
  }

  audioBytes(): number {
    return this.audio.reduce((sum, { length }) => sum + length, 0);
  }

  /** Goes away without a word. */
  async close(): Promise<void> {
    this.socket.terminate();
    await this.ending;
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.audio.push(data);
      if (this.order.at(-1) !== 'audio') this.order.push('audio');
    } else {
      try {
        const event: unknown = JSON.parse(String(data));
        if (!isObject(event)) throw new TypeError('no JSON object');
        this.events.push(event);
        this.order.push(String(event['type']));
      } catch {
        this.oddFrames.push(String(data));
      }
    }
    this.#wake?.();
  }
}
