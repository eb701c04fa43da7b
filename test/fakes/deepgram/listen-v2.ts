import type { TimerHandle } from '../../../src/base/clock.js';
import { isObject, type JsonObject } from '../openai-realtime/json-value.js';
import type { FakeAudioFormat } from './audio-format.js';
import type { Session } from './connection.js';
import { IDLE_REASON, type ListenParts, seconds } from './listen-v1.js';
import type { TurnRecord } from './timeline.js';

/** Between updates, ms of audio. */
const UPDATE_EVERY_MS = 250;

/** Listen v2: Flux. */
export class ListenV2Session implements Session {
  readonly inputFormat: FakeAudioFormat;
  readonly #parts: ListenParts;
  #sequence = 0;
  #turnIndex = 0;
  #turnStartMs = 0;
  #updateAtMs = 0;
  #began = false;
  #eager: string | undefined;
  #eagerThreshold: number | undefined;
  #idle: TimerHandle | undefined;
  #signAtMs = 0;
  #turn: TurnRecord | undefined;

  constructor(parts: ListenParts) {
    this.#parts = parts;
    this.inputFormat = parts.format;
    const eager = parts.query.get('eager_eot_threshold');
    this.#eagerThreshold = eager === null ? undefined : Number(eager);
    this.#signAtMs = parts.options.clock.now();
    this.#watchIdle(parts.options.idleMs);
    this.#send({ type: 'Connected' });
  }

  onAudio(bytes: Buffer): void {
    this.#signAtMs = this.#parts.options.clock.now();
    this.#parts.ear.feed(bytes, (change) => this.#frame(change));
  }

  onControl(message: JsonObject): void {
    switch (message['type']) {
      case 'CloseStream':
        this.#parts.connection.close(1000);
        return;
      case 'Configure':
        this.#configure(message);
        return;
      case 'ForceEndTurn':
        if (this.#parts.ear.utterance !== undefined) this.#endOfTurn('manual');
        return;
      default:
        // KeepAlive and Finalize are v1's.
        this.onUnreadable();
    }
  }

  onUnreadable(): void {
    this.#send({ type: 'Error', code: 'UNPARSABLE_CLIENT_MESSAGE', description: 'Could not parse the message.' });
    this.#parts.connection.close(1008, 'UNPARSABLE_CLIENT_MESSAGE');
  }

  end(): void {
    this.#parts.connection.cancel(this.#idle);
  }

  #frame(change: 'started' | undefined): void {
    const { ear, timeline, options, connection } = this.#parts;
    const { utterance } = ear;
    if (change === 'started' && utterance !== undefined) {
      this.#turnStartMs = utterance.startMs;
      this.#updateAtMs = ear.nowMs;
      this.#turn = {
        service: 'listen-v2',
        connection: connection.record.id,
        startedAtMs: options.clock.now(),
        lastVoicedAtMs: utterance.lastVoicedAtMs,
      };
      timeline.turns.push(this.#turn);
      connection.speaking();
    }
    if (utterance === undefined) {
      if (ear.nowMs - this.#updateAtMs >= UPDATE_EVERY_MS) this.#update('');
      return;
    }
    if (this.#turn !== undefined) this.#turn.lastVoicedAtMs = utterance.lastVoicedAtMs;
    if (!this.#began) {
      // What was too short to be told by its beginning is told by the whole of it.
      const over = ear.silentMs >= options.eagerSilenceMs;
      const text = over ? ear.whole() : ear.soFar();
      if (over && text === '') this.#nobody();
      if (text === '' || ear.nowMs - utterance.startMs < UPDATE_EVERY_MS) return;
      this.#began = true;
      this.#updateAtMs = ear.nowMs;
      this.#turnInfo('StartOfTurn', text, options.delays.interimMs);
      return;
    }
    if (this.#eager !== undefined && ear.silentMs === 0) {
      this.#eager = undefined;
      this.#turnInfo('TurnResumed', ear.soFar(), options.delays.interimMs);
    } else if (ear.silentMs >= options.endSilenceMs) this.#endOfTurn('model');
    else if (this.#eagerDue(ear.silentMs)) {
      this.#eager = ear.whole();
      if (this.#eager !== '') this.#turnInfo('EagerEndOfTurn', this.#eager, options.delays.finalMs);
    } else if (ear.nowMs - this.#updateAtMs >= UPDATE_EVERY_MS && this.#eager === undefined) this.#update(ear.soFar());
  }

  /** A noise: nothing was said. */
  #nobody(): void {
    this.#turn = undefined;
    this.#parts.ear.end();
  }

  #eagerDue(silentMs: number): boolean {
    const { eagerSilenceMs } = this.#parts.options;
    return this.#eagerThreshold !== undefined && this.#eager === undefined && silentMs >= eagerSilenceMs;
  }

  #update(text: string): void {
    const { ear, options } = this.#parts;
    this.#updateAtMs = ear.nowMs;
    if (ear.utterance === undefined) this.#turnStartMs = Math.max(0, ear.nowMs - UPDATE_EVERY_MS);
    this.#turnInfo('Update', text, options.delays.interimMs);
  }

  #endOfTurn(trigger: string): void {
    const { ear, options } = this.#parts;
    const text = this.#eager ?? ear.whole();
    const turn = this.#turn;
    const told = (): void => {
      if (turn !== undefined) turn.toldAtMs = options.clock.now();
    };
    if (text !== '') this.#turnInfo('EndOfTurn', text, options.delays.finalMs, { trigger }, told);
    if (turn !== undefined) {
      turn.endedAtMs = options.clock.now();
      turn.text = text;
    }
    this.#turn = undefined;
    this.#began = false;
    this.#eager = undefined;
    this.#turnIndex += 1;
    ear.end();
  }

