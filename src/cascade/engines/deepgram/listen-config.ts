import * as z from 'zod';
import {
  connectTimeoutSchema,
  listenTimeoutSchema,
  reconnectSchema,
  replaySecondsSchema,
} from '../shared/reconnect-config.js';
import { configFailure } from '../shared/wire-failures.js';
import { deepgramUrlSchema } from './endpoint.js';

const threshold = z.number().min(0.3).max(1);

/**
 * Deepgram's recognisers, as a section of a flavor's configuration. Settings of the one family are refused beside a
 * model of the other: by {@link checkListenConfig}, for a schema cannot say so.
 */
export const deepgramListenSchema = z.strictObject({
  model: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .default('flux-general-en')
    .describe('`flux-general-en` or `flux-general-multi` (finds turns itself), or one of listen v1, such as `nova-3`.'),
  url: deepgramUrlSchema,
  language: z.string().min(2).max(20).optional().describe('Of Nova: BCP 47, or `multi`. Default: `en`.'),
  languageHints: z
    .array(z.string().min(2).max(20))
    .max(20)
    .default([])
    .describe('Of `flux-general-multi`: languages to expect.'),
  keyterms: z.array(z.string().min(1).max(100)).max(100).default([]).describe('Names and words to expect.'),
  numerals: z.boolean().default(false).describe('Write numbers as digits.'),
  profanityFilter: z.boolean().default(false).describe('Leave swear words out.'),
  redact: z.array(z.string().min(1).max(40)).max(50).default([]).describe('What to black out, such as `pci` or `ssn`.'),
  smartFormat: z
    .boolean()
    .optional()
    .describe('Of Nova: write dates, amounts and numbers as people do. Default: true.'),
  endpointingMs: z.int().min(10).max(5_000).optional().describe('Of Nova: silence that ends a segment. Default: 300.'),
  utteranceEndMs: z
    .int()
    .min(1_000)
    .max(5_000)
    .optional()
    .describe('Of Nova: a gap between words that ends an utterance where noise hides the silence. Default: 1000.'),
  turns: z
    .enum(['connector', 'deepgram'])
    .optional()
    .describe(
      'Of Nova: who decides that the caller has finished. Default: connector, which waits out digits and thought.',
    ),
  eotThreshold: threshold.min(0.5).optional().describe('Of Flux: certainty that ends a turn. Default: 0.7.'),
  eagerEotThreshold: threshold
    .max(0.9)
    .nullable()
    .optional()
    .describe('Of Flux: certainty at which an answer is begun early; null: never. Default: 0.5.'),
  eotTimeoutMs: z.int().min(500).max(60_000).optional().describe('Of Flux: silence that ends any turn. Default: 5000.'),
  chunkMs: z
    .int()
    .min(20)
    .max(240)
    .multipleOf(20)
    .optional()
    .describe(
      'Caller audio per message. Default: 40 with Nova; 80 with Flux, and single frames in the pauses of a turn.',
    ),
  replaySeconds: replaySecondsSchema,
  mipOptOut: z.boolean().default(false).describe("Keep audio out of Deepgram's model improvement programme."),
  tags: z.array(z.string().min(1).max(128)).max(20).default([]).describe("For Deepgram's usage reports."),
  answerTimeoutMs: listenTimeoutSchema,
  connectTimeoutMs: connectTimeoutSchema,
  reconnect: reconnectSchema,
});

/** Defaults filled in, but for those that depend on the model. */
export type DeepgramListenConfig = z.output<typeof deepgramListenSchema>;

/** Whether a model is of the family that finds turns itself, and speaks listen v2. */
export function isFlux({ model }: Pick<DeepgramListenConfig, 'model'>): boolean {
  return model.startsWith('flux-');
}

/** What callers' audio comes in, ms. */
const FRAME_MS = 20;

/** The pieces in which a caller's audio goes out, ms: usually, and in a pause of a turn where that is otherwise. */
export interface ChunkLengths {
  readonly chunkMs: number;
  readonly pauseChunkMs?: number;
}

/**
 * A length that is written down is kept to. By default Flux has the pieces that Deepgram recommends, but for the pauses of
 * a turn: there a piece that is not full would keep from it the silence that it waits for.
 * https://developers.deepgram.com/docs/flux/quickstart
 */
