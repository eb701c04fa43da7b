/** Where OpenAI's protocol is spoken, and how one shows who one is. Holds a secret: never logged. */
export interface OpenAiEndpoint {
  /** Up to and with the version: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Beside `Authorization`, or in its place where it is `null`. */
  readonly headers: Readonly<Record<string, string | null>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface AzureAddress {
  /** Name of the resource, or the address of its endpoint. */
  readonly resource?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly deployment: string;
  /** A dated version; left out: the v1 API, where the deployment is named as the model. */
  readonly apiVersion?: string | undefined;
}

/**
 * Azure OpenAI's address of a deployment. The key goes out as `api-key`. `endpoint` may be copied as the portal shows
 * it, with `/openai` and `/v1` or without.
 */
export function azureEndpoint(azure: AzureAddress, apiKey: string): OpenAiEndpoint {
  const given = azure.endpoint ?? `https://${azure.resource ?? ''}.openai.azure.com`;
  const base = given.replace(/\/{1,8}$/, '').replace(/\/openai(?:\/v1)?$/, '');
  const { apiVersion, deployment } = azure;
  return {
    baseUrl:
      apiVersion === undefined ? `${base}/openai/v1` : `${base}/openai/deployments/${encodeURIComponent(deployment)}`,
    apiKey,
    headers: { Authorization: null, 'api-key': apiKey },
    query: apiVersion === undefined ? {} : { 'api-version': apiVersion },
  };
}
