import { assertUnreachable } from '../../base/assert.js';
import { errorCode, errorMessage } from '../../base/connector-error.js';
import { StreamHost, type StreamHostDeps } from '../stream-host.js';
import type { PacingWheel, WheelMember } from '../wheel/pacing-wheel.js';
import { HostedStream, type ThreadParts } from './hosted-stream.js';
import { ReportScratch } from './report-scratch.js';
import { RingScratch } from './ring-scratch.js';
import { type SharedViews, sharedViews } from './shared-views.js';
import { SignalList } from './signal-list.js';
import { streamMemory, word } from './stream-memory.js';
import { BELL, type OpenOrder, type ThreadMessage, type ThreadOrder, type ThreadSetup } from './thread-messages.js';
import { ThreadSounds } from './thread-sounds.js';

/** Counters of every stream are written once in so many slots, 5 s; and at once where somebody asks for them. */
const STATS_SLOTS = 1000;
/** How often it is looked whether somebody asked for counters. */
const STATS_REQUEST_SLOTS = 4;

/** Everything that happens in a media thread. */
export class MediaThread implements WheelMember {
  readonly #host: StreamHost;
  readonly #wheel: PacingWheel;
  readonly #post: (message: ThreadMessage) => void;
  readonly #down: SignalList;
  readonly #up: SignalList;
  readonly #bell: Int32Array;
  readonly #streams: (HostedStream | undefined)[] = [];
  /** Memory of streams, by number. */
  readonly #blocks: SharedViews[] = [];
  /** Those whose call does not keep up. */
  readonly #backlogged = new Set<HostedStream>();
  readonly #sounds = new ThreadSounds();
  readonly #parts: ThreadParts = {
    sounds: this.#sounds,
    commands: new RingScratch(),
    reports: new ReportScratch(),
  };
  #open = 0;
  #news = false;

  constructor(
    setup: ThreadSetup,
    deps: Required<Omit<StreamHostDeps, 'onNotice' | 'onServed' | 'framesAreCopied'>>,
    post: (message: ThreadMessage) => void,
  ) {
    this.#host = new StreamHost(setup.options, {
      ...deps,
      framesAreCopied: true,
      onNotice: (message) => post({ type: 'notice', message }),
      onServed: () => this.#ring(),
    });
    this.#wheel = this.#host.wheel;
    this.#post = post;
    this.#down = new SignalList(setup.downList);
    this.#up = new SignalList(setup.upList);
    this.#bell = new Int32Array(setup.bell);
    void this.#host.ready().then(() => post({ type: 'ready' }));
  }

  receive(order: ThreadOrder): void {
    switch (order.type) {
      case 'open':
        void this.#openStream(order);
        return;
      case 'sound':
        this.#sounds.add(order);
        return;
      case 'forget-sound':
        this.#sounds.forget(order.sound);
        return;
      default:
        assertUnreachable(order);
    }
  }

  /** What comes of it is posted. Never rejects. */
  async #openStream({ id, block, index, memory, nets, place, tapped }: OpenOrder): Promise<void> {
    const views = this.#blocks[block] ?? sharedViews(memory);
    this.#blocks[block] = views;
    const shared = streamMemory(views, index);
    const signalAt = shared.firstWord + word.upSignal;
    const hosted: HostedStream = new HostedStream(id, shared, this.#parts, () => {
      if (hosted.reports.full) this.#backlogged.add(hosted);
      if (this.#up.add(id, views.ints, signalAt)) this.#news = true;
    });
    try {
      const stream = await this.#host.open(place, {
        listener: hosted,
        tap: tapped ? hosted.reports : undefined,
        nets,
        guard: (pair) => hosted.guard(pair),
        onPacket: this.#carryOut,
        onClosed: (freed) => void this.#close(hosted, freed),
      });
      hosted.attach(stream);
      this.#streams[id] = hosted;
      this.#open += 1;
      // First of all members: what was commanded is carried out before anybody's slot.
      if (this.#open === 1) this.#wheel.join(this);
      this.#post({ type: 'opened', id, local: stream.local });
    } catch (error) {
      this.#post({ type: 'refused', id, code: errorCode(error), message: errorMessage(error) });
    }
  }

  onSlot(slot: number): void {
    this.#carryOut();
    for (const hosted of this.#backlogged) {
      hosted.reports.pump();
      if (hosted.reports.full) continue;
      this.#backlogged.delete(hosted);
      if (hosted.freed) this.#forget(hosted);
    }
    this.#writeStats(slot);
  }

  onSlotError(error: unknown): void {
    // Without this member no command is carried out any more: the thread ends, and the engine starts another.
    throw error;
  }

  /** What was commanded since the last time. */
  readonly #carryOut = (): void => {
    for (let id = this.#down.take(); id >= 0; id = this.#down.take()) this.#streams[id]?.drain();
  };

  async #close(hosted: HostedStream, freed: Promise<void>): Promise<void> {
    await freed;
    hosted.freed = true;
    // What a call that does not keep up has not got yet waits in this thread.
    if (!hosted.reports.full) this.#forget(hosted);
  }

  #forget({ id }: HostedStream): void {
    this.#streams[id] = undefined;
    this.#open -= 1;
    if (this.#open === 0) this.#wheel.leave(this);
    this.#post({ type: 'freed', id });
  }

  #writeStats(slot: number): void {
    const streams = this.#streams;
    for (let id = slot % STATS_SLOTS; id < streams.length; id += STATS_SLOTS) streams[id]?.writeStats();
    if (slot % STATS_REQUEST_SLOTS !== 0) return;
    for (const hosted of streams) if (hosted?.takeStatsRequest()) hosted.writeStats();
  }

  /** One message for all the streams that have something to tell, unless the last has not been heard yet. */
  #ring(): void {
    if (!this.#news) return;
    this.#news = false;
    if (Atomics.compareExchange(this.#bell, 0, 0, 1) === 0) this.#post(BELL);
  }
}
