import * as z from 'zod';
import { fliteVoiceNames } from './config.js';
import { configDefaults as defaults } from './defaults.js';
import { parseBlock } from './notation/addresses.js';
import { parseTransferTarget } from './notation/transfer-target.js';
import { costSchema } from './schema/cost.js';
import { SHORTHAND } from './schema/marks.js';
import { mediaSchema, signalingSchema } from './schema/network.js';
import { checked, notation, seconds } from './schema/notation.js';
import { adminSchema, cdrSchema, limitsSchema, recordingSchema } from './schema/operations.js';
import { outboundSchema, trunksSchema } from './schema/outbound.js';
import { routeSchema } from './schema/route.js';
import { saying } from './schema/saying.js';
import { sipHeaders } from './schema/sip-headers.js';
import { toolSchema } from './schema/tools.js';

/*
 * The configuration file, key by key; its larger sections are in `schema/`. Descriptions end up in the JSON Schema that
 * editors show. Texts in here are read after references such as `${NAME}` have been resolved, so no message repeats a
 * value. What one key demands of another is in `rules.ts` and `rules/`.
 */

const flavorSchema = z
  .looseObject({
    use: z
      .string()
      .min(1)
      .describe('A built-in flavor, an npm package installed beside this file, or a path relative to this file.'),
  })
  .transform(({ use, ...options }) => ({ use, options }))
  .describe("An agent. All keys but `use` are the flavor's own.");

/** A URI alone is short for `{ uri: ... }`. */
const transferTarget = z
  .preprocess(
    (value) => (typeof value === 'string' ? { uri: value } : value),
    z.strictObject({
      uri: checked(parseTransferTarget).describe('Where the call is sent: a sip:, sips: or tel: URI.'),
      description: z
        .string()
        .min(1)
        .max(500)
        .exactOptional()
        .describe('Who answers there and when to choose it, in words for the model.'),
      headers: sipHeaders().describe(
        'SIP header fields of the REFER, and of the INVITE to the target. Values may hold {{name}} and the like.',
      ),
      mode: z
        .enum(['blind', 'attended', 'bridge'])
        .default(defaults.transfer.mode)
        .describe(
          "blind: REFER. attended: the target is called first, then the caller's phone takes our place or is bridged. bridge: both talk through the connector.",
        ),
      ringSeconds: z
        .number()
        .min(1)
        .max(120)
        .default(defaults.transfer.ringSeconds)
        .describe('How long the target is rung, s. Not for blind.'),
      trunk: z
        .string()
        .min(1)
        .exactOptional()
        .describe('The trunk by which the target is called, by its name in trunks. Not for blind.'),
      announce: saying()
        .exactOptional()
        .describe('Said to the target alone when it answers, before the caller gets there. Not for blind.'),
    }),
  )
  .meta({ [SHORTHAND]: 'uri' });

const transferSchema = z
  .strictObject({
    targets: z
      .record(z.string(), transferTarget)
      .prefault({})
      .describe('Where calls may be sent, by names the agent chooses from: sip:, sips: or tel: URIs.'),
  })
  .prefault({})
  .describe('Transfer of calls by REFER.');

const voiceSchema = z
  .strictObject({
    name: z
      .enum(fliteVoiceNames)
      .default(defaults.voice.name)
      .describe('Its name. awb_time can tell the time and nothing else.'),
  })
  .prefault({})
  .describe("The connector's own voice, English: for what it says when the agent cannot.");

const breakerSchema = z
  .strictObject({
    failures: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(defaults.breaker.failures)
      .describe('After so many failures in a row a flavor gets no calls for a while.'),
    openSeconds: seconds().default(defaults.breaker.openSeconds).describe('How long that lasts.'),
  })
  .prefault({})
  .describe('When a flavor whose provider fails is left alone for a while.');

const httpSchema = z
  .strictObject({
    allow: z
      .array(notation(parseBlock))
      .prefault([...defaults.http.allow])
      .describe('Private addresses and CIDR blocks that webhooks, MCP servers and settings may be at.'),
  })
  .prefault({})
  .describe('Requests the connector makes itself. Without leave they reach public addresses only.');

/** The whole file. Its output is `Config` without `file`, and with relative paths. */
export const configSchema = z
  .strictObject({
    signaling: signalingSchema,
    media: mediaSchema,
    limits: limitsSchema,
    cost: costSchema,
    trunks: trunksSchema,
    outbound: outboundSchema,
    admin: adminSchema,
    cdr: cdrSchema,
    recording: recordingSchema,
    flavors: z.record(z.string(), flavorSchema).prefault({}).describe('Agents, by the name that routes use.'),
    transfer: transferSchema,
    tools: z
      .record(z.string(), toolSchema)
      .prefault({})
      .describe('Tools besides the built-in ones, by the name that routes use.'),
    http: httpSchema,
    voice: voiceSchema,
    breaker: breakerSchema,
    routes: z
      .array(routeSchema)
      .min(1)
      .describe('Which agent answers which call. The first match wins; no match is 404.'),
  })
  .describe('Configuration of sip-voice-connector.');

/** A file that passed {@link configSchema}. */
export type ParsedConfig = z.output<typeof configSchema>;
