import { Int16Views } from '../../audio/views.js';
import { dropOldest } from '../../base/drop-oldest.js';
import { type AudioFormat, bytesPerMs, bytesPerSample } from '../../flavor-api/index.js';
import type { PhoneCoding } from '../codecs/phone-codec.js';
import type { BackgroundLayer, BackgroundSound, CommandSequence, Playhead, StreamEvent } from '../engine.js';
import { Background, backgroundLayers } from './background.js';
import { ResponseAudio, UNITS_PER_MS } from './response-audio.js';
import { mixInto } from './sound-mix.js';
import { EDGE_MS, fadeIn, fadeOut } from './speech-edge.js';

export const playoutDefaults = {
  /** Audio queued at most; more is refused and counted, ms. */
  maxQueuedMs: 600_000,
  /** Ids of ended responses remembered, so that their late audio does not start them anew. */
  rememberedIds: 64,
} as const;

/** How long a response waits whose first piece the silence trim left little of: one packet of 20 ms, whose moment is not exact. */
const SCANT_WAIT_MS = 15;

const noSamples = new Int16Array(0);
const noBytes = new Uint8Array(0);

interface Mark {
  readonly sequence: CommandSequence;
  /** The last response queued before it, and how much of that; `undefined` when nothing was. */
  readonly response: ResponseAudio | undefined;
  readonly units: number;
}

/**
 * What the caller is to hear: a queue of responses, played in the order of their first `play`, and the clock of what
 * left. Pure: {@link fill} is called for every packet, and whatever it found is reported by {@link report} once the
 * packet was sent.
 *
 * A packet is filled only by audio that is there: what is too short for a packet waits for more, unless its response
 * has ended or a mark stands behind it. One response follows another within a packet.
 *
 * What is cut off in the middle fades within the next packet, so that it does not click. That is no part of what was
 * heard: a resume goes on before it, and rises out of silence.
 */
export class Playout {
  readonly #emit: (event: StreamEvent) => void;
  readonly #responses: ResponseAudio[] = [];
  readonly #byId = new Map<string, ResponseAudio>();
  readonly #endedIds = new Set<string>();
  readonly #marks: Mark[] = [];
  /** Found by `fill`, told by `report`. */
  readonly #found: StreamEvent[] = [];
  #coding: PhoneCoding;
  #output: AudioFormat;
  #paused = false;
  #refusedMs = 0;
  /** The last packet ended in the middle of the first response, with the sample `#last`, in the phone's format. */
  #running = false;
  #last = noBytes;
  /** What is left to be heard of speech that was cut off; next packet. Made, with the next two, for the first that is. */
  #edge = noSamples;
  #edgeBytes = noBytes;
  #scratch = noSamples;
  #cutOff = false;
  /** Speech goes on in the middle. */
  #takenUp = false;
  /** Made for the first sound: most calls have none. */
  #background: Background | undefined;
  /** As the background says: something of it is to be mixed in. */
  #mixes = false;
  /** The response that was played last. */
  #playing: ResponseAudio | undefined;
  readonly #sounds: { -readonly [layer in BackgroundLayer]?: BackgroundSound | undefined } = {};
  #linear: Int16Views | undefined;

  constructor(coding: PhoneCoding, emit: (event: StreamEvent) => void) {
    this.#coding = coding;
    this.#output = coding.format;
    this.#emit = emit;
    this.#fit();
  }

