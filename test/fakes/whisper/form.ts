/** A form that came with a request. */
export interface ReadForm {
  readonly fields: Readonly<Record<string, string>>;
  readonly file: Buffer;
}

/** Reads `multipart/form-data`, strictly: servers of transcriptions refuse what is not quite right. */
export function readForm(contentType: string, body: Buffer): ReadForm | undefined {
  const boundary = /^multipart\/form-data; boundary=([^;\s"]+)$/.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const marker = Buffer.from(`--${boundary}`);
  if (!body.subarray(0, marker.length).equals(marker)) return undefined;
  const fields: Record<string, string> = {};
  let file: Buffer | undefined;
  for (let at = marker.length; ; ) {
    if (body.subarray(at, at + 4).toString('latin1') === '--\r\n') break;
    const end = body.indexOf(`\r\n--${boundary}`, at);
    const headEnd = body.indexOf('\r\n\r\n', at);
    if (end === -1 || headEnd === -1 || headEnd > end) return undefined;
    const head = body.subarray(at, headEnd).toString('utf8');
    const name = / name="([^"]+)"/.exec(head)?.[1];
    if (name === undefined) return undefined;
    const value = body.subarray(headEnd + 4, end);
    if (/ filename="[^"]+"/.test(head)) file = value;
    else fields[name] = value.toString('utf8');
    at = end + 2 + marker.length;
  }
  return file === undefined ? undefined : { fields, file };
}
