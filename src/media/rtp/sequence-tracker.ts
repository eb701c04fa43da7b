/** Limits of RFC 3550 A.1, and two of our own for restarts that it does not see. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Old-looking packets in a row, each the successor of the one before, that prove a sender which started again. */
const RESTART_PACKETS = 3;
/** Time they must be spread over, ms: a block that the network delayed arrives at once, a stream does not. */
const RESTART_SPREAD_MS = 20;
/** How many sequence numbers back a duplicate is recognised: what is older than MAX_MISORDER is refused. */
const REMEMBERED = 128;

/**
 * `next`: accepted. `restarted`: accepted, and the numbering began anew with this packet: nothing before it counts.
 * `duplicate`: came before. `refused`: out of all order, unless the next packet confirms it.
 */
export type SequenceVerdict = 'next' | 'restarted' | 'duplicate' | 'refused';

/** The source that is heard now, as a report block describes it (RFC 3550 section 6.4.1). */
export interface HeardSource {
  readonly ssrc: number;
  /** Another number each time that all begins anew, with another SSRC or the same: what follows counts from there (A.1). */
  readonly run: number;
  readonly expected: number;
  /** Those that came twice count twice. */
  readonly received: number;
  /** Extended by the number of cycles in the upper 16 bits. */
  readonly highest: number;
  /** Units of the RTP timestamp. */
  readonly jitter: number;
}

/**
 * Follows the sequence numbers of one source: extends them over their 16 bits, counts losses (RFC 3550 A.1, A.3) and
 * measures interarrival jitter (A.8). A new SSRC restarts it; totals go on.
 */
export class SequenceTracker {
  #clockHz: number;
  /** The lower 32 bits of the last numbers. */
  readonly #seen = new Int32Array(REMEMBERED);
  #started = false;
  #ssrc = 0;
  #base = 0;
  #highest = 0;
  #extended = 0;
  /** The sequence number that would confirm a jump, or -1. */
  #confirming = -1;
  #oldInRow = 0;
  #lastOld = 0;
  #firstOldMs = 0;
  /** Accepted since the last restart, and expected before it. */
  #received = 0;
  #receivedBefore = 0;
  #expectedBefore = 0;
  #duplicates = 0;
  #duplicatesBefore = 0;
  #run = 0;
  #transit = 0;
  #transitKnown = false;
  #jitter = 0;

  /** @param clockHz rate of the RTP timestamps */
  constructor(clockHz: number) {
    this.#clockHz = clockHz;
  }

