import * as z from 'zod';

/** Where a speech server of one's own is, in the section of an engine. */
export const serverUrlSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !/[?#]/.test(url), { error: 'an address without ? and #' })
  .describe('Of the server, without the path of a request: `http://127.0.0.1:8004`.');

/** Credentials of a proxy before the server, or the server's own. */
export const serverTokenSchema = z
  .string()
  .min(1)
  .max(4_000)
  .regex(/^[\x21-\x7e]+$/)
  .meta({ writeOnly: true })
  .optional()
  .describe('Sent as `Authorization: Bearer ...`. Default: no credentials.');

/** Whose time it is that a request takes, as the price list spells it. */
export function machineSchema(byDefault: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,63}\/[\w][\w.-]{0,63}$/)
    .default(byDefault)
    .describe('The machine, as the price list has it: provider and model, such as `vast.ai/rtx-4060` or `own/laptop`.');
}

/** A request's life, in the section of an engine. */
export const patienceSchemas = {
  answerTimeoutMs: z
    .int()
    .min(500)
    .max(600_000)
    .default(15_000)
    .describe('Until speech comes, or goes on. A server that does not stream makes all of a piece in that time.'),
  connectTimeoutMs: z.int().min(100).max(60_000).default(2_000).describe('For a connection.'),
  retries: z
    .int()
    .min(0)
    .max(5)
    .default(1)
    .describe('Further requests for a piece of which nothing was heard, where connection or server failed.'),
} as const;

/** Requests at once, in the section of an engine. */
export function concurrencySchema(byDefault: number): z.ZodDefault<z.ZodInt> {
  return z
    .int()
    .min(1)
    .max(1_000)
    .default(byDefault)
    .describe('Requests that the server works on at once, those of all calls together; further ones wait here.');
}

/** `path` behind whatever path the server's address has. */
export function serverUrl(base: string, path: string): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url;
}

/** The header of a token, where there is one. */
export function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