  #configure(message: JsonObject): void {
    const thresholds = isObject(message['thresholds']) ? message['thresholds'] : {};
    const eot = Number(thresholds['eot_threshold'] ?? 0.7);
    const eager = thresholds['eager_eot_threshold'];
    const fine = eot >= 0.5 && eot <= 1 && (eager === undefined || Number(eager) <= eot);
    if (!fine) {
      this.#send({ type: 'ConfigureFailure' });
      return;
    }
    if (eager !== undefined) this.#eagerThreshold = Number(eager);
    const { keyterms = [] } = message;
    this.#send({ type: 'ConfigureSuccess', thresholds, keyterms });
  }

  #turnInfo(event: string, transcript: string, delayMs: number, more: JsonObject = {}, told?: () => void): void {
    const { connection, ear, query, requestId } = this.#parts;
    const multi = query.get('model') === 'flux-general-multi';
    connection.sendLater(
      {
        type: 'TurnInfo',
        event,
        request_id: requestId,
        sequence_id: this.#next(),
        turn_index: this.#turnIndex,
        audio_window_start: seconds(this.#turnStartMs),
        audio_window_end: seconds(ear.nowMs),
        transcript,
        words: transcript
          .split(' ')
          .filter((word) => word !== '')
          .map((word) => ({ word, confidence: 0.98 })),
        end_of_turn_confidence: event === 'EndOfTurn' ? 0.92 : event === 'EagerEndOfTurn' ? 0.61 : 0.1,
        ...(multi && { languages: ['en'] }),
        ...more,
      },
      delayMs,
      told,
    );
  }

  #send(message: JsonObject): void {
    const { connection, requestId } = this.#parts;
    connection.sendLater({ request_id: requestId, sequence_id: this.#next(), ...message }, 0);
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence - 1;
  }

  /** One timer, whatever comes: audio comes often. */
  #watchIdle(delayMs: number): void {
    const { connection, options } = this.#parts;
    this.#idle = connection.later(delayMs, () => {
      const restMs = this.#signAtMs + options.idleMs - options.clock.now();
      if (restMs > 0) this.#watchIdle(restMs);
      else connection.close(1011, IDLE_REASON);
    });
  }
}
