import { errorMessage } from '../../base/connector-error.js';
import type { AudioFormat } from '../../flavor-api/index.js';
import type { PacketWriter } from '../codecs/packet-writer.js';
import { type PhoneCoding, phoneCodings } from '../codecs/phone-codec.js';
import type { DtmfTiming } from '../dtmf/dtmf-sender.js';
import { eventFormat } from '../dtmf/telephone-event.js';
import type {
  BackgroundLayer,
  BackgroundSound,
  CommandSequence,
  MediaStream,
  StreamEvent,
  StreamParameters,
  StreamStats,
} from '../engine.js';
import { Latch } from '../peer/latch.js';
import { PeerLink } from '../peer/peer-link.js';
import { Playout } from '../playout/playout.js';
import { RtcpSession } from '../rtcp/rtcp-session.js';
import { LocalSource } from '../rtp/local-source.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import type { SrtpSession } from '../srtp/srtp-session.js';
import { FRAME_SLOTS, type WheelMember } from '../wheel/pacing-wheel.js';
import { RtpReceiver } from './rtp-receiver.js';
import { RtpSender } from './rtp-sender.js';
import type { Command } from './rtp-stream-command.js';
import type { RtpStreamDeps, RtpStreamOptions } from './rtp-stream-deps.js';

/**
 * One call's RTP session on the wheel: applies commands, delivers a frame one slot before the stream's own packet
 * leaves (so that a reply made at once leaves in the same 20 ms), and sends.
 */
export class RtpStream implements MediaStream, WheelMember {
  readonly local: RemoteAddress;
  /** The slot after which the next frame is delivered. */
  nextAfterSlot = Number.POSITIVE_INFINITY;
  readonly #options: RtpStreamOptions;
  readonly #deps: RtpStreamDeps;
  readonly #latch: Latch;
  readonly #source: LocalSource;
  readonly #playout: Playout;
  readonly #receiver: RtpReceiver;
  readonly #sender: RtpSender;
  readonly #rtcp: RtcpSession;
  /** As the session says: one look less for each packet. */
  #reportDueMs = Number.POSITIVE_INFINITY;
  readonly #link: PeerLink;
  /** The link's. */
  readonly #srtp: SrtpSession;
  readonly #commands: Command[] = [];
  readonly #digitsSent: CommandSequence[] = [];
  #lastSequence = 0;
  #phase: number | undefined;
  #coding: PhoneCoding = phoneCodings.pcmu;
  #sending = false;
  #writer: PacketWriter | undefined;
  #timeoutReported = false;
  #touched = false;
  #state: 'open' | 'failed' | 'closed' = 'open';

