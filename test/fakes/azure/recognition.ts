import { bytesPerMs, type FakeAudioFormat } from '../deepgram/audio-format.js';
import { Ear } from '../deepgram/ear.js';
import type { HeardScript } from '../deepgram/heard-script.js';
import { isObject, memberAt } from '../openai-realtime/json-value.js';
import type { Recogniser } from '../openai-realtime/recogniser.js';
import type { Connection, Session } from './connection.js';
import type { MomentaryFault } from './faults.js';
import { isLanguage } from './handshake.js';
import type { FakeAzureOptions } from './options.js';
import { phraseOf, TICKS_PER_MS } from './phrase.js';
import type { SegmentRecord, Timeline } from './timeline.js';
import type { ClientMessage } from './usp-frame.js';
import { readWaveHeader } from './wave-format.js';

/** Hypotheses come so often while somebody speaks, ms of audio. */
const HYPOTHESIS_EVERY_MS = 300;
/** So much silence at the end of what was sent means that the last word is whole, ms. */
const WORD_GAP_MS = 100;
/** The service takes in this much at once, and then twice as much as is spoken, ms. */
const BURST_MS = 5_000;
const RATE = 2;

export interface RecognitionParts {
  readonly connection: Connection;
  readonly options: FakeAzureOptions;
  readonly timeline: Timeline;
  readonly recogniser: Recogniser;
  readonly heard: HeardScript;
  readonly query: URLSearchParams;
}

interface Context {
  readonly segmentationMs: number;
  readonly detailed: boolean;
  readonly words: boolean;
  readonly languages: readonly string[];
}

interface Turn {
  readonly requestId: string;
  readonly ear: Ear;
  readonly format: FakeAudioFormat;
  segment: SegmentRecord | undefined;
  hypothesisAtMs: number;
  /** Something was said of it. */
  spoken: boolean;
}

/** Recognition in conversation mode: one turn after the other, each of many phrases. */
export class RecognitionSession implements Session {
  readonly #parts: RecognitionParts;
  #configured = false;
  #context: Context | undefined;
  #contextId: string | undefined;
  #turn: Turn | undefined;
  /** Turns that are over: what still comes for one is dropped. */
  readonly #over = new Set<string>();
  #audioSinceMs: number | undefined;

  constructor(parts: RecognitionParts) {
    this.#parts = parts;
  }

  onMessage(message: ClientMessage): void {
    const { connection } = this.#parts;
    if (message.path === 'audio') {
      if (!message.binary) throw new Error('audio is sent in binary messages');
      if (!this.#configured) throw new Error('speech.config comes first');
      this.#onAudio(message);
      return;
    }
    if (message.binary) throw new Error(`${message.path} is sent in text messages`);
    const body = this.#json(message);
    if (body === undefined) return;
    connection.record.messages.push({ path: message.path, requestId: message.requestId, body });
    switch (message.path) {
      case 'speech.config':
        if (!isObject(memberAt(body, ['context', 'system']))) this.#refuse('speech.config has no system');
        this.#configured = true;
        return;
      case 'speech.context':
        if (!this.#configured) throw new Error('speech.config comes first');
        this.#onContext(message.requestId, body);
        return;
      case 'telemetry':
        return;
      default:
        throw new Error(`no message is called ${message.path}`);
    }
  }

  onFault(fault: MomentaryFault): void {
    const { connection } = this.#parts;
    const turn = this.#turn;
    if (turn === undefined) return;
    if (fault === 'turn-end') {
      this.#endTurn(turn);
      return;
    }
    const status = { 'phrase-error': 'Error', 'phrase-too-many-requests': 'TooManyRequests' }[String(fault)];
    connection.send('speech.phrase', turn.requestId, {
      Id: turn.requestId.toLowerCase(),
      RecognitionStatus: status ?? 'Forbidden',
      Offset: 0,
      Duration: 0,
    });
    this.#endTurn(turn);
  }

  end(): void {
    this.#turn = undefined;
  }

  #json({ body, contentType }: ClientMessage): unknown {
    try {
      if (!contentType.startsWith('application/json')) throw new Error('no JSON');
      return JSON.parse(body.toString('utf8'));
    } catch {
      this.#refuse('The payload is no JSON.');
      return undefined;
    }
  }

  #refuse(reason: string): void {
    this.#parts.connection.close(1007, reason);
  }

