import { createHmac } from 'node:crypto';

/** What a signature covers. */
export interface SignedMessage {
  readonly id: string;
  /** Since the Unix epoch. */
  readonly timestampSeconds: number;
  readonly body: string;
}

/**
 * The header fields of the Standard Webhooks specification (version 1.0.0, symmetric signatures): HMAC-SHA256 over id,
 * timestamp and body. A receiver that compares the timestamp with its clock, and remembers ids for as long, takes no
 * message twice.
 *
 * @param secret `whsec_` and Base64, as the specification has it, or any other text, whose UTF-8 bytes are the key
 */
export function signatureHeaders(secret: string, message: SignedMessage): Record<string, string> {
  const { id, timestampSeconds, body } = message;
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampSeconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': `v1,${signature}`,
  };
}

function keyOf(secret: string): Buffer {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  return encoded === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(encoded, 'base64');
}
