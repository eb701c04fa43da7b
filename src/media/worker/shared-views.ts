/**
 * A piece of shared memory in the three guises that rings, flags and figures need. Whoever looks into it takes these, and no
 * views of a part: with hundreds of streams the views of each are what costs, for by their turn they have left the caches.
 */
export interface SharedViews {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly ints: Int32Array;
  readonly floats: Float64Array;
}

/** @param memory a multiple of 8 bytes long */
export function sharedViews(memory: SharedArrayBuffer): SharedViews {
  return {
    memory,
    bytes: new Uint8Array(memory),
    ints: new Int32Array(memory),
    floats: new Float64Array(memory),
  };
}
