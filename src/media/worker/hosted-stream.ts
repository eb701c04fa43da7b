import { assertUnreachable } from '../../base/assert.js';
import { bytesPerMs } from '../../flavor-api/index.js';
import { phoneCodings } from '../codecs/phone-codec.js';
import type { BackgroundLayer, CallerFrame, StreamEvent, StreamListener } from '../engine.js';
import type { DatagramPair } from '../sockets/datagram-transport.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import type { RtpStream } from '../stream/rtp-stream.js';
import { type CommandHandler, CommandReader } from './command-link.js';
import { ReportWriter } from './report-link.js';
import type { ReportScratch } from './report-scratch.js';
import type { RingScratch } from './ring-scratch.js';
import { FiguresWriter } from './stream-figures.js';
import { type StreamMemory, word } from './stream-memory.js';
import type { ThreadSounds } from './thread-sounds.js';

/** What the streams of a thread share. */
export interface ThreadParts {
  readonly sounds: ThreadSounds;
  /** Where commands are looked at, and where reports are made that have to wait. */
  readonly commands: RingScratch;
  readonly reports: ReportScratch;
}

/** The media thread's half of a stream: an `RtpStream`, commanded and heard through shared memory. */
export class HostedStream implements CommandHandler, StreamListener {
  readonly id: number;
  readonly reports: ReportWriter;
  readonly #memory: StreamMemory;
  readonly #ints: Int32Array;
  readonly #closingAt: number;
  readonly #commands: CommandReader;
  readonly #figures: FiguresWriter;
  readonly #sounds: ThreadSounds;
  readonly #onNews: () => void;
  /** The sound that is wanted on a layer, by number: it may still be on its way when it is replaced. */
  #background: Map<BackgroundLayer, number> | undefined;
  #stream: RtpStream | undefined;
  /** The stream is closed and its ports are free. */
  freed = false;
  #outputBytesPerMs = bytesPerMs(phoneCodings.pcmu.format);
  #sayingGoodbye = false;
  #takenMs = 0;
  #flushes = 0;
  /** As last written for the call to read. */
  #queuedMs = 0;
  #writtenTakenMs = 0;
  /** A packet has left since commands were carried out the last time: the next writes the figures of the queue. */
  #paced = false;

  /** @param onNews the call has something to read, or room to write */
  constructor(id: number, memory: StreamMemory, thread: ThreadParts, onNews: () => void) {
    this.id = id;
    this.#sounds = thread.sounds;
    this.#memory = memory;
    this.#ints = memory.views.ints;
    this.#closingAt = memory.firstWord + word.closing;
    this.#onNews = onNews;
    this.reports = new ReportWriter(memory, onNews, thread.reports);
    this.#commands = new CommandReader(memory.down, this, thread.commands);
    this.#figures = new FiguresWriter(memory);
  }

  /** The stream that commands go to. */
  attach(stream: RtpStream): void {
    this.#stream = stream;
    this.writeStats();
  }

  /** Its way to the sockets: nothing but a goodbye leaves once the call has closed, whatever this thread is at. */
  guard(pair: DatagramPair): Omit<DatagramPair, 'close'> {
    return new GuardedPair(pair, this);
  }

  /** Whether packets may leave. */
  get isOpen(): boolean {
    return this.#sayingGoodbye || Atomics.load(this.#ints, this.#closingAt) === 0;
  }

  /** A packet has left, or has not been let. */
  onSent(): void {
    this.#paced = true;
    this.#writeQueue();
  }

  /** The call has commanded something: carries it out. */
  drain(): void {
    const ints = this.#ints;
    const firstWord = this.#closingAt - word.closing;
    Atomics.store(ints, firstWord + word.downSignal, 0);
    const takenMs = this.#takenMs;
    while (!this.#drained()) {
      // A command that fails must not hold up those behind it: nobody may signal again.
    }
    // While packets leave, the figures are written with each: what was taken and what is queued are one sum till then.
    if (this.#takenMs !== takenMs && !this.#paced) this.#writeQueue();
    this.#paced = false;
    if (Atomics.load(ints, firstWord + word.wantsRoom) === 1) {
      Atomics.store(ints, firstWord + word.wantsRoom, 0);
      this.#onNews();
    }
  }

  /** Whether everything that was commanded is carried out; false: one command failed, and others may stand behind it. */
  #drained(): boolean {
    try {
      this.#commands.drain();
      return true;
    } catch (error) {
      this.#stream?.fail(error);
      return false;
    }
  }

