import { encodeMulaw } from '../../../../src/audio/g711.js';
import { parseWav } from '../../../../src/audio/wav-parse.js';
import { Slots } from '../../../../src/cascade/engines/speech-server/slots.js';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import type { Hypothesis } from '../../../../src/cascade/engines/whisper/hypothesis.js';
import { RequestStream } from '../../../../src/cascade/engines/whisper/request-stream.js';
import type { WhisperQuestion, WhisperServer } from '../../../../src/cascade/engines/whisper/server.js';
import type { SpeechToTextEvent, SpeechToTextStream } from '../../../../src/cascade/index.js';
import { FakeClock } from '../../../support/fake-clock.js';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** A request that waits for its answer. */
export interface Asked extends WhisperQuestion {
  /** Of the recording, ms. */
  readonly audioMs: number;
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
  answer(text: string, more?: Partial<Hypothesis>): void;
  fail(error: Error): void;
}

/** A server that answers when the test says so. */
export class ScriptedWhisper implements WhisperServer {
  readonly asked: Asked[] = [];

  transcribe(question: WhisperQuestion, onText: (text: string) => void, signal: AbortSignal): Promise<Hypothesis> {
    return new Promise((resolve, reject) => {
      const { samples, sampleRate } = parseWav(question.wav, 'recording');
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.asked.push({
        ...question,
        audioMs: (samples.length * 1_000) / sampleRate,
        signal,
        onText,
        answer: (text, more = {}) => resolve({ text, ...more }),
        fail: reject,
      });
    });
  }

  async probe(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The request under way. */
  get last(): Asked {
    const asked = this.asked.at(-1);
    if (asked === undefined) throw new Error('nothing was asked for');
    return asked;
  }
}

/** A caller, and what a recogniser makes of them. Time is that of the audio. */
export class Caller {
  readonly clock = new FakeClock();
  readonly controller = new AbortController();
  readonly events: SpeechToTextEvent[] = [];
  #stream: SpeechToTextStream | undefined;
  #positionMs = 0;
  #phase = 0;

  static async with(open: (clock: FakeClock, signal: AbortSignal) => Promise<SpeechToTextStream>): Promise<Caller> {
    const caller = new Caller();
    caller.listen(await open(caller.clock, caller.controller.signal));
    return caller;
  }

  get stream(): SpeechToTextStream {
    if (this.#stream === undefined) throw new Error('nobody listens');
    return this.#stream;
  }

  /** Interim transcripts are marked by `...`. */
  get transcripts(): readonly string[] {
    return this.events.flatMap((event) =>
      event.type === 'transcript' ? [event.final ? event.text : `${event.text}...`] : [],
    );
  }

  listen(stream: SpeechToTextStream): void {
    this.#stream = stream;
    void this.#read(stream);
  }

  /** Somebody talks for so long, at `amplitude`, in syllables. */
  async speak(ms: number, amplitude = 6_000): Promise<void> {
    await this.#frames(ms, (at) => {
      this.#phase += 1;
      const syllable = 0.5 + 0.5 * Math.sin((2 * Math.PI * 4 * this.#phase) / 8_000);
      return amplitude * syllable * Math.sin((2 * Math.PI * 180 * at) / 8_000);
    });
  }

  /** The hum of a line. */
  async silence(ms: number, amplitude = 20): Promise<void> {
    await this.#frames(ms, (at) => amplitude * Math.sin((2 * Math.PI * 50 * at) / 8_000));
  }

  /** Somebody says these samples, 8 kHz. */
  async play(samples: Int16Array): Promise<void> {
    const fromMs = this.#positionMs;
    await this.#frames(Math.floor(samples.length / 8), (at) => samples[at - fromMs * 8] ?? 0);
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 30; i += 1) await Promise.resolve();
  }

  async #frames(ms: number, sampleAt: (at: number) => number): Promise<void> {
    for (let sent = 0; sent < ms; sent += FRAME_MS) {
      const samples = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) =>
        Math.round(sampleAt(this.#positionMs * 8 + i)),
      );
      const data = new Uint8Array(FRAME_SAMPLES);
      encodeMulaw(samples, data);
      this.stream.write({ data, positionMs: this.#positionMs, concealed: false });
      this.#positionMs += FRAME_MS;
      this.clock.advance(FRAME_MS);
      await this.settle();
    }
  }

  async #read(stream: SpeechToTextStream): Promise<void> {
    for await (const event of stream.events) this.events.push(event);
  }
}

/** A caller, and a recogniser made of requests. */
export class Scene extends Caller {
  readonly server: ScriptedWhisper;

  constructor(section: object = {}, slots: Slots = new Slots(4), server: ScriptedWhisper = new ScriptedWhisper()) {
    super();
    this.server = server;
    this.listen(
      new RequestStream({
        config: whisperListenSchema.parse({ url: 'http://127.0.0.1:1/v1', ...section }),
        identity: { provider: 'whisper', model: 'whisper-1' },
        server,
        slots,
        format: { encoding: 'mulaw', sampleRate: 8000 },
        clock: this.clock,
        signal: this.controller.signal,
        onWell: () => {},
      }),
    );
  }
}
