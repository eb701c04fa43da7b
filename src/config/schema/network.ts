import { isIP } from 'node:net';
import * as z from 'zod';
import { configDefaults as defaults } from '../defaults.js';
import { isWildcard, type Parsed, parseBlock, parseListen, parsePortRange } from '../notation/addresses.js';
import { parseDscp } from '../notation/dscp.js';
import { authSchema, registerSchema } from './authentication.js';
import { drachtioSchema } from './drachtio.js';
import { checked, notation, path } from './notation.js';
import { opensipsSchema } from './opensips.js';
import { sessionTimerKeys } from './session-timers.js';

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

function parseOrigin(text: string): Parsed<string> {
  if (text === '*') return { ok: true, value: text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.origin === text.toLowerCase()) return { ok: true, value: url.origin };
  return {
    ok: false,
    problem: 'expected the origin of a page',
    help: 'write scheme, host and port alone, such as https://phone.example.com or http://localhost:8000',
  };
}

const pemFile = (what: string) => z.string().min(1).describe(`PEM file: ${what} Relative to this file.`);

const tlsSchema = z
  .strictObject({
    cert: pemFile('the certificate, followed by the intermediate ones.'),
    key: pemFile('its private key, without passphrase.'),
    ca: pemFile("authorities to trust in place of the system's.").optional(),
    verifyPeer: z
      .boolean()
      .default(defaults.signaling.embedded.tls.verifyPeer)
      .describe('Refuse servers we connect to whose certificate does not prove their name (RFC 5922).'),
    requireClientCertificate: z
      .boolean()
      .default(defaults.signaling.embedded.tls.requireClientCertificate)
      .describe('Refuse peers that connect without a certificate of an authority in ca.'),
  })
  .describe('Certificates for the tls: and wss: addresses. Read again at every reload.');

const sessionTimersSchema = z
  .strictObject({
    mode: z
      .enum(['accept', 'request', 'off'])
      .default(defaults.signaling.embedded.sessionTimers.mode)
      .describe(
        'accept: a session timer is agreed to where the peer asks for one. request: the connector asks for one too. off: none.',
      ),
    ...sessionTimerKeys,
  })
  .prefault({})
  .describe('Session timers (RFC 4028): a call whose other end is gone is ended though nobody hung up.');

function parseCaptureServer(text: string): Parsed<{ readonly address: string; readonly port: number }> {
  const server = parseListen(text);
  const help = 'write udp:ADDRESS:PORT, such as udp:192.0.2.9:9060';
  if (!server.ok) return { ...server, problem: 'expected the address of a capture server', help };
  const { protocol, host: address, port } = server.value;
  if (protocol !== 'udp') return { ok: false, problem: 'captures are sent over UDP', help };
  if (port === 0 || isWildcard(address)) return { ok: false, problem: 'nothing can be sent there', help };
  return { ok: true, value: { address, port } };
}

const hepSchema = z
  .strictObject({
    to: notation(parseCaptureServer).describe('The capture server: udp:ADDRESS:PORT.'),
    id: z.int().min(0).max(0xffff_ffff).default(1).describe('Capture agent ID, by which the server tells its sources.'),
    password: z.string().min(1).max(256).exactOptional().describe('Authentication key, where the server asks for one.'),
  })
  .describe('A copy of each SIP message, of any transport, to a capture server such as Homer, by HEP version 3.');

/** SIP. */
export const signalingSchema = z
  .strictObject({
    driver: z
      .enum(['embedded', 'drachtio', 'opensips'])
      .default(defaults.signaling.driver)
      .describe(
        'How SIP is spoken: by our own endpoint, through drachtio servers, or by an OpenSIPS that hands calls over.',
      ),
    embedded: z
      .strictObject({
        listen: z
          .array(notation(parseListen))
          .min(1)
          .prefault([...defaults.signaling.embedded.listen])
          .describe('Where to listen: udp:ADDRESS:PORT, tcp:, tls:, ws: or wss:, IPv6 in brackets.'),
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
        tls: tlsSchema.optional(),
        webSocket: z
          .strictObject({
            origins: z
              .array(checked(parseOrigin))
              .prefault([...defaults.signaling.embedded.webSocket.origins])
              .describe('Pages whose browsers may connect, such as https://phone.example.com; "*" for all.'),
          })
          .prefault({})
          .describe('Browsers, at the ws: and wss: addresses.'),
        keepAliveSeconds: z
          .number()
          .min(0)
          .max(3600)
          .default(defaults.signaling.embedded.keepAliveSeconds)
          .describe('Longest gap between keep-alives on connections we opened and towards registrars. 0 sends none.'),
        auth: authSchema.exactOptional(),
        register: registerSchema,
        sessionTimers: sessionTimersSchema,
        hep: hepSchema.exactOptional(),
      })
      .prefault({})
      .describe('The embedded SIP endpoint.'),
    drachtio: drachtioSchema,
    opensips: opensipsSchema,
  })
  .prefault({})
  .describe('How calls come in.');