  constructor(options: RtpStreamOptions, deps: RtpStreamDeps) {
    this.local = deps.port.local;
    this.#options = options;
    this.#deps = deps;
    this.#latch = new Latch(options.latching, options.admits);
    this.#playout = new Playout(phoneCodings.pcmu, (event) => this.#emit(event));
    const { listener: outside } = deps;
    const emit = { onEvent: (event: StreamEvent) => this.#emit(event) };
    this.#link = new PeerLink(options, {
      listener: {
        onChanged: () => this.#beginReports(),
        onFailed: (message) => this.fail(new Error(message)),
        onRefused: (reason) => this.#receiver.refuse(reason),
      },
      ...{ latch: this.#latch, port: deps.port, beginKeyExchange: deps.beginKeyExchange },
    });
    this.#srtp = this.#link.srtp;
    const { clock, jitterBuffer, voice, tap, random, codecs, scratch } = deps;
    this.#source = new LocalSource(random);
    this.#sender = new RtpSender({
      random,
      source: this.#source,
      playout: this.#playout,
      tap,
      port: this.#srtp,
    });
    this.#rtcp = new RtcpSession({ source: this.#source, wallOffsetMs: clock.wallTime() - clock.now() }, random);
    this.#receiver = new RtpReceiver({
      audience: outside,
      ...{ latch: this.#latch, jitterBuffer, voice, listener: emit, tap, codecs, reports: this.#rtcp },
      ...(scratch && { scratch }),
      inbandDtmf: options.inbandDtmf === true,
      onCollision: (from) => this.#avoidCollision(from),
    });
  }

  connect(parameters: StreamParameters): CommandSequence {
    // Receiving need not wait for the slot: a phone may send as soon as it knows our address.
    if (this.#state === 'open') this.#listenTo(parameters);
    return this.#command({ type: 'connect', sequence: this.#nextSequence(), parameters });
  }

  setFormats(input: AudioFormat, output: AudioFormat): void {
    this.#receiver.frames.setInput(input);
    this.#playout.setOutput(output);
  }

  useVoiceModel(wanted: boolean): void {
    if (this.#state === 'open') this.#deps.voice.useModel?.(wanted);
  }

  play(responseId: string, audio: Uint8Array): void {
    if (this.#state === 'open') this.#playout.play(responseId, audio);
  }

  interject(responseId: string, audio: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#playout.interject(responseId, audio);
    this.#joinWheel();
  }

  setBackground(layer: BackgroundLayer, sound: BackgroundSound | undefined): void {
    if (this.#state === 'open') this.#playout.setBackground(layer, sound);
  }

  endResponse(responseId: string): void {
    if (this.#state !== 'open') return;
    this.#playout.end(responseId);
    this.#joinWheel();
  }

  pause(): CommandSequence {
    return this.#command({ type: 'pause', sequence: this.#nextSequence() });
  }

  resume(): CommandSequence {
    return this.#command({ type: 'resume', sequence: this.#nextSequence() });
  }

  flush(): CommandSequence {
    this.#playout.doom();
    return this.#command({ type: 'flush', sequence: this.#nextSequence() });
  }

  mark(): CommandSequence {
    const sequence = this.#nextSequence();
    if (this.#state === 'open') this.#playout.mark(sequence);
    this.#joinWheel();
    return sequence;
  }

  sendDigits(digits: string, options: Partial<DtmfTiming> = {}): CommandSequence {
    return this.#command({ type: 'send-digits', sequence: this.#nextSequence(), digits, timing: options });
  }

  touch(): void {
    this.#receiver.touch(this.#deps.clock.now());
  }

  queuedMs(): number {
    return this.#playout.queuedMs;
  }

  stats(): StreamStats {
    const mos = this.#receiver.mos(this.#rtcp.roundTripMs);
    const remote = this.#rtcp.stats(this.#sender.sent().packets);
    return { in: this.#receiver.stats(), out: this.#sender.stats(), mos, ...remote };
  }

  close(farewell = false): void {
    if (this.#state === 'closed') return;
    const saysGoodbye = farewell && this.#state === 'open';
    if (saysGoodbye) this.#sendBye();
    this.#link.close(saysGoodbye);
    this.#deps.wheel.leave(this);
    this.#deps.voice.useModel?.(false);
    // Closed before anything is reported: a listener that closes again, or a packet on its way, finds nothing to do.
    this.#state = 'closed';
    this.#commands.length = 0;
    const { clock, listener } = this.#deps;
    try {
      const atMs = clock.now();
      for (const event of this.#playout.close(atMs)) listener.onEvent(event);
      listener.onEvent({ type: 'closed', atMs });
    } finally {
      this.#receiver.close();
      this.#sender.close();
      this.#deps.onClosed();
    }
  }

  /** A packet came to the RTP port: `length` of the `bytes` from `offset` on, which are borrowed; `from` is kept. Never throws. */
  receiveRtp(bytes: Uint8Array, from: RemoteAddress, atMs: number, offset = 0, length = bytes.length): void {
    if (this.#state !== 'open') return;
    try {
      const { association } = this.#link;
      if (association !== undefined && !association.isMedia(bytes, from, atMs, offset, length)) return;
      if (!this.#srtp.unlocks) {
        this.#receiver.receive(bytes, from, atMs, offset, length);
        return;
      }
      const packet = this.#srtp.open(bytes.subarray(offset, offset + length));
      if (typeof packet === 'string') this.#receiver.refuse(packet);
      // Whichever of its proven addresses it comes from: a browser may change before it says so.
      else this.#receiver.receive(packet, association?.remote ?? from, atMs);
    } catch (error) {
      this.fail(error);
    }
  }

  /** A packet came to the RTCP port. Never throws: other calls must go on. */
  receiveRtcp(bytes: Uint8Array, from: RemoteAddress, atMs: number): void {
    if (this.#state !== 'open') return;
    try {
      const packet = this.#link.openRtcp(bytes, from, atMs);
      if (typeof packet === 'string') this.#receiver.refuse(packet);
      else if (packet !== undefined) this.#receiver.receiveRtcp(packet, this.#link.rtcpSource(from), atMs);
    } catch (error) {
      this.fail(error);
    }
  }

  /** The stream is of no more use: a socket failed, or a listener threw. Reported once. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#deps.wheel.leave(this);
    try {
      this.#deps.listener.onEvent({ type: 'failed', message: errorMessage(error) });
    } catch {
      // A listener that throws again has had its say: other calls must go on.
    }
  }

  onSlotError(error: unknown): void {
    this.fail(error);
  }

  onSlot(slot: number, dueSlot: number): void {
    this.#touched = false;
    const nowMs = this.#deps.clock.now();
    if (this.#commands.length > 0) this.#applyCommands(dueSlot, nowMs);
    this.#link.tick(nowMs);
    // An acknowledgement may have made the call close, or there will be no keys.
    if (this.#state !== 'open') return;
    const mayLeave = this.#sending && this.#srtp.ready;
    this.#sender.onSlot(slot, dueSlot, mayLeave ? this.#link.destination.rtp : undefined, nowMs);
    this.#playout.settle(nowMs);
    this.#playout.report();
    if (nowMs >= this.#reportDueMs) this.#sendReport(nowMs);
    if (this.#digitsSent.length > 0) this.#reportDigits(nowMs);
  }

  get nextSlot(): number {
    return this.#touched ? Number.NEGATIVE_INFINITY : this.#sender.nextSlot;
  }

  afterSlot(slot: number): void {
    if (slot !== this.nextAfterSlot || this.#state !== 'open') return;
    this.nextAfterSlot += FRAME_SLOTS;
    const nowMs = this.#deps.clock.now();
    this.#receiver.deliver(this.#deps.wheel.slotTimeMs(slot), nowMs);
    this.#watchSilence(nowMs);
  }

  #nextSequence(): CommandSequence {
    this.#lastSequence += 1;
    return this.#lastSequence;
  }

  #command(command: Command): CommandSequence {
    if (this.#state === 'open') {
      this.#commands.push(command);
      this.#joinWheel();
    }
    return command.sequence;
  }

  /** Something is to be done, or to be found, at the next slot. */
  #joinWheel(): void {
    this.#touched = true;
    if (this.#state !== 'open') return;
    this.#phase ??= this.#deps.wheel.join(this);
    this.#deps.wheel.rouse(this);
  }

  /** @param dueSlot where the wheel is behind, a stream begins now and owes nothing of before */
  #applyCommands(dueSlot: number, atMs: number): void {
    for (let command = this.#commands.shift(); command !== undefined; command = this.#commands.shift()) {
      const { sequence, type } = command;
      // Of a flush, the playhead that it ends is what matters.
      const { playhead } = this.#playout;
      switch (type) {
        case 'connect':
          this.#speakTo(command.parameters, dueSlot);
          break;
        case 'pause':
          this.#playout.pause();
          break;
        case 'resume':
          this.#playout.resume();
          break;
        case 'flush':
          this.#playout.flush(atMs);
          break;
        case 'send-digits':
          this.#sender.sendDigits(command.digits, command.timing, () => this.#digitsSent.push(sequence));
          continue;
      }
      this.#emit({ type: 'ack', sequence, command: type, atMs, playing: playhead });
    }
  }

  #listenTo(parameters: StreamParameters): void {
    const { alsoReceived, codec, direction } = parameters;
    const nowMs = this.#deps.clock.now();
    const receiving = direction === 'sendrecv' || direction === 'recvonly';
    this.#link.listenTo(parameters, nowMs);
    // Commands are applied before the next packet is filled: what is played from now on is for this codec.
    this.#playout.setCoding(phoneCodings[codec.name]);
    this.#receiver.configure(codec, eventFormat(parameters), receiving, nowMs, alsoReceived);
  }

  #speakTo(parameters: StreamParameters, slot: number): void {
    const { codec, direction, ptimeMs } = parameters;
    const coding = phoneCodings[codec.name];
    // RFC 7160 section 4.1: each clock has a source of its own. To whom the one before spoke it says goodbye.
    if (coding.ticksPerMs !== this.#coding.ticksPerMs && this.#sender.sent().packets > 0) this.#changeSource();
    this.#link.speakTo(parameters);
    this.#sending = direction === 'sendrecv' || direction === 'sendonly';
    this.#coding = coding;
    this.#beginReports();
    this.#writer = this.#deps.codecs.writerFor(codec, ptimeMs, this.#writer);
    this.#sender.configure(this.#writer, codec.payloadType, eventFormat(parameters));
    this.#sender.begin(this.#firstSlotOfPhase(slot, 0));
    if (this.#receiver.receiving && this.nextAfterSlot === Number.POSITIVE_INFINITY) {
      this.nextAfterSlot = this.#firstSlotOfPhase(slot, -1);
      this.#deps.port.keepFor?.(this.nextAfterSlot % FRAME_SLOTS);
    }
  }

  #beginReports(): void {
    const { reports, destination } = this.#link;
    if (reports && destination.remote !== undefined) {
      this.#rtcp.begin(1000 * this.#coding.ticksPerMs, this.#deps.clock.now());
    }
    this.#reportDueMs = reports ? this.#rtcp.dueMs : Number.POSITIVE_INFINITY;
  }

  /** The first slot from `slot` on that lies `offset` slots from one of ours. */
  #firstSlotOfPhase(slot: number, offset: number): number {
    const wanted = (this.#phase ?? 0) + offset - slot;
    return slot + (((wanted % FRAME_SLOTS) + FRAME_SLOTS) % FRAME_SLOTS);
  }

  /** A few times in 20 s, whatever the direction (RFC 3264 section 5.1). */
  #sendReport(nowMs: number): void {
    const packet = this.#rtcp.report(this.#sender.sent(), this.#receiver.sequences, nowMs);
    this.#reportDueMs = this.#rtcp.dueMs;
    if (packet !== undefined) this.#link.sendRtcp(packet);
  }

  #sendBye(): void {
    const packet = this.#rtcp.bye(this.#sender.sent(), this.#receiver.sequences, this.#deps.clock.now());
    if (packet !== undefined) this.#link.sendRtcp(packet);
  }

  /** The peer uses our SSRC (RFC 3550 section 8.2). */
  #avoidCollision(from: RemoteAddress): void {
    if (this.#source.collidesWith(from)) this.#changeSource();
  }

  /** Goodbye to our SSRC, and on with another. */
  #changeSource(): void {
    this.#sendBye();
    this.#source.renew();
    this.#sender.startOver();
    this.#rtcp.startOver();
    this.#srtp.startOver();
  }

  #watchSilence(nowMs: number): void {
    const { rtpTimeoutMs } = this.#options;
    if (rtpTimeoutMs <= 0 || !this.#receiver.receiving) return;
    const silent = nowMs - this.#receiver.lastHeardMs >= rtpTimeoutMs;
    if (silent && !this.#timeoutReported) this.#emit({ type: 'rtp-timeout' });
    this.#timeoutReported = silent;
  }

  #reportDigits(atMs: number): void {
    const { playhead } = this.#playout;
    for (const sequence of this.#digitsSent.splice(0)) {
      this.#emit({ type: 'ack', sequence, command: 'send-digits', atMs, playing: playhead });
    }
  }

  #emit(event: StreamEvent): void {
    if (this.#state === 'open') this.#deps.listener.onEvent(event);
  }
}
