import * as z from 'zod';
import { configDefaults } from '../defaults.js';
import type { Parsed } from '../notation/addresses.js';
import { compilePattern } from '../notation/route-pattern.js';
import { isCredentialHeader } from '../notation/template.js';
import { parseTimeZone } from '../notation/time-zone.js';
import { parseUrlTemplate } from '../notation/url-template.js';
import { durationSchema, interruptionSchema, onFailureSchema, silenceSchema } from './conversation.js';
import { checked, milliseconds, notation } from './notation.js';
import { sayingOrNone } from './saying.js';
import { sipHeaders } from './sip-headers.js';
import { soundsSchema } from './sounds.js';

const { route: defaults } = configDefaults;

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

function parseToken(text: string): Parsed<string> {
  if (/^[\x21-\x7e]+$/.test(text)) return { ok: true, value: text };
  return {
    ok: false,
    problem: 'a token of printable ASCII without blanks is needed',
    help: 'write it as the API gave it',
  };
}

const pattern = () => checked(compilePattern);

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

const answer = z
  .strictObject({
    delayMs: milliseconds(0, 120_000)
      .default(defaults.answer.delayMs)
      .describe('How long it rings before the call is answered, ms.'),
    earlyMedia: z
      .boolean()
      .default(defaults.answer.earlyMedia)
      .describe('Let the agent be heard while it rings: 183 with SDP, and audio before the 200.'),
    headers: sipHeaders().describe('SIP header fields of the 200. Values may hold {{name}} and the like.'),
  })
  .prefault({})
  .describe('How the call is answered.');

const hangup = z
  .strictObject({
    headers: sipHeaders().describe('SIP header fields of our BYE or refusal. Values may hold {{name}} and the like.'),
  })
  .prefault({})
  .describe('How the call is ended.');

const settings = z
  .strictObject({
    url: checked(parseUrlTemplate).describe(
      'Address that answers with the settings of a call as JSON. May hold {{name}}, {{from}} and the like from the path on.',
    ),
    format: z
      .enum(['native', 'avc'])
      .default(defaults.settings.format)
      .describe(
        'avc: asked and answered as the OpenSIPS AI Voice Connector is by its api_url (POST, {"bot": number}).',
      ),
    token: checked(parseToken).exactOptional().describe('Sent as Authorization: Bearer.'),
    timeoutMs: milliseconds(50, 20_000)
      .default(defaults.settings.timeoutMs)
      .describe('Longest time it may take, ms; the call rings meanwhile.'),
    cacheSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(defaults.settings.cacheSeconds)
      .describe('How long an answer is used again for the same address. 0: never.'),
    required: z
      .boolean()
      .default(defaults.settings.required)
      .describe('Without an answer: true refuses the call with 503, false takes it as this file says.'),
  })
  .describe('Settings of each call, fetched over HTTP while it rings. They narrow what this file allows.');

/** One route. Its output is `RouteConfig`, but for the paths of recordings. */
export const routeSchema = z
  .strictObject({
    match,
    flavor: z.string().min(1).exactOptional().describe('The agent that answers, by its name in flavors.'),
    reject: z.number().int().min(400).max(699).exactOptional().describe('SIP status to refuse the call with.'),
    variables: z
      .record(z.string(), z.string())
      .default({})
      .describe('Values for {{name}} in the texts of this route and of the flavor.'),
    instructions: z
      .string()
      .min(1)
      .exactOptional()
      .describe("What the agent is told to do, in place of the flavor's own. May hold {{name}} and the like."),
    greeting: sayingOrNone()
      .transform((greeting) => greeting || { text: '' })
      .exactOptional()
      .describe(
        'What the agent says first; false: nothing, the other side begins. May hold {{name}}, {{from}}, {{date}}, {{sip.Header-Name}} and the like.',
      ),
    timeZone: checked(parseTimeZone)
      .prefault(defaults.timeZone)
      .describe('Where {{date}}, {{time}}, {{weekday}} and {{datetime}} are told: Europe/London.'),
    answer,
    hangup,
    interruption: interruptionSchema,
    silence: silenceSchema,
    duration: durationSchema,
    onFailure: onFailureSchema,
    sounds: soundsSchema,
    tools: z
      .array(z.string().min(1))
      .default([...defaults.tools])
      .describe(
        'What the agent may do: hang_up, transfer, send_dtmf, hold, stay_silent, pause_recording, resume_recording, and names of tools.',
      ),
    transfer: z
      .array(z.string().min(1))
      .default([...defaults.transfer])
      .describe('Targets of transfer.targets that the agent may choose from. Needs the tool transfer.'),
    settings: settings.exactOptional(),
    headers: z
      .array(notation(parseHeaderName))
      .default([])
      .describe('SIP header fields of the call that the flavor may see.'),
  })
  .describe('One route. It has either flavor or reject.');
