import type { Clock } from '../../base/clock.js';
import { errorCode, errorMessage } from '../../base/connector-error.js';
import type { Random } from '../../base/random.js';
import type { GuardedFetch, HttpResponse } from '../../http/guarded-fetch.js';
import type { Tool, ToolCall, ToolOutcome, ToolScope, ToolTiming } from '../tool.js';
import type { ArgumentCheck, ArgumentSchemas } from '../tool-arguments.js';
import { signatureHeaders } from './signature.js';
import { readAnswer } from './webhook-answer.js';
import { type FilledRequest, WebhookRequest, type WebhookRequestOptions } from './webhook-request.js';

export interface WebhookOptions extends WebhookRequestOptions, ToolTiming {
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: object;
  /** Key of the signature. */
  readonly secret?: string;
  readonly cancellable: boolean;
  /** Longest answer that is read. */
  readonly maxBytes: number;
  /** JSON pointer to the part of the answer that the model gets; `''` is the whole. */
  readonly result: string;
}

export interface WebhookDeps {
  readonly http: Pick<GuardedFetch, 'request'>;
  readonly schemas: ArgumentSchemas;
  readonly clock: Pick<Clock, 'wallTime'>;
  readonly random: Pick<Random, 'hex'>;
}

/** A moment more than the request has: its own time-out has the better words. */
const TIMEOUT_SLACK_MS = 500;

/** Sentences for the model; logs have the rest. */
const failures: ReadonlyMap<string | undefined, string> = new Map([
  ['ERR_HTTP_TIMEOUT', 'The service did not answer in time.'],
  ['ERR_HTTP_TOO_LARGE', 'The service answered more than can be read.'],
]);

/** A tool that is an HTTP request. Throws `ERR_TOOL_INVALID` for a schema, url or body that cannot work. */
export function createWebhookTool(options: WebhookOptions, deps: WebhookDeps): Tool {
  return new WebhookTool(options, deps);
}

class WebhookTool implements Tool {
  readonly definition: Tool['definition'];
  readonly timing: ToolTiming;
  readonly external = true;
  readonly #options: WebhookOptions;
  readonly #deps: WebhookDeps;
  readonly #arguments: ArgumentCheck;
  readonly #request: WebhookRequest;

  constructor(options: WebhookOptions, deps: WebhookDeps) {
    const { name, description, parameters, cancellable, timeoutMs, filler, fillerAfterMs } = options;
    this.definition = { name, description, parameters, cancellable };
    this.timing = { timeoutMs: timeoutMs + TIMEOUT_SLACK_MS, filler, fillerAfterMs };
    this.#options = options;
    this.#deps = deps;
    this.#arguments = deps.schemas.compile(parameters);
    this.#request = new WebhookRequest(options);
  }

  async run(call: ToolCall, scope: ToolScope, signal: AbortSignal): Promise<ToolOutcome> {
    const checked = this.#arguments.check(call.arguments);
    if (!checked.ok) throw new Error(checked.problem);
    const answer = await this.#send(this.#request.fill(scope.call, checked.values), scope, signal);
    if (answer.status < 200 || answer.status > 299) {
      scope.log.warn({ tool: this.#options.name, status: answer.status }, 'a webhook answered with an error');
    }
    return { output: readAnswer(answer, this.#options.result), reply: true };
  }

  async #send({ url, headers, body }: FilledRequest, scope: ToolScope, signal: AbortSignal): Promise<HttpResponse> {
    const { name, method, timeoutMs, maxBytes } = this.#options;
    try {
      return await this.#deps.http.request({
        url,
        method,
        headers: { ...headers, ...this.#signature(body ?? '') },
        ...(body !== undefined && { body }),
        timeoutMs,
        maxBytes,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      const code = errorCode(error) ?? 'ERR_UNEXPECTED';
      scope.log.warn({ tool: name, code, error: errorMessage(error) }, 'a webhook failed');
      throw new Error(failures.get(code) ?? 'The service cannot be reached.', { cause: error });
    }
  }

  #signature(body: string): Record<string, string> {
    const { secret } = this.#options;
    if (secret === undefined) return {};
    const id = `msg_${this.#deps.random.hex(16)}`;
    const timestampSeconds = Math.floor(this.#deps.clock.wallTime() / 1000);
    return signatureHeaders(secret, { id, timestampSeconds, body });
  }
}
