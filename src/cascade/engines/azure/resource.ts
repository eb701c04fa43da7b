import * as z from 'zod';
import { keySchema } from '../shared/key-config.js';
import { configFailure } from '../shared/wire-failures.js';

/** Whose Speech resource it is and where, as a section of a flavor's configuration. */
export const azureResourceSchema = z.strictObject({
  key: keySchema().describe('Key of the Speech resource.'),
  region: z
    .string()
    .regex(/^[a-z0-9]{2,40}$/)
    .optional()
    .describe('Of the resource, such as `westeurope`. Either this or `endpoint`.'),
  endpoint: z
    .url({ protocol: /^(?:wss?|https?)$/ })
    .optional()
    .describe('Of a resource with a custom domain, `https://NAME.cognitiveservices.azure.com`. Paths are added.'),
});

export type AzureResource = z.output<typeof azureResourceSchema>;

/** What a connection is for. */
export type AzureService = 'stt' | 'tts';

const paths: Readonly<Record<AzureService, string>> = {
  // Version 2 takes everything about the recognition from `speech.context`; what the SDK uses since 1.50 by default.
  stt: '/stt/speech/universal/v2',
  tts: '/tts/cognitiveservices/websocket/v1',
};

/**
 * Where a service of the resource is. The key is not part of it: the SDK writes it into the address, from where it gets
 * into the logs of every proxy on the way.
 *
 * @throws FlavorError with ERR_FLAVOR_CONFIG when neither region nor endpoint is given, or both.
 */
export function serviceUrl({ region, endpoint }: AzureResource, service: AzureService): URL {
  if (endpoint !== undefined && region === undefined) {
    const url = new URL(endpoint.replace(/^http/i, 'ws'));
    url.pathname = url.pathname.replace(/\/+$/, '') + paths[service];
    return url;
  }
  if (region === undefined) throw configFailure('one of region and endpoint is needed');
  if (endpoint !== undefined) throw configFailure('region and endpoint exclude each other');
  return new URL(`wss://${region}.${service}.speech${domainOf(region)}${paths[service]}`);
}

/** China and the US government have clouds of their own. */
function domainOf(region: string): string {
  if (region.startsWith('china')) return '.azure.cn';
  return region.startsWith('usgov') ? '.azure.us' : '.microsoft.com';
}
