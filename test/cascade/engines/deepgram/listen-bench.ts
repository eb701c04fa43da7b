import { FluxReader } from '../../../../src/cascade/engines/deepgram/flux-reader.js';
import { ListenLine } from '../../../../src/cascade/engines/deepgram/listen-line.js';
import { NovaReader } from '../../../../src/cascade/engines/deepgram/nova-reader.js';
import type { SpeechToTextEvent } from '../../../../src/cascade/index.js';
import type { FlavorError } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedService, settle } from './scripted-socket.js';

export const VOICE = 0x10;
export const SILENCE = 0xff;

/** A caller, a line, and a service that is the test. */
export class Bench {
  readonly clock = new FakeClock(1000);
  readonly service = new ScriptedService(this.clock);
  readonly events: SpeechToTextEvent[] = [];
  sentMs = 0;
  failed: FlavorError | undefined;
  readonly line: ListenLine;
  #positionMs = 0;

  constructor(flux = false, chunkMs = 20, pauseChunkMs?: number) {
    this.line = new ListenLine(
      {
        format: { encoding: 'mulaw', sampleRate: 8000 },
        chunkMs,
        pauseChunkMs,
        replayMs: 5_000,
        flux,
        answerTimeoutMs: 5_000,
        reconnect: { attempts: 3, firstDelayMs: 200, maxDelayMs: 1_000 },
        clock: this.clock,
        random: new SeededRandom(1),
        reader: flux ? new FluxReader() : new NovaReader(true),
        dial: this.service.dial,
      },
      {
        onEvent: (event) => this.events.push(event),
        onSent: (ms) => {
          this.sentMs += ms;
        },
        onFailed: (error) => {
          this.failed = error;
        },
      },
    );
  }

  async open(): Promise<this> {
    await this.line.open(new AbortController().signal);
    return this;
  }

  /** The caller is heard for so long, in frames of one byte; every frame takes its time. */
  async hear(ms: number, byte = VOICE): Promise<void> {
    for (const endMs = this.#positionMs + ms; this.#positionMs < endMs; this.#positionMs += 20) {
      this.line.write({ data: new Uint8Array(160).fill(byte), positionMs: this.#positionMs, concealed: false });
      this.clock.advance(20);
      // A listener that says nothing would be taken for dead.
      if (this.service.last.alive) this.service.last.say({ type: 'Metadata' });
    }
    await settle();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, 20);
  }

  warnings(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'warning' ? [event.error.code] : []));
  }
}

export const interim = {
  type: 'Results',
  start: 0,
  duration: 1,
  is_final: false,
  channel: { alternatives: [{ transcript: 'hello', words: [] }] },
};
export const final = { ...interim, is_final: true, start: 0, duration: 1 };
