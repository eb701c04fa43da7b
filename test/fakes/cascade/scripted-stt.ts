import type {
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextEvent,
  SpeechToTextRequest,
  SpeechToTextStream,
} from '../../../src/cascade/index.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type { AudioFormat, AudioFrame, FlavorError } from '../../../src/flavor-api/index.js';
import { silenceOctet } from '../../../src/flavor-testkit/sound.js';
import { faultError, type StageFault } from './stage-fault.js';

export interface ScriptedSttOptions extends Partial<SpeechToTextCapabilities> {
  /** What a stretch of speech is understood as. */
  readonly understands?: () => string;
  /** Voice before the first interim transcript, silence before the final one, ms of audio. */
  readonly interimMs?: number;
  readonly finalMs?: number;
  /** Listens to nothing: the test says what it hears. */
  readonly manual?: boolean;
}

/** Silence after which a turn is probably over, ms. */
const EAGER_MS = 100;

/** A recogniser in memory: it hears when somebody speaks, and understands what the script says. */
export class ScriptedStt implements SpeechToText {
  readonly identity = { provider: 'scripted', model: 'ears' };
  readonly capabilities: SpeechToTextCapabilities;
  readonly streams: ScriptedSttStream[] = [];
  fault: StageFault | undefined;
  readonly #options: ScriptedSttOptions;

  constructor(options: ScriptedSttOptions = {}) {
    this.#options = options;
    this.capabilities = {
      input: options.input ?? [{ encoding: 'mulaw', sampleRate: 8000 }],
      endOfTurn: options.endOfTurn ?? false,
      eagerEndOfTurn: options.eagerEndOfTurn ?? false,
      wordTimes: false,
      finalize: options.finalize ?? false,
    };
  }

  /** Streams that are open. */
  get listening(): readonly ScriptedSttStream[] {
    return this.streams.filter(({ over }) => !over);
  }

  async check(): Promise<void> {
    if (this.fault) throw faultError(this.fault);
  }

  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<ScriptedSttStream> {
    signal.throwIfAborted();
    if (this.fault) throw faultError(this.fault);
    const stream = new ScriptedSttStream(input, this.#options, this.capabilities, signal);
    this.streams.push(stream);
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.streams) stream.close();
  }
}

export class ScriptedSttStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  over = false;
  finalized = 0;
  frames = 0;
  readonly #input: AudioFormat;
  readonly #options: ScriptedSttOptions;
  readonly #capabilities: SpeechToTextCapabilities;
  readonly #signal: AbortSignal;
  #voicedMs = 0;
  #silentMs = 0;
  #told = false;
  #eager = false;
  #audioMs = 0;
  readonly #onAbort = (): void => this.end();

  constructor(
    input: AudioFormat,
    options: ScriptedSttOptions,
    capabilities: SpeechToTextCapabilities,
    signal: AbortSignal,
  ) {
    this.#input = input;
    this.#options = options;
    this.#capabilities = capabilities;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  emit(event: SpeechToTextEvent): void {
    if (!this.over) this.events.push(event);
  }

  write(frame: AudioFrame): void {
    if (this.over) return;
    this.frames += 1;
    this.#audioMs += 20;
    if (this.#options.manual) return;
    // The kit's silence is digital.
    const silence = silenceOctet(this.#input.encoding);
    if (frame.data.some((octet) => octet !== silence)) this.#onVoice();
    else this.#onSilence();
  }

  finalize(): void {
    if (this.over || !this.#capabilities.finalize) return;
    this.finalized += 1;
    if (!this.#options.manual) this.#final();
  }

  close(): void {
    this.end();
  }

  /** Breaks off. */
  end(error?: FlavorError): void {
    if (this.over) return;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.emit({ type: 'usage', provider: 'scripted', model: 'ears', unit: 'audio-ms', quantity: this.#audioMs });
    this.emit({ type: 'end', ...(error && { error }) });
    this.over = true;
  }

  get #text(): string {
    return this.#options.understands?.() ?? 'What can you tell me about my order?';
  }

  #onVoice(): void {
    this.#voicedMs += 20;
    this.#silentMs = 0;
    if (this.#eager) this.emit({ type: 'turn-resumed' });
    this.#eager = false;
    if (this.#told || this.#voicedMs < (this.#options.interimMs ?? 200)) return;
    this.#told = true;
    const [first = ''] = this.#text.split(' ');
    this.emit({ type: 'transcript', text: first, final: false });
  }

  #onSilence(): void {
    this.#silentMs += 20;
    if (this.#capabilities.eagerEndOfTurn && !this.#eager && this.#voicedMs > 0 && this.#silentMs >= EAGER_MS) {
      this.#eager = true;
      this.emit({ type: 'eager-end-of-turn', text: this.#text });
    }
    if (this.#voicedMs > 0 && this.#silentMs >= (this.#options.finalMs ?? 300)) this.#final();
  }

  #final(): void {
    const heard = this.#voicedMs > 0;
    this.#voicedMs = 0;
    this.#told = false;
    this.#eager = false;
    const text = heard ? this.#text : '';
    if (!heard && !this.#capabilities.finalize) return;
    this.emit({ type: 'transcript', text, final: true });
    if (heard && this.#capabilities.endOfTurn) this.emit({ type: 'end-of-turn', text });
  }
}
