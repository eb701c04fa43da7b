import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import { createMediaEngine } from '../media/dgram-engine.js';
import type { MediaEngine } from '../media/engine.js';
import { opusEncodingDefaults } from '../media/opus/opus-library.js';
import { createEmbeddedDriver } from '../signaling/embedded/embedded-driver.js';
import type { InboundLeg, SignalingDriver, SipProtocol } from '../signaling/port.js';

/** The SIP and RTP a phone needs: an endpoint of its own, on a port of the kernel's choice. */
export interface PhoneParts extends AsyncDisposable {
  /** Where it can be called. */
  readonly port: number;
  readonly driver: SignalingDriver;
  readonly engine: MediaEngine;
}

export interface PhonePartsOptions {
  /** IP literal to bind, or a wildcard. */
  readonly bind: string;
  readonly protocol: SipProtocol;
  /** Hears why a connection was not made. */
  onTrouble?(error: string): void;
  /** Takes calls. Default: they are refused with 480, this phone only dials. */
  onCall?(leg: InboundLeg): void;
  /** Takes any certificate, over TLS. Default: it must prove the name that was dialled. */
  readonly insecure?: boolean;
}

/** RTP ports of the phone; apart from the connector's default range, so that both live on one machine. */
const PHONE_PORTS = { min: 30_000, max: 34_998 } as const;

/** Throws `ERR_LISTEN`. */
export async function createPhoneParts(
  options: PhonePartsOptions,
  deps: { readonly clock: Clock; readonly random: Random },
): Promise<PhoneParts> {
  const { bind, insecure = false, onCall, onTrouble, protocol } = options;
  const log = { debug: () => {}, warn: (fields: object) => 'error' in fields && onTrouble?.(String(fields.error)) };
  const listen = [{ protocol, host: bind, port: 0 }];
  const driver = createEmbeddedDriver(
    { listen, allow: ['0.0.0.0/0', '::/0'], tls: { verifyPeer: !insecure, requireClientCertificate: false } },
    { ...deps, log },
  );
  const engine = createMediaEngine(
    {
      bind,
      ports: PHONE_PORTS,
      portRestSeconds: 1,
      jitter: { minMs: 40, maxMs: 40 },
      latching: { nat: false, strict: false },
      rtpTimeoutMs: 0,
      opus: { library: '@evan/opus', ...opusEncodingDefaults },
    },
    deps,
  );
  const onInvite = (leg: InboundLeg): void => (onCall ? onCall(leg) : leg.reject(480));
  const [address] = await driver.start({ onInvite, onRefused: () => {}, onStateChange: () => {} });
  return {
    port: address?.port ?? 0,
    driver,
    engine,
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}
