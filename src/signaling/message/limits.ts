/**
 * How much of one message is read. A datagram cannot exceed 65,507 bytes anyway; on a stream these limits are what
 * stands between a peer and our memory.
 */
export const messageLimits = {
  /** What is shorter is a keep-alive (CRLF, NUL: RFC 5626 section 3.5.1) or noise: the shortest start line alone is longer. */
  leastBytes: 10,
  /** Start line and header fields with their line ends, bytes. Above: 513. */
  headBytes: 65_536,
  /** Header fields of one message, folded lines counted once. Above: 400. */
  headerFields: 4_096,
  /** Bytes of one field name. Above: 400. */
  headerNameBytes: 256,
  /** Characters of a method; the longest that any RFC defines has nine. Above: 400. */
  methodLength: 128,
  /** Characters of a request-URI. Above: 414. */
  requestUriLength: 8_192,
  /** Characters of a Call-ID: it keys maps and is written to records. Above: 400. */
  callIdLength: 1_024,
  /** Body bytes on a stream. Above: 413, without waiting for them. */
  bodyBytes: 65_536,
} as const satisfies Record<string, number>;
