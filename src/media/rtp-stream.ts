import { errorMessage } from '../base/connector-error.js';
import type { AudioFormat } from '../flavor-api/index.js';
import type { BackgroundLayer, BackgroundSound } from './background.js';
import type { DtmfTiming } from './dtmf-sender.js';
import type { CommandSequence, MediaStream, PhoneCodec, StreamEvent, StreamParameters, StreamStats } from './engine.js';
import { Latch } from './latch.js';
import { LocalSource } from './local-source.js';
import { FRAME_SLOTS, type WheelMember } from './pacing-wheel.js';
import type { PacketWriter } from './packet-writer.js';
import { phoneCodings } from './phone-codec.js';
import { Playout } from './playout.js';
import { isSameRemote, type RemoteAddress, usableRemote } from './remote-address.js';
import { RtcpSession } from './rtcp/rtcp-session.js';
import { RtpReceiver } from './rtp-receiver.js';
import { RtpSender } from './rtp-sender.js';
import type { Command } from './rtp-stream-command.js';
import type { RtpStreamDeps, RtpStreamOptions } from './rtp-stream-deps.js';
import { SrtpSession } from './srtp/srtp-session.js';
import { eventFormat } from './telephone-event.js';

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
  readonly #srtp: SrtpSession;
  readonly #commands: Command[] = [];
  readonly #digitsSent: CommandSequence[] = [];
  #lastSequence = 0;
  #phase: number | undefined;
  #remote: RemoteAddress | undefined;
  /** The same, unless it lies outside the nets of the call: nothing is sent there. */
  #target: RemoteAddress | undefined;
  /** The last one that was one: a hold with 0.0.0.0 has none. */
  #lastRemote: RemoteAddress | undefined;
  /** Where the SDP wants RTCP, if it says so. */
  #rtcpRemote: RemoteAddress | undefined;
  /** RTCP shares the port of RTP (RFC 5761). */
  #rtcpMux = false;
  #codec: PhoneCodec['name'] = 'pcmu';
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
    this.#srtp = new SrtpSession(deps.port);
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
      ...{ latch: this.#latch, jitterBuffer, voice, listener: emit, tap, codecs, reports: this.#rtcp },
      audience: outside,
      ...(scratch && { scratch }),
      inbandDtmf: options.inbandDtmf === true,
      onCollision: (from) => this.#avoidCollision(from),
    });
  }

  connect(parameters: StreamParameters): CommandSequence {
    const remote = usableRemote(parameters.remote, this.#options.family);
    // Receiving need not wait for the slot: a phone may send as soon as it knows our address.
    if (this.#state === 'open') this.#listenTo(parameters, remote);
    return this.#command({ type: 'connect', sequence: this.#nextSequence(), parameters, remote });
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
    const remote = this.#rtcp.stats(this.#sender.sent().packets, this.#codec);
    return { in: this.#receiver.stats(), out: this.#sender.stats(), mos, ...remote };
  }

  close(farewell = false): void {
    if (this.#state === 'closed') return;
    if (farewell && this.#state === 'open') this.#sendBye();
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
      if (!this.#srtp.unlocks) {
        this.#receiver.receive(bytes, from, atMs, offset, length);
        return;
      }
      const packet = this.#srtp.open(bytes.subarray(offset, offset + length));
      if (typeof packet === 'string') this.#receiver.refuse(packet);
      else this.#receiver.receive(packet, from, atMs);
    } catch (error) {
      this.fail(error);
    }
  }

  /** A packet came to the RTCP port. Never throws: other calls must go on. */
  receiveRtcp(bytes: Uint8Array, from: RemoteAddress, atMs: number): void {
    if (this.#state !== 'open') return;
    try {
      const packet = this.#srtp.openRtcp(bytes);
      if (typeof packet === 'string') this.#receiver.refuse(packet);
      else this.#receiver.receiveRtcp(packet, from, atMs);
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
    // An acknowledgement may have made the call close.
    if (this.#state !== 'open') return;
    this.#sender.onSlot(slot, dueSlot, this.#sending ? this.#destination() : undefined, nowMs);
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
          this.#speakTo(command.parameters, command.remote, dueSlot);
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

  #listenTo(parameters: StreamParameters, remote: RemoteAddress | undefined): void {
    const { alsoReceived, codec, direction, srtp } = parameters;
    const nowMs = this.#deps.clock.now();
    const receiving = direction === 'sendrecv' || direction === 'recvonly';
    this.#srtp.receiveWith(srtp);
    this.#latch.expect(remote, nowMs);
    // Commands are applied before the next packet is filled: what is played from now on is for this codec.
    this.#playout.setCoding(phoneCodings[codec.name]);
    this.#receiver.configure(codec, eventFormat(parameters), receiving, nowMs, alsoReceived);
  }

  #speakTo(parameters: StreamParameters, remote: RemoteAddress | undefined, slot: number): void {
    const { codec, direction, ptimeMs, rtcp, srtp } = parameters;
    this.#srtp.sendWith(srtp, remote !== undefined && !isSameRemote(remote, this.#lastRemote));
    this.#lastRemote = remote ?? this.#lastRemote;
    this.#remote = remote;
    this.#target = this.#admitted(remote);
    this.#sending = remote !== undefined && (direction === 'sendrecv' || direction === 'sendonly');
    this.#rtcpRemote = this.#admitted(usableRemote(rtcp?.remote, this.#options.family));
    this.#rtcpMux = rtcp?.mux ?? false;
    this.#codec = codec.name;
    if (remote !== undefined) this.#rtcp.begin(1000 * phoneCodings[codec.name].ticksPerMs, this.#deps.clock.now());
    this.#reportDueMs = this.#rtcp.dueMs;
    this.#writer = this.#deps.codecs.writerFor(codec, ptimeMs, this.#writer);
    this.#sender.configure(this.#writer, codec.payloadType, eventFormat(parameters));
    this.#sender.begin(this.#firstSlotOfPhase(slot, 0));
    if (this.#receiver.receiving && this.nextAfterSlot === Number.POSITIVE_INFINITY) {
      this.nextAfterSlot = this.#firstSlotOfPhase(slot, -1);
      this.#deps.port.keepFor?.(this.nextAfterSlot % FRAME_SLOTS);
    }
  }

  /** The first slot from `slot` on that lies `offset` slots from one of ours. */
  #firstSlotOfPhase(slot: number, offset: number): number {
    const wanted = (this.#phase ?? 0) + offset - slot;
    return slot + (((wanted % FRAME_SLOTS) + FRAME_SLOTS) % FRAME_SLOTS);
  }

  /** Where the caller's packets come from, once that is known; the SDP's address before. */
  #destination(): RemoteAddress | undefined {
    return this.#latch.source ?? this.#target;
  }

  #admitted(remote: RemoteAddress | undefined): RemoteAddress | undefined {
    const { admits } = this.#options;
    return remote === undefined || admits === undefined || admits(remote.address) ? remote : undefined;
  }

  /** A few times in 20 s, whatever the direction (RFC 3264 section 5.1). */
  #sendReport(nowMs: number): void {
    const packet = this.#rtcp.report(this.#sender.sent(), this.#receiver.sequences, nowMs);
    this.#reportDueMs = this.#rtcp.dueMs;
    if (packet !== undefined) this.#transmitRtcp(packet);
  }

  #sendBye(): void {
    const packet = this.#rtcp.bye(this.#sender.sent(), this.#receiver.sequences, this.#deps.clock.now());
    if (packet !== undefined) this.#transmitRtcp(packet);
  }

  /** The peer uses our SSRC: goodbye to that, and on with another (RFC 3550 section 8.2). */
  #avoidCollision(from: RemoteAddress): void {
    if (!this.#source.collidesWith(from)) return;
    this.#sendBye();
    this.#source.renew();
    this.#sender.startOver();
    this.#rtcp.startOver();
    this.#srtp.startOver();
  }

  #transmitRtcp(packet: Uint8Array): void {
    const to = this.#destination();
    if (to === undefined) return;
    this.#srtp.sendRtcp(packet, this.#rtcpMux ? to : this.#rtcpDestination(to), this.#rtcpMux);
  }

  /** RFC 3550 section 11: one port up. What the SDP says instead (RFC 3605) holds while RTP comes from where it says. */
  #rtcpDestination(to: RemoteAddress): RemoteAddress {
    if (this.#rtcpRemote !== undefined && isSameRemote(to, this.#remote)) return this.#rtcpRemote;
    return { address: to.address, port: Math.min(to.port + 1, 65_535) };
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
