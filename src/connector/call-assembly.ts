import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import { Call } from '../call/call.js';
import type { CallLeg } from '../call/call-leg.js';
import type { CallDeps } from '../call/call-options.js';
import type { SecondLegDeps } from '../call/control/second-leg.js';
import type { OpenRecorder } from '../call/media/call-media.js';
import { MediaNegotiation } from '../call/media/media-negotiation.js';
import type { CallIdentity } from '../call/record-builder.js';
import type { FlavorChoice } from '../call/session/fail-over-plan.js';
import type { Config, MediaConfig, RouteConfig } from '../config/config.js';
import { EventRound, type Logger } from '../flavor-api/index.js';
import type { MediaEngine } from '../media/engine.js';
import type { RecordingThread } from '../media/recording/recording-thread.js';
import { createStereoRecorder } from '../media/recording/stereo-recorder.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import type { SpendBook } from '../ops/cost/spend-book.js';
import type { SignalingDriver } from '../signaling/port.js';
import type { AudioCodec, SrtpMode } from '../signaling/sdp/sdp.js';
import type { CallRegistry } from './call-registry.js';
import { type CallTexts, callTexts } from './call-texts.js';
import type { Generation } from './generation.js';
import { localDtls } from './network/dtls-media.js';
import { mediaAddress } from './network/media-address.js';
import { transferOrder } from './outbound/trunk-order.js';
import { routeOptions, routePlan, transferTargets } from './route-options.js';

export interface CallAssemblyDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly engine: MediaEngine;
  /** For recordings that are coded. */
  readonly recordings: Pick<RecordingThread, 'createFile'>;
  /** What calls in and out go through. */
  readonly driver: Pick<SignalingDriver, 'features' | 'invite'>;
  /** What the engine was made with; a reload does not change it. */
  readonly media: MediaConfig;
  readonly registry: CallRegistry;
  readonly emit: CallEventSink;
  readonly spending: SpendBook;
  beforeAnswer(call: CallSummary, costSoFar: () => number | null): Promise<unknown>;
  onRecord(record: CallRecord): void;
  /** The number of calls has changed. */
  onOccupancy(): void;
}

/** A call that has found its route, in or out. */
export interface RoutedCall {
  readonly leg: CallLeg;
  readonly generation: Generation;
  readonly identity: CallIdentity;
  readonly route: RouteConfig;
  /** The route's flavor. */
  readonly choice: FlavorChoice;
  /** It was made for this call alone, and is closed when the call is over. */
  readonly madeForCall?: boolean;
  /** Of the INVITE, ours or theirs, by lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Of the INVITE; `undefined` where the first offer is ours. */
  readonly offer: string | undefined;
  /** What goes into SDP. */
  readonly address: string;
  /** Of the trunk; default that of calls in general. */
  readonly srtp?: SrtpMode | undefined;
  /** The same of where its media may be. */
  readonly nets?: readonly string[] | undefined;
}

/** Makes calls out of what the configuration says about their route, and sees them to their record. */
export class CallAssembly {
  readonly #deps: CallAssemblyDeps;
  readonly #eventRound = new EventRound();

  constructor(deps: CallAssemblyDeps) {
    this.#deps = deps;
  }

  /** Begins the call. Throws `ERR_SDP_*` for an offer that cannot be answered; then nothing has happened. */
  begin(routed: RoutedCall): void {
    const { registry, log } = this.#deps;
    const { generation, identity, leg, route } = routed;
    const negotiation = this.#negotiation(routed);
    const texts = callTexts(route, identity, routed);
    const callLog = childLog(log, identity.id);
    const { instructions } = route;
    const options = {
      identity,
      ...routeOptions(generation.config, route, texts.render),
      instructions: instructions === undefined ? undefined : texts.render(instructions),
      ...texts,
    };
    const call = new Call(leg, options, this.#callDeps(routed, negotiation, texts, callLog));
    generation.retain();
    registry.add(call);
    const { direction, flavor } = identity;
    callLog.info({ direction, route: identity.route, flavor }, 'call started');
    this.#deps.onOccupancy();
    call.begin();
  }

  #negotiation({ address, offer, srtp, nets }: RoutedCall): MediaNegotiation {
    const { engine, media, random } = this.#deps;
    return new MediaNegotiation(
      offer,
      {
        address,
        codecs: media.codecs,
        srtp: srtp ?? media.srtp,
        dtls: localDtls(engine.fingerprint, media, random),
        nets: nets ?? media.latching.from,
      },
      random,
    );
  }

