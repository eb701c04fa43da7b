import type { SrtpParameters } from '../engine.js';
import { type AnsweredMessage, Flight, type FlightPart } from './flight.js';
import { writeFlight } from './flight-writer.js';
import { type AlertName, alertName, alerts, HandshakeFault } from './handshake-fault.js';
import { type HandshakeFragment, handshakeType, parseFragments } from './handshake-message.js';
import { Reassembly } from './reassembly.js';
import { contentType, parseRecords } from './record.js';
import { RecordLayer } from './record-layer.js';
import { type DtlsServerOptions, ServerHandshake } from './server-handshake.js';

/** A handshake that takes longer fails. */
const GIVE_UP_MS = 15_000;
/** How often a peer is told that there is no other handshake. */
const MAX_REFUSALS = 4;

const alertLevel = { warning: 1, fatal: 2 } as const;

/** What becomes of an association. */
export interface DtlsListener {
  /** The peer has proven to be the one of the SDP: the keys may be used both ways. Once. */
  onEstablished(srtp: SrtpParameters): void;
  /** The end, for people. It holds nothing of the peer's, and no secret. Once, and nothing comes after it. */
  onFailed(message: string): void;
  /** The peer's close_notify, after it was established. Once, and nothing comes after it. */
  onClosed(): void;
}

export interface DtlsServerDeps {
  /** @param datagram not kept */
  send(datagram: Uint8Array): void;
  readonly listener: DtlsListener;
}

/**
 * The server of one DTLS 1.2 association (RFC 6347) that gives SRTP its keys (RFC 5764) and carries nothing else.
 *
 * There is no HelloVerifyRequest. Its cookie shows that the peer is where its datagrams say, so that nobody has a server
 * keep state for strangers, or send much to somebody who sent nothing (RFC 6347 section 4.2.1). Here the state is that of
 * a call, and ICE has shown the address before a datagram comes to us. Where the peer does no ICE, a stranger who sends
 * from the address of the SDP gets one flight for each ClientHello that he sends in full, ten times at most, and seven of
 * the timer's.
 */
export class DtlsServer {
  readonly #deps: DtlsServerDeps;
  readonly #layer = new RecordLayer();
  #reassembly = new Reassembly();
  #handshake: ServerHandshake;
  #flight: Flight | undefined;
  #phase: 'handshake' | 'established' | 'over' = 'handshake';
  #startedAtMs: number | undefined;
  #refusals = 0;

  constructor(options: DtlsServerOptions, deps: DtlsServerDeps) {
    this.#handshake = new ServerHandshake(options);
    this.#deps = deps;
  }