  #onContext(requestId: string, body: unknown): void {
    const { query, options } = this.#parts;
    const detection = memberAt(body, ['phraseDetection']);
    const segmentation = memberAt(detection, ['conversation', 'segmentation']);
    const silenceMs = memberAt(segmentation, ['segmentationSilenceTimeoutMs']);
    if (silenceMs !== undefined && !(Number(silenceMs) >= 100 && Number(silenceMs) <= 5000)) {
      this.#refuse('segmentationSilenceTimeoutMs is out of range.');
      return;
    }
    const named = memberAt(detection, ['language']) ?? query.get('language');
    const several = memberAt(body, ['languageId', 'languages']);
    const languages = (Array.isArray(several) ? several : [named]).map(String);
    if (!languages.every(isLanguage)) {
      this.#refuse('The specified language is not supported.');
      return;
    }
    if (languages.length > 1 && query.get('lidEnabled') !== 'true') {
      this.#refuse('Language identification is not enabled.');
      return;
    }
    const details = memberAt(body, ['phraseOutput', 'detailed', 'options']);
    this.#context = {
      segmentationMs: silenceMs === undefined ? options.segmentationMs : Number(silenceMs),
      detailed: memberAt(body, ['phraseOutput', 'format']) === 'Detailed' || query.get('format') === 'detailed',
      words: query.get('wordLevelTimestamps') === 'true' || (Array.isArray(details) && details.includes('WordTimings')),
      languages,
    };
    this.#contextId = requestId;
  }

  #onAudio({ requestId, body, contentType }: ClientMessage): void {
    if (this.#over.has(requestId)) return;
    const turn = this.#turn;
    if (turn !== undefined && turn.requestId === requestId) {
      if (body.length === 0) this.#endOfAudio(turn);
      else this.#listen(turn, body);
      return;
    }
    if (turn !== undefined) throw new Error('a turn begins only when the one before it is over');
    if (requestId !== this.#contextId) throw new Error('a turn begins with speech.context');
    this.#begin(requestId, body, contentType);
  }

  #begin(requestId: string, body: Buffer, contentType: string): void {
    const { options, recogniser, heard, connection } = this.#parts;
    let format: FakeAudioFormat;
    try {
      if (contentType !== 'audio/x-wav') throw new Error('Unsupported audio format.');
      format = readWaveHeader(body);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : '');
      return;
    }
    const ear = new Ear(format, options.clock, recogniser, heard);
    const turn: Turn = { requestId, ear, format, segment: undefined, hypothesisAtMs: 0, spoken: false };
    this.#turn = turn;
    connection.send('turn.start', requestId, { context: { serviceTag: requestId.toLowerCase() } });
    const rest = body.subarray(44);
    if (rest.length > 0) this.#listen(turn, rest);
  }

  #listen(turn: Turn, bytes: Buffer): void {
    const { connection, options } = this.#parts;
    const { record } = connection;
    this.#audioSinceMs ??= options.clock.now();
    record.audioMs += bytes.length / bytesPerMs(turn.format);
    const allowedMs = BURST_MS + (options.clock.now() - this.#audioSinceMs) * RATE;
    record.aheadMs = Math.max(record.aheadMs, record.audioMs - allowedMs);
    turn.ear.feed(bytes, (change) => {
      if (this.#turn === turn) this.#onFrame(turn, change);
    });
  }

  #onFrame(turn: Turn, change: 'started' | undefined): void {
    const { options, connection } = this.#parts;
    const { ear } = turn;
    if (change === 'started') this.#started(turn);
    const { utterance } = ear;
    if (utterance === undefined) {
      if (!turn.spoken && ear.nowMs >= options.initialSilenceMs) this.#initialSilence(turn);
      return;
    }
    if (turn.segment !== undefined) turn.segment.lastVoicedAtMs = utterance.lastVoicedAtMs;
    if (ear.silentMs < WORD_GAP_MS && ear.nowMs - turn.hypothesisAtMs >= HYPOTHESIS_EVERY_MS) {
      turn.hypothesisAtMs = ear.nowMs;
      this.#hypothesis(turn);
    }
    if (ear.silentMs >= (this.#context?.segmentationMs ?? options.segmentationMs)) {
      this.#phrase(turn, ear.whole());
      connection.speaking();
    }
  }

  #started(turn: Turn): void {
    const { options, connection, timeline } = this.#parts;
    const { utterance, nowMs } = turn.ear;
    if (utterance === undefined) return;
    turn.hypothesisAtMs = nowMs;
    turn.segment = {
      requestId: turn.requestId,
      startedAtMs: options.clock.now(),
      lastVoicedAtMs: utterance.lastVoicedAtMs,
    };
    timeline.segments.push(turn.segment);
    const offset = utterance.startMs * TICKS_PER_MS;
    this.#say(turn, options.delays.interimMs, 'speech.startDetected', { Offset: offset });
    connection.speaking();
  }

  #hypothesis(turn: Turn): void {
    const { ear } = turn;
    const text = ear
      .soFar()
      .toLowerCase()
      .replace(/[.,!?]/g, '');
    const { utterance } = ear;
    if (text === '' || utterance === undefined) return;
    this.#say(turn, this.#parts.options.delays.interimMs, 'speech.hypothesis', {
      Id: turn.requestId.toLowerCase(),
      Text: text,
      Offset: utterance.startMs * TICKS_PER_MS,
      Duration: (ear.nowMs - utterance.startMs) * TICKS_PER_MS,
      ...this.#language(),
    });
  }

  #phrase(turn: Turn, text: string): void {
    const { ear } = turn;
    const { utterance } = ear;
    if (utterance === undefined) return;
    const { detailed = false, words = false } = this.#context ?? {};
    const body = phraseOf({
      id: turn.requestId.toLowerCase(),
      text,
      startMs: utterance.startMs,
      endMs: utterance.lastVoicedMs,
      detailed,
      words,
    });
    this.#say(turn, this.#parts.options.delays.finalMs, 'speech.phrase', { ...body, ...this.#language() });
    if (turn.segment !== undefined) turn.segment.text = text;
    turn.segment = undefined;
    turn.spoken = true;
    ear.end();
  }

  #language(): object {
    const { languages = [] } = this.#context ?? {};
    return languages.length > 1 ? { PrimaryLanguage: { Language: languages[0], Confidence: 'High' } } : {};
  }

  #initialSilence(turn: Turn): void {
    this.#say(turn, 0, 'speech.phrase', {
      Id: turn.requestId.toLowerCase(),
      RecognitionStatus: 'InitialSilenceTimeout',
      Offset: turn.ear.nowMs * TICKS_PER_MS,
      Duration: 0,
    });
    this.#endTurn(turn);
  }

  #endOfAudio(turn: Turn): void {
    const { ear } = turn;
    if (ear.utterance !== undefined) this.#phrase(turn, ear.silentMs >= WORD_GAP_MS ? ear.whole() : ear.soFar());
    const end = ear.nowMs * TICKS_PER_MS;
    this.#say(turn, 0, 'speech.endDetected', { Offset: end });
    this.#say(turn, 0, 'speech.phrase', {
      Id: turn.requestId.toLowerCase(),
      RecognitionStatus: 'EndOfDictation',
      Offset: end,
      Duration: 0,
    });
    this.#endTurn(turn);
  }

  #endTurn(turn: Turn): void {
    this.#over.add(turn.requestId);
    this.#parts.connection.inOrder(0, () => {
      if (this.#turn !== turn) return;
      this.#turn = undefined;
      this.#parts.connection.send('turn.end', turn.requestId, {});
    });
  }

  #say(turn: Turn, delayMs: number, path: string, body: object): void {
    const { connection } = this.#parts;
    connection.inOrder(delayMs, () => {
      if (this.#turn === turn) connection.send(path, turn.requestId, body);
    });
  }
}
