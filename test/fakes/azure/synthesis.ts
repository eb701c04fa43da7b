import type { TimerHandle } from '../../../src/base/clock.js';
import { bytesPerMs, encodeAudio } from '../deepgram/audio-format.js';
import { memberAt } from '../openai-realtime/json-value.js';
import type { Speech, SpokenTexts } from '../openai-realtime/speech.js';
import type { Connection, Session } from './connection.js';
import type { FakeAzureOptions } from './options.js';
import { TICKS_PER_MS } from './phrase.js';
import { readSsml } from './ssml-reader.js';
import type { SpeechRecord, Timeline } from './timeline.js';
import type { ClientMessage } from './usp-frame.js';
import { type OutputFormat, outputFormatNamed, riffHeader } from './wave-format.js';

/** Audio goes out in messages of about this length, ms. */
const MESSAGE_MS = 60;
const FLOOD_MS = 600_000;

export interface SynthesisParts {
  readonly connection: Connection;
  readonly options: FakeAzureOptions;
  readonly timeline: Timeline;
  readonly texts: SpokenTexts;
  /** Ids of streams. */
  newId(): string;
}

interface Context {
  readonly format: OutputFormat;
  readonly formatName: string;
  readonly words: boolean;
  readonly sessionEnd: boolean;
}

interface Turn {
  readonly requestId: string;
  readonly streamId: string;
  readonly context: Context;
  readonly record: SpeechRecord;
  readonly contentType: string;
}

/** Synthesis: one turn at a time, each of one document. */
export class SynthesisSession implements Session {
  readonly #parts: SynthesisParts;
  readonly #contexts = new Map<string, Context>();
  #configured = false;
  #turn: Turn | undefined;
  #timer: TimerHandle | undefined;

  constructor(parts: SynthesisParts) {
    this.#parts = parts;
  }

  onMessage(message: ClientMessage): void {
    const { path, requestId, binary, body } = message;
    const { connection } = this.#parts;
    if (binary) throw new Error('synthesis takes text messages only');
    const text = body.toString('utf8');
    if (path === 'ssml') {
      connection.record.messages.push({ path, requestId, body: text });
      if (message.contentType !== 'application/ssml+xml') throw new Error('ssml has another content type');
      this.#onSsml(requestId, text);
      return;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      connection.close(1007, 'The payload is no JSON.');
      return;
    }
    connection.record.messages.push({ path, requestId, body: parsed });
    switch (path) {
      case 'speech.config':
        this.#configured = true;
        return;
      case 'synthesis.context':
        this.#onContext(requestId, parsed);
        return;
      case 'synthesis.control':
        if (memberAt(parsed, ['action']) === 'stop') this.#onStop(requestId);
        return;
      case 'telemetry':
        return;
      default:
        throw new Error(`no message is called ${path}`);
    }
  }

  onFault(): void {
    // Those of the recogniser.
  }

  end(): void {
    this.#turn = undefined;
  }

