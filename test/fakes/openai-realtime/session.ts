import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import type { Random } from '../../../src/base/random.js';
import { type ClientEvent, parseClientEvent } from './client-event.js';
import { Conversation } from './conversation.js';
import type { InputMessage, Item } from './conversation-item.js';
import { Ids } from './ids.js';
import { type CallerAudio, InputAudio, type ListeningOptions, type SpeechMark } from './input-audio.js';
import type { Recogniser } from './recogniser.js';
import { type Refusal, refusal } from './refusal.js';
import type { Reply } from './reply.js';
import { Responses } from './responses.js';
import type { Mind } from './script.js';
import type { Send } from './server-event.js';
import { initialConfig, type SessionConfig, type TurnDetection, updateConfig } from './session-config.js';
import type { SpokenTexts } from './speech.js';
import type { SessionRecord, Timeline, TurnRecord } from './timeline.js';
import { Transcriber } from './transcriber.js';
import { bytesPerMs, decodeAudio, sampleRateOf } from './wire-format.js';

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly texts: SpokenTexts;
  readonly recogniser: Recogniser;
  readonly mind: Mind;
  readonly timeline: Timeline;
  readonly model: string;
  readonly audioRate: number;
  readonly transcriptDelayMs: number;
  /** Words are told while the caller speaks, after every so much audio, ms; 0: only once the turn is committed. */
  readonly interimEveryMs: number;
  readonly sessionLimitMs: number;
  readonly send: Send;
  /** Ends the connection. */
  close(code: number, reason: string): void;
  bend(reply: Reply): Reply;
}

/** Shorter than this, a buffer cannot be committed, ms. */
const MIN_COMMIT_MS = 100;
const MAX_APPEND_BYTES = 15 * 1024 * 1024;
const SEMANTIC_PREFIX_MS = 300;
/** How long semantic detection waits before it thinks that the caller is through, ms. */
const eagernessMs = { low: 1500, medium: 800, auto: 800, high: 400 } as const;

/** One realtime session: takes the client's events, keeps the conversation, answers as the service does. */
export class RealtimeSession {
  readonly id: string;
  readonly record: SessionRecord;
  readonly #options: SessionOptions;
  readonly #ids: Ids;
  readonly #conversation: Conversation;
  readonly #responses: Responses;
  readonly #transcriber: Transcriber;
  readonly #input: InputAudio;
  readonly #expiresAt: number;
  #config: SessionConfig;
  /** The turn being spoken. */
  #turn: TurnRecord | undefined;
  #nextInterimMs = 0;
  #limitTimer: TimerHandle | undefined;
  #idleTimer: TimerHandle | undefined;

