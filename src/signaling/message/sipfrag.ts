/** A fragment may quote a whole message, body included (RFC 3420); more than this tells nothing about a transfer. */
export const MAX_SIPFRAG_BYTES = 16_384;

/** Bytes a status line may have, its line end included. */
const MAX_STATUS_LINE_BYTES = 512;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;

/**
 * The status that a `message/sipfrag` begins with, as the NOTIFYs of a REFER do (RFC 3515 section 2.4.5). Only the first
 * line counts: what follows may quote other messages. A missing line end after it is forgiven. `undefined` for anything
 * else: another start line, header fields alone, another version, a status outside 100 to 699, control characters.
 */
export function sipfragStatus(body: Buffer): number | undefined {
  const head = body.subarray(0, MAX_STATUS_LINE_BYTES);
  const lf = head.indexOf(LF);
  if (lf < 0 && body.length > head.length) return undefined;
  let end = lf < 0 ? head.length : lf;
  if (head[end - 1] === CR) end -= 1;
  const line = head.subarray(0, end);
  if (line.some((byte) => (byte < 0x20 && byte !== TAB) || byte === 0x7f)) return undefined;
  const match = /^SIP\/2\.0 ([1-6][0-9][0-9])(?: |$)/i.exec(line.toString('latin1'));
  return match === null ? undefined : Number(match[1]);
}
