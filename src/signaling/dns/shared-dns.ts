import type { DnsClient, NaptrRecord, SrvRecord } from './dns-client.js';

/**
 * Asks each question once at a time, whoever wants to know. One that nobody answers holds a thread of Node's for 10 s and
 * more, and there are two for names: a trunk that is called every other second would have both, and a queue behind them.
 */
export class SharedDns implements DnsClient {
  readonly #naptr: SharedQuestion<NaptrRecord>;
  readonly #srv: SharedQuestion<SrvRecord>;
  readonly #addresses: SharedQuestion<string>;

  constructor(dns: DnsClient) {
    this.#naptr = new SharedQuestion((name) => dns.naptr(name));
    this.#srv = new SharedQuestion((name) => dns.srv(name));
    this.#addresses = new SharedQuestion((name) => dns.addresses(name));
  }

  naptr(name: string): Promise<readonly NaptrRecord[]> {
    return this.#naptr.ask(name);
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#srv.ask(name);
  }

  addresses(name: string): Promise<readonly string[]> {
    return this.#addresses.ask(name);
  }
}

class SharedQuestion<Answer> {
  readonly #ask: (name: string) => Promise<readonly Answer[]>;
  readonly #running = new Map<string, Promise<readonly Answer[]>>();

  constructor(ask: (name: string) => Promise<readonly Answer[]>) {
    this.#ask = ask;
  }

  ask(name: string): Promise<readonly Answer[]> {
    let running = this.#running.get(name);
    if (running === undefined) {
      running = this.#ask(name).finally(() => this.#running.delete(name));
      this.#running.set(name, running);
    }
    return running;
  }
}
