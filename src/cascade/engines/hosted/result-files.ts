import { lookup } from 'node:dns/promises';
import { FlavorError } from '../../../flavor-api/index.js';
import { AddressGuard } from '../../../http/address-guard.js';
import { GuardedConnector, type ResolveHost } from '../../../http/guarded-connector.js';
import { SpeechHttp, type SpeechHttpAnswer, type SpeechHttpOptions } from '../speech-server/http.js';

export interface ResultFilesOptions extends SpeechHttpOptions {
  /** Where the provider's API is: a file there is as good as the answer that named it. */
  readonly apiOrigin: string;
  /** From the request to the first byte, and between two bytes, ms. */
  readonly timeoutMs: number;
  /** All addresses of a host name; tests bring their own. Default: the system's resolver. */
  readonly resolve?: ResolveHost;
}

/** Some minutes of speech as WAV: what is longer is no answer on the phone. */
const MAX_FILE_BYTES = 32 * 1_048_576;
/** Expired, or never there: no mistake of the configuration. */
const GONE: readonly number[] = [403, 404, 410];

/**
 * Fetches the files that a provider's answers name. Those answers come out of the network, so a file is fetched by https
 * and from the public internet alone, or from where the API itself is; nothing that says who we are goes along, and no
 * redirect is followed.
 */
export class ResultFiles implements AsyncDisposable {
  readonly #options: ResultFilesOptions;
  readonly #own: SpeechHttp;
  readonly #foreign: SpeechHttp;
  readonly #connector: GuardedConnector;

  constructor(options: ResultFilesOptions) {
    this.#options = options;
    const resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true, order: 'verbatim' }));
    this.#connector = new GuardedConnector(new AddressGuard([]), resolve);
    this.#own = new SpeechHttp(options);
    this.#foreign = new SpeechHttp({ ...options, connect: this.#connector.connect });
  }

  /**
   * Begins to fetch a file.
   *
   * @throws FlavorError `ERR_FLAVOR_PROTOCOL` for an address that no file is fetched from; as any request.
   */
  async fetch(address: string, signal: AbortSignal): Promise<SpeechHttpAnswer> {
    const { who, apiOrigin, timeoutMs } = this.#options;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const own = url?.origin === apiOrigin;
    if (url === undefined || url.username !== '' || url.password !== '' || !(own || url.protocol === 'https:')) {
      throw new FlavorError('ERR_FLAVOR_PROTOCOL', `${who} named a file that may not be fetched`, false);
    }
    const http = own ? this.#own : this.#foreign;
    const request = { url, firstByteMs: timeoutMs, maxBytes: MAX_FILE_BYTES, statuses: GONE };
    const answer = await http.request(request, signal);
    if (answer.status < 300) return answer;
    answer.discard();
    throw new FlavorError('ERR_FLAVOR_NETWORK', `${who} named a file that is not there (HTTP ${answer.status})`, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connector.close();
    await Promise.all([this.#own[Symbol.asyncDispose](), this.#foreign[Symbol.asyncDispose]()]);
  }
}
