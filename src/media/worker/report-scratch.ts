/** Memory in which a record is made. */
export interface ReportArea {
  readonly bytes: Uint8Array;
  readonly ints: Int32Array;
  readonly floats: Float64Array;
}

/** Where a thread makes a record that has to wait, one at a time: in a ring there is no room for it. */
export class ReportScratch {
  #area: ReportArea | undefined;

  /** Of so many bytes at least, a multiple of 8. Another stream's record may have been in it. */
  area(bytes: number): ReportArea {
    if (this.#area !== undefined && this.#area.bytes.length >= bytes) return this.#area;
    const memory = new ArrayBuffer(bytes);
    this.#area = { bytes: new Uint8Array(memory), ints: new Int32Array(memory), floats: new Float64Array(memory) };
    return this.#area;
  }
}
