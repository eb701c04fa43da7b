import { type Clock, createSystemClock } from '../../../base/clock.js';
import type { AudioFormat, FlavorError } from '../../../flavor-api/index.js';
import { SharedTls } from '../shared/shared-tls.js';
import { webSocketUrl } from './endpoint.js';
import { serviceFailure } from './errors.js';
import { type DeepgramConnection, DeepgramSocket, type DeepgramSocketListener } from './socket.js';
import { deepgramFormats, encodingOf } from './wire-format.js';

/** Where to, and with what. */
export interface DeepgramDialling {
  /** `ws(s)://HOST[/PREFIX]`. */
  readonly url: string;
  /** Such as `/v1/agent/converse`. */
  readonly path: string;
  readonly apiKey: string;
  /** Until the connection stands, ms. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
  /** Of all connections of a flavor. Absent: this one has its own. */
  readonly tls?: SharedTls;
}

/**
 * A connection to an API of Deepgram's that is no stage of a cascade.
 *
 * @throws FlavorError that says why there is none; `signal.reason` when it was aborted.
 */
export function connectDeepgram(
  { url, path, clock = createSystemClock(), tls = new SharedTls(), ...rest }: DeepgramDialling,
  listener: DeepgramSocketListener,
  signal: AbortSignal,
): Promise<DeepgramConnection> {
  return DeepgramSocket.connect({ ...rest, url: webSocketUrl(url, path), clock, tls }, listener, signal);
}

/** The audio formats of the contract that Deepgram takes and makes, the phone's first, with its own name for each. */
export const deepgramAudio: readonly { readonly format: AudioFormat; readonly encoding: string }[] =
  deepgramFormats.map((format) => ({ format, encoding: encodingOf(format) }));

/** An `Error` or a `Warning` of Deepgram's by its code, in the terms of the contract. */
export function deepgramFailure(code: string): FlavorError {
  return serviceFailure(code);
}
