import type { Clock } from '../../base/clock.js';
import type { MediaEngine, MediaStream, StreamListener, StreamParameters } from '../../media/engine.js';
import type { AudioCodec } from '../../signaling/sdp/sdp.js';
import { EarlySession } from './early-session.js';
import type { MediaNegotiation } from './media-negotiation.js';
import { type CallRecorder, type RecordingParty, type RecordingPause, RecordingTap } from './recording-tap.js';

/** Opens a recorder whose files begin at `originMs` ({@link Clock.now}). */
export type OpenRecorder = (originMs: number) => { readonly recorder: CallRecorder; readonly path: string };

export interface CallMediaDeps {
  readonly clock: Clock;
  readonly engine: MediaEngine;
  readonly negotiation: MediaNegotiation;
  readonly openRecorder: OpenRecorder | undefined;
  /** The caller is told of the recording: nothing that they say before is kept. Default: they are not. */
  readonly recordingAnnounced?: boolean;
  /** New parameters were negotiated. `held`: the caller is not listening and talking any more. */
  onParameters(parameters: StreamParameters, held: boolean): void;
}

/** The media half of one call: its stream, what was negotiated for it, and its recording. */
export class CallMedia {
  readonly #deps: CallMediaDeps;
  readonly #tap = new RecordingTap();
  #stream: MediaStream | undefined;
  #parameters: StreamParameters | undefined;
  #recording: ReturnType<OpenRecorder> | undefined;
  /** From an INVITE of ours to its answer. */
  #early: EarlySession | undefined;

  constructor(deps: CallMediaDeps) {
    this.#deps = deps;
  }

  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  /** `null` where there is no file. */
  get recordingPath(): string | null {
    return this.#recording?.recorder.begun ? this.#recording.path : null;
  }

  /** What was left out of it. */
  get recordingPauses(): readonly RecordingPause[] {
    return this.#tap.pauses(this.#deps.clock.now());
  }

  /** As negotiated, or as it will be. */
  get codec(): AudioCodec {
    return this.#parameters?.codec.name ?? this.#deps.negotiation.expectedCodec;
  }

  /** The peer takes telephone-events. */
  get canSendDigits(): boolean {
    return this.#parameters?.dtmfPayloadType !== undefined;
  }

  /** An offer of ours went out and its answer has not come. */
  get answerPending(): boolean {
    return this.#deps.negotiation.answerPending;
  }

  /** Allocates the port. Throws `ERR_NO_MEDIA_PORT`. */
  async open(listener: StreamListener): Promise<void> {
    const { engine, negotiation, openRecorder } = this.#deps;
    // All that a tap hears crosses from the media thread: only where there may be a recording.
    const recorded = openRecorder && { tap: this.#tap };
    const { family, nets } = negotiation;
    this.#stream = await engine.open({ listener, ...recorded, family, nets });
  }

  /**
   * The description for our first 183 or 200; media flows from now on if the peer's is known. A second call repeats the
   * same description. Throws `ERR_SDP_UNACCEPTABLE`.
   * @param atMs {@link Clock.now} of that response: where a recording begins
   */
  describe(offer: string | undefined, atMs: number): string {
    if (this.#parameters) return this.#deps.negotiation.current();
    this.#beginRecording(atMs);
    return this.renegotiate(offer);
  }

  /** The offer of an INVITE of ours. Throws `ERR_SDP_UNACCEPTABLE`. @param address of ours, for the peer */
  firstOffer(address: string): string {
    const { negotiation } = this.#deps;
    negotiation.useAddress(address);
    this.#early ??= new EarlySession(negotiation);
    return negotiation.offer(this.#port);
  }

  /** A provisional response to an INVITE of ours. Returns whether there was an answer in it, or in one before. */
  noteProgress(answer: string | undefined): boolean {
    this.#early?.noteAnswer(answer);
    return this.#early?.answered ?? false;
  }

  /**
   * An INVITE of ours was answered. `answer` is that to our first offer; absent, what was agreed before counts. Throws
   * `ERR_SDP_*`.
   * @param atMs {@link Clock.now} of the answer: where a recording begins
   */
  settleFirstOffer(answer: string | undefined, atMs: number): void {
    const early = this.#early;
    this.#early = undefined;
    const parameters = early?.settle(answer) ?? this.#deps.negotiation.readAnswer(answer);
    this.#beginRecording(atMs);
    this.#connect(parameters);
  }

  get #port(): number {
    return this.#stream?.local.port ?? 0;
  }

  #beginRecording(originMs: number): void {
    if (this.#recording) return;
    const { openRecorder, recordingAnnounced } = this.#deps;
    this.#recording = openRecorder?.(originMs);
    if (this.#recording) this.#tap.begin(this.#recording.recorder, originMs, recordingAnnounced);
  }

  /**
   * Our answer to an offer, or our offer where the peer asks for one. Media follows, unless the peer has still to answer an
   * INVITE of ours. Throws `ERR_SDP_*`; then nothing has changed.
   */
  renegotiate(offer: string | undefined): string {
    const { negotiation } = this.#deps;
    if (offer === undefined) return negotiation.offer(this.#port);
    if (this.#early) return this.#early.renegotiate(offer, this.#port);
    const { sdp, parameters } = negotiation.answer(offer, this.#port);
    this.#connect(parameters);
    return sdp;
  }

  /** An offer for a re-INVITE of ours: hold, or the end of it. */
  reoffer(direction: 'sendrecv' | 'sendonly'): string {
    return this.#deps.negotiation.offer(this.#port, direction);
  }

  /** The peer has refused our re-INVITE: what was agreed before stands. */
  withdrawOffer(): void {
    this.#deps.negotiation.withdrawOffer();
  }

  /** The peer does not say yes to the end of a hold: we send and listen again all the same. */
  endHold(): void {
    this.#deps.negotiation.wantBoth();
    if (this.#parameters) this.#connect({ ...this.#parameters, direction: 'sendrecv' });
  }

  /** The peer's answer to our offer, from an ACK or a 200. Throws `ERR_SDP_*`. */
  readAnswer(answer: string | undefined): void {
    const parameters = this.#deps.negotiation.readAnswer(answer);
    this.#beginRecording(this.#deps.clock.now());
    this.#connect(parameters);
  }

  /** The caller has heard the words about the recording. */
  recordCaller(): void {
    this.#tap.callerTold();
  }

  /** Nothing more of this call is recorded, whoever asks for it. */
  forbidRecording(): void {
    this.#tap.forbid();
  }

  /** Leaves out of the recording what passes, or takes it in again. False where there is no recording. */
  pauseRecording(paused: boolean, by: RecordingParty): boolean {
    if (!this.#tap.recording) return false;
    this.#tap.pause(paused, by, this.#deps.clock.now());
    return true;
  }

  /** Resolves when the recording is complete. */
  async closeRecording(): Promise<void> {
    await this.#tap.close();
  }

  #connect(parameters: StreamParameters): void {
    this.#parameters = parameters;
    this.#stream?.connect(parameters);
    this.#deps.onParameters(parameters, parameters.direction !== 'sendrecv');
  }
}
