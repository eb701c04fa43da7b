import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';

/** What a language model is lent. */
export interface LanguageModelDeps {
  readonly clock: Clock;
  /** Jitter of retries. */
  readonly random: Random;
  /** Requests go through it. */
  readonly http: ProviderHttp;
}

/** HTTP as the vendors' SDKs want it, over connections that all calls share. */
export interface ProviderHttp extends AsyncDisposable {
  readonly fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
}
