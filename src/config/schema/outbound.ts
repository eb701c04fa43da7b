import * as z from 'zod';
import { configDefaults as defaults } from '../defaults.js';
import { type Parsed, parseBlock } from '../notation/addresses.js';
import { parseNumberPrefix } from '../notation/dialled-number.js';
import { parseTransferTarget } from '../notation/transfer-target.js';
import { checked, notation, seconds } from './notation.js';

/** A SIP URI without a user. */
export function parseTarget(text: string): Parsed<string> {
  const help = 'write sip:HOST, sip:HOST:PORT;transport=tcp or, for a proxy, sip:HOST;lr';
  const uri = parseTransferTarget(text);
  if (!uri.ok) return { ...uri, help };
  if (!/^sips?:/i.test(text)) return { ok: false, problem: 'expected a sip: or sips: URI', help };
  return text.includes('@') ? { ok: false, problem: 'a target names no user', help } : uri;
}

function parseDomain(text: string): Parsed<string> {
  const uri = parseTransferTarget(`sip:${text}`);
  if (uri.ok && !/[@;]/.test(text)) return { ok: true, value: text };
  return { ok: false, problem: 'expected a host, with a port or without', help: 'write example.com or 192.0.2.1:5080' };
}

/** The user part of a SIP URI. */
export function parseUser(text: string): Parsed<string> {
  if (/^[\w.!~*'()+&=-]{1,64}$/.test(text)) return { ok: true, value: text };
  return { ok: false, problem: 'expected the user part of a SIP URI', help: 'write it without sip: and without "@"' };
}

const trunk = z
  .strictObject({
    targets: z
      .array(checked(parseTarget))
      .min(1)
      .max(16)
      .describe(
        'Where calls go, in the order they are tried: sip:HOST, sip:HOST:PORT;transport=tcp; sip:HOST;lr is a proxy.',
      ),
    domain: checked(parseDomain)
      .exactOptional()
      .describe('Host of the numbers that are called. Default: that of the target. Needed with a proxy (;lr).'),
    fromDomain: checked(parseDomain).exactOptional().describe('Host in From. Default: our own address.'),
    user: checked(parseUser).exactOptional().describe('User for digest authentication.'),
    password: z.string().min(1).exactOptional().describe('Password for digest authentication.'),
    srtp: z
      .enum(['off', 'optional', 'required'])
      .exactOptional()
      .describe('SRTP with this trunk, where it is to be another than media.srtp.'),
    mediaFrom: z
      .array(notation(parseBlock))
      .min(1)
      .exactOptional()
      .describe(
        'Addresses and CIDR blocks of its media, where they are to be others than those of media.latching.from.',
      ),
    failOverSeconds: seconds()
      .default(defaults.trunk.failOverSeconds)
      .describe('How long a target may say nothing at all before the next one is tried.'),
  })
  .describe('A way out: a SIP trunk, a PBX or a proxy.');

/** Ways out, by name. */
export const trunksSchema = z.record(z.string(), trunk).prefault({}).describe('Where outbound calls go, by name.');

/** What `POST /calls` may do. */
export const outboundSchema = z
  .strictObject({
    allow: z
      .array(notation(parseNumberPrefix))
      .prefault([...defaults.outbound.allow])
      .describe('Beginnings of the numbers that may be called: +4420, 20. None: no outbound calls.'),
    trunk: z.string().min(1).exactOptional().describe('The trunk they go through, by its name in trunks.'),
    from: checked(parseUser).exactOptional().describe('The number they come from, where the request names none.'),
    callsPerMinute: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.outbound.callsPerMinute)
      .describe('Calls begun within any minute.'),
    calls: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(defaults.outbound.calls)
      .describe('Outbound calls at the same time. They count in limits.calls too.'),
    ringSeconds: seconds()
      .max(600)
      .default(defaults.outbound.ringSeconds)
      .describe('How long the other side may ring.'),
  })
  .prefault({})
  .describe('Outbound calls: POST /calls.');
