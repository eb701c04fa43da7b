import { ConnectorError } from '../../base/connector-error.js';
import { hasDotSegment } from '../../base/dot-segments.js';
import type { CallFacts } from '../tool.js';
import { templateValues } from './template-values.js';
import { type TemplateValues, ToolTemplate } from './tool-template.js';

export interface WebhookRequestOptions {
  /** For `{{tool}}` and the default body. */
  readonly name: string;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request, filled in. */
export interface FilledRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

type BodyWriter = (template: ToolTemplate, values: TemplateValues) => string;

const json: BodyWriter = (template, values) => template.json(values);

/** By content type, how a body is filled in; what is none of these is filled in as JSON. */
const writers: readonly (readonly [RegExp, BodyWriter])[] = [
  [/^application\/x-www-form-urlencoded/i, (template, values) => template.percentEncoded(values)],
  [/^(text\/html|[^;]*[/+]xml)/i, (template, values) => template.xml(values)],
];

/** Fills in url, header fields and body of a webhook, so that no value is ever more than a value. */
export class WebhookRequest {
  readonly #options: WebhookRequestOptions;
  readonly #url: ToolTemplate;
  readonly #origin: string;
  readonly #headers: readonly (readonly [string, ToolTemplate])[];
  readonly #body: ToolTemplate | undefined;
  readonly #contentType: string;
  readonly #write: BodyWriter;

  /** Throws `ERR_TOOL_INVALID` for a url or body that cannot be one, whatever is filled in. */
  constructor(options: WebhookRequestOptions) {
    this.#options = options;
    this.#url = new ToolTemplate(options.url);
    this.#origin = originOf(this.#url);
    this.#headers = Object.entries(options.headers).map(([name, value]) => [name, new ToolTemplate(value)]);
    this.#body = options.body === undefined ? undefined : new ToolTemplate(options.body);
    const contentType = Object.entries(options.headers).find(([name]) => name.toLowerCase() === 'content-type');
    this.#contentType = contentType?.[1] ?? 'application/json';
    this.#write = writers.find(([pattern]) => pattern.test(this.#contentType))?.[1] ?? json;
    this.#check();
  }

  /** Throws with a sentence for the model when a value would make another address of the url. */
  fill(call: CallFacts, args: Readonly<Record<string, unknown>>): FilledRequest {
    const { name, method } = this.#options;
    const values = templateValues(call, name, args);
    const body = this.#fillBody(values, call, args);
    const headers = Object.fromEntries(this.#headers.map(([key, template]) => [key, template.headerValue(values)]));
    const names = new Set(Object.keys(headers).map((key) => key.toLowerCase()));
    if (!names.has('accept')) headers['accept'] = 'application/json';
    if (body !== undefined && !names.has('content-type')) headers['content-type'] = 'application/json';
    return { url: this.#fillUrl(values), headers, body: method === 'GET' ? undefined : body };
  }

  #fillUrl(values: TemplateValues): string {
    const url = this.#url.percentEncoded(values);
    if (new URL(url).origin !== this.#origin || hasDotSegment(url)) {
      throw new Error('An argument cannot be used as it is: it would change the address of the request.');
    }
    return url;
  }

  #fillBody(values: TemplateValues, call: CallFacts, args: Readonly<Record<string, unknown>>): string | undefined {
    if (this.#body) return this.#write(this.#body, values);
    const { name, method } = this.#options;
    if (method === 'GET' || method === 'DELETE') return undefined;
    const { id, from, to } = call;
    return JSON.stringify({ call: { id, from, to }, tool: name, arguments: args });
  }

  #check(): void {
    const nothing: TemplateValues = () => undefined;
    if (!this.#body || this.#write !== json || !/[/+]json\b/i.test(this.#contentType)) return;
    try {
      JSON.parse(this.#body.json(nothing));
    } catch {
      throw new ConnectorError('ERR_TOOL_INVALID', 'body: with its placeholders filled in, this is not JSON');
    }
  }
}

function originOf(url: ToolTemplate): string {
  const text = url.percentEncoded(() => 'x');
  if (!URL.canParse(text)) throw new ConnectorError('ERR_TOOL_INVALID', 'url: not a url');
  return new URL(text).origin;
}