/** RTP. */
export const mediaSchema = z
  .strictObject({
    engine: z
      .enum(['auto', 'worker', 'native'])
      .default(defaults.media.engine)
      .describe(
        'Where RTP is handled. worker: in threads of its own, in JavaScript. native: the same threads with an add-on. auto: the best there is.',
      ),
    bind: checked(parseIp)
      .prefault(defaults.media.bind)
      .describe('Address the RTP sockets are bound to. A wildcard takes any local address of its family.'),
    advertise: checked(parseAdvertisedIp)
      .optional()
      .describe('IP address written into SDP. Default: the local address towards the peer.'),
    dscp: z
      .union([z.number(), z.string()])
      .transform(String)
      .pipe(notation(parseDscp))
      .optional()
      .describe(
        'The mark that RTP and RTCP carry for routers on the way, 0 to 63 or its name: EF, AF41, CS5. Default: none. By the native engine alone.',
      ),
    ports: notation(parsePortRange)
      .prefault(defaults.media.ports)
      .describe('UDP ports for RTP (even) and RTCP (odd), FIRST-LAST. A call takes one pair.'),
    codecs: z
      .array(z.enum(['pcmu', 'pcma', 'g722', 'opus']))
      .min(1)
      .default([...defaults.media.codecs])
      .describe(
        "Codecs a call may use. In an answer the caller's order decides, in an offer of ours this one. telephone-event is always offered.",
      ),
    opus: z
      .strictObject({
        library: z
          .enum(['@evan/opus', 'node-opus'])
          .default(defaults.media.opus.library)
          .describe(
            'Package that Opus comes from. "@evan/opus" is installed with the connector; "node-opus" is native code and has to be installed beside it.',
          ),
        bitrate: z
          .number()
          .int()
          .min(6000)
          .max(128_000)
          .default(defaults.media.opus.bitrate)
          .describe('Bits a second that we send; less where the peer asks for less.'),
        complexity: z
          .number()
          .int()
          .min(0)
          .max(10)
          .default(defaults.media.opus.complexity)
          .describe('How hard our encoder tries, 0 (least CPU) to 10.'),
      })
      .prefault({})
      .describe('The codec Opus.'),
    jitter: z
      .strictObject({
        minMs: z
          .number()
          .int()
          .min(20)
          .max(200)
          .default(defaults.media.jitter.minMs)
          .describe('Shortest delay of the jitter buffer, ms.'),
        maxMs: z
          .number()
          .int()
          .min(20)
          .max(200)
          .default(defaults.media.jitter.maxMs)
          .describe('Longest, ms. The same as minMs: the delay is fixed.'),
      })
      .prefault({})
      .describe('The jitter buffer for what callers say.'),
    srtp: z
      .enum(['off', 'optional', 'required'])
      .default(defaults.media.srtp)
      .describe(
        'SRTP with keys in SDP (RFC 4568). off: none, and RTP/SAVP is refused. optional: where the peer does it too. required: no call without it.',
      ),
    webRtc: z
      .boolean()
      .default(defaults.media.webRtc)
      .describe('Answer browsers: DTLS-SRTP (RFC 5763), and ICE (RFC 8445), of which we do the lite part.'),
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
        from: z
          .array(notation(parseBlock))
          .min(1)
          .exactOptional()
          .describe(
            "Addresses and CIDR blocks that callers' RTP and RTCP may come from and ours may go to, whatever the SDP says. Default: any.",
          ),
      })
      .prefault({})
      .describe('Whose RTP packets are taken for a caller.'),
    dtmf: z
      .strictObject({
        inband: z
          .boolean()
          .default(defaults.media.dtmf.inband)
          .describe('Hear keys in the sound itself, where a phone has no telephone-event (RFC 4733).'),
      })
      .prefault({})
      .describe('Keys that callers press.'),
    vad: z
      .strictObject({
        engine: z
          .enum(['energy', 'silero'])
          .default(defaults.media.vad.engine)
          .describe(
            "What tells the host when a caller speaks, in calls whose flavor leaves turns to it. silero: a model run by the package sherpa-onnx-node; without it, and in all other calls, the connector's own gate.",
          ),
        model: path()
          .exactOptional()
          .describe('File of the model for silero: silero_vad.onnx, version 4 or 5. Relative to this file.'),
      })
      .prefault({})
      .describe("Detection of the caller's voice."),
    portRestSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(defaults.media.portRestSeconds)
      .describe('How long a port stays unused after a call, so that late packets never reach the next one.'),
  })
  .prefault({})
  .describe('RTP.');