export function chunksOf(config: Pick<DeepgramListenConfig, 'model' | 'chunkMs'>): ChunkLengths {
  if (config.chunkMs !== undefined) return { chunkMs: config.chunkMs };
  return isFlux(config) ? { chunkMs: 80, pauseChunkMs: FRAME_MS } : { chunkMs: 40 };
}

const novaKeys = ['language', 'smartFormat', 'endpointingMs', 'utteranceEndMs', 'turns'] as const;
/** Models of before Nova-3, which have keywords in place of keyterms. */
const withoutKeyterms = /^(?:nova(?:-2)?(?!-\d)|enhanced|base|whisper)/;
const fluxKeys = ['eotThreshold', 'eagerEotThreshold', 'eotTimeoutMs'] as const;

/**
 * @throws FlavorError with ERR_FLAVOR_CONFIG for settings that Deepgram refuses together: v1's beside a v2 model and the
 * other way round (HTTP 400), and an eager threshold above the one that ends the turn.
 */
export function checkListenConfig(config: DeepgramListenConfig): void {
  const flux = isFlux(config);
  const wrong = (flux ? novaKeys : fluxKeys).find((name) => config[name] !== undefined);
  if (wrong !== undefined) throw configFailure(`${wrong}: the model ${config.model} has no such setting`);
  if (config.languageHints.length > 0 && config.model !== 'flux-general-multi') {
    throw configFailure(`languageHints: the model ${config.model} has no such setting`);
  }
  if (config.keyterms.length > 0 && withoutKeyterms.test(config.model)) {
    throw configFailure(`keyterms: the model ${config.model} has no such setting`);
  }
  const { eot, eager } = thresholdsOf(config);
  if (eager !== undefined && eager > eot) throw configFailure('eagerEotThreshold: not above eotThreshold');
}

const listenDefaults = { endpointingMs: 300, utteranceEndMs: 1_000, eot: 0.7, eager: 0.5, timeoutMs: 5_000 } as const;

function thresholdsOf(config: DeepgramListenConfig): { readonly eot: number; readonly eager: number | undefined } {
  const { eotThreshold = listenDefaults.eot, eagerEotThreshold } = config;
  // Left out, the default gives way to a lower threshold; written down, it is the writer's mistake.
  const eager = eagerEotThreshold === undefined ? Math.min(listenDefaults.eager, eotThreshold) : eagerEotThreshold;
  return { eot: eotThreshold, eager: eager ?? undefined };
}

/** A parameter of the query; those with several values are repeated. */
type Parameter = readonly [name: string, value: string | number | boolean];

/** The parameters of listen v1. https://developers.deepgram.com/reference/speech-to-text/listen-streaming */
export function novaParameters(config: DeepgramListenConfig): readonly Parameter[] {
  const { endpointingMs = listenDefaults.endpointingMs, utteranceEndMs = listenDefaults.utteranceEndMs } = config;
  return [
    ['language', config.language ?? 'en'],
    ['channels', 1],
    // UtteranceEnd comes only where interim results do.
    ['interim_results', true],
    ['punctuate', true],
    ['smart_format', config.smartFormat ?? true],
    ['vad_events', true],
    ['endpointing', endpointingMs],
    ['utterance_end_ms', utteranceEndMs],
    ...commonParameters(config),
  ];
}

/** The parameters of listen v2, which refuses those of v1. */
export function fluxParameters(config: DeepgramListenConfig): readonly Parameter[] {
  const { eot, eager } = thresholdsOf(config);
  return [
    ['eot_threshold', eot],
    ...(eager === undefined ? [] : [['eager_eot_threshold', eager] as const]),
    ['eot_timeout_ms', config.eotTimeoutMs ?? listenDefaults.timeoutMs],
    ...config.languageHints.map((hint) => ['language_hint', hint] as const),
    ...commonParameters(config),
  ];
}

function commonParameters(config: DeepgramListenConfig): readonly Parameter[] {
  return [
    ...config.keyterms.map((term) => ['keyterm', term] as const),
    ...config.redact.map((what) => ['redact', what] as const),
    ...config.tags.map((tag) => ['tag', tag] as const),
    ...(config.numerals ? [['numerals', true] as const] : []),
    ...(config.profanityFilter ? [['profanity_filter', true] as const] : []),
    ...(config.mipOptOut ? [['mip_opt_out', true] as const] : []),
  ];
}
