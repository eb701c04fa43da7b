import * as z from 'zod';

/** Where Deepgram is: its own cloud, the EU's, or a server of one's own. */
export const deepgramUrlSchema = z
  .url({ protocol: /^(?:wss?|https?)$/ })
  .default('wss://api.deepgram.com')
  .describe('Of Deepgram: `wss://api.eu.deepgram.com` for the EU, or a server of your own. Paths are added.');

export const deepgramApiKeySchema = z
  .string()
  .min(1)
  .max(1_000)
  .meta({ writeOnly: true })
  .describe('API key of Deepgram.');

export const connectTimeoutSchema = z.int().min(100).max(60_000).default(5_000).describe('For a connection.');

/** After a loss in mid-call. */
export const reconnectSchema = z
  .strictObject({
    attempts: z.int().min(0).max(20).default(5).describe('In a row, before the call does without.'),
    firstDelayMs: z
      .int()
      .min(0)
      .max(10_000)
      .default(200)
      .describe('The first attempt is made at once; then this, doubled each time, with jitter.'),
    maxDelayMs: z.int().min(0).max(60_000).default(3_000),
  })
  .default({ attempts: 5, firstDelayMs: 200, maxDelayMs: 3_000 })
  .describe('After a loss in mid-call.');

/** `base` with `path` behind whatever path it has, for a WebSocket. */
export function webSocketUrl(base: string, path: string): URL {
  const url = new URL(base.replace(/^http/i, 'ws'));
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url;
}
