import { errorMessage } from '../../base/connector-error.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import { phoneCodings } from '../codecs/phone-codec.js';
import type {
  BackgroundLayer,
  BackgroundSound,
  CallerFrame,
  CommandSequence,
  MediaStream,
  StreamEvent,
  StreamListener,
  StreamParameters,
  StreamStats,
  StreamTap,
} from '../engine.js';
import { playoutDefaults } from '../playout/playout.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { CommandWriter } from './command-link.js';
import { ReportReader } from './report-link.js';
import type { StreamCommand } from './stream-command.js';
import { FiguresReader } from './stream-figures.js';
import { type StreamMemory, word } from './stream-memory.js';

const noStats: StreamStats = {
  in: { packets: 0, lost: 0, lateDropped: 0, duplicates: 0, concealedMs: 0, jitterMs: 0, dropped: {} },
  out: { packets: 0, maxGapMs: 0, skippedSlots: 0, refusedMs: 0 },
  mos: undefined,
  remote: { lost: undefined, jitterMs: undefined, mos: undefined },
  roundTripMs: undefined,
  rtcp: { sent: 0, received: 0 },
};

export interface WorkerStreamDeps {
  readonly memory: StreamMemory;
  readonly local: RemoteAddress;
  readonly listener: StreamListener;
  readonly tap: StreamTap | undefined;
  /** Tells the thread that this stream has commanded something. */
  signal(): void;
  /** The number by which the thread knows a sound. */
  soundNumber(sound: BackgroundSound): number;
  /** Milliseconds ({@link Clock.now}). */
  now(): number;
}

/** The call's half of a stream that runs in a media thread: what is asked of it is written down there, in order. */
export class WorkerStream implements MediaStream, StreamListener {
  readonly local: RemoteAddress;
  readonly #deps: WorkerStreamDeps;
  readonly #ints: Int32Array;
  readonly #firstWord: number;
  readonly #listener: StreamListener;
  readonly #commands: CommandWriter;
  readonly #reports: ReportReader;
  readonly #figures: FiguresReader;
  /** Responses named and not ended yet: should the thread die, they end here. */
  readonly #responses = new Set<string>();
  #lastPlayed: string | undefined;
  #outputBytesPerMs = bytesPerMs(phoneCodings.pcmu.format);
  #lastSequence: CommandSequence = 0;
  /** Audio sent to the thread since the last flush, ms. */
  #issuedMs = 0;
  #flushes = 0;
  #refusedMs = 0;
  #state: 'open' | 'failed' | 'closing' | 'closed' = 'open';
  /** The thread is gone. */
  #orphaned = false;
  /** The memory is another stream's. */
  #released = false;
  #lastStats: StreamStats | undefined;

  constructor(deps: WorkerStreamDeps) {
    this.local = deps.local;
    this.#deps = deps;
    this.#ints = deps.memory.views.ints;
    this.#firstWord = deps.memory.firstWord;
    this.#listener = deps.listener;
    this.#commands = new CommandWriter(deps.memory.down, () => this.#makeRoom());
    this.#reports = new ReportReader(deps.memory, this, deps.tap);
    this.#figures = new FiguresReader(deps.memory);
  }

  connect(parameters: StreamParameters): CommandSequence {
    return this.#command({ type: 'connect', parameters });
  }

  setFormats(input: AudioFormat, output: AudioFormat): void {
    this.#outputBytesPerMs = bytesPerMs(output);
    this.#send({ type: 'set-formats', input, output });
  }

