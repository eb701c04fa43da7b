import type { TimerHandle } from '../../../src/base/clock.js';
import type { JsonObject } from '../openai-realtime/json-value.js';
import type { FakeAudioFormat } from './audio-format.js';
import type { Connection, Session } from './connection.js';
import type { Ear } from './ear.js';
import type { FakeDeepgramOptions } from './options.js';
import type { Timeline, TurnRecord } from './timeline.js';

/** What a client is told when it has said nothing for too long. */
export const IDLE_REASON =
  'Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001';

/** Between interim results, ms of audio. */
const INTERIM_EVERY_MS = 250;
/** A segment becomes final after so much speech, ms. */
const SEGMENT_MS = 3_500;
/** Silence comes as final segments without a word of this length, ms. */
const SILENT_SEGMENT_MS = 3_000;
/** Words are not torn by the silence inside them, whatever `endpointing` says, ms. */
const LEAST_ENDPOINTING_MS = 250;

export interface ListenParts {
  readonly connection: Connection;
  readonly ear: Ear;
  readonly format: FakeAudioFormat;
  readonly query: URLSearchParams;
  readonly options: FakeDeepgramOptions;
  readonly timeline: Timeline;
  /** 36 letters, as the service's ids. */
  readonly requestId: string;
}

/** Listen v1: Nova. */
export class ListenV1Session implements Session {
  readonly inputFormat: FakeAudioFormat;
  readonly #parts: ListenParts;
  readonly #endpointingMs: number;
  readonly #utteranceEndMs: number;
  readonly #interim: boolean;
  #interimAtMs = 0;
  #segmentStartMs = 0;
  /** What of the utterance was told in final segments. */
  #told = '';
  #endsAtMs: number | undefined;
  #lastWordMs = 0;
  #idle: TimerHandle | undefined;
  #heardAudio = false;
  #turn: TurnRecord | undefined;

  constructor(parts: ListenParts) {
    this.#parts = parts;
    this.inputFormat = parts.format;
    const { query } = parts;
    const endpointing = query.get('endpointing') ?? '10';
    this.#endpointingMs =
      endpointing === 'false' ? Number.POSITIVE_INFINITY : Math.max(LEAST_ENDPOINTING_MS, Number(endpointing) || 10);
    this.#utteranceEndMs = Number(query.get('utterance_end_ms') ?? Number.POSITIVE_INFINITY);
    this.#interim = query.get('interim_results') === 'true';
    this.#restartIdle();
  }

  onAudio(bytes: Buffer): void {
    if (bytes.length === 0) {
      this.#closeStream();
      return;
    }
    this.#heardAudio = true;
    this.#restartIdle();
    this.#parts.ear.feed(bytes, (change) => this.#frame(change));
  }

  onControl({ type }: JsonObject): void {
    switch (type) {
      case 'KeepAlive':
        // It keeps open what was begun; nothing has begun before there was audio.
        if (this.#heardAudio) this.#restartIdle();
        return;
      case 'Finalize':
        this.#restartIdle();
        this.#finalize();
        return;
      case 'CloseStream':
        this.#closeStream();
        return;
      default:
        this.onUnreadable();
    }
  }

  onUnreadable(): void {
    const description = 'Could not parse the message.';
    this.#parts.connection.send({ type: 'Error', variant: 'SchemaError', description, message: description });
  }

  end(): void {
    this.#parts.connection.cancel(this.#idle);
  }

  #frame(change: 'started' | undefined): void {
    const { ear, connection, options, query } = this.#parts;
    if (change === 'started') this.#started();
    const { utterance } = ear;
    if (this.#endsAtMs !== undefined && ear.nowMs >= this.#endsAtMs && utterance === undefined) this.#utteranceEnd();
    if (utterance === undefined) {
      if (ear.nowMs - this.#segmentStartMs >= SILENT_SEGMENT_MS) this.#result({ text: '', final: true, speech: false });
      return;
    }
    if (this.#turn !== undefined) this.#turn.lastVoicedAtMs = utterance.lastVoicedAtMs;
    if (this.#interim && ear.nowMs - this.#interimAtMs >= INTERIM_EVERY_MS) {
      this.#interimAtMs = ear.nowMs;
      const text = this.#untold(ear.soFar());
      if (text !== '') this.#result({ text, final: false, speech: false });
    }
    if (ear.silentMs >= this.#endpointingMs) this.#endpoint();
    else if (ear.nowMs - this.#segmentStartMs >= SEGMENT_MS && ear.silentMs === 0) {
      const text = this.#untold(ear.soFar());
      this.#told = ear.soFar();
      this.#result({ text, final: true, speech: false });
    }
    if (query.get('endpointing') === 'false' && ear.silentMs >= options.endSilenceMs) this.#endpoint();
    if (connection.has('no-speech-final') && ear.utterance !== undefined && ear.silentMs >= this.#utteranceEndMs) {
      this.#overSilently();
    }
  }

  #started(): void {
    const { ear, connection, query, timeline, options } = this.#parts;
    const { utterance } = ear;
    if (utterance === undefined) return;
    this.#endsAtMs = undefined;
    this.#interimAtMs = ear.nowMs;
    this.#segmentStartMs = utterance.startMs;
    this.#turn = {
      service: 'listen-v1',
      connection: connection.record.id,
      startedAtMs: options.clock.now(),
      lastVoicedAtMs: utterance.lastVoicedAtMs,
    };
    timeline.turns.push(this.#turn);
    if (query.get('vad_events') === 'true') {
      connection.sendLater(
        { type: 'SpeechStarted', channel: [0, 1], timestamp: seconds(utterance.startMs) },
        options.delays.interimMs,
      );
    }
    connection.speaking();
  }

  /** Enough silence after speech. */
  #endpoint(): void {
    const { ear, connection } = this.#parts;
    if (ear.utterance === undefined || connection.has('no-speech-final')) return;
    const whole = ear.whole();
    const text = this.#untold(whole);
    if (connection.has('empty-speech-final')) {
      this.#result({ text, final: true, speech: false });
      this.#result({ text: '', final: true, speech: true });
    } else this.#result({ text, final: true, speech: true });
    this.#over(whole);
  }

  /** On a noisy line the words are final, and only the gap behind them ends the utterance. */
  #overSilently(): void {
    const { ear } = this.#parts;
    const whole = ear.whole();
    this.#result({ text: this.#untold(whole), final: true, speech: false });
    this.#over(whole);
  }

  #over(text: string): void {
    const { ear, options } = this.#parts;
    this.#lastWordMs = ear.utterance?.lastVoicedMs ?? ear.nowMs;
    this.#endsAtMs = this.#lastWordMs + this.#utteranceEndMs;
    this.#told = '';
    if (this.#turn !== undefined) {
      this.#turn.endedAtMs = options.clock.now();
      this.#turn.text = text;
    }
    this.#turn = undefined;
    ear.end();
  }

