/** A message of a client, as it came. */
export interface ClientMessage {
  /** Lower case. */
  readonly path: string;
  readonly requestId: string;
  readonly contentType: string;
  readonly binary: boolean;
  readonly body: Buffer;
}

/** Reads a frame of a client's. Throws an `Error` that says what is wrong with it. */
export function readFrame(data: Buffer, binary: boolean): ClientMessage {
  let header: string;
  let body: Buffer;
  if (binary) {
    if (data.length < 2) throw new Error('a binary message begins with the length of its header');
    const end = 2 + data.readUInt16BE(0);
    if (end > data.length) throw new Error('the header is longer than the message');
    header = data.toString('latin1', 2, end);
    body = data.subarray(end);
  } else {
    const text = data.toString('utf8');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) throw new Error('no blank line ends the header');
    header = text.slice(0, end);
    body = Buffer.from(text.slice(end + 4), 'utf8');
  }
  const fields = new Map<string, string>();
  for (const line of header.split('\r\n').filter((each) => each !== '')) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new Error('a header line without a name');
    fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const path = fields.get('path')?.toLowerCase() ?? '';
  const requestId = fields.get('x-requestid') ?? '';
  if (path === '') throw new Error('no Path');
  if (!/^[0-9a-f]{32}$/i.test(requestId)) throw new Error('X-RequestId is not 32 hexadecimal digits');
  if (Number.isNaN(Date.parse(fields.get('x-timestamp') ?? ''))) throw new Error('X-Timestamp is no time');
  return { path, requestId, contentType: fields.get('content-type') ?? '', binary, body };
}

/** A text message of the service: a content type only where there is content. */
export function textFrame(path: string, requestId: string, body: object | undefined): string {
  const type = body === undefined ? '' : 'Content-Type:application/json; charset=utf-8\r\n';
  return `X-RequestId:${requestId}\r\n${type}Path:${path}\r\n\r\n${body === undefined ? '' : JSON.stringify(body)}`;
}

/** Audio of the service. */
export function audioFrame(requestId: string, streamId: string, contentType: string, audio: Uint8Array): Buffer {
  const header = Buffer.from(
    `X-RequestId:${requestId}\r\nContent-Type:${contentType}\r\nX-StreamId:${streamId}\r\nPath:audio\r\n`,
    'latin1',
  );
  const length = Buffer.alloc(2);
  length.writeUInt16BE(header.length, 0);
  return Buffer.concat([length, header, audio]);
}
