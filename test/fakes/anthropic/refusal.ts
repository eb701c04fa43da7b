import type { Exchange } from '../language-model/exchange.js';
import type { FaultOptions, ModelFault } from '../language-model/faults.js';

/** A refusal of Anthropic's, with the status it comes with. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

export function invalid(message: string): ApiRefusal {
  return new ApiRefusal(400, 'invalid_request_error', message);
}

export function sendRefusal(
  exchange: Exchange,
  { status, type, message }: ApiRefusal,
  headers: Readonly<Record<string, string>> = {},
): void {
  const request_id = 'req_011CSHoEeqs5C35K2UUqR7Fy';
  exchange.json(
    status,
    { type: 'error', error: { type, message }, request_id },
    { 'request-id': request_id, ...headers },
  );
}

/** A fault that comes in place of an answer. */
export function sendFault(exchange: Exchange, fault: ModelFault, { retryAfterSeconds = 1 }: FaultOptions): void {
  const limited = {
    'retry-after': String(retryAfterSeconds),
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': '2026-11-28T12:00:00Z',
  };
  sendRefusal(exchange, refusalOf(fault), fault === '429' ? limited : {});
}

function refusalOf(fault: ModelFault): ApiRefusal {
  switch (fault) {
    case '401':
      return new ApiRefusal(401, 'authentication_error', 'invalid x-api-key');
    case '404':
      return new ApiRefusal(404, 'not_found_error', 'model: x');
    case '429':
      return new ApiRefusal(429, 'rate_limit_error', 'This request would exceed your rate limit');
    case 'insufficient-quota':
      return new ApiRefusal(402, 'billing_error', 'Your credit balance is too low');
    case '503':
    case '529':
      return new ApiRefusal(529, 'overloaded_error', 'Overloaded');
    default:
      return new ApiRefusal(500, 'api_error', 'Internal server error');
  }
}
