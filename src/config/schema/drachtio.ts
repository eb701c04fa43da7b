import * as z from 'zod';
import { configDefaults as defaults } from '../defaults.js';
import { type Parsed, parseBlock, parseHostPort } from '../notation/addresses.js';
import { LISTED } from './marks.js';
import { checked, notation, path } from './notation.js';
import { sessionTimerKeys } from './session-timers.js';

/** What stands before `|` in the server's protocol ends there. */
function parseSecret(text: string): Parsed<string> {
  if (/^[^|\r\n]{1,256}$/.test(text)) return { ok: true, value: text };
  return { ok: false, problem: 'this cannot be a secret of drachtio', help: 'up to 256 characters, none of them "|"' };
}

function parseHost(text: string): Parsed<string> {
  if (/^[A-Za-z0-9._:-]{1,253}$/.test(text)) return { ok: true, value: text };
  return { ok: false, problem: 'expected an address or a host name', help: 'write it without brackets and port' };
}

const tls = z
  .strictObject({
    ca: path().optional().describe('Authorities to trust, a PEM file. Default: those of the system.'),
    cert: path().optional().describe('Our certificate, a PEM file. Needed with `listen`.'),
    key: path().optional().describe('The key of our certificate, a PEM file.'),
    serverName: checked(parseHost).optional().describe('Name in the certificate of the server. Default: its host.'),
  })
  .describe('Speak TLS with the server. `{}` verifies its certificate by the authorities of the system.');

const sessionTimers = z
  .strictObject({
    // Off it cannot be: the server agrees by itself where a caller says who is to refresh.
    mode: z
      .enum(['accept', 'request'])
      .default(defaults.signaling.embedded.sessionTimers.mode)
      .describe(
        'accept: a session timer is agreed to where the peer asks for one. request: the connector asks for one too.',
      ),
    ...sessionTimerKeys,
  })
  .prefault({})
  .describe('Session timers (RFC 4028) of the calls of this server.');

const server = z
  .strictObject({
    host: checked(parseHost).optional().describe('Address or name of a drachtio server that we connect to.'),
    port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .default(defaults.signaling.drachtio.port)
      .describe('Its port for applications, <admin port="...">.'),
    listen: notation(parseHostPort)
      .optional()
      .describe('In place of `host`: ADDRESS:PORT where servers connect to us for each call (outbound mode).'),
    from: z
      .array(notation(parseBlock))
      .min(1)
      .prefault([...defaults.signaling.drachtio.from])
      .describe('With `listen`: servers that may connect. Whoever does is told the secret.'),
    secret: checked(parseSecret).describe('What the server is told, <admin secret="...">.'),
    tls: tls.optional(),
    sessionTimers,
    allow: z
      .array(notation(parseBlock))
      .min(1)
      .prefault([...defaults.signaling.embedded.allow])
      .describe(
        'SIP peers of the server that may call in; of several servers all lists together. Others get 403, but whom we have called may speak in that call.',
      ),
  })
  .refine(({ host, listen }) => (host === undefined) !== (listen === undefined), {
    error: 'either host or listen',
    params: { help: 'name a server that we connect to, or where servers connect to us' },
  })
  .refine(({ listen, tls: own }) => listen === undefined || own === undefined || Boolean(own.cert && own.key), {
    error: 'TLS for servers that connect to us needs cert and key',
    params: { help: 'name the PEM files' },
  });

/** The drachtio servers. A single one may be written without the list. */
export const drachtioSchema = z
  .preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(server).min(1).max(64),
  )
  .meta({ [LISTED]: true })
  .optional()
  .describe('drachtio servers, for `driver: drachtio`: one, or a list of several.');
