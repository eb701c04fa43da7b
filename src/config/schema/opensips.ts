import * as z from 'zod';
import type { OpensipsConfig } from '../config.js';
import { configDefaults } from '../defaults.js';
import { type Parsed, parseBlock, parseHostPort } from '../notation/addresses.js';
import { notation } from './notation.js';

const { opensips: defaults } = configDefaults.signaling;

const MI_HELP =
  'write udp:HOST:PORT, http://HOST:PORT/PATH or fifo:/PATH, as OpenSIPS has it (mi_datagram, mi_http, mi_fifo)';
const HOST = /^(?=.{1,253}$)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/i;

/** `udp:127.0.0.1:8080`, `udp:opensips:8080`, `http://127.0.0.1:8888/mi`, `fifo:/run/opensips/fifo`. */
export function parseMi(text: string): Parsed<OpensipsConfig['mi']> {
  if (/^http:\/\//i.test(text)) {
    return URL.canParse(text)
      ? { ok: true, value: { protocol: 'http', url: text } }
      : { ok: false, problem: 'this URL cannot be read', help: MI_HELP };
  }
  if (text.startsWith('fifo:/')) return { ok: true, value: { protocol: 'fifo', path: text.slice('fifo:'.length) } };
  const match = /^udp:(.*)$/i.exec(text);
  const address = match?.[1] === undefined ? undefined : parseNamedHostPort(match[1]);
  if (address === undefined)
    return { ok: false, problem: 'expected the management interface of OpenSIPS', help: MI_HELP };
  return { ok: true, value: { protocol: 'udp', ...address } };
}

/** As {@link parseHostPort}, or with a host name. */
function parseNamedHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const literal = parseHostPort(text);
  if (literal.ok) return literal.value.port > 0 ? literal.value : undefined;
  const match = /^([^:[\]]+):(\d{1,5})$/.exec(text);
  const [host = '', port] = [match?.[1], Number(match?.[2])];
  return HOST.test(host) && /[a-z]/i.test(host) && port > 0 && port <= 65_535 ? { host, port } : undefined;
}

export function parseEvents(text: string): Parsed<OpensipsConfig['events']> {
  const help = 'write udp:ADDRESS:PORT with an IPv4 address; port 0 takes any free one';
  const address = /^udp:/i.test(text) ? parseHostPort(text.slice('udp:'.length)) : undefined;
  if (address?.ok && !address.value.host.includes(':')) return address;
  return { ok: false, problem: 'expected an address for the events of OpenSIPS', help };
}

function parseReplyDirectory(text: string): Parsed<string> {
  if (text.startsWith('/')) return { ok: true, value: text.endsWith('/') ? text : `${text}/` };
  return { ok: false, problem: 'expected an absolute path', help: 'write reply_dir of mi_fifo' };
}

/** Driver opensips. */
export const opensipsSchema = z
  .strictObject({
    mi: notation(parseMi)
      .prefault(defaults.mi)
      .describe('Where OpenSIPS takes commands: udp:HOST:PORT, http://HOST:PORT/mi or fifo:/PATH.'),
    replyDirectory: notation(parseReplyDirectory)
      .prefault(defaults.replyDirectory)
      .describe('With fifo: the directory of reply_dir of mi_fifo.'),
    events: notation(parseEvents)
      .prefault(defaults.events)
      .describe('Where the events of OpenSIPS come to: udp:ADDRESS:PORT, IPv4. Port 0 takes any free one.'),
    allow: z
      .array(notation(parseBlock))
      .min(1)
      .optional()
      .describe('Addresses and CIDR blocks events may come from. Default: the address in mi, and loopback.'),
    domain: z
      .string()
      .regex(HOST)
      .optional()
      .describe('Host of the From URI in calls we make. Default: the local address towards OpenSIPS.'),
  })
  .prefault({})
  .describe('Driver opensips: UA sessions of an OpenSIPS, by MI and events.');
