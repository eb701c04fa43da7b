import { isIP } from 'node:net';
import * as z from 'zod';
import { isWildcard, type Parsed, parseBlock, parseHostPort, parseListen, parsePortRange } from './addresses.js';
import { configDefaults as defaults } from './defaults.js';
import { compilePattern } from './route-pattern.js';
import { isCredentialHeader } from './template.js';

/*
 * The configuration file, key by key. Descriptions end up in the JSON Schema that editors show. Texts in here are read
 * after references such as `${NAME}` have been resolved, so no message repeats a value. What one key demands of
 * another is in `rules.ts`.
 */

/** A text in a notation of its own. */
function notation<Value>(parse: (text: string) => Parsed<Value>) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem, params: { help: parsed.help } });
    return z.NEVER;
  });
}

/** A text that must pass a check and stays what it is. */
function checked(check: (text: string) => Parsed<unknown>) {
  return notation((text) => {
    const parsed = check(text);
    return parsed.ok ? { ok: true, value: text } : parsed;
  });
}

function parseIp(text: string): Parsed<string> {
  if (isIP(text) !== 0 && !text.includes('%')) return { ok: true, value: text };
  return { ok: false, problem: 'expected an IP address', help: 'write the address itself, without brackets or a name' };
}

function parseAdvertisedIp(text: string): Parsed<string> {
  const address = parseIp(text);
  if (!address.ok || !isWildcard(text)) return address;
  return {
    ok: false,
    problem: 'a wildcard cannot be advertised',
    help: 'write the address that peers reach, or remove the key',
  };
}

function parseAdvertisedHost(text: string): Parsed<string> {
  if (isIP(text) !== 0) return parseAdvertisedIp(text);
  const isName = text.length <= 253 && /^(?=.*[a-z])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/i.test(text);
  if (isName) return { ok: true, value: text };
  return {
    ok: false,
    problem: 'expected an IP address or a host name',
    help: 'write it without brackets and without a port',
  };
}

