import type { DnsClient, NaptrRecord, SrvRecord } from '../../src/signaling/dns/dns-client.js';

/** Records by name; a name that is not there has none. An error stands for a name server that fails. */
export interface FakeZone {
  readonly naptr?: Readonly<Record<string, readonly NaptrRecord[] | Error>>;
  readonly srv?: Readonly<Record<string, readonly SrvRecord[] | Error>>;
  readonly addresses?: Readonly<Record<string, readonly string[] | Error>>;
}

/** A name server in memory that notes what it was asked. */
export class FakeDns implements DnsClient {
  readonly asked: string[] = [];
  zone: FakeZone;
  /** Answers no question at all. */
  silent = false;
  /** Questions that it does not answer. */
  readonly unanswered = new Set<string>();
  readonly #delays = new Map<string, Promise<void>>();

  constructor(zone: FakeZone = {}) {
    this.zone = zone;
  }

  /** A question is answered when the function returned is called. */
  delay(question: string): () => void {
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    this.#delays.set(question, answered);
    return answer;
  }

  naptr(name: string): Promise<readonly NaptrRecord[]> {
    return this.#answer(`NAPTR ${name}`, this.zone.naptr?.[name]);
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#answer(`SRV ${name}`, this.zone.srv?.[name]);
  }

  addresses(name: string): Promise<readonly string[]> {
    return this.#answer(`A ${name}`, this.zone.addresses?.[name]);
  }

  async #answer<Value>(question: string, found: readonly Value[] | Error | undefined): Promise<readonly Value[]> {
    this.asked.push(question);
    await this.#delays.get(question);
    if (this.silent || this.unanswered.has(question)) return new Promise(() => {});
    if (found instanceof Error) throw found;
    return found ?? [];
  }
}
