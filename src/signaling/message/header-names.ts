/** What is known of a header field by its name. */
export interface HeaderName {
  /** As we write it. */
  readonly name: string;
  /** Whether a second field of that name makes the message ambiguous and is refused (RFC 3261 section 7.3.1). */
  readonly single: boolean;
}

const singles = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Type'] as const;

const lists = [
  ...['Via', 'Contact', 'Route', 'Record-Route', 'Content-Length', 'Allow', 'Supported', 'Require', 'Proxy-Require'],
  ...['Accept', 'User-Agent', 'Date', 'Expires', 'Content-Disposition', 'Session-Expires', 'Min-SE', 'Subject'],
  ...['Authorization', 'Proxy-Authorization', 'WWW-Authenticate', 'Proxy-Authenticate', 'Reason', 'RAck', 'RSeq'],
] as const;

/** Compact forms in the IANA registry: RFC 3261, 3265, 3515, 3892, 4028, 3841, 8224. */
const compactForms = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
} as const;

const known: ReadonlyMap<string, HeaderName> = (() => {
  const map = new Map<string, HeaderName>();
  for (const name of singles) map.set(name.toLowerCase(), { name, single: true });
  for (const name of lists) map.set(name.toLowerCase(), { name, single: false });
  for (const [compact, name] of Object.entries(compactForms)) {
    map.set(compact, map.get(name.toLowerCase()) ?? { name, single: false });
  }
  // The usual spelling is found without a conversion to lower case.
  for (const entry of [...map.values()]) map.set(entry.name, entry);
  return map;
})();

/** The long form and nature of a field name as it came; an unknown name stays as it is. */
export function headerName(wireName: string): HeaderName {
  return known.get(wireName) ?? known.get(wireName.toLowerCase()) ?? { name: wireName, single: false };
}