  /**
   * Takes one datagram whose first byte is 20 to 63 (RFC 7983). Never throws: it may be anybody's.
   * @param datagram borrowed
   * @param nowMs of the same clock as that of {@link tick}
   */
  receive(datagram: Uint8Array, nowMs: number): void {
    if (this.#phase === 'over') return;
    this.#startedAtMs ??= nowMs;
    try {
      for (const record of parseRecords(datagram)) {
        // Nothing in the clear can touch what is established; a new handshake is one of a new association.
        if (this.#phase === 'established' && record.epoch === 0) continue;
        const payload = this.#layer.open(record);
        if (payload === undefined) continue;
        // A ChangeCipherSpec says nothing that the epoch of a record does not say.
        if (record.type === contentType.handshake) this.#receiveHandshake(record.epoch, payload, nowMs);
        else if (record.type === contentType.alert) this.#receiveAlert(payload);
        if (this.#isOver()) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** To be called every 20 ms or so until it is established: what was not answered is sent again. Harmless afterwards. */
  tick(nowMs: number): void {
    if (this.#phase !== 'handshake') return;
    this.#startedAtMs ??= nowMs;
    if (nowMs - this.#startedAtMs >= GIVE_UP_MS) {
      const what =
        this.#flight === undefined ? 'the peer sent no ClientHello' : 'the peer did not complete the handshake';
      this.#end();
      this.#deps.listener.onFailed(`DTLS: ${what} within ${GIVE_UP_MS / 1000} s`);
    } else if (this.#flight?.takeDue(nowMs)) this.#send(this.#flight.parts);
  }

  /** Says close_notify where it is established. Nothing is sent or heard afterwards. Idempotent. */
  close(): void {
    if (this.#phase === 'established') this.#sendAlert(alertLevel.warning, 'close_notify');
    this.#end();
  }

  #receiveHandshake(epoch: number, payload: Uint8Array, nowMs: number): void {
    for (const fragment of parseFragments(payload)) {
      if (this.#phase === 'established') this.#receiveLate(epoch, fragment, nowMs);
      else this.#receiveFragment(epoch, fragment, nowMs);
      if (this.#isOver()) return;
    }
  }

  #receiveFragment(epoch: number, fragment: HandshakeFragment, nowMs: number): void {
    if (this.#flight?.takeRepeated(epoch, fragment, nowMs)) {
      this.#send(this.#flight.parts);
      return;
    }
    this.#reassembly.add(epoch, fragment);
    while (this.#phase === 'handshake') {
      const { nextEpoch } = this.#handshake;
      const message = this.#reassembly.take(nextEpoch);
      if (message === undefined) return;
      const hadKeys = this.#handshake.keys !== undefined;
      const parts = this.#handshake.take(message);
      const { keys, srtp } = this.#handshake;
      if (keys !== undefined && !hadKeys) this.#layer.protect(keys.server, keys.client);
      if (parts.length === 0) continue;
      const answers = { epoch: nextEpoch, sequence: message.sequence, bytes: message.body.length };
      this.#answer(parts, answers, nowMs);
      if (srtp !== undefined) this.#establish(srtp);
    }
  }

  /** After the handshake: the peer has not got our last flight, or wants another handshake (RFC 5746 section 4.5). */
  #receiveLate(epoch: number, fragment: HandshakeFragment, nowMs: number): void {
    if (this.#flight?.takeRepeated(epoch, fragment, nowMs)) this.#send(this.#flight.parts);
    else if (fragment.type === handshakeType.clientHello && this.#refusals < MAX_REFUSALS) {
      this.#refusals += 1;
      this.#sendAlert(alertLevel.warning, 'no_renegotiation');
    }
  }

  #answer(parts: readonly FlightPart[], answers: AnsweredMessage, nowMs: number): void {
    this.#flight = new Flight(parts, answers, nowMs);
    this.#send(parts);
  }

  #establish(srtp: SrtpParameters): void {
    this.#phase = 'established';
    this.#reassembly = new Reassembly();
    this.#deps.listener.onEstablished(srtp);
  }

  /** In the handshake an alert may be forged, as all else may be; established, only authentic ones come here. */
  #receiveAlert(payload: Uint8Array): void {
    const [level, description] = payload;
    if (description === undefined) return;
    const isClosing = description === alerts.close_notify;
    if (level !== alertLevel.fatal && !isClosing) return;
    const wasEstablished = this.#phase === 'established';
    if (wasEstablished && isClosing) this.#sendAlert(alertLevel.warning, 'close_notify');
    this.#end();
    if (wasEstablished && isClosing) this.#deps.listener.onClosed();
    else this.#deps.listener.onFailed(`DTLS: the peer ended it: ${alertName(description)}`);
  }

  #fail(error: unknown): void {
    if (this.#phase === 'over') return;
    const [alert, message] =
      error instanceof HandshakeFault
        ? [error.alert, error.message]
        : (['internal_error', error instanceof Error ? error.message : String(error)] as const);
    if (this.#phase === 'handshake') this.#sendAlert(alertLevel.fatal, alert);
    this.#end();
    this.#deps.listener.onFailed(`DTLS: ${message}`);
  }

  #end(): void {
    this.#phase = 'over';
    this.#flight = undefined;
    this.#reassembly = new Reassembly();
  }

  #isOver(): boolean {
    return this.#phase === 'over';
  }

  #send(parts: readonly FlightPart[]): void {
    for (const datagram of writeFlight(parts, this.#layer)) this.#deps.send(datagram);
  }

  /** Protected once it is established: before that the peer may not be able to read it. */
  #sendAlert(level: number, name: AlertName): void {
    const epoch = this.#phase === 'established' ? 1 : 0;
    this.#deps.send(this.#layer.write(epoch, contentType.alert, Uint8Array.of(level, alerts[name])));
  }
}