  useVoiceModel(wanted: boolean): void {
    if (!this.#orphaned && this.#state === 'open') this.#send({ type: 'use-voice-model', wanted });
  }

  play(responseId: string, audio: Uint8Array): void {
    if (this.#state !== 'open') return;
    const lengthMs = audio.length / this.#outputBytesPerMs;
    if (this.#commands.full && this.queuedMs() >= playoutDefaults.maxQueuedMs) {
      this.#refusedMs += lengthMs;
      return;
    }
    if (responseId !== this.#lastPlayed) this.#name(responseId);
    this.#lastPlayed = responseId;
    this.#issuedMs += lengthMs;
    this.#commands.play(responseId, audio);
    this.#deps.signal();
  }

  interject(responseId: string, audio: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#name(responseId);
    this.#issuedMs += audio.length / this.#outputBytesPerMs;
    this.#commands.interject(responseId, audio);
    this.#deps.signal();
  }

  setBackground(layer: BackgroundLayer, sound: BackgroundSound | undefined): void {
    if (this.#orphaned || this.#state !== 'open') return;
    this.#send({ type: 'set-background', layer, ...(sound && { sound: this.#deps.soundNumber(sound) }) });
  }

  endResponse(responseId: string): void {
    if (this.#state !== 'open') return;
    this.#name(responseId);
    this.#send({ type: 'end-response', responseId });
  }

  pause(): CommandSequence {
    return this.#command({ type: 'pause' });
  }

  resume(): CommandSequence {
    return this.#command({ type: 'resume' });
  }

  flush(): CommandSequence {
    this.#commands.forgetAudio();
    this.#issuedMs = 0;
    this.#flushes += 1;
    return this.#command({ type: 'flush' });
  }

  mark(): CommandSequence {
    return this.#command({ type: 'mark' });
  }

  sendDigits(digits: string, timing: { readonly durationMs?: number; readonly gapMs?: number } = {}): CommandSequence {
    return this.#command({ type: 'send-digits', digits, timing });
  }

  touch(): void {
    this.#send({ type: 'touch' });
  }

  awaitFrames(count: number): void {
    if (!this.#released) this.#reports.awaitFrames(count);
  }

  takeFrames(): void {
    if (!this.#orphaned && !this.#released) this.#reports.drain();
  }

  queuedMs(): number {
    if (this.#released) return 0;
    const { queuedMs, takenMs, flushes } = this.#figures.queue();
    // Of what the thread had before a flush nothing will be heard.
    if (flushes !== this.#flushes) return this.#issuedMs;
    const underwayMs = this.#issuedMs - takenMs;
    return queuedMs + (underwayMs > 1e-3 ? underwayMs : 0);
  }

  /** As of the thread's last report: at most 20 ms old where it was asked for before, exact once `closed` was told. */
  stats(): StreamStats {
    if (!this.#released) Atomics.store(this.#ints, this.#firstWord + word.wantsStats, 1);
    const stats = (this.#released ? this.#lastStats : this.#figures.stats()) ?? noStats;
    if (this.#refusedMs === 0) return stats;
    return { ...stats, out: { ...stats.out, refusedMs: (stats.out.refusedMs ?? 0) + this.#refusedMs } };
  }

  close(farewell = false): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    // From here on no audio leaves, whatever the thread is about to do.
    Atomics.store(this.#ints, this.#firstWord + word.closing, 1);
    this.#state = 'closing';
    this.#commands.forgetAudio();
    if (this.#orphaned) this.#end();
    else this.#send({ type: 'close', farewell });
  }

  /** The thread has something to tell, or room for more. */
  onNews(): void {
    Atomics.store(this.#ints, this.#firstWord + word.upSignal, 0);
    if (this.#commands.full) {
      this.#commands.pump();
      if (this.#commands.full) this.#makeRoom();
      this.#deps.signal();
    }
    this.#reports.drain();
  }

  /** The thread has done with the stream, and told everything. Its memory is not looked at from now on. */
  release(): void {
    this.#lastStats = this.#figures.stats();
    this.#released = true;
    this.#state = 'closed';
  }

  /** The thread has died: nothing more will come from it. */
  orphan(message: string): void {
    if (this.#orphaned || this.#state === 'closed') return;
    this.#orphaned = true;
    this.#reports.drain();
    if (this.#state === 'open') this.#fail(message);
    if (this.#state === 'closing') this.#end();
  }

  onFrame(frame: CallerFrame): void {
    if (this.#state !== 'open') return;
    try {
      this.#listener.onFrame(frame);
    } catch (error) {
      this.#fail(errorMessage(error));
    }
  }

  onEvent(event: StreamEvent): void {
    if (this.#state === 'closed') return;
    const isLast = event.type === 'response-ended' || event.type === 'closed';
    if (this.#state !== 'open' && !isLast) return;
    if (event.type === 'response-ended') this.#forget(event.responseId);
    if (event.type === 'failed') this.#state = 'failed';
    if (event.type === 'closed') this.#state = 'closed';
    try {
      this.#listener.onEvent(event);
    } catch (error) {
      this.#fail(errorMessage(error));
    }
  }

  /** Something waits for room in the ring: says so, and looks whether there is some by now. */
  #makeRoom(): void {
    Atomics.store(this.#ints, this.#firstWord + word.wantsRoom, 1);
    this.#commands.pump();
  }

  #command(command: StreamCommand): CommandSequence {
    this.#lastSequence += 1;
    this.#send(command);
    return this.#lastSequence;
  }

  #send(command: StreamCommand): void {
    if (this.#orphaned || this.#state === 'closed') return;
    this.#commands.command(command);
    this.#deps.signal();
  }

  #name(responseId: string): void {
    this.#responses.add(responseId);
  }

  #forget(responseId: string): void {
    this.#responses.delete(responseId);
    if (responseId === this.#lastPlayed) this.#lastPlayed = undefined;
  }

  /** Told once: the call can only close now. Not a packet leaves. */
  #fail(message: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    Atomics.store(this.#ints, this.#firstWord + word.closing, 1);
    try {
      this.#listener.onEvent({ type: 'failed', message });
    } catch {
      // A listener that throws again has had its say: other calls must go on.
    }
  }

  /** What the thread would have told of the end. */
  #end(): void {
    const atMs = this.#deps.now();
    for (const responseId of [...this.#responses]) {
      this.onEvent({ type: 'response-ended', responseId, state: 'interrupted', heardMs: 0, sentMs: 0, atMs });
    }
    this.onEvent({ type: 'closed', atMs });
  }
}