  constructor(options: SessionOptions) {
    const { clock, random, send, texts, mind, timeline, audioRate } = options;
    this.#options = options;
    this.#ids = new Ids(random);
    this.id = this.#ids.next('sess');
    this.record = { sessionId: this.id, openedAtMs: clock.now(), bytesAppended: 0 };
    timeline.sessions.push(this.record);
    this.#config = initialConfig(options.model);
    this.#conversation = new Conversation(this.#ids.next('conv'), send);
    this.#transcriber = new Transcriber(clock, send, options.transcriptDelayMs);
    this.#input = new InputAudio(clock, this.#config.audio.input.format);
    this.#expiresAt = Math.floor((clock.wallTime() + options.sessionLimitMs) / 1000);
    this.#responses = new Responses({
      clock,
      random,
      ids: this.#ids,
      send,
      texts,
      conversation: this.#conversation,
      mind,
      timeline,
      sessionId: this.id,
      audioRate,
      turnOf: (itemId) => timeline.turns.findLast((turn) => turn.itemId === itemId),
      bend: options.bend,
      onDone: (unplayedMs) => this.#awaitIdle(unplayedMs),
    });
    this.#listen();
  }

  /** Greets the client. */
  open(): void {
    const { clock, send, sessionLimitMs, close } = this.#options;
    send({ type: 'session.created', session: this.#sessionOnWire() });
    this.#limitTimer = clock.setTimeout(() => {
      const message = 'Your session hit the maximum duration of 60 minutes.';
      this.refuse(refusal('session_expired', message), null);
      close(1001, message);
    }, sessionLimitMs);
  }

  /** The connection is gone: nothing more is sent. */
  end(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#limitTimer);
    clock.clearTimeout(this.#idleTimer);
    this.#responses.close();
    this.#transcriber.close();
  }

  /** Takes what the client sent, as parsed JSON. */
  take(message: unknown): void {
    const parsed = parseClientEvent(message);
    if ('refusal' in parsed) {
      this.refuse(parsed.refusal, parsed.eventId);
      return;
    }
    const refused = this.#carryOut(parsed.event);
    if (refused !== undefined) this.refuse(refused, parsed.event.event_id ?? null);
  }

  /** Sends an `error` event. */
  refuse({ type, code, message, param }: Refusal, eventId: string | null): void {
    this.#options.send({ type: 'error', error: { type, code, message, param, event_id: eventId } });
  }

  #carryOut(event: ClientEvent): Refusal | undefined {
    switch (event.type) {
      case 'session.update':
        return this.#update(event.session);
      case 'input_audio_buffer.append':
        return this.#append(event.audio);
      case 'input_audio_buffer.commit':
        return this.#commitByHand();
      case 'input_audio_buffer.clear':
        this.#input.clear();
        this.#turn = undefined;
        this.#options.send({ type: 'input_audio_buffer.cleared' });
        return undefined;
      case 'conversation.item.create':
        return this.#createItem(event);
      case 'conversation.item.truncate':
        return this.#truncate(event.item_id, event.content_index, event.audio_end_ms);
      case 'conversation.item.delete':
        return this.#conversation.delete(event.item_id);
      case 'conversation.item.retrieve':
        return this.#conversation.retrieve(event.item_id);
      case 'response.create':
        this.#stopIdling();
        return this.#responses.create(this.#config, event.response ?? {});
      case 'response.cancel':
        return this.#responses.cancel(event.response_id, 'client_cancelled');
    }
  }

  #update(update: unknown): Refusal | undefined {
    const config = updateConfig(this.#config, update, this.#conversation.hasAssistantAudio);
    if ('code' in config) return config;
    this.#config = config;
    this.#listen();
    this.#options.send({ type: 'session.updated', session: this.#sessionOnWire() });
    return undefined;
  }

  #listen(): void {
    const { format, turn_detection } = this.#config.audio.input;
    this.#input.configure(format, turn_detection === null ? undefined : listeningOf(turn_detection));
    if (!this.#input.speaking) this.#turn = undefined;
  }

  #append(base64: string): Refusal | undefined {
    const bytes = Buffer.from(base64, 'base64');
    const odd = this.#input.format.type === 'audio/pcm' && bytes.length % 2 !== 0;
    if (odd || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
      const expected = describeFormat(this.#input.format.type);
      const message = `Invalid 'audio'. Expected base64-encoded audio bytes (${expected}) but got an invalid value.`;
      return refusal('invalid_value', message, 'audio');
    }
    if (bytes.length > MAX_APPEND_BYTES) {
      return refusal('string_above_max_length', "Invalid 'audio': larger than 15 MiB.", 'audio');
    }
    for (const mark of this.#input.append(bytes)) this.#onMark(mark);
    this.record.bytesAppended = this.#input.bytesReceived;
    this.#tellInterim();
    return undefined;
  }

  #onMark(mark: SpeechMark): void {
    const { clock, send, timeline } = this.#options;
    const detection = this.#config.audio.input.turn_detection;
    if (mark.type === 'started') {
      const turn: TurnRecord = { sessionId: this.id, itemId: this.#ids.next('item'), speechStartedAtMs: clock.now() };
      timeline.turns.push(turn);
      this.#turn = turn;
      this.#nextInterimMs = this.#options.interimEveryMs;
      this.#stopIdling();
      send({ type: 'input_audio_buffer.speech_started', audio_start_ms: mark.audioStartMs, item_id: turn.itemId });
      if (detection?.interrupt_response === true && this.#responses.current !== undefined) {
        this.#responses.cancel(undefined, 'turn_detected');
      }
      return;
    }
    const turn = this.#turn;
    if (turn === undefined) return;
    turn.speechStoppedAtMs = clock.now();
    send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: mark.audioEndMs, item_id: turn.itemId });
    this.#commit(turn);
    if (detection?.create_response !== true) return;
    const refused = this.#responses.create(this.#config, {});
    if (refused !== undefined) this.refuse(refused, null);
  }

  #commitByHand(): Refusal | undefined {
    const { bufferedMs } = this.#input;
    if (bufferedMs < MIN_COMMIT_MS) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
      return refusal('input_audio_buffer_commit_empty', message);
    }
    const turn = this.#turn ?? { sessionId: this.id, itemId: this.#ids.next('item') };
    if (turn !== this.#turn) this.#options.timeline.turns.push(turn);
    this.#commit(turn);
    return undefined;
  }

  /** Makes an item of the buffer; with `heard`, whatever is in it. */
  #commit(turn: TurnRecord, heard?: string): void {
    const { clock, send } = this.#options;
    const audio = this.#input.take();
    this.#turn = undefined;
    turn.committedAtMs = clock.now();
    if (audio.lastVoicedAtMs !== undefined) turn.lastVoicedAtMs = audio.lastVoicedAtMs;
    turn.heard = heard ?? this.#understand(audio);
    const item: InputMessage = {
      kind: 'input',
      id: turn.itemId,
      status: 'completed',
      role: 'user',
      parts: [],
      heard: turn.heard,
      audio,
      transcript: null,
    };
    send({
      type: 'input_audio_buffer.committed',
      item_id: item.id,
      previous_item_id: this.#conversation.lastId,
    });
    this.#conversation.add(item);
    const { transcription } = this.#config.audio.input;
    if (transcription !== null) this.#transcriber.transcribe(item, transcription);
  }

  #understand({ bytes, format }: CallerAudio): string {
    const { recogniser, mind } = this.#options;
    const known = recogniser.recognise(decodeAudio(bytes, format), sampleRateOf(format));
    return known?.text ?? mind.guess(bytes.length / bytesPerMs(format));
  }

  #tellInterim(): void {
    const { interimEveryMs, recogniser } = this.#options;
    const turn = this.#turn;
    if (turn === undefined || interimEveryMs <= 0 || this.#config.audio.input.transcription === null) return;
    if (this.#input.bufferedMs < this.#nextInterimMs) return;
    this.#nextInterimMs = this.#input.bufferedMs + interimEveryMs;
    const { format, buffered } = this.#input;
    const words = recogniser.recogniseBeginning(decodeAudio(buffered, format), sampleRateOf(format));
    this.#transcriber.interim(turn.itemId, words);
  }

  #createItem({ item, previous_item_id }: ClientEvent & { type: 'conversation.item.create' }): Refusal | undefined {
    const id = item.id ?? this.#ids.next('item');
    return this.#conversation.add(
      itemOf(id, item, () => this.#ids.next('call')),
      previous_item_id,
    );
  }

  #truncate(itemId: string, contentIndex: number, audioEndMs: number): Refusal | undefined {
    const { timeline, clock } = this.#options;
    const before = this.#conversation.find(itemId);
    const audioMs = before?.kind === 'output' ? before.audioMs : 0;
    const outcome = this.#conversation.truncate(itemId, contentIndex, audioEndMs);
    const refused = 'code' in outcome;
    timeline.truncations.push({ sessionId: this.id, itemId, atMs: clock.now(), audioEndMs, audioMs, refused });
    return refused ? outcome : undefined;
  }

  /** With an idle timeout, the model speaks again when nobody has for so long after its last words were played. */
  #awaitIdle(unplayedMs: number): void {
    const detection = this.#config.audio.input.turn_detection;
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null || this.#turn !== undefined) return;
    this.#stopIdling();
    this.#idleTimer = this.#options.clock.setTimeout(() => {
      const turn: TurnRecord = { sessionId: this.id, itemId: this.#ids.next('item') };
      this.#options.timeline.turns.push(turn);
      this.#options.send({
        type: 'input_audio_buffer.timeout_triggered',
        audio_start_ms: Math.round(this.#input.nowMs - this.#input.bufferedMs),
        audio_end_ms: Math.round(this.#input.nowMs),
        item_id: turn.itemId,
      });
      this.#commit(turn, '');
      this.#responses.create(this.#config, {});
    }, unplayedMs + detection.idle_timeout_ms);
  }

  #stopIdling(): void {
    this.#options.clock.clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }

  #sessionOnWire(): Readonly<Record<string, unknown>> {
    return { object: 'realtime.session', id: this.id, ...this.#config, expires_at: this.#expiresAt };
  }
}

