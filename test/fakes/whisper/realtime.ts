import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { wavHeader } from '../../../src/audio/wav-header.js';
import type { Clock } from '../../../src/base/clock.js';
import type { Heard } from './hearing.js';

const SAMPLE_RATE = 24_000;
/** Less cannot be committed, ms. */
const LEAST_MS = 100;

export interface RealtimeParts {
  readonly socket: WebSocket;
  readonly model: string;
  readonly clock: Clock;
  /** It is closed after so long, whatever is under way, ms. */
  readonly sessionMs: number;
  /** Understands a recording as any other request's; rejects when it cannot. */
  transcribe(wav: Buffer): Promise<Heard>;
}

/** A transcription session of speaches: OpenAI's beta dialect, 24 kHz, its own voice detection until it is told not to. */
export class RealtimeFakeSession {
  readonly #parts: RealtimeParts;
  #audio: Buffer[] = [];
  #itemId = newId();
  #detects = true;

  constructor(parts: RealtimeParts) {
    this.#parts = parts;
    parts.socket.on('message', (data) => this.#onMessage(String(data)));
    const timer = parts.clock.setTimeout(() => parts.socket.close(1000), parts.sessionMs);
    parts.socket.once('close', () => parts.clock.clearTimeout(timer));
    this.#send({ type: 'session.created', session: { input_audio_format: 'pcm16', model: parts.model } });
  }

  #onMessage(text: string): void {
    const message = JSON.parse(text) as { type: string; audio?: string; session?: { turn_detection?: unknown } };
    switch (message.type) {
      case 'session.update':
        this.#detects = message.session?.turn_detection !== null;
        this.#send({ type: 'session.updated', session: {} });
        return;
      case 'input_audio_buffer.append':
        this.#audio.push(Buffer.from(message.audio ?? '', 'base64'));
        return;
      case 'input_audio_buffer.commit':
        void this.#commit();
        return;
      default:
        this.#error('invalid_request_error', 'unknown event');
    }
  }

  async #commit(): Promise<void> {
    const pcm = Buffer.concat(this.#audio);
    const durationMs = (pcm.length * 1_000) / (2 * SAMPLE_RATE);
    // Detection on, and a commit by hand: the transcriber stumbles over speech that has no end.
    if (this.#detects || durationMs < LEAST_MS) {
      this.#error(this.#detects ? 'server_error' : 'invalid_request_error', 'Error committing input audio buffer');
      return;
    }
    const itemId = this.#itemId;
    this.#itemId = newId();
    this.#audio = [];
    this.#send({ type: 'input_audio_buffer.committed', previous_item_id: null, item_id: itemId });
    try {
      const header = wavHeader({ sampleRate: SAMPLE_RATE, channels: 1, dataBytes: pcm.length });
      const { text } = await this.#parts.transcribe(Buffer.concat([header, pcm]));
      this.#send({ type: 'conversation.item.created', item: { id: itemId, type: 'message', role: 'user' } });
      this.#send({
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: itemId,
        content_index: 0,
        transcript: text,
      });
    } catch {
      this.#error('server_error', 'Transcription failed');
    }
  }

  #error(type: string, message: string): void {
    this.#send({ type: 'error', event_id: newId(), error: { type, message } });
  }

  #send(event: object): void {
    if (this.#parts.socket.readyState === 1) this.#parts.socket.send(JSON.stringify(event));
  }
}

function newId(): string {
  return `item_${randomBytes(8).toString('hex')}`;
}
