import * as z from 'zod';
import type { AudioFormat } from '../../../flavor-api/index.js';
import { bytesPerSample } from '../../../flavor-api/index.js';
import {
  connectTimeoutSchema,
  listenTimeoutSchema,
  reconnectSchema,
  replaySecondsSchema,
} from '../shared/reconnect-config.js';

const language = z
  .string()
  .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){1,3}$/)
  .describe('A locale, such as `en-US`.');

/** Azure's recogniser, as a section of a flavor's configuration. */
export const azureListenSchema = z.strictObject({
  languages: z
    .array(language)
    .min(1)
    .max(10)
    .default(['en-US'])
    .describe('What callers speak. Of several, Azure finds out which, and says so with every segment.'),
  phrases: z.array(z.string().min(1).max(200)).max(500).default([]).describe('Names and words to expect.'),
  segmentation: z
    .strictObject({
      strategy: z
        .enum(['silence', 'semantic'])
        .default('silence')
        .describe('What ends a segment: silence, or the end of a sentence.'),
      silenceMs: z
        .int()
        .min(100)
        .max(5_000)
        .default(500)
        .describe('Silence that ends a segment, with the strategy `silence`.'),
    })
    .default({ strategy: 'silence', silenceMs: 500 }),
  finalizeOnPause: z
    .boolean()
    .default(true)
    .describe(
      'Ask for the final text as soon as the connector has heard the end of speech, not only after `silenceMs`.',
    ),
  profanity: z.enum(['raw', 'masked', 'removed']).default('masked').describe('What becomes of swear words.'),
  customModel: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .optional()
    .describe('Id of the endpoint of a Custom Speech model.'),
  chunkMs: z.int().min(20).max(200).multipleOf(20).default(40).describe('Caller audio per message.'),
  replaySeconds: replaySecondsSchema,
  answerTimeoutMs: listenTimeoutSchema,
  connectTimeoutMs: connectTimeoutSchema,
  reconnect: reconnectSchema,
});

/** Defaults filled in. */
export type AzureListenConfig = z.output<typeof azureListenSchema>;

/** The query of the address of the recogniser. */
export function listenParameters(config: AzureListenConfig): readonly (readonly [name: string, value: string])[] {
  const [only, ...others] = config.languages;
  // A custom model has a language of its own, and Microsoft's SDK never sends both; `speech.context` has it all the same.
  const named = others.length === 0 && config.customModel === undefined ? only : undefined;
  return [
    ['format', 'detailed'],
    ['wordLevelTimestamps', 'true'],
    ['profanity', config.profanity],
    ...(others.length > 0 ? [['lidEnabled', 'true'] as const] : []),
    ...(named === undefined ? [] : [['language', named] as const]),
    ...(config.customModel === undefined ? [] : [['cid', config.customModel] as const]),
  ];
}

/** The body of `speech.context`, with which every turn begins: what is to be recognised, and what is to be told. */
export function speechContext(config: AzureListenConfig): object {
  const { languages, phrases, segmentation, profanity } = config;
  const [only] = languages;
  const several = languages.length > 1;
  return {
    phraseDetection: {
      // Turn after turn, as people talk with each other; `Interactive` would end with the first phrase.
      mode: 'Conversation',
      conversation: {
        segmentation:
          segmentation.strategy === 'semantic'
            ? { mode: 'Semantic' }
            : { mode: 'Custom', segmentationSilenceTimeoutMs: segmentation.silenceMs },
      },
      enrichment: { profanity },
      ...(!several && { language: only }),
    },
    phraseOutput: {
      format: 'Detailed',
      detailed: { options: ['WordTimings', 'DisplayWordTimings'] },
      ...(several && { interimResults: { resultType: 'Auto' }, phraseResults: { resultType: 'Always' } }),
    },
    ...(several && {
      languageId: {
        languages,
        mode: 'DetectContinuous',
        onSuccess: { action: 'Recognize' },
        onUnknown: { action: 'None' },
        priority: 'PrioritizeLatency',
      },
    }),
    ...(phrases.length > 0 && {
      dgi: { groups: [{ type: 'Generic', items: phrases.map((text) => ({ text })) }], bias: 1 },
    }),
  };
}

/** What `speech.config` says of the audio. */
export function audioSource(format: AudioFormat): object {
  return {
    source: {
      samplerate: format.sampleRate,
      bitspersample: bytesPerSample(format.encoding) * 8,
      channelcount: 1,
      type: 'Stream',
      connectivity: 'Unknown',
      manufacturer: 'sip-voice-connector',
      model: 'telephone',
    },
  };
}
