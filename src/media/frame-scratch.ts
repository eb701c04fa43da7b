import type { CallerFrame } from './engine.js';
import type { JitterFrame } from './jitter-buffer.js';
import { RtpPacket } from './rtp-packet.js';

/** A frame of one size that is being put together. */
export interface FrameDraft {
  readonly frame: JitterFrame;
  /** All of {@link JitterFrame.known} is 1, as of most frames. */
  allKnown: boolean;
}

/**
 * Where packets are read and frames put together, one at a time. Streams of one thread share it: what they need then lies in
 * the caches, whoever had it before. Only those whose frames are copied at once by whoever hears them: they are nobody's own.
 */
export class FrameScratch {
  /** The header of the packet that is looked at. */
  readonly packet = new RtpPacket();
  /** What a listener is given. */
  readonly heard: CallerFrame = {
    data: new Uint8Array(0),
    positionMs: 0,
    concealed: true,
    voiced: false,
    stirring: false,
    receivedAtMs: 0,
  };
  readonly #bySize = new Map<number, FrameDraft>();

  /** @param frameBytes which no other number of samples has */
  draft(frameBytes: number, frameSamples: number): FrameDraft {
    const known = this.#bySize.get(frameBytes);
    if (known !== undefined) return known;
    const frame: JitterFrame = {
      data: new Uint8Array(frameBytes),
      known: new Uint8Array(frameSamples),
      missingMs: 0,
      playing: false,
      receivedAtMs: Number.NaN,
      before: undefined,
    };
    const made: FrameDraft = { frame, allKnown: false };
    this.#bySize.set(frameBytes, made);
    return made;
  }
}