function listeningOf(detection: TurnDetection): ListeningOptions {
  if (detection.type === 'semantic_vad') {
    return { threshold: 0.5, silenceMs: eagernessMs[detection.eagerness], prefixMs: SEMANTIC_PREFIX_MS };
  }
  const { threshold, silence_duration_ms: silenceMs, prefix_padding_ms: prefixMs } = detection;
  return { threshold, silenceMs, prefixMs };
}

function describeFormat(type: string): string {
  if (type === 'audio/pcmu') return 'mono g711_ulaw at 8kHz';
  return type === 'audio/pcma' ? 'mono g711_alaw at 8kHz' : 'mono PCM16 at 24kHz';
}

type GivenItem = (ClientEvent & { type: 'conversation.item.create' })['item'];

/** The item that a client described. Its status has no effect (`status`, `realtime.d.ts`). */
function itemOf(id: string, given: GivenItem, newCallId: () => string): Item {
  const status = 'completed';
  switch (given.type) {
    case 'function_call':
      return {
        kind: 'call',
        id,
        status,
        callId: given.call_id ?? newCallId(),
        name: given.name,
        arguments: given.arguments,
      };
    case 'function_call_output':
      return { kind: 'call-output', id, status, callId: given.call_id, output: given.output };
    case 'message': {
      const text = given.content.map((part) => ('text' in part ? part.text : '')).join(' ');
      if (given.role === 'assistant') {
        return { kind: 'output', id, status, modality: 'text', text, audioMs: 0, words: [], truncatedToMs: undefined };
      }
      return { kind: 'input', id, status, role: given.role, parts: given.content, heard: text, transcript: null };
    }
  }
}