function parseHeaderName(text: string): Parsed<string> {
  if (!/^[\w.!%*+`'~-]{1,64}$/.test(text)) {
    return {
      ok: false,
      problem: 'expected the name of a SIP header field',
      help: 'write it without the colon, such as X-Customer',
    };
  }
  if (isCredentialHeader(text)) {
    return {
      ok: false,
      problem: 'this header field carries credentials and is never shown to a flavor',
      help: 'remove it',
    };
  }
  return { ok: true, value: text.toLowerCase() };
}

const pattern = () => checked(compilePattern);
const path = () => z.string().min(1);
const seconds = () => z.number().positive().max(31_536_000);

const signaling = z
  .strictObject({
    driver: z.enum(['embedded']).default(defaults.signaling.driver).describe('How SIP is spoken: our own endpoint.'),
    embedded: z
      .strictObject({
        listen: z
          .array(notation(parseListen))
          .min(1)
          .prefault([...defaults.signaling.embedded.listen])
          .describe('Where to listen: udp:ADDRESS:PORT or tcp:ADDRESS:PORT, IPv6 in brackets.'),
        advertise: notation(parseAdvertisedHost)
          .optional()
          .describe(
            'Address or host name for Via and Contact, where peers reach us by another than our own. Default: the local address towards the peer.',
          ),
        allow: z
          .array(notation(parseBlock))
          .min(1)
          .prefault([...defaults.signaling.embedded.allow])
          .describe('Addresses and CIDR blocks of the peers that may call in. Everybody else gets no answer at all.'),
      })
      .prefault({})
      .describe('The embedded SIP endpoint.'),
  })
  .prefault({})
  .describe('How calls come in.');

const media = z
  .strictObject({
    bind: checked(parseIp)
      .prefault(defaults.media.bind)
      .describe('Address the RTP sockets are bound to. A wildcard takes any local address of its family.'),
    advertise: checked(parseAdvertisedIp)
      .optional()
      .describe('IP address written into SDP. Default: the local address towards the peer.'),
    ports: notation(parsePortRange)
      .prefault(defaults.media.ports)
      .describe('UDP ports for RTP (even) and RTCP (odd), FIRST-LAST. A call takes one pair.'),
    codecs: z
      .array(z.enum(['pcmu', 'pcma']))
      .min(1)
      .default([...defaults.media.codecs])
      .describe(
        "Codecs a call may use. In an answer the caller's order decides, in an offer of ours this one. telephone-event is always offered.",
      ),
    jitter: z
      .strictObject({
        minMs: z
          .number()
          .int()
          .min(20)
          .max(200)
          .default(defaults.media.jitter.minMs)
          .describe('Delay of the jitter buffer, ms.'),
        maxMs: z
          .number()
          .int()
          .min(20)
          .max(200)
          .default(defaults.media.jitter.maxMs)
          .describe('The same as minMs: the delay is fixed in this version.'),
      })
      .prefault({})
      .describe('The jitter buffer for what callers say.'),
    latching: z
      .strictObject({
        nat: z
          .boolean()
          .default(defaults.media.latching.nat)
          .describe(
            'Follow a caller whose RTP comes from another address than its SDP says, after enough agreeing packets.',
          ),
        strict: z
          .boolean()
          .default(defaults.media.latching.strict)
          .describe('Take RTP from exactly the address and port of the SDP, and nothing else.'),
      })
      .prefault({})
      .describe('Whose RTP packets are taken for a caller.'),
    portRestSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(defaults.media.portRestSeconds)
      .describe('How long a port stays unused after a call, so that late packets never reach the next one.'),
  })
  .prefault({})
  .describe('RTP.');

const limits = z
  .strictObject({
    calls: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(defaults.limits.calls)
      .describe('Calls at the same time. One more is answered 503 with Retry-After.'),
    callsPerSecond: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.limits.callsPerSecond)
      .describe('New calls per second, from everybody together; a token bucket one second deep.'),
    perSourcePerSecond: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.limits.perSourcePerSecond)
      .describe('The same for one source address.'),
    callSeconds: seconds().default(defaults.limits.callSeconds).describe('Longest call.'),
    rtpTimeoutSeconds: seconds()
      .default(defaults.limits.rtpTimeoutSeconds)
      .describe(
        'A call without a single RTP or RTCP packet for this long is ended. Rests while the caller is on hold.',
      ),
    silenceSeconds: seconds()
      .default(defaults.limits.silenceSeconds)
      .describe('A call in which the caller neither speaks nor presses a key for this long is ended.'),
  })
  .prefault({})
  .describe('What calls may use up.');

const admin = z
  .strictObject({
    listen: notation(parseHostPort)
      .prefault(defaults.admin.listen)
      .describe('Address and port of the admin HTTP interface.'),
    token: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Bearer token for everything but /livez and /readyz. Default: a random one, written to ./data/admin.token. Needed to listen beyond loopback.',
      ),
  })
  .prefault({})
  .describe('The admin HTTP interface.');

const cdr = z
  .strictObject({
    path: path()
      .default(defaults.cdr.path)
      .describe('File that gets one JSON line per call. Relative to the working directory.'),
    include: z
      .array(z.enum(['transcript', 'heardText', 'dtmf']))
      .default([...defaults.cdr.include])
      .describe('Personal data to keep in call records; none unless listed.'),
  })
  .prefault({})
  .describe('Call records.');

const recording = z
  .strictObject({
    mode: z
      .enum(['off', 'stereo'])
      .default(defaults.recording.mode)
      .describe('stereo: a WAV file per call, caller left, agent right.'),
    path: path()
      .default(defaults.recording.path)
      .describe('Directory for recordings. Relative to the working directory.'),
  })
  .prefault({})
  .describe('Recording of calls.');

export const flavorSchema = z
  .looseObject({
    use: z
      .string()
      .min(1)
      .describe('A built-in flavor, an npm package installed beside this file, or a path relative to this file.'),
  })
  .transform(({ use, ...options }) => ({ use, options }))
  .describe("An agent. All keys but `use` are the flavor's own.");

const match = z
  .strictObject({
    any: z.literal(true).exactOptional().describe('Matches every call.'),
    to: pattern().exactOptional().describe('The dialled number: user of the request-URI, or of To when that has none.'),
    from: pattern().exactOptional().describe('User of the From URI.'),
    toHeader: pattern().exactOptional().describe('User of the To URI.'),
    header: z
      .record(z.string(), pattern())
      .exactOptional()
      .describe('SIP header fields by name; one value of each must match.'),
  })
  .describe('Conditions, all of which must hold. Regular expressions, anchored at both ends.');

export const routeSchema = z
  .strictObject({
    match,
    flavor: z.string().min(1).exactOptional().describe('The agent that answers, by its name in flavors.'),
    reject: z.number().int().min(400).max(699).exactOptional().describe('SIP status to refuse the call with.'),
    variables: z
      .record(z.string(), z.string())
      .default({})
      .describe('Values for {{name}} in greeting and for the flavor.'),
    greeting: z
      .string()
      .min(1)
      .exactOptional()
      .describe('What the agent says first. May hold {{name}}, {{from}}, {{to}} and {{sip.Header-Name}}.'),
    answer: z
      .strictObject({
        delayMs: z
          .number()
          .int()
          .min(0)
          .max(120_000)
          .default(defaults.route.answer.delayMs)
          .describe('How long it rings before the call is answered, ms.'),
        earlyMedia: z
          .boolean()
          .default(defaults.route.answer.earlyMedia)
          .describe('Let the agent be heard while it rings: 183 with SDP, and audio before the 200.'),
      })
      .prefault({})
      .describe('How the call is answered.'),
    headers: z
      .array(notation(parseHeaderName))
      .default([])
      .describe('SIP header fields of the call that the flavor may see.'),
  })
  .describe('One route. It has either flavor or reject.');

/** The whole file. Its output is `Config` without `file`. */
export const configSchema = z
  .strictObject({
    signaling,
    media,
    limits,
    admin,
    cdr,
    recording,
    flavors: z.record(z.string(), flavorSchema).prefault({}).describe('Agents, by the name that routes use.'),
    routes: z
      .array(routeSchema)
      .min(1)
      .describe('Which agent answers which call. The first match wins; no match is 404.'),
  })
  .describe('Configuration of sip-voice-connector.');

/** A file that passed {@link configSchema}. */
export type ParsedConfig = z.output<typeof configSchema>;
