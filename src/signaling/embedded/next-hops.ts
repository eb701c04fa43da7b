import { parseNameAddr, parseNameAddrList } from '../message/name-addr.js';
import { parseSipUri, uriScheme } from '../message/sip-uri.js';
import type { Endpoint } from './endpoint.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Where an INVITE of ours goes, and how it is addressed. */
export interface NextHop {
  readonly flow: SipFlow;
  readonly requestUri: string;
  /** Proxies that are to be named in a Route header field, as its value. */
  readonly route: string | undefined;
}

/** Our Contact is to be a `sips:` URI: so is the Request-URI or the topmost Route (RFC 3261 section 8.1.1.8). */
export function isSecureWay({ requestUri, route }: NextHop): boolean {
  const topmost = parseNameAddrList(route ?? '')?.[0]?.uri ?? '';
  return [requestUri, topmost].some((uri) => uriScheme(uri) === 'sips');
}

/** The next hops of one outbound call, in the order they are tried. Servers that are set aside are left out. */
export class NextHops {
  readonly #endpoint: Endpoint;
  readonly #uri: string;
  #targets: string[];
  /** The first target stands for this way. */
  #route: readonly string[];
  /** They stand in the configuration, and not in what somebody sent. */
  #configured: boolean;
  #ready: (() => NextHop | undefined)[] = [];
  #restingSeen = false;
  /** Whoever asked last. */
  #asked: ((hop: NextHop | undefined) => void) | undefined;
  /** The target that is being looked up. */
  #lookup: object | undefined;

  /**
   * @param targets as `OutboundRequest.targets`; empty: the URI itself
   * @param route proxies on the way that is tried first, nearest first; empty: there is none
   */
  constructor(endpoint: Endpoint, uri: string, targets: readonly string[], route: readonly string[] = []) {
    const nearest = parseNameAddr(route[0] ?? '')?.uri;
    this.#endpoint = endpoint;
    this.#uri = uri;
    this.#targets = targets.length === 0 ? [uri] : [...targets];
    this.#configured = targets.length > 0;
    this.#route = nearest === undefined ? [] : route;
    if (nearest !== undefined) this.#targets.unshift(nearest);
  }

  /** There may be another one. */
  get more(): boolean {
    return this.#ready.length > 0 || this.#targets.length > 0;
  }

  /** One was left out because it had asked for it. */
  get restingSeen(): boolean {
    return this.#restingSeen;
  }

  /** From now on these URIs are called, and nobody else (RFC 3261 section 8.1.3.4). */
  redirect(uris: readonly string[]): void {
    this.#targets = [...uris];
    this.#configured = false;
    this.#route = [];
    this.#ready = [];
    this.#lookup = undefined;
  }

  /**
   * Calls `done` once, with `undefined` when none is left; never where somebody asks again, or a redirection is followed,
   * before a name was looked up.
   */
  next(done: (hop: NextHop | undefined) => void): void {
    this.#asked = done;
    if (this.#lookup === undefined) this.#find();
  }

  /** It was not used: it is the next one again. */
  putBack(hop: NextHop): void {
    this.#ready.unshift(() => hop);
  }

  #answer(hop: NextHop | undefined): void {
    const done = this.#asked;
    this.#asked = undefined;
    done?.(hop);
  }

  #find(): void {
    const open = this.#ready.shift();
    if (open !== undefined) {
      const hop = open();
      if (hop !== undefined && !this.#endpoint.setAside.has(hop.flow)) {
        this.#answer(hop);
        return;
      }
      this.#restingSeen ||= hop !== undefined;
      this.#find();
      return;
    }
    const target = this.#targets.shift();
    if (target === undefined) {
      this.#answer(undefined);
      return;
    }
    const addressing =
      this.#route.length > 0 ? { requestUri: this.#uri, route: this.#route.join(', ') } : this.#addressing(target);
    this.#route = [];
    const lookup = {};
    this.#lookup = lookup;
    this.#endpoint.findServers(target, this.#configured, (servers) => {
      if (this.#lookup !== lookup) return;
      this.#lookup = undefined;
      this.#ready = servers.map((open) => () => {
        const flow = open();
        return flow && { flow, ...addressing };
      });
      this.#find();
    });
  }

  /** A target with a user part is itself the URI to call; one with `lr` is a proxy; any other just the next hop. */
  #addressing(target: string): { readonly requestUri: string; readonly route: string | undefined } {
    const uri = parseSipUri(target);
    if (uri?.user !== undefined && uri.user !== '') return { requestUri: target, route: undefined };
    return { requestUri: this.#uri, route: uri?.params.has('lr') ? `<${target}>` : undefined };
  }
}