  #onContext(requestId: string, body: unknown): void {
    if (!this.#configured) throw new Error('speech.config comes first');
    const audio = memberAt(body, ['synthesis', 'audio']);
    const formatName = String(memberAt(audio, ['outputFormat']));
    const format = outputFormatNamed(formatName);
    if (format === undefined) {
      this.#parts.connection.close(1007, `Unsupported output format ${formatName.slice(0, 60)}.`);
      return;
    }
    const metadata = memberAt(audio, ['metadataOptions']);
    this.#contexts.set(requestId, {
      format,
      formatName,
      // The vendor's client writes some of its flags as text.
      words: String(memberAt(metadata, ['wordBoundaryEnabled'])) === 'true',
      sessionEnd: String(memberAt(metadata, ['sessionEndEnabled'])) === 'true',
    });
  }

  #onSsml(requestId: string, document: string): void {
    const { connection, timeline, options, newId } = this.#parts;
    const context = this.#contexts.get(requestId);
    if (context === undefined) throw new Error('a turn begins with synthesis.context');
    if (this.#turn !== undefined) throw new Error('a turn begins only when the one before it is over');
    let spoken: ReturnType<typeof readSsml>;
    try {
      spoken = readSsml(document);
    } catch (error) {
      connection.close(1007, error instanceof Error ? error.message.slice(0, 100) : '');
      return;
    }
    const record: SpeechRecord = {
      requestId,
      text: spoken.text,
      voice: spoken.voice,
      format: context.formatName,
      askedAtMs: options.clock.now(),
      stopped: false,
      audioMs: 0,
    };
    timeline.speeches.push(record);
    const contentType = context.formatName.includes('riff') ? 'audio/x-wav' : 'audio/basic';
    const turn: Turn = { requestId, streamId: newId(), context, record, contentType };
    this.#turn = turn;
    connection.send('turn.start', requestId, { context: { serviceTag: requestId.toLowerCase() } });
    connection.send('response', requestId, {
      context: { serviceTag: requestId.toLowerCase() },
      audio: { type: 'inline', streamId: turn.streamId },
    });
    void this.#speak(turn);
  }

  #onStop(requestId: string): void {
    const { connection } = this.#parts;
    const turn = this.#turn;
    if (turn === undefined || turn.requestId !== requestId) return;
    turn.record.stopped = true;
    if (connection.has('ignores-stop')) return;
    connection.cancel(this.#timer);
    this.#over(turn);
  }

  async #speak(turn: Turn): Promise<void> {
    const { connection, options, texts } = this.#parts;
    const { text, askedAtMs } = turn.record;
    if (text === '') {
      this.#over(turn);
      return;
    }
    const speech = await texts.speech(text);
    if (this.#turn !== turn) return;
    const dueMs = askedAtMs + options.delays.speechMs + connection.delayOf('slow-audio');
    const bytes = this.#encoded(turn, speech);
    this.#timer = connection.later(Math.max(0, dueMs - options.clock.now()), () => {
      this.#words(turn, speech);
      this.#send(turn, bytes, 0);
    });
  }

  #encoded({ context }: Turn, { pcm, sampleRate }: Speech): Uint8Array {
    const { options, connection } = this.#parts;
    const lead = Math.round((options.leadingSilenceMs * sampleRate) / 1000);
    const padded = new Int16Array(lead + pcm.length);
    padded.set(pcm, lead);
    const speech = encodeAudio(padded, sampleRate, context.format);
    if (!connection.has('audio-flood')) {
      return context.format.riff ? Buffer.concat([riffHeader(context.format), speech]) : speech;
    }
    const flood = new Uint8Array(FLOOD_MS * bytesPerMs(context.format));
    for (let at = 0; at < flood.length; at += speech.length) flood.set(speech.subarray(0, flood.length - at), at);
    return flood;
  }

  /** Metadata runs ahead of the audio that it is about. */
  #words({ requestId, context }: Turn, { words }: Speech): void {
    const { connection, options } = this.#parts;
    if (!context.words) return;
    for (const [index, { text, startMs }] of words.entries()) {
      const word = text.replace(/[.,!?;:]+$/, '');
      const offsetMs = startMs + options.leadingSilenceMs;
      const nextMs = words[index + 1]?.startMs ?? startMs + 200;
      const data = (of: string, kind: string): object => ({
        Metadata: [
          {
            Type: 'WordBoundary',
            Data: {
              Offset: Math.round(offsetMs * TICKS_PER_MS),
              Duration: Math.round((nextMs - startMs) * TICKS_PER_MS),
              text: { Text: of, Length: of.length, BoundaryType: kind },
            },
          },
        ],
      });
      connection.send('audio.metadata', requestId, data(word, 'WordBoundary'));
      const mark = text.slice(word.length);
      if (mark !== '') connection.send('audio.metadata', requestId, data(mark, 'PunctuationBoundary'));
    }
  }

  #send(turn: Turn, bytes: Uint8Array, at: number): void {
    const { connection, options } = this.#parts;
    const { requestId, streamId, contentType, record, context } = turn;
    const perMs = bytesPerMs(context.format);
    const size = connection.has('odd-chunks') ? MESSAGE_MS * perMs + 1 : MESSAGE_MS * perMs;
    record.firstAudioAtMs ??= options.clock.now();
    let next = at;
    do {
      const chunk = bytes.subarray(next, next + size);
      if (connection.has('stray-audio')) this.#stray(turn, chunk.length);
      connection.sendAudio(requestId, streamId, contentType, chunk);
      next += chunk.length;
      record.audioMs = next / perMs;
      if (next <= size) connection.speaking();
      if (this.#turn !== turn) return;
    } while (next < bytes.length && options.audioRate === Number.POSITIVE_INFINITY);
    if (next < bytes.length) {
      this.#timer = connection.later(MESSAGE_MS / options.audioRate, () => this.#send(turn, bytes, next));
      return;
    }
    record.doneAtMs = options.clock.now();
    if (context.sessionEnd) {
      connection.send('audio.metadata', requestId, {
        Metadata: [{ Type: 'SessionEnd', Data: { Offset: Math.round(record.audioMs * TICKS_PER_MS) } }],
      });
    }
    this.#over(turn);
  }

  /** What belongs to another turn, or to another stream of this one. */
  #stray({ requestId, streamId, contentType }: Turn, length: number): void {
    const { connection, newId } = this.#parts;
    const noise = new Uint8Array(length).fill(0x11);
    connection.sendAudio(newId(), streamId, contentType, noise);
    connection.sendAudio(requestId, newId(), contentType, noise);
  }

  #over(turn: Turn): void {
    this.#turn = undefined;
    this.#contexts.delete(turn.requestId);
    this.#parts.connection.send('turn.end', turn.requestId, {});
  }
}
