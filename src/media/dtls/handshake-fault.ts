/** Alert descriptions that we send or name (RFC 5246 section 7.2, RFC 5746 section 4.5). */
export const alerts = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
} as const;

export type AlertName = keyof typeof alerts;

/** For people: the name of an alert, or its number. */
export function alertName(description: number): string {
  return Object.entries(alerts).find(([, value]) => value === description)?.[0] ?? `alert ${description}`;
}

/** What the peer did wrong in the handshake: ends it, with a fatal alert. Caught by the server, never seen outside. */
export class HandshakeFault extends Error {
  constructor(
    readonly alert: AlertName,
    message: string,
  ) {
    super(message);
  }
}
