import { isLoopback } from '../notation/addresses.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, isWritten } from './broken-rule.js';

/** The admin interface. */
export function checkAdmin({ admin }: ParsedConfig, written: unknown): BrokenRule[] {
  if (!isWritten(written, ['admin', 'token']) && !isLoopback(admin.listen.host)) {
    return [
      {
        path: ['admin', 'listen'],
        message: 'listening beyond loopback needs a token',
        help: `add admin.token: "\${ADMIN_TOKEN}", or listen on 127.0.0.1`,
      },
    ];
  }
  if (admin.token !== undefined && admin.token.length < 16) {
    return [
      {
        severity: 'warning',
        path: ['admin', 'token'],
        message: 'the token has fewer than 16 characters',
        help: 'make one with: openssl rand -hex 24',
      },
    ];
  }
  return [];
}
