import type { Request } from './request.js';
import type { Spoken } from './spoken.js';

/** The response that is being made. */
export interface ActiveResponse {
  readonly request: Request;
  readonly spoken: Spoken;
  /** Ours. */
  readonly requestId: string;
  /** The service's, once it has begun. */
  serverId: string | undefined;
  /** It is to be no more; its end is awaited. */
  cancelled: boolean;
  /** It calls a tool. */
  calls: boolean;
  /** It answers in text, which nobody hears. */
  mute: boolean;
}

/** One that is asked for now. */
export function activeResponse(request: Request, spoken: Spoken, requestId: string): ActiveResponse {
  return { request, spoken, requestId, serverId: undefined, cancelled: false, calls: false, mute: false };
}