  #utteranceEnd(): void {
    const { connection, options } = this.#parts;
    this.#endsAtMs = undefined;
    const message = { type: 'UtteranceEnd', channel: [0, 1] };
    connection.sendLater({ ...message, last_word_end: seconds(this.#lastWordMs) }, options.delays.finalMs);
    if (connection.has('duplicate-utterance-end')) connection.sendLater({ ...message, last_word_end: -1 }, 0);
  }

  #finalize(): void {
    const { ear } = this.#parts;
    const bufferedMs = ear.nowMs - this.#segmentStartMs;
    if (ear.utterance === undefined) {
      // With little to finalise, nothing comes.
      if (bufferedMs > 500) this.#result({ text: '', final: true, speech: true, finalize: true });
      return;
    }
    const done = ear.silentMs >= 100;
    const text = done ? ear.whole() : ear.soFar();
    this.#result({ text: this.#untold(text), final: true, speech: done, finalize: true });
    if (done) this.#over(text);
    else this.#told = text;
  }

  #closeStream(): void {
    const { connection, ear, requestId } = this.#parts;
    if (ear.utterance !== undefined) this.#finalize();
    const message = {
      type: 'Metadata',
      transaction_key: 'deprecated',
      request_id: requestId,
      sha256: '0'.repeat(64),
      created: new Date(this.#parts.options.clock.wallTime()).toISOString(),
      duration: seconds(ear.nowMs),
      channels: 1,
      models: [requestId],
      model_info: { [requestId]: { name: 'general-nova-3', version: '2025-04-17.21547', arch: 'nova-3' } },
    };
    connection.sendLater(message, 0, () => connection.close(1000));
  }

  /** What of `text` was not told in a final segment. */
  #untold(text: string): string {
    return text.startsWith(this.#told) ? text.slice(this.#told.length).trim() : text;
  }

  #result(parts: { text: string; final: boolean; speech: boolean; finalize?: boolean }): void {
    const { connection, ear, options, requestId } = this.#parts;
    const startMs = this.#segmentStartMs;
    const endMs = ear.nowMs;
    const { interimMs, finalMs } = options.delays;
    const turn = this.#turn;
    const told = (): void => {
      if (turn !== undefined) turn.toldAtMs = options.clock.now();
    };
    connection.sendLater(
      {
        type: 'Results',
        channel_index: [0, 1],
        duration: seconds(endMs - startMs),
        start: seconds(startMs),
        is_final: parts.final,
        speech_final: parts.speech,
        from_finalize: parts.finalize === true,
        channel: {
          alternatives: [
            {
              transcript: parts.text,
              confidence: parts.text === '' ? 0 : 0.99,
              languages: ['en'],
              words: wordsOf(parts.text, startMs, endMs),
            },
          ],
        },
        metadata: {
          request_id: requestId,
          model_uuid: requestId,
          model_info: { name: 'general-nova-3', version: '2025-04-17.21547', arch: 'nova-3' },
        },
      },
      parts.final ? finalMs : interimMs,
      ...(parts.final ? [told] : []),
    );
    if (parts.final) this.#segmentStartMs = endMs;
  }

  #restartIdle(): void {
    const { connection, options } = this.#parts;
    connection.cancel(this.#idle);
    this.#idle = connection.later(options.idleMs, () => connection.close(1011, IDLE_REASON));
  }
}

/** Milliseconds as the service writes times. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function wordsOf(text: string, startMs: number, endMs: number): readonly JsonObject[] {
  const words = text.split(' ').filter((word) => word !== '');
  const eachMs = (endMs - startMs) / Math.max(1, words.length);
  return words.map((word, index) => ({
    word: word.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, ''),
    start: seconds(startMs + index * eachMs),
    end: seconds(startMs + (index + 1) * eachMs),
    confidence: 0.98,
    punctuated_word: word,
  }));
}
