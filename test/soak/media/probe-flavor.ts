/** A flavor that says short sounds at moments of its own and writes down when: its file is named in its configuration. */
import { appendFileSync } from 'node:fs';
import {
  type CallContext,
  defineFlavor,
  type FlavorCapabilities,
  FlavorEventQueue,
  type FlavorSession,
} from 'sip-voice-connector/flavor';
import * as z from 'zod';
import { SeededRandom } from '../../support/seeded-random.js';
import { machineNow } from '../lib/monotonic.js';

const probeConfigSchema = z.strictObject({
  file: z.string().describe('Where the moments go, a line of JSON for each call.'),
  sounds: z.int().min(1).describe('In each call.'),
});

/** One line of the file. Moments on the machine's clock, ms. */
export interface ProbedCall {
  readonly from: string;
  readonly saidAtMs: readonly number[];
}

const SOUND_MS = 100;
/** From one sound to the next: longer than callers take for one, and of no length that keeps step with a packet. */
const PAUSE_MS = { least: 700, spread: 401 } as const;

const capabilities: FlavorCapabilities = {
  kind: 'speech-to-speech',
  input: [{ encoding: 'mulaw', sampleRate: 8000 }],
  output: [{ encoding: 'mulaw', sampleRate: 8000 }],
  turnTaking: 'flavor',
  truncation: false,
  tools: false,
  parallelTools: false,
  verbatimSpeech: false,
  needsVad: false,
  interruptible: false,
  greets: false,
  dtmf: false,
  updatable: false,
};

class ProbeSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #random: SeededRandom;
  readonly #saidAtMs: number[] = [];
  #rest: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: CallContext, { file, sounds }: z.output<typeof probeConfigSchema>, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#rest = sounds;
    const end = (): void => {
      clearTimeout(this.#timer);
      appendFileSync(file, `${JSON.stringify({ from: call.from, saidAtMs: this.#saidAtMs } satisfies ProbedCall)}\n`);
      this.events.push({ type: 'end', reason: 'aborted' });
    };
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
  }

  start(): void {
    this.#say();
  }

  write(): void {
    // Nobody listens.
  }

  speak(): void {
    // There are no words.
  }

  interrupt(): void {
    // A sound is over before anybody could.
  }

  onPlayout(): void {
    // The caller has a clock of their own.
  }

  onDtmf(): void {
    // The capabilities do not name it.
  }

  onToolResult(): void {
    // No tool is called.
  }

  update(): Promise<void> {
    return Promise.resolve();
  }

  #say(): void {
    this.#timer = setTimeout(() => {
      const responseId = `sound-${this.#rest}`;
      // Mu-law 0x80 is the loudest there is, from the first sample on.
      this.#saidAtMs.push(machineNow());
      this.events.push({ type: 'audio', responseId, data: new Uint8Array(SOUND_MS * 8).fill(0x80) });
      this.events.push({ type: 'audio-done', responseId });
      this.#rest -= 1;
      if (this.#rest > 0) this.#say();
    }, PAUSE_MS.least + this.#random.integer(PAUSE_MS.spread));
  }
}

export default defineFlavor({
  manifest: { id: 'probe', displayName: 'Probe', apiVersion: 1, configSchema: probeConfigSchema },
  create: (config) => {
    let calls = 0;
    return {
      capabilities,
      check: () => Promise.resolve(),
      open: (call: CallContext) => {
        calls += 1;
        return Promise.resolve(new ProbeSession(call, config, calls));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
});
