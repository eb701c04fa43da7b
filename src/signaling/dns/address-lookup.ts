import type { Clock } from '../../base/clock.js';

export interface AddressLookupDeps {
  readonly clock: Clock;
  /** The system's resolver: hosts file, search domains, DNS. No address: an empty list, or it rejects. */
  readonly system: (name: string) => Promise<readonly string[]>;
  /** The name servers themselves, asked without a thread. */
  readonly servers: (name: string) => Promise<readonly string[]>;
}

/** What the system's resolver takes at most while it has a thread and the name servers answer, ms. */
const BUSY_MS = 400;

/**
 * The addresses of a name, as the system sees them. Node has two threads for its resolver (UV_THREADPOOL_SIZE): behind two
 * names that nobody answers for, of providers or of other trunks, a third waits for 10 s and more. Where that may be so the
 * name servers are asked beside it, and what they know counts.
 */
export function lookUpAddresses(
  name: string,
  { clock, system, servers }: AddressLookupDeps,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      servers(name).then(
        (found) => {
          if (found.length > 0) resolve(found);
        },
        () => {},
      );
    }, BUSY_MS);
    system(name)
      .finally(() => clock.clearTimeout(timer))
      .then(resolve, reject);
  });
}
