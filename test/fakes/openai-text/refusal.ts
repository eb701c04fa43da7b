import type { Exchange } from '../language-model/exchange.js';
import type { FaultOptions, ModelFault } from '../language-model/faults.js';

/** Whose server is imitated. */
export type OpenAiVariant = 'openai' | 'azure' | 'ollama' | 'llama.cpp';

/** A refusal of OpenAI's, with the status it comes with. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string | null = null,
    readonly param: string | null = null,
    readonly type = 'invalid_request_error',
  ) {
    super(message);
  }
}

/** Sends a refusal in the words of the variant. */
export function sendRefusal(
  exchange: Exchange,
  refusal: ApiRefusal,
  variant: OpenAiVariant,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { status, message, type, param, code } = refusal;
  const error = variant === 'llama.cpp' ? { code: status, message, type } : { message, type, param, code };
  exchange.json(status, { error }, { 'x-request-id': 'req_fake', ...headers });
}

/** A fault that comes in place of an answer. */
export function sendFault(
  exchange: Exchange,
  fault: ModelFault,
  { retryAfterSeconds = 1 }: FaultOptions,
  variant: OpenAiVariant,
): void {
  const headers = fault === '429' ? { 'retry-after': String(retryAfterSeconds) } : {};
  sendRefusal(exchange, refusalOf(fault, variant), variant, headers);
}

function refusalOf(fault: ModelFault, variant: OpenAiVariant): ApiRefusal {
  switch (fault) {
    case '401':
      return wrongKey(variant);
    case '404':
      return unknownModel('x', variant);
    case '429':
      return new ApiRefusal(429, 'Rate limit reached', 'rate_limit_exceeded', null, 'requests');
    case 'insufficient-quota':
      return new ApiRefusal(429, 'You exceeded your quota', 'insufficient_quota', null, 'insufficient_quota');
    case '503':
    case '529':
      return variant === 'llama.cpp'
        ? new ApiRefusal(503, 'Loading model', null, null, 'unavailable_error')
        : new ApiRefusal(503, 'The engine is currently overloaded', null, null, 'server_error');
    default:
      return new ApiRefusal(500, 'The server had an error', null, null, 'server_error');
  }
}

export function wrongKey(variant: OpenAiVariant): ApiRefusal {
  if (variant === 'azure') return new ApiRefusal(401, 'Access denied due to invalid subscription key', '401');
  if (variant === 'llama.cpp') return new ApiRefusal(401, 'Invalid API Key', null, null, 'authentication_error');
  return new ApiRefusal(401, 'Incorrect API key provided', 'invalid_api_key');
}

export function unknownModel(model: string, variant: OpenAiVariant): ApiRefusal {
  if (variant === 'azure') {
    return new ApiRefusal(404, 'The API deployment for this resource does not exist', 'DeploymentNotFound');
  }
  if (variant === 'ollama') {
    return new ApiRefusal(404, `model "${model}" not found, try pulling it first`, null, null, 'not_found_error');
  }
  return new ApiRefusal(404, `The model \`${model}\` does not exist`, 'model_not_found');
}