  /** The extended sequence number of the last packet accepted; a restart goes on above all earlier ones. */
  get extended(): number {
    return this.#extended;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  /** Packets that should have come by now. */
  get expected(): number {
    return this.#expectedBefore + (this.#started ? this.#highest - this.#base + 1 : 0);
  }

  /** Packets that should have come and did not; never negative. */
  get lost(): number {
    return Math.max(0, this.expected - this.#receivedBefore - this.#received);
  }

  /** The source heard now; `undefined` before the first packet. Allocates: not for every packet. */
  get source(): HeardSource | undefined {
    if (!this.#started) return undefined;
    return {
      ssrc: this.#ssrc,
      run: this.#run,
      expected: this.#highest - this.#base + 1,
      received: this.#received + this.#duplicates - this.#duplicatesBefore,
      highest: this.#highest - Math.floor(this.#base / 0x1_0000) * 0x1_0000,
      jitter: this.#jitter,
    };
  }

  /** Whether a source is heard. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether that source is the one heard now. */
  hears(ssrc: number): boolean {
    return this.#started && ssrc === this.#ssrc;
  }

  /** Interarrival jitter, ms. */
  get jitterMs(): number {
    return (this.#jitter / this.#clockHz) * 1000;
  }

  /** Another codec, another clock: jitter is measured anew from the next packet on, from where it was. */
  setClock(clockHz: number): void {
    if (clockHz === this.#clockHz) return;
    this.#jitter *= clockHz / this.#clockHz;
    this.#clockHz = clockHz;
    this.#transitKnown = false;
  }

  /**
   * Takes the header of the next packet.
   * @param timed whether the timestamp is the time of the packet: not so for RFC 4733 events, which all carry that of
   * their beginning
   * @param arrivalMs {@link Clock.now}
   */
  update(ssrc: number, sequence: number, timestamp: number, timed: boolean, arrivalMs: number): SequenceVerdict {
    if (!this.#started || ssrc !== this.#ssrc) return this.#restart(ssrc, sequence, timestamp, timed, arrivalMs);
    const ahead = (sequence - this.#highest) & 0xffff;
    if (ahead > 0 && ahead < MAX_DROPOUT) {
      this.#highest += ahead;
      return this.#accept(this.#highest, timestamp, timed, arrivalMs);
    }
    const behind = (0x1_0000 - ahead) & 0xffff;
    if (behind > MAX_MISORDER) {
      if (sequence === this.#confirming) return this.#restart(ssrc, sequence, timestamp, timed, arrivalMs);
      this.#confirming = (sequence + 1) & 0xffff;
      return 'refused';
    }
    if (this.#isRestart(sequence, arrivalMs)) return this.#restart(ssrc, sequence, timestamp, timed, arrivalMs);
    const extended = this.#highest - behind;
    if (this.#seen[extended % REMEMBERED] === (extended | 0)) {
      this.#duplicates += 1;
      return 'duplicate';
    }
    // The very first packets may have changed places too.
    if (extended < this.#base) this.#base = extended;
    this.#seen[extended % REMEMBERED] = extended;
    this.#extended = extended;
    this.#received += 1;
    if (timed) this.#measureJitter(timestamp, arrivalMs);
    return 'next';
  }

  #accept(extended: number, timestamp: number, timed: boolean, arrivalMs: number): 'next' {
    this.#seen[extended % REMEMBERED] = extended;
    this.#extended = extended;
    this.#confirming = -1;
    this.#oldInRow = 0;
    this.#received += 1;
    if (timed) this.#measureJitter(timestamp, arrivalMs);
    return 'next';
  }

  #restart(ssrc: number, sequence: number, timestamp: number, timed: boolean, arrivalMs: number): 'restarted' {
    this.#expectedBefore = this.expected;
    this.#receivedBefore += this.#received;
    this.#received = 0;
    this.#duplicatesBefore = this.#duplicates;
    this.#run += 1;
    // A multiple of 2^16 above everything before, so that the low 16 bits stay the sequence number.
    const cycle = this.#started ? Math.floor(this.#highest / 0x1_0000) + 1 : 1;
    if (ssrc !== this.#ssrc) this.#jitter = 0;
    this.#started = true;
    this.#ssrc = ssrc;
    this.#base = cycle * 0x1_0000 + sequence;
    this.#highest = this.#base;
    this.#transitKnown = false;
    this.#accept(this.#base, timestamp, timed, arrivalMs);
    return 'restarted';
  }

  #isRestart(sequence: number, arrivalMs: number): boolean {
    const follows = this.#oldInRow > 0 && sequence === ((this.#lastOld + 1) & 0xffff);
    if (!follows) this.#firstOldMs = arrivalMs;
    this.#oldInRow = follows ? this.#oldInRow + 1 : 1;
    this.#lastOld = sequence;
    return this.#oldInRow >= RESTART_PACKETS && arrivalMs - this.#firstOldMs >= RESTART_SPREAD_MS;
  }

  /** RFC 3550 A.8, in the order of arrival. Differences are taken modulo 2^32; a jump of the timestamp is no jitter and is left out. */
  #measureJitter(timestamp: number, arrivalMs: number): void {
    const arrival = Math.round((arrivalMs / 1000) * this.#clockHz);
    const transit = (arrival - timestamp) | 0;
    const difference = Math.abs((transit - this.#transit) | 0);
    const known = this.#transitKnown;
    this.#transit = transit;
    this.#transitKnown = true;
    if (known && difference < this.#clockHz) this.#jitter += (difference - this.#jitter) / 16;
  }
}
