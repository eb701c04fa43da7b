import {
  cascadeConfig,
  languageModelConfig,
  speechBackendConfig,
  speechToTextConfig,
  standbyConfig,
} from 'sip-voice-connector/cascade';
import * as z from 'zod';
import { privacyIssues } from './privacy-issues.js';
import { tierSchema } from './tiers/section.js';
import { tieredVoicePolicy as policyDefaults } from './voice/tiered-voice.js';

const MAX_TIERS = 8;
const MB = 1_000_000;

const ms = (least: number, most: number, value: number) => z.int().min(least).max(most).default(value);

const policy = z.strictObject({
  firstAudioMs: ms(200, 120_000, policyDefaults.firstAudioMs).describe(
    'Until a tier has said something, or another one is asked. A second one is asked beside it well before.',
  ),
  stallMs: ms(100, 10_000, policyDefaults.stallMs).describe(
    'Silence at the caller’s ear, in the middle of a sentence, after which another tier goes on.',
  ),
  leadMs: ms(60, 2_000, policyDefaults.leadMs).describe('Speech handed on ahead of what the caller hears.'),
  maxCharacters: z
    .int()
    .min(40)
    .max(1_000)
    .default(policyDefaults.maxCharacters)
    .describe('Longest text of one request.'),
  failures: z.int().min(1).max(100).default(policyDefaults.failures).describe('In a row, until a tier is left alone.'),
  openMs: ms(100, 600_000, policyDefaults.openMs).describe('For so long at first; then twice as long each time.'),
  maxOpenMs: ms(100, 3_600_000, policyDefaults.maxOpenMs).describe('For so long at most.'),
  restMs: ms(0, 600_000, policyDefaults.restMs).describe(
    'How long a tier comes last that broke off in the middle of a sentence; for the rest of that sentence it does so in any case.',
  ),
  probeMs: ms(1_000, 3_600_000, policyDefaults.probeMs).describe('How often a tier is asked how it is, during calls.'),
});

const cache = z.strictObject({
  dir: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Folder for phrases over restarts, from the directory the process runs in. Default: in memory alone.'),
  maxMb: z.number().min(1).max(100_000).default(200).describe('Of that folder; what was not used longest goes first.'),
  memoryMb: z.number().min(1).max(10_000).default(50).describe('In memory. A minute of speech takes 2.9 MB.'),
  keepPrivate: z.boolean().default(false).describe('Write sentences of private calls to the folder, too.'),
  phrases: z
    .array(z.string().min(1).max(300))
    .max(500)
    .default([])
    .describe(
      'Spoken at start, beside `greeting` and `filler.text`: greetings of routes, fillers of tools, what is said often.',
    ),
});

/** What a config file may say under a flavor with `use: chatterbox-custom`. Nothing is required. */
export const chatterboxCustomConfigSchema = z
  .strictObject({
    profile: z
      .enum(['standard', 'private'])
      .default('standard')
      .describe('`private`: nothing of any call leaves the allowed hosts.'),
    allowedHosts: z
      .array(z.string().min(1).max(255))
      .max(100)
      .default([])
      .describe(
        'Where private calls may go beside loopback and private addresses: names, addresses, blocks (`10.8.0.0/16`).',
      ),
    stt: speechToTextConfig.prefault({
      provider: 'whisper',
      url: 'http://127.0.0.1:8000/v1',
      model: 'Systran/faster-distil-whisper-small.en',
      language: 'en',
    }),
    llm: languageModelConfig.prefault({
      provider: 'openai-compatible',
      baseUrl: 'http://127.0.0.1:11434/v1',
      model: 'qwen3:8b',
      reasoningEffort: 'none',
      firstTokenTimeoutMs: 20_000,
    }),
    tts: speechBackendConfig
      .optional()
      .describe('Who speaks, where it is one server. Default: Chatterbox-TTS-Server at http://127.0.0.1:8004.'),
    tiers: z
      .array(tierSchema)
      .max(MAX_TIERS)
      .default([])
      .describe('Who speaks, where there are several servers, in the order of preference; instead of `tts`.'),
    policy: policy.prefault({}).describe('When another tier speaks.'),
    cache: cache.prefault({}).describe('Phrases that are spoken once and kept.'),
    standby: standbyConfig,
    ...cascadeConfig.shape,
  })
  .refine(({ tts, tiers }) => tts === undefined || tiers.length === 0, {
    path: ['tiers'],
    error: 'either `tts` or `tiers`',
  })
  .refine(({ tiers }) => new Set(tiers.map(({ name }) => name)).size === tiers.length, {
    path: ['tiers'],
    error: 'two tiers have the same name',
  })
  .superRefine((config, context) => {
    for (const { path, message, help } of privacyIssues(config)) {
      context.addIssue({ code: 'custom', path: [...path], message, params: { help } });
    }
  });

/** The configuration, defaults filled in. */
export type ChatterboxCustomConfig = z.output<typeof chatterboxCustomConfigSchema>;

/** The server where neither `tts` nor `tiers` is given. */
export const defaultBackend = speechBackendConfig.parse({
  provider: 'chatterbox',
  server: 'devnen',
  url: 'http://127.0.0.1:8004',
});

/** Bytes of so many MB. */
export function bytesOf(mb: number): number {
  return Math.round(mb * MB);
}
