/** A SIP message, read no further than a fake needs. */
export interface SipText {
  readonly startLine: string;
  /** Lower-case names, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function readSip(text: string): SipText {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const [startLine = '', ...lines] = head.split('\r\n');
  const headers = lines
    .filter((line) => line.includes(':'))
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
  return { startLine, headers, body: end < 0 ? '' : text.slice(end + 4) };
}

export function header({ headers }: SipText, name: string): string | undefined {
  return headers.find(([key]) => key === name.toLowerCase())?.[1];
}

/** Status of a response, 0 of a request. */
export function statusOf({ startLine }: SipText): number {
  return startLine.startsWith('SIP/2.0 ') ? Number(startLine.slice(8, 11)) : 0;
}

export function methodOf({ startLine }: SipText): string {
  return startLine.slice(0, startLine.indexOf(' '));
}

export function writeSip(
  startLine: string,
  headers: readonly (readonly [string, string])[],
  body = '',
  encoding: 'utf8' | 'latin1' = 'utf8',
): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [startLine, ...lines, `Content-Length: ${Buffer.byteLength(body, encoding)}`, '', body].join('\r\n');
}

export function tagOf(address: string): string {
  return /;tag=([^;>\s]+)/.exec(address)?.[1] ?? '';
}
