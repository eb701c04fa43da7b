import { Buffer } from 'node:buffer';
import { deserialize, serialize } from 'node:v8';
import { RingScratch } from './ring-scratch.js';
import { type RingPlace, RingReader, RingWriter } from './shared-ring.js';
import type { StreamCommand } from './stream-command.js';

/** Types of records: from the call to its media thread. A command may be longer than the ring takes at once. */
const COMMAND = 1;
const COMMAND_PART = 2;
/** Audio of the response that was named last. */
const PLAY = 3;
/** Audio of the command that follows. */
const AUDIO_PART = 4;

const noBytes = new Uint8Array(0);

interface WaitingRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
  /** It brings audio, or says whose it is: what acts upon all of it need not wait behind it. */
  readonly speech: boolean;
}

/** Those that say which response audio belongs to, and where it ends. */
const speechCommands: ReadonlySet<StreamCommand['type']> = new Set(['response', 'interject', 'end-response']);
/** Those that must not wait until the audio of a minute has crossed: a caller who speaks up, or holds the call. */
const promptCommands: ReadonlySet<StreamCommand['type']> = new Set(['connect', 'pause', 'resume']);

/**
 * The call's end of the ring down. Everything that is commanded, audio included, goes through it in order; what finds no
 * room waits here, and none of it is lost: a provider may send a minute of speech at once. Of what waits, a pause and the
 * like overtake audio, and nothing but that: acknowledgements are counted in the order of the commands.
 */
export class CommandWriter {
  readonly #ring: RingWriter;
  readonly #onFull: () => void;
  #waiting: WaitingRecord[] = [];
  #responseId: string | undefined;

  /** @param onFull something waits for room: {@link pump} is to be called when there may be some */
  constructor(place: RingPlace, onFull: () => void) {
    this.#ring = new RingWriter(place);
    this.#onFull = onFull;
  }

  /** Something waits for room. */
  get full(): boolean {
    return this.#waiting.length > 0;
  }

  command(command: StreamCommand): void {
    const bytes = serialize(command);
    const { longest } = this.#ring;
    const speech = speechCommands.has(command.type);
    const prompt = promptCommands.has(command.type);
    let start = 0;
    for (; bytes.length - start > longest; start += longest) {
      this.#put(COMMAND_PART, bytes, start, start + longest, false, prompt);
    }
    // The end of a command that came in parts stays behind them.
    this.#put(COMMAND, bytes, start, bytes.length, speech && start === 0, prompt);
  }

  /** Hot path. `audio` is copied. */
  play(responseId: string, audio: Uint8Array): void {
    if (responseId !== this.#responseId) {
      this.#responseId = responseId;
      this.command({ type: 'response', responseId });
    }
    this.#putAudio(PLAY, audio);
    if (audio.length === 0) this.#put(PLAY, audio, 0, 0, true);
  }

  interject(responseId: string, audio: Uint8Array): void {
    this.#putAudio(AUDIO_PART, audio);
    this.command({ type: 'interject', responseId });
  }

  /** What waits will be flushed before anybody hears it: its audio need not cross. */
  forgetAudio(): void {
    this.#waiting = this.#waiting.map((record) => {
      const isAudio = record.type === PLAY || record.type === AUDIO_PART;
      return isAudio ? { ...record, bytes: noBytes } : record;
    });
  }

  /** Moves what waits into the ring, as far as there is room. */
  pump(): void {
    let moved = 0;
    for (const { type, bytes } of this.#waiting) {
      if (!this.#write(type, bytes, 0, bytes.length)) break;
      moved += 1;
    }
    if (moved > 0) this.#waiting = this.#waiting.slice(moved);
  }

  #putAudio(type: number, audio: Uint8Array): void {
    const { longest } = this.#ring;
    for (let start = 0; start < audio.length; start += longest) {
      this.#put(type, audio, start, Math.min(start + longest, audio.length), true);
    }
  }

  #put(type: number, bytes: Uint8Array, start: number, end: number, speech: boolean, prompt = false): void {
    const waiting = this.#waiting;
    if (waiting.length === 0 && this.#write(type, bytes, start, end)) return;
    let place = waiting.length;
    while (prompt && waiting[place - 1]?.speech === true) place -= 1;
    // Of a `Buffer`, its own `slice` would be the flavor's memory.
    waiting.splice(place, 0, { type, bytes: new Uint8Array(bytes.subarray(start, end)), speech });
    this.#onFull();
  }

  #write(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const ring = this.#ring;
    const offset = ring.reserve(end - start);
    if (offset < 0) return false;
    ring.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), offset);
    ring.commit(type);
    return true;
  }
}

/** What the media thread makes of commands. */
export interface CommandHandler {
  command(command: Exclude<StreamCommand, { readonly type: 'response' | 'interject' }>): void;
  /** `audio` is borrowed. */
  play(responseId: string, audio: Uint8Array): void;
  interject(responseId: string, audio: Uint8Array): void;
}

/** The media thread's end of the ring down. */
export class CommandReader {
  readonly #ring: RingReader;
  readonly #handler: CommandHandler;
  readonly #scratch: RingScratch;
  #responseId = '';
  #parts: Buffer[] = [];
  #audioParts: Buffer[] = [];

  /** @param scratch may be shared with other readers of the thread */
  constructor(place: RingPlace, handler: CommandHandler, scratch = new RingScratch()) {
    this.#ring = new RingReader(place);
    this.#handler = handler;
    this.#scratch = scratch;
  }

  /** Carries out everything that is there. */
  drain(): void {
    const ring = this.#ring;
    while (ring.next()) {
      try {
        this.#take(ring.type, this.#scratch.copy(ring));
      } finally {
        ring.release();
      }
    }
  }

  #take(type: number, bytes: Uint8Array): void {
    switch (type) {
      case PLAY:
        this.#handler.play(this.#responseId, bytes);
        break;
      case COMMAND_PART:
        this.#parts.push(Buffer.from(bytes));
        break;
      case AUDIO_PART:
        this.#audioParts.push(Buffer.from(bytes));
        break;
      case COMMAND:
        this.#parts.push(Buffer.from(bytes));
        this.#carryOut(deserialize(Buffer.concat(this.#parts.splice(0))));
        break;
    }
  }

  #carryOut(command: StreamCommand): void {
    if (command.type === 'response') this.#responseId = command.responseId;
    else if (command.type === 'interject') {
      this.#handler.interject(command.responseId, Buffer.concat(this.#audioParts.splice(0)));
    } else this.#handler.command(command);
  }
}
