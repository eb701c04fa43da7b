/**
 * The wire between a drachtio server and its applications: `<bytes>#<frame>`, a frame being fields with `|` between them,
 * and after a line end perhaps a SIP message.
 */

/** One frame, taken apart. */
export interface Frame {
  readonly fields: readonly string[];
  /** The SIP message, if there is one. */
  readonly message: string | undefined;
}

export function encodeFrame(fields: readonly string[], message?: string, encoding: 'utf8' | 'latin1' = 'utf8'): Buffer {
  const text = message === undefined ? fields.join('|') : `${fields.join('|')}\r\n${message}`;
  const bytes = Buffer.from(text, encoding);
  return Buffer.concat([Buffer.from(`${bytes.length}#`), bytes]);
}

/** Reads frames out of a stream. */
export class FrameReader {
  #buffer = Buffer.alloc(0);

  /** The frames that are complete now; `undefined` where the server would hang up. */
  push(chunk: Buffer): readonly Frame[] | undefined {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const hash = this.#buffer.indexOf('#');
      if (hash < 0) return this.#buffer.length > 6 ? undefined : frames;
      const digits = this.#buffer.toString('latin1', 0, hash);
      // Of five digits at most: the server drops an application that announces a longer frame.
      if (!/^\d{1,5}$/.test(digits)) return undefined;
      const end = hash + 1 + Number(digits);
      if (this.#buffer.length < end) return frames;
      frames.push(decode(this.#buffer.toString('utf8', hash + 1, end)));
      this.#buffer = this.#buffer.subarray(end);
    }
  }
}

function decode(text: string): Frame {
  const lineEnd = text.indexOf('\r\n');
  const head = lineEnd < 0 ? text : text.slice(0, lineEnd);
  return { fields: head.split('|'), message: lineEnd < 0 ? undefined : text.slice(lineEnd + 2) };
}