  /** The counters, for the call to read. */
  writeStats(): void {
    if (!this.#stream) return;
    const stats = this.#stream.stats();
    const { droppedFrames } = this.reports;
    this.#figures.writeStats(
      droppedFrames === 0 ? stats : { ...stats, in: { ...stats.in, unreadMs: 20 * droppedFrames } },
    );
  }

  /** Whether the call has asked for counters since the last time. */
  takeStatsRequest(): boolean {
    const { views, firstWord } = this.#memory;
    const at = firstWord + word.wantsStats;
    return views.ints[at] === 1 && Atomics.exchange(views.ints, at, 0) === 1;
  }

  close(): void {
    this.#stream?.close();
  }

  onFrame(frame: CallerFrame): void {
    this.reports.onFrame(frame);
  }

  onEvent(event: StreamEvent): void {
    if (event.type === 'closed') this.writeStats();
    this.#writeQueue();
    this.reports.onEvent(event);
  }

  play(responseId: string, audio: Uint8Array): void {
    this.#takenMs += audio.length / this.#outputBytesPerMs;
    this.#stream?.play(responseId, audio);
  }

  interject(responseId: string, audio: Uint8Array): void {
    this.#takenMs += audio.length / this.#outputBytesPerMs;
    this.#stream?.interject(responseId, audio);
  }

  command(command: Parameters<CommandHandler['command']>[0]): void {
    const stream = this.#stream;
    if (!stream) return;
    switch (command.type) {
      case 'connect':
        stream.connect(command.parameters);
        return;
      case 'set-formats':
        this.#outputBytesPerMs = bytesPerMs(command.output);
        stream.setFormats(command.input, command.output);
        return;
      case 'use-voice-model':
        stream.useVoiceModel(command.wanted);
        return;
      case 'set-background':
        this.#setBackground(command.layer, command.sound);
        return;
      case 'end-response':
        stream.endResponse(command.responseId);
        return;
      case 'pause':
        stream.pause();
        return;
      case 'resume':
        stream.resume();
        return;
      case 'flush':
        this.#takenMs = 0;
        this.#flushes += 1;
        stream.flush();
        this.#writeQueue(true);
        return;
      case 'mark':
        stream.mark();
        return;
      case 'touch':
        stream.touch();
        return;
      case 'send-digits':
        stream.sendDigits(command.digits, command.timing);
        return;
      case 'close':
        this.#close(stream, command.farewell);
        return;
      default:
        assertUnreachable(command);
    }
  }

  /** The ports are shut already but for an RTCP BYE. */
  #close(stream: RtpStream, farewell: boolean): void {
    this.#sayingGoodbye = farewell;
    try {
      stream.close(farewell);
    } finally {
      this.#sayingGoodbye = false;
    }
  }

  #setBackground(layer: BackgroundLayer, number: number | undefined): void {
    if (number === undefined) {
      this.#background?.delete(layer);
      this.#stream?.setBackground(layer, undefined);
      return;
    }
    this.#background ??= new Map();
    this.#background.set(layer, number);
    this.#sounds.use(number, (sound) => {
      if (this.#background?.get(layer) === number) this.#stream?.setBackground(layer, sound);
    });
  }

  /** Hot path. */
  #writeQueue(flushed = false): void {
    const queuedMs = this.#stream?.queuedMs() ?? 0;
    if (!flushed && queuedMs === this.#queuedMs && this.#takenMs === this.#writtenTakenMs) return;
    this.#queuedMs = queuedMs;
    this.#writtenTakenMs = this.#takenMs;
    this.#figures.writeQueue(queuedMs, this.#takenMs, this.#flushes);
  }
}

/** A call's sockets, while it has not closed. */
class GuardedPair implements Omit<DatagramPair, 'close'> {
  readonly local: RemoteAddress;
  readonly #pair: DatagramPair;
  readonly #hosted: HostedStream;

  constructor(pair: DatagramPair, hosted: HostedStream) {
    this.local = pair.local;
    this.#pair = pair;
    this.#hosted = hosted;
  }

  send(packet: Uint8Array, to: RemoteAddress): void {
    if (this.#hosted.isOpen) this.#pair.send(packet, to);
    this.#hosted.onSent();
  }

  sendRtcp(packet: Uint8Array, to: RemoteAddress): void {
    if (this.#hosted.isOpen) this.#pair.sendRtcp(packet, to);
  }

  keepFor(phase: number): void {
    this.#pair.keepFor?.(phase);
  }
}
