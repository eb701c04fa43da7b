import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../../base/error-codes.js';

/** The body of every answer that is not a success. */
export interface AdminErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

/** An answer other than success, thrown by a route. The message goes to the client. */
export class AdminError extends Error {
  override readonly name = 'AdminError';

  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

export function errorBody(code: ErrorCode, message: string): AdminErrorBody {
  return { error: { code, message } };
}

/** Headers of every answer: nothing of it is to be kept, and none of it is a page. */
export const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const satisfies Record<string, string>;

/** Sends an error, also where no route and no hook has run. */
export function sendError(reply: FastifyReply, status: number, code: ErrorCode, message: string): void {
  void reply
    .code(status)
    .headers(commonHeaders)
    .type('application/json; charset=utf-8')
    // Past the route's response schema, which may not know this status.
    .serializer((body: unknown) => JSON.stringify(body))
    .send(errorBody(code, message));
}
