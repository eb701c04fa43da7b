import type { CallerFrame, MediaStream, StreamEvent } from '../../media/engine.js';
import { phoneFormats } from '../session/session-formats.js';
import type { KeyTarget } from './key-presses.js';
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
  readonly #second: SecondLeg;
  readonly #target: KeyTarget;
  readonly #toTarget: Direction;

  /**
   * @param codec the caller's
   * @param onOver the target has hung up, or is gone
   */
  constructor(caller: KeyTarget, second: SecondLeg, codec: keyof typeof phoneFormats, onOver: () => void) {
    const { stream } = caller.media;
    const { leg, stream: target } = second;
    if (!stream || !leg || !target) throw new TypeError('a leg that is up has a stream');
    this.#second = second;
    // What we dialled has said nothing of what it takes.
    this.#target = { leg, media: second, infoDigits: true };
    this.#toTarget = new Direction(target);
    const toCaller = new Direction(stream);
    const format = phoneFormats[codec];
    // What is still queued of the agent's words: the caller talks with somebody else now.
    stream.flush();
    for (const each of [stream, target]) each.setFormats(format, format);
    second.use({
      onFrame: (frame) => toCaller.onFrame(frame),
      onDigit: (digit, durationMs) => press(caller, digit, durationMs),
      onEnded: onOver,
    });
  }

  /** Hot path: what the caller says. */
  onFrame(frame: CallerFrame): void {
    this.#toTarget.onFrame(frame);
  }

  /** A key that the caller pressed. */
  onDigit(digit: string, durationMs: number): void {
    press(this.#target, digit, durationMs);
  }

  /** The caller is gone: BYE to the target. Idempotent. */
  close(reason: string): void {
    this.#second.hangUp(reason);
  }
}

/** By RFC 4733 where that was negotiated, else by INFO, as long as it was held. */
function press({ leg, media, infoDigits }: KeyTarget, digit: string, durationMs: number): void {
  if (media.canSendDigits) media.stream?.sendDigits(digit);
  else if (infoDigits) {
    try {
      leg.sendDigit(digit, durationMs);
    } catch {
      // More wait than a phone will ever answer: the key is lost, as one in a lost packet would be, and the call goes on.
    }
  }
}
