/** One part of a multipart body (RFC 2046 section 5.1). */
export interface BodyPart {
  /** Header fields of the part by lower-case name, unfolded; of a repeated one the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Parts beyond these are not looked at. */
const MAX_PARTS = 32;
const MAX_PART_HEADERS = 32;

/** RFC 2046 section 5.1.1. */
const MAX_BOUNDARY_LENGTH = 70;

/**
 * The parts of a multipart body, in order; none when there is no valid boundary in it. A missing closing delimiter is
 * forgiven. Linear in the body's length.
 */
export function splitMultipart(body: Buffer, boundary: string): readonly BodyPart[] {
  if (boundary === '' || boundary.length > MAX_BOUNDARY_LENGTH) return [];
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: BodyPart[] = [];
  let start = nextDelimiter(body, delimiter, 0);
  while (start !== undefined && parts.length < MAX_PARTS) {
    const contentStart = body.indexOf('\n', start + delimiter.length);
    const closing = body.toString('latin1', start + delimiter.length, start + delimiter.length + 2) === '--';
    if (closing || contentStart < 0) break;
    const next = nextDelimiter(body, delimiter, contentStart + 1);
    parts.push(readPart(body.subarray(contentStart + 1, next ?? body.length)));
    start = next;
  }
  return parts;
}

/** A delimiter stands at the start of a line. */
function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): number | undefined {
  for (let index = body.indexOf(delimiter, from); index >= 0; index = body.indexOf(delimiter, index + 1)) {
    if (index === 0 || body[index - 1] === 0x0a) return index;
  }
  return undefined;
}

function readPart(bytes: Buffer): BodyPart {
  const headers = new Map<string, string>();
  let position = 0;
  let last = '';
  for (let count = 0; count < MAX_PART_HEADERS; count += 1) {
    const end = bytes.indexOf('\n', position);
    if (end < 0) break;
    const folded = bytes[position] === 0x20 || bytes[position] === 0x09;
    const line = bytes.toString('utf8', position, end).trim();
    position = end + 1;
    if (line === '') break;
    if (folded) {
      // Of a repeated field, what goes on is not the first one's.
      const value = headers.get(last);
      if (value !== undefined) headers.set(last, `${value} ${line}`);
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    last = headers.has(name) ? '' : name;
    if (last !== '') headers.set(name, line.slice(colon + 1).trim());
  }
  return { headers, body: withoutLineEnd(bytes.subarray(position)) };
}

/** The line end before a delimiter belongs to the delimiter. */
function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= 1;
  if (end < bytes.length && bytes[end - 1] === 0x0d) end -= 1;
  return bytes.subarray(0, end);
}
