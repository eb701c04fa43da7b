import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { StreamStats } from '../media/engine.js';
import type { PhoneEvent } from '../phone/phone-call.js';
import type { LegEnd } from '../signaling/port.js';

/** What became of a call, for scripts. */
export interface PhoneSummary {
  readonly uri: string;
  readonly answered: boolean;
  /** Provisional responses, in order. */
  readonly ringing: readonly number[];
  /** From the INVITE to the answer, ms. */
  readonly setupMs: number | null;
  readonly codec: string | null;
  /** Crypto suite of the media; `null` for plain RTP. */
  readonly srtp: string | null;
  readonly endedBy: LegEnd['by'];
  readonly status: number;
  readonly rtp: {
    readonly in: StreamStats['in'];
    readonly out: StreamStats['out'];
    readonly mos: number | null;
  } | null;
}

/** Writes down what happens in a call of the phone, and tells it to whoever watches. */
export class PhoneAccount {
  /** Takes a line for people. */
  readonly tell: (line: string) => void;
  readonly #startedMs: number;
  readonly #ringing: number[] = [];
  #answered: { readonly codec: string; readonly srtp: string | null; readonly setupMs: number } | undefined;

  constructor(clock: Clock, tell: (line: string) => void) {
    this.#startedMs = clock.now();
    this.tell = tell;
  }

  readonly onEvent = (event: PhoneEvent): void => {
    const elapsedMs = event.atMs - this.#startedMs;
    this.tell(`${(elapsedMs / 1000).toFixed(2)} s  ${describe(event)}`);
    if (event.type === 'ended' && event.end.by === 'transport') this.tell(this.#whyCutOff(event.end.status));
    if (event.type === 'ringing') this.#ringing.push(event.status);
    if (event.type === 'answered') {
      this.#answered = { codec: event.codec, srtp: event.srtp ?? null, setupMs: Math.round(elapsedMs * 10) / 10 };
    }
  };

  /** What to look at when nobody was reached, by the status that stands for it. */
  #whyCutOff(status: number): string {
    if (this.#answered) return 'the way to the other side is gone';
    if (status === 408)
      return 'nothing came back: wrong address or port, a firewall, or a connector whose signaling.embedded.allow has not this address';
    if (status === 503)
      return 'no connection: nothing listens at this address and port over this transport, or its certificate is not trusted';
    return 'nowhere to send it: the name is not known, or has no address';
  }

  summary(uri: string, end: LegEnd, stats: StreamStats | undefined): PhoneSummary {
    return {
      uri,
      answered: this.#answered !== undefined,
      ringing: this.#ringing,
      setupMs: this.#answered?.setupMs ?? null,
      codec: this.#answered?.codec ?? null,
      srtp: this.#answered?.srtp ?? null,
      endedBy: end.by,
      status: end.status,
      rtp: stats ? { in: stats.in, out: stats.out, mos: stats.mos ?? null } : null,
    };
  }

  /** The figures of an answered call, for people. */
  tellFigures({ answered, rtp }: PhoneSummary): void {
    if (!answered || !rtp) return;
    this.tell(
      `received ${rtp.in.packets} ${rtp.in.packets === 1 ? 'packet' : 'packets'} (${rtp.in.lost} lost, jitter ${rtp.in.jitterMs.toFixed(1)} ms), ` +
        `sent ${rtp.out.packets}${rtp.mos === null ? '' : `, MOS ${rtp.mos.toFixed(2)}`}`,
    );
  }
}

function describe(event: PhoneEvent): string {
  switch (event.type) {
    case 'ringing':
      return `ringing (${event.status})`;
    case 'answered':
      return `answered, ${event.codec.toUpperCase()}${event.srtp === undefined ? '' : `, SRTP ${event.srtp}`}`;
    case 'ended':
      return `ended ${describeEnd(event.end)}`;
    default:
      return assertUnreachable(event);
  }
}

function describeEnd(end: LegEnd): string {
  const by = end.by === 'peer' ? 'by the other side' : end.by === 'local' ? 'by the phone' : `(${end.by})`;
  // A BYE says why in a Reason header field (RFC 3326): its text is the part for people.
  const text = printable(/;text="([^"]*)"/.exec(end.text)?.[1] ?? end.text);
  return [by, end.status === 0 ? '' : String(end.status), text].filter((part) => part !== '').join(' ');
}

/** The other side's words, without what would move the cursor of a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
