import * as z from 'zod';
import { keySchema } from '../shared/key-config.js';

/** Where Deepgram is: its own cloud, the EU's, or a server of one's own. */
export const deepgramUrlSchema = z
  .url({ protocol: /^(?:wss?|https?)$/ })
  .default('wss://api.deepgram.com')
  .describe('Of Deepgram: `wss://api.eu.deepgram.com` for the EU, or a server of your own. Paths are added.');

export const deepgramApiKeySchema = keySchema().describe('API key of Deepgram.');

/** `base` with `path` behind whatever path it has, for a WebSocket. */
export function webSocketUrl(base: string, path: string): URL {
  const url = new URL(base.replace(/^http/i, 'ws'));
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url;
}
