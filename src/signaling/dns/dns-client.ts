import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { errorCode } from '../../base/connector-error.js';
import { lookUpAddresses } from './address-lookup.js';

/** A NAPTR record (RFC 3403) as far as SIP looks at it. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  /** `S` when the replacement is the name of SRV records. */
  readonly flags: string;
  /** `SIP+D2U`, `SIPS+D2T` and so on. */
  readonly service: string;
  readonly replacement: string;
}

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Host name; empty or `.`: the service is decidedly not there. */
  readonly name: string;
}

/** The questions that RFC 3263 asks. No records: an empty list. Everything else that goes wrong rejects. */
export interface DnsClient {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** IPv4 and IPv6 addresses, in the order of preference. */
  addresses(name: string): Promise<readonly string[]>;
}

/** Time for one try at one server, ms, and tries: the two seconds of a resolution have room for one retransmission. */
const QUERY_MS = 900;
const TRIES = 2;

/** Codes of a name that has no such records, and of one that does not exist. */
const noRecords: readonly (string | undefined)[] = ['ENODATA', 'ENOTFOUND'];

/** The name servers of the system. Addresses come from the system's resolver, as long as that has a thread for it. */
export function createSystemDns(clock: Clock): DnsClient {
  const resolver = new Resolver({ timeout: QUERY_MS, tries: TRIES });
  const system = async (name: string): Promise<readonly string[]> => {
    const found = await orNone(lookup(name, { all: true }));
    return found.map(({ address }) => address).filter((address) => isIP(address) !== 0);
  };
  const servers = async (name: string): Promise<readonly string[]> => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  };
  return {
    naptr: (name) => orNone(resolver.resolveNaptr(name)),
    srv: (name) => orNone(resolver.resolveSrv(name)),
    addresses: (name) => lookUpAddresses(name, { clock, system, servers }),
  };
}

async function orNone<Record>(answer: Promise<readonly Record[]>): Promise<readonly Record[]> {
  try {
    return await answer;
  } catch (error) {
    if (noRecords.includes(errorCode(error))) return [];
    throw error;
  }
}
