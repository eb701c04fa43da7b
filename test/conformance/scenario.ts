import type { RtpPeer } from '../support/rtp-peer.js';
import type { Exchange } from './peer/exchange.js';
import type { Phone } from './peer/phone.js';
import type { Transport } from './peer/sip-socket.js';
import type { Subject } from './subject.js';

export type DriverName = 'embedded' | 'drachtio' | 'opensips';

export const driverNames: readonly DriverName[] = ['embedded', 'drachtio', 'opensips'];

/** What a scenario has at hand. All it opens is closed for it. */
export interface Scene {
  readonly subject: Subject;
  readonly transport: Transport;
  /** A phone of its own identity. `from` is its local address, `family` 6 has it call over IPv6, `at` another subject. */
  phone(options?: { readonly from?: string; readonly family?: 4 | 6; readonly at?: Subject }): Promise<Phone>;
  /** A place that hears and sends RTP. */
  rtp(): Promise<RtpPeer>;
  /** A connector with passwords, a trunk and registrations, over this transport; the same for all. */
  partner(): Promise<Partner>;
  /** Of those that run `last`, at the same time over all transports: resolves when all have come as far. */
  meet(): Promise<void>;
}

/** A connector that calls and registers at an exchange, and asks callers for a password. */
export interface Partner {
  readonly subject: Subject;
  readonly exchange: Exchange;
}

/** One behaviour on the wire, tried from outside. */
export interface Scenario {
  /** Row of the wire contract, 1 to 24. */
  readonly row: number;
  /** What is expected, as a sentence. */
  readonly title: string;
  /** Where it is asked for. */
  readonly rfc: string;
  /** Over which transports it makes sense; default all. */
  readonly over?: readonly Transport[];
  /** Drivers whose design, or whose server, does not allow it, and why; over all transports, or over some. */
  readonly except?: Partial<Readonly<Record<DriverName, string | Partial<Readonly<Record<Transport, string>>>>>>;
  /**
   * `beside`: with others at the same time (the default). `alone`: fills the subject, so nothing may run beside it.
   * `last`: the subject takes no calls after it. `first`: beside others and before them, for what a partner does from its start on.
   */
  readonly turn?: 'first' | 'beside' | 'alone' | 'last';
  /** It needs the {@link Partner}, which there is not over every transport. */
  readonly partner?: boolean;
  /** How long it takes, seconds, where that is more than CI has time for. */
  readonly seconds?: number;
  /** Throws when the subject does otherwise. */
  run(scene: Scene): Promise<void>;
}

/** What came of a scenario. */
export type Verdict =
  | { readonly result: 'pass' }
  | { readonly result: 'fail'; readonly seen: string }
  /** The driver's design does not allow it. */
  | { readonly result: 'excepted'; readonly seen: string }
  /** It makes no sense over this transport, or takes longer than there is time for. */
  | { readonly result: 'left-out'; readonly seen: string };

/** Says what is wrong; the message is what the table shows. */
export class Deviation extends Error {
  override readonly name = 'Deviation';
}

/** Throws `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Deviation(message);
}

/** Throws unless `seen` is one of `expected`. */
export function checkStatus(seen: number, ...expected: readonly number[]): void {
  check(expected.includes(seen), `status ${seen} instead of ${expected.join(' or ')}`);
}

/** Throws unless `seen` and `expected` are alike. */
export function checkEqual(seen: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(seen), JSON.stringify(expected)];
  check(one === other, `${what} is ${one}, not ${other}`);
}
