import type { JsonObject } from '../openai-realtime/json-value.js';
import type { FakeAudioFormat } from './audio-format.js';
import type { Session } from './connection.js';
import { Speaker, type SpeakerParts } from './speaker.js';

/** `Flush` in 60 s. */
const FLUSH_LIMIT = 20;
const FLUSH_WINDOW_MS = 60_000;
const MAX_TEXT = 2_000;

export interface SpeakParts extends SpeakerParts {
  readonly format: FakeAudioFormat;
  readonly query: URLSearchParams;
  readonly requestId: string;
}

/** Speak over WebSocket: Aura. */
export class SpeakSession implements Session {
  readonly inputFormat = undefined;
  readonly #parts: SpeakParts;
  readonly #speaker: Speaker;
  #text = '';
  #flushes: number[] = [];
  #sequence = 0;

  constructor(parts: SpeakParts) {
    this.#parts = parts;
    this.#speaker = new Speaker(parts);
    const { connection, query, requestId, options } = parts;
    connection.send({
      type: 'Metadata',
      request_id: requestId,
      model_name: query.get('model') ?? 'aura-asteria-en',
      model_version: '2025-04-07.0',
      model_uuid: requestId,
    });
    connection.later(options.sessionLimitMs, () => connection.close(1000, 'The session has reached its limit.'));
  }

  onAudio(): void {
    this.#refuse('Binary messages are not supported.');
  }

  onControl(message: JsonObject): void {
    switch (message['type']) {
      case 'Speak':
        this.#speak(message['text']);
        return;
      case 'Flush':
        this.#flush();
        return;
      case 'Clear':
        this.#clear();
        return;
      case 'Close':
        this.#flushText();
        this.#speaker.afterwards(() => this.#parts.connection.close(1000));
        return;
      default:
        this.onUnreadable();
    }
  }

  onUnreadable(): void {
    this.#refuse('Could not parse the message.');
  }

  end(): void {
    this.#speaker.stop();
  }

  #speak(text: unknown): void {
    if (typeof text !== 'string') {
      this.#refuse('Speak needs a text.');
      return;
    }
    if (text.length > MAX_TEXT) {
      this.#refuse(`Input text exceeds maximum character limit of ${MAX_TEXT}.`);
      return;
    }
    this.#text += text;
    // Whole sentences are spoken at once; the rest waits for its end, or for a flush.
    const sentences = /^[\s\S]*[.!?](?=\s)/.exec(this.#text)?.[0];
    if (sentences === undefined) return;
    this.#text = this.#text.slice(sentences.length);
    this.#say(sentences);
  }

  #flush(): void {
    const { connection, options } = this.#parts;
    const nowMs = options.clock.now();
    this.#flushes = this.#flushes.filter((atMs) => nowMs - atMs < FLUSH_WINDOW_MS);
    if (this.#flushes.length >= FLUSH_LIMIT) {
      const description = `The maximum of ${FLUSH_LIMIT} Flush messages in 60 seconds was exceeded.`;
      connection.send({ type: 'Warning', description, code: 'FLUSH_LIMIT_EXCEEDED' });
      return;
    }
    this.#flushes.push(nowMs);
    this.#flushText();
    const sequence = this.#sequence;
    this.#sequence += 1;
    this.#speaker.afterwards(() => connection.send({ type: 'Flushed', sequence_id: sequence }));
  }

  #clear(): void {
    const { connection, texts } = this.#parts;
    const format = this.#parts.format;
    const late = connection.has('late-audio');
    this.#speaker.stop();
    this.#text = '';
    if (late) {
      // Under way when the message came.
      void texts.speech('late').then(() => connection.sendAudio(new Uint8Array(format.sampleRate / 10).fill(0x11)));
      return;
    }
    connection.send({ type: 'Cleared', sequence_id: this.#sequence });
  }

  #flushText(): void {
    if (this.#text.trim() !== '') this.#say(this.#text);
    this.#text = '';
  }

  #say(text: string): void {
    this.#speaker.say(text.trim(), this.#parts.format);
  }

  #refuse(description: string): void {
    const { connection } = this.#parts;
    connection.send({ type: 'Error', description, err_code: 'DATA-0000', err_msg: description });
    connection.close(1008, 'DATA-0000');
  }
}
