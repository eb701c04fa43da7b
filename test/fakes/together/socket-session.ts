import type { WebSocket } from 'ws';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import type { FaultSwitch } from '../hosted/fault-switch.js';
import { type FakeVoice, passed } from '../speech-server/voice.js';
import { sampleBytes } from '../speech-server/wav.js';
import type { TogetherFault } from './faults.js';

export interface SocketSessionParts {
  readonly socket: WebSocket;
  readonly model: string;
  readonly voiceName: string;
  /** Longer text is spoken before its sentence ends. */
  readonly maxPartialLength: number;
  readonly voice: FakeVoice;
  readonly faults: FaultSwitch<TogetherFault>;
  /** Every sentence that is spoken. */
  readonly onSentence: (text: string) => void;
}

const DELTA_MS = 200;
/** For what comes too late, ms. */
const LATE_MS = 600;

/** One connection: texts in, sentences out, one after the other. */
export class SocketSession {
  readonly #parts: SocketSessionParts;
  readonly #gone = new AbortController();
  #buffer = '';
  #item = 0;
  #speaking: Promise<void> = Promise.resolve();

  constructor(parts: SocketSessionParts) {
    this.#parts = parts;
    const { socket, model, voiceName } = parts;
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('error', () => {});
    socket.on('close', () => this.#gone.abort());
    this.#send({
      event_id: 'evt_1',
      type: 'session.created',
      session: {
        id: 'fake-session',
        object: 'realtime.tts.session',
        modalities: ['text', 'audio'],
        model,
        voice: voiceName,
      },
    });
  }

  close(): void {
    this.#parts.socket.terminate();
  }

  #receive(data: string): void {
    const message: unknown = JSON.parse(data);
    if (!isObject(message)) return;
    switch (textIn(message, 'type')) {
      case 'input_text_buffer.append': {
        const text = textIn(message, 'text');
        this.#buffer += text;
        this.#send({ type: 'conversation.item.input_text.received', text });
        this.#speakWhole();
        return;
      }
      case 'input_text_buffer.commit':
        this.#say(this.#buffer);
        this.#buffer = '';
        return;
      case 'input_text_buffer.clear':
        // What is being spoken goes on.
        this.#buffer = '';
        return;
      case 'tts_session.updated':
        return;
      default:
        this.#send({
          type: 'error',
          error: { message: 'unknown event', type: 'invalid_request_error', param: 'type' },
        });
    }
  }

  /** Speaks sentences that are whole, and what is too long to wait for the end of its own. */
  #speakWhole(): void {
    for (;;) {
      const whole = /^[\s\S]*?[.!?…]+["')\]]*\s+(?=\S)/.exec(this.#buffer)?.[0];
      const part = whole ?? (this.#buffer.length > this.#parts.maxPartialLength ? this.#buffer : undefined);
      if (part === undefined) return;
      this.#buffer = this.#buffer.slice(part.length);
      this.#say(part);
    }
  }

  #say(text: string): void {
    if (text.trim() === '') return;
    this.#item += 1;
    const item = `tts_${this.#item}`;
    this.#speaking = this.#speaking.then(() => this.#speak(text.trim(), item)).catch(() => {});
  }

  async #speak(text: string, item: string): Promise<void> {
    const { voice, faults, socket, onSentence } = this.#parts;
    const { signal } = this.#gone;
    onSentence(text);
    if (faults.strikes('socket-silent')) return;
    const { samples, sampleRate } = await voice.make(text, signal);
    const bytes = sampleBytes(samples);
    const size = (DELTA_MS * sampleRate * 2) / 1_000 + (faults.strikes('odd-deltas') ? 1 : 0);
    const delta = (part: Buffer): void =>
      this.#send({ type: 'conversation.item.audio_output.delta', item_id: item, delta: part.toString('base64') });
    for (let at = 0; at < bytes.length; at += size) {
      delta(bytes.subarray(at, at + size));
      if (faults.strikes('socket-close')) return socket.close(1011);
      if (faults.strikes('socket-malformed')) return socket.send('{"type":');
      if (faults.strikes('tts-failed')) {
        const error = { message: 'could not speak', type: 'server_error', param: null, code: 'tts_failed' };
        return this.#send({ type: 'conversation.item.tts.failed', error });
      }
    }
    this.#send({ type: 'conversation.item.word_timestamps', item_id: item, words: [], start_seconds: [] });
    this.#send({ type: 'conversation.item.audio_output.done', item_id: item });
    if (!faults.strikes('late-delta')) return;
    await passed(LATE_MS, voice.options.clock, signal);
    delta(bytes.subarray(0, 1_000));
  }

  #send(message: object): void {
    if (this.#parts.socket.readyState === this.#parts.socket.OPEN) this.#parts.socket.send(JSON.stringify(message));
  }
}
