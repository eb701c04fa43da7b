import type { CallerFrame, MediaStream, StreamEvent } from '../../media/engine.js';
import { phoneFormats } from '../session/session-formats.js';
import type { SecondLeg } from './second-leg.js';

/** What one side may lag behind the other, ms: more is dropped, or a phone on hold would hear the past when it is back. */
const MAX_BEHIND_MS = 200;

/** Of responses that are a bridge's; no flavor's begin so. */
const PREFIX = '\u0000bridge-';

/** Whether it is about what a bridge plays: nothing that an agent has said. */
export function isOfBridge(event: StreamEvent): boolean {
  return 'responseId' in event && event.responseId.startsWith(PREFIX);
}

/** One direction: frames of one stream, played to the other. */
class Direction {
  readonly #to: MediaStream;
  /** The other side did not keep up: counts the responses begun anew. */
  #turn = 0;
  #responseId = `${PREFIX}0`;

  constructor(to: MediaStream) {
    this.#to = to;
  }

  /** Hot path. */
  onFrame({ data }: CallerFrame): void {
    if (this.#to.queuedMs() > MAX_BEHIND_MS) this.#catchUp();
    this.#to.play(this.#responseId, data);
  }

  #catchUp(): void {
    this.#to.flush();
    this.#turn += 1;
    this.#responseId = `${PREFIX}${this.#turn}`;
  }
}

/**
 * The caller and the target of a transfer joined: each hears the other, by way of the jitter buffer, concealment and
 * pacing of both streams, in one format. Where both phones have the caller's codec nothing is transcoded.
 */
export class Bridge {
  readonly #caller: MediaStream;
  readonly #second: SecondLeg;
  readonly #toTarget: Direction;

  /**
   * @param codec the caller's
   * @param onOver the target has hung up, or is gone
   */
  constructor(caller: MediaStream, second: SecondLeg, codec: keyof typeof phoneFormats, onOver: () => void) {
    const target = second.stream;
    if (!target) throw new TypeError('a leg that is up has a stream');
    this.#caller = caller;
    this.#second = second;
    this.#toTarget = new Direction(target);
    const toCaller = new Direction(caller);
    const format = phoneFormats[codec];
    // What is still queued of the agent's words: the caller talks with somebody else now.
    caller.flush();
    for (const stream of [caller, target]) stream.setFormats(format, format);
    second.use({
      onFrame: (frame) => toCaller.onFrame(frame),
      onDigit: (digit) => this.#press(this.#caller, digit),
      onEnded: onOver,
    });
  }

  /** Hot path: what the caller says. */
  onFrame(frame: CallerFrame): void {
    this.#toTarget.onFrame(frame);
  }

  /** A key that the caller pressed. */
  onDigit(digit: string): void {
    const { stream } = this.#second;
    if (stream) this.#press(stream, digit);
  }

  /** The caller is gone: BYE to the target. Idempotent. */
  close(reason: string): void {
    this.#second.hangUp(reason);
  }

  #press(stream: MediaStream, digit: string): void {
    stream.sendDigits(digit);
  }
}