  /** Audio of responses that are not doomed, ms. */
  get queuedMs(): number {
    let units = 0;
    for (const response of this.#responses) if (!response.doomed) units += response.queuedUnits;
    return units / UNITS_PER_MS;
  }

  /** Audio refused because too much was queued, ms. */
  get refusedMs(): number {
    return this.#refusedMs;
  }

  /** The response that is being heard; `undefined` between responses. */
  get playhead(): Playhead | undefined {
    const head = this.#responses[0];
    return head?.started ? { responseId: head.id, heardMs: head.heardMs } : undefined;
  }

  /** The format `play` takes from now on. */
  setOutput(output: AudioFormat): void {
    this.#output = output;
  }

  /** The phone's codec, as negotiated; queued audio is recoded. */
  setCoding(coding: PhoneCoding): void {
    if (coding === this.#coding) return;
    const { sampleRate } = this.#coding.format;
    this.#coding = coding;
    this.#fit();
    for (const response of this.#responses) response.recode(coding);
    if (sampleRate === coding.format.sampleRate) return;
    this.#background = undefined;
    this.#mixes = false;
    for (const layer of backgroundLayers) this.setBackground(layer, this.#sounds[layer]);
  }

  /** Queues audio, copying it. Late audio of a response that has ended or was flushed is dropped. */
  play(responseId: string, audio: Uint8Array): void {
    const response = this.#open(responseId);
    if (response === undefined || response.ended) return;
    if (this.queuedMs >= playoutDefaults.maxQueuedMs) {
      this.#refusedMs += audio.length / bytesPerMs(this.#output);
      return;
    }
    response.push(audio);
  }

  /** A whole response, played before anything that is queued: what was being heard goes on after it. */
  interject(responseId: string, audio: Uint8Array): void {
    if (this.#byId.has(responseId) || this.#endedIds.has(responseId)) return;
    const response = new ResponseAudio(responseId, this.#output, this.#coding);
    response.push(audio);
    response.end();
    this.#responses.unshift(response);
    this.#byId.set(responseId, response);
  }

  end(responseId: string): void {
    this.#open(responseId)?.end();
  }

  /** What is heard besides the responses from the next packet on; pauses and flushes leave it alone. */
  setBackground(layer: BackgroundLayer, sound: BackgroundSound | undefined): void {
    this.#sounds[layer] = sound;
    if (sound !== undefined) this.#background ??= new Background(this.#coding.format.sampleRate);
    this.#background?.set(layer, sound);
    this.#mixes = this.#background?.audible === true;
  }

  pause(): void {
    this.#cut();
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Of a pause that no packet saw nothing is heard.
    if (this.#cutOff && this.#responses[0]?.doomed === false) {
      this.#cutOff = false;
      this.#running = true;
    } else {
      this.#takenUp = this.#responses[0]?.started === true;
    }
  }

  /** The moment a flush is commanded: what is here now will go, what comes from now on stays. */
  doom(): void {
    this.#cut();
    for (const response of this.#responses) response.doomed = true;
  }

  /** The flush takes effect: reports the end of everything doomed, and of a pause. */
  flush(atMs: number): void {
    this.#paused = false;
    this.#takenUp = false;
    // Words that were put in front of them since the command stay, and must not keep them.
    for (const response of this.#responses.filter(({ doomed }) => doomed)) this.#close(response, 'interrupted', atMs);
    this.report();
  }

  /** Acknowledged with `sequence` when everything queued by now was sent or flushed. */
  mark(sequence: CommandSequence): void {
    const response = this.#responses.findLast(({ doomed }) => !doomed);
    const units = response === undefined ? 0 : response.sentUnits + response.queuedUnits;
    if (response !== undefined) response.markedUnits = units;
    this.#marks.push({ sequence, response, units });
  }

  /**
   * Fills a packet's audio, in the format of the phone's codec, with silence where nothing is to be heard. `atMs`:
   * {@link Clock.now} of its sending. `words`: `packet` in words, where there is such a view.
   */
  fill(packet: Uint8Array, atMs: number, words?: Int32Array): void {
    let filled = 0;
    let last: ResponseAudio | undefined;
    while (!this.#paused && filled < packet.length) {
      const head = this.#responses[0];
      if (head === undefined || head.doomed) break;
      const wanted = packet.length - filled;
      if (head.queuedBytes === 0 && head.ended) {
        this.#close(head, 'finished', atMs);
      } else if (head.queuedBytes < wanted && !head.ended && head.markedUnits <= head.sentUnits) {
        this.#starve(head, atMs);
        break;
      } else if (filled === 0 && head.scant && this.#waits(head, atMs)) {
        break;
      } else {
        filled += this.#take(head, packet, words, filled, wanted, atMs);
        last = head;
        if (head.queuedBytes === 0 && !head.ended) break;
      }
    }
    const isFull = filled === packet.length;
    if (!isFull) packet.fill(this.#coding.silence, filled);
    this.settle(atMs);
    this.#running = isFull && last !== undefined && last === this.#responses[0];
    this.#keepLast(packet);
    if (this.#cutOff) this.#fade(packet);
    if (this.#mixes) this.#mix(packet);
  }

  /** Finds responses that ended and marks that were reached without a packet. */
  settle(atMs: number): void {
    for (let head = this.#responses[0]; head?.ended && head.queuedBytes === 0 && !head.doomed; ) {
      this.#close(head, 'finished', atMs);
      head = this.#responses[0];
    }
    for (let mark = this.#marks[0]; mark !== undefined && this.#isReached(mark); mark = this.#marks[0]) {
      this.#marks.shift();
      const playing = this.playhead;
      this.#found.push({ type: 'ack', sequence: mark.sequence, command: 'mark', atMs, playing });
    }
  }

  /** Tells the listener what `fill` or `settle` found. */
  report(): void {
    if (this.#found.length === 0) return;
    for (let event = this.#found.shift(); event !== undefined; event = this.#found.shift()) this.#emit(event);
  }

  /** The stream closes: ends every response still open as interrupted, and returns all that is left to report. */
  close(atMs: number): readonly StreamEvent[] {
    this.settle(atMs);
    this.#marks.length = 0;
    for (const response of [...this.#responses]) this.#close(response, 'interrupted', atMs);
    return this.#found.splice(0);
  }

  #open(responseId: string): ResponseAudio | undefined {
    const playing = this.#playing;
    if (playing !== undefined && playing.id === responseId && !playing.closed && !playing.doomed) return playing;
    return this.#find(responseId);
  }

  #find(responseId: string): ResponseAudio | undefined {
    const known = this.#byId.get(responseId);
    if (known?.doomed) return undefined;
    this.#playing = known;
    if (known !== undefined) return known;
    if (this.#endedIds.has(responseId)) return undefined;
    const response = new ResponseAudio(responseId, this.#output, this.#coding);
    this.#responses.push(response);
    this.#byId.set(responseId, response);
    this.#playing = response;
    return response;
  }

  #take(
    head: ResponseAudio,
    packet: Uint8Array,
    words: Int32Array | undefined,
    offset: number,
    count: number,
    atMs: number,
  ): number {
    const started = head.started;
    const taken = head.take(packet, offset, count, words);
    head.starved = false;
    if (this.#takenUp) this.#rise(packet, offset, taken);
    if (!started) this.#found.push({ type: 'response-started', responseId: head.id, atMs });
    if (!head.voiced && this.#coding.isAudible(packet, offset, taken, words)) {
      head.voiced = true;
      this.#found.push({ type: 'response-voiced', responseId: head.id, atMs });
    }
    return taken;
  }

  /** To the phone's format. Speech that is cut off as the codec changes has no slope. */
  #fit(): void {
    this.#last = new Uint8Array(bytesPerSample(this.#coding.format.encoding));
    this.#edge = noSamples;
    this.#running = false;
    this.#cutOff = false;
  }

  /** Room for an edge in the phone's format. */
  #makeEdge(): void {
    if (this.#edge !== noSamples) return;
    const samples = (EDGE_MS * this.#coding.format.sampleRate) / 1000;
    this.#edge = new Int16Array(samples);
    this.#edgeBytes = new Uint8Array(samples * this.#last.length);
    this.#scratch = new Int16Array(samples);
  }

  #keepLast(packet: Uint8Array): void {
    const last = this.#last;
    for (let i = 0; i < last.length; i += 1) last[i] = packet[packet.length - last.length + i] as number;
  }

  /** The response under the playhead will not go on with the next packet: keeps what of it is to fade. */
  #cut(): void {
    const head = this.#responses[0];
    if (!this.#running || head === undefined) return;
    this.#running = false;
    this.#makeEdge();
    const bytes = this.#edgeBytes;
    const last = this.#last;
    for (let i = head.peek(bytes, bytes.length); i < bytes.length; i += 1) bytes[i] = last[i % last.length] as number;
    this.#coding.decode(bytes, this.#edge);
    fadeOut(this.#edge);
    this.#cutOff = true;
  }

  /** Adds what fades to the beginning of the packet. */
  #fade(packet: Uint8Array): void {
    this.#cutOff = false;
    const bytes = packet.subarray(0, this.#edgeBytes.length);
    const samples = this.#scratch;
    this.#coding.decode(bytes, samples);
    mixInto(samples, this.#edge);
    this.#coding.encode(samples, bytes);
  }

  #mix(packet: Uint8Array): void {
    const background = this.#background;
    if (background === undefined) return;
    this.#linear ??= new Int16Views();
    const samples = this.#linear.take(packet.length / this.#last.length);
    this.#coding.decode(packet, samples);
    background.mix(samples);
    this.#mixes = background.audible;
    this.#coding.encode(samples, packet);
  }

  /** Lets what was put into the packet rise. */
  #rise(packet: Uint8Array, offset: number, count: number): void {
    this.#takenUp = false;
    this.#makeEdge();
    const bytes = packet.subarray(offset, offset + Math.min(count, this.#edgeBytes.length));
    const samples = this.#scratch.subarray(0, bytes.length / this.#last.length);
    this.#coding.decode(bytes, samples);
    fadeIn(samples, this.#scratch.length);
    this.#coding.encode(samples, bytes);
  }

  #waits(head: ResponseAudio, atMs: number): boolean {
    if (Number.isNaN(head.waitingSinceMs)) head.waitingSinceMs = atMs;
    return atMs - head.waitingSinceMs < SCANT_WAIT_MS;
  }

  #starve(head: ResponseAudio, atMs: number): void {
    if (head.starved || !head.started) return;
    head.starved = true;
    this.#found.push({ type: 'starved', responseId: head.id, atMs });
  }

  #isReached(mark: Mark): boolean {
    const { response, units } = mark;
    return response === undefined || response.closed || response.sentUnits >= units;
  }

  #close(response: ResponseAudio, state: 'finished' | 'interrupted', atMs: number): void {
    this.#responses.splice(this.#responses.indexOf(response), 1);
    this.#byId.delete(response.id);
    response.closed = true;
    if (response === this.#playing) this.#playing = undefined;
    this.#endedIds.add(response.id);
    dropOldest(this.#endedIds, playoutDefaults.rememberedIds);
    const heardMs = state === 'finished' ? response.lengthMs : response.heardMs;
    const { id: responseId, sentMs } = response;
    this.#found.push({ type: 'response-ended', responseId, state, heardMs, sentMs, atMs });
  }
}