  #callDeps(
    { choice, generation, identity, madeForCall = false, route }: RoutedCall,
    negotiation: MediaNegotiation,
    { render, variables }: CallTexts,
    log: Logger,
  ): CallDeps {
    const { clock, driver, emit, engine } = this.#deps;
    const { config } = generation;
    const { id, direction, from, to } = identity;
    return {
      eventRound: this.#eventRound,
      ...{ clock, engine, emit, negotiation, log },
      plan: routePlan(route, choice, generation.flavors),
      announcer: generation.announcer,
      sounds: generation.sounds.of(route),
      features: driver.features,
      second: this.#secondLegDeps(config),
      tools: generation.tools.forCall({
        names: route.tools,
        transferTargets: transferTargets(config, route, render),
        outbound: direction === 'outbound',
        call: { id, from, to, variables },
        log,
      }),
      openRecorder: config.recording.mode === 'off' ? undefined : this.#recorder(config.recording, id),
      openMeter: (onExhausted) => this.#deps.spending.open(onExhausted),
      beforeAnswer: (summary, costSoFar) => this.#deps.beforeAnswer(summary, costSoFar),
      onFinished: (record) => {
        this.#deps.registry.delete(id);
        if (madeForCall) void generation.discard(choice);
        generation.release();
        log.info({ cause: record.cause, endedBy: record.endedBy, durationMs: record.durationMs }, 'call ended');
        this.#deps.onRecord(record);
        this.#deps.onOccupancy();
      },
    };
  }

  #secondLegDeps(config: Config): SecondLegDeps {
    const { clock, driver, engine, media } = this.#deps;
    return {
      invite: (request) => driver.invite(request),
      ...{ clock, engine },
      order: (target) => ({ nets: media.latching.from, ...transferOrder(config, target) }),
      negotiate: (localAddress, codec, srtp) => this.#negotiationOfOurs(localAddress, codec, srtp ?? media.srtp),
    };
  }

  /** For a call of ours. The caller's codec comes first: what both have is not transcoded. */
  #negotiationOfOurs(localAddress: string, codec: AudioCodec, srtp: SrtpMode): MediaNegotiation {
    const { media, random } = this.#deps;
    const address = mediaAddress(media, { localAddress, offer: undefined }, (remote) => remote);
    const codecs = [codec, ...media.codecs.filter((other) => other !== codec)];
    return new MediaNegotiation(undefined, { address, codecs, srtp }, random);
  }

  #recorder({ format, path: directory }: Config['recording'], callId: string): OpenRecorder {
    const { clock, recordings } = this.#deps;
    const file = format === 'ogg' ? { createFile: recordings.createFile } : {};
    return (originMs) => {
      const path = join(directory, `${callId}.${format}`);
      return { recorder: createStereoRecorder({ path, originMs, clock, ...file }), path };
    };
  }
}

/** A log whose every line names the call. */
export function childLog(log: Logger, callId: string): Logger {
  const add = (fields: object): object => ({ call: callId, ...fields });
  return {
    debug: (fields, message) => log.debug(add(fields), message),
    info: (fields, message) => log.info(add(fields), message),
    warn: (fields, message) => log.warn(add(fields), message),
    error: (fields, message) => log.error(add(fields), message),
  };
}
