/**
 * Where frames of one thread's streams are put together, one at a time: what they need lies in the caches, whoever had it
 * before. Only for streams whose frames are copied at once by whoever hears them: they are nobody's own.
 */
export class FrameScratch {
  readonly #bySize = new Map<number, Uint8Array>();

  of(frameBytes: number): Uint8Array {
    const known = this.#bySize.get(frameBytes);
    if (known !== undefined) return known;
    const made = new Uint8Array(frameBytes);
    this.#bySize.set(frameBytes, made);
    return made;
  }
}
