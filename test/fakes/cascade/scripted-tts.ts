import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechEvent,
  TextToSpeechRequest,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../../../src/cascade/index.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import { type AudioFormat, bytesPerMs, type FlavorError } from '../../../src/flavor-api/index.js';
import { speechLike } from '../../../src/flavor-testkit/sound.js';
import { faultError, malformed, type StageFault } from './stage-fault.js';

export interface ScriptedTtsOptions extends Partial<TextToSpeechCapabilities> {
  readonly msPerCharacter?: number;
  /** Speaks only when the test says so: `speakNext()`. */
  readonly manual?: boolean;
  /** Never says where a piece begins. */
  readonly nameless?: boolean;
}

/** A voice in memory: a hum as long as the text takes. */
export class ScriptedTts implements TextToSpeech {
  readonly identity = { provider: 'scripted', model: 'mouth' };
  readonly capabilities: TextToSpeechCapabilities;
  readonly options: ScriptedTtsOptions;
  readonly utterances: ScriptedUtterance[] = [];
  sessions = 0;
  fault: StageFault | undefined;
  malform = false;

  constructor(options: ScriptedTtsOptions = {}) {
    this.options = options;
    this.capabilities = {
      output: options.output ?? [{ encoding: 'mulaw', sampleRate: 8000 }],
      text: options.text ?? 'stream',
      wordTimes: options.wordTimes ?? false,
      maxCharacters: options.maxCharacters ?? 2_000,
      voiceSigns: options.voiceSigns ?? false,
    };
  }

  /** All that it was ever given to say. */
  get pieces(): readonly string[] {
    return this.utterances.flatMap(({ pieces }) => pieces);
  }

  async check(): Promise<void> {
    if (this.fault) throw faultError(this.fault);
  }

  async open({ output }: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    signal.throwIfAborted();
    if (this.fault && this.fault !== 'hang') throw faultError(this.fault);
    this.sessions += 1;
    const own: ScriptedUtterance[] = [];
    let open = true;
    const close = (): void => {
      if (!open) return;
      open = false;
      this.sessions -= 1;
      signal.removeEventListener('abort', close);
      for (const utterance of own) utterance.cancel();
    };
    signal.addEventListener('abort', close, { once: true });
    return {
      begin: () => {
        const utterance = new ScriptedUtterance(this, output);
        own.push(utterance);
        this.utterances.push(utterance);
        if (!open) utterance.cancel();
        return utterance;
      },
      close,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** At most so much audio in one event, ms. */
const CHUNK_MS = 400;

const hums = new Map<string, Uint8Array>();

/** {@link CHUNK_MS} of sound. */
function hum(format: AudioFormat): Uint8Array {
  const key = `${format.encoding} ${format.sampleRate}`;
  const known = hums.get(key) ?? speechLike(format, CHUNK_MS);
  hums.set(key, known);
  return known;
}

export class ScriptedUtterance implements TextToSpeechUtterance {
  readonly events = new EventStream<TextToSpeechEvent>();
  readonly pieces: string[] = [];
  over = false;
  cancelled = false;
  readonly #tts: ScriptedTts;
  readonly #output: AudioFormat;
  #spoken = 0;
  #finished = false;
  #audioMs = 0;

  constructor(tts: ScriptedTts, output: AudioFormat) {
    this.#tts = tts;
    this.#output = output;
  }

  append(piece: string): void {
    if (this.over || this.#finished) return;
    this.pieces.push(piece);
    if (!this.#tts.options.manual) queueMicrotask(() => this.speakNext());
  }

  finish(): void {
    this.#finished = true;
    if (!this.#tts.options.manual || this.#spoken === this.pieces.length) queueMicrotask(() => this.#endIfSpoken());
  }

  cancel(): void {
    this.cancelled ||= !this.over;
    this.end();
  }

  /** Breaks off. */
  end(error?: FlavorError): void {
    if (this.over) return;
    const quantity = this.pieces.join('').length;
    this.events.push({ type: 'usage', provider: 'scripted', model: 'mouth', unit: 'characters', quantity });
    this.events.push({ type: 'end', spokenPieces: this.#spoken, ...(error && { error }) });
    this.over = true;
  }

  /** Says the next piece. `share`: of it, before it breaks off with an error that the test adds. */
  speakNext(share = 1): void {
    const piece = this.pieces[this.#spoken];
    if (this.over || piece === undefined || this.#tts.fault === 'hang') return;
    if (this.#tts.fault) {
      this.end(faultError(this.#tts.fault));
      return;
    }
    if (this.#tts.malform) {
      this.#tts.malform = false;
      this.events.push({ type: 'warning', error: malformed });
    }
    if (!this.#tts.options.nameless) this.events.push({ type: 'piece', index: this.#spoken });
    const ms = piece.length * (this.#tts.options.msPerCharacter ?? 60) * share;
    this.#words(piece, ms);
    for (let restMs = Math.round(ms); restMs > 0; restMs -= CHUNK_MS) {
      const data = hum(this.#output).slice(0, Math.min(restMs, CHUNK_MS) * bytesPerMs(this.#output));
      this.events.push({ type: 'audio', data });
    }
    this.#audioMs += ms;
    if (share < 1) return;
    this.#spoken += 1;
    this.#endIfSpoken();
  }

  #words(piece: string, ms: number): void {
    if (!this.#tts.capabilities.wordTimes) return;
    for (const { 0: text, index } of piece.matchAll(/\S+/g)) {
      this.events.push({ type: 'word', text, atMs: this.#audioMs + (index / piece.length) * ms });
    }
  }

  #endIfSpoken(): void {
    if (this.#finished && this.#spoken >= this.pieces.length) this.end();
  }
}
