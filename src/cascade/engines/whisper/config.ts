import * as z from 'zod';
import { keySchema } from '../shared/key-config.js';
import { connectTimeoutSchema } from '../shared/reconnect-config.js';

const second = 1_000;

/** How recordings are made a stream: of whoever hears recordings. */
export const segmentShape = {
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .optional()
    .describe('ISO 639-1, such as `en`. Left out, the server finds out each time, which takes time and goes wrong.'),
  prompt: z.string().max(400).default('').describe('Words before the first, in the style that is expected.'),
  keyterms: z.array(z.string().min(1).max(60)).max(20).default([]).describe('Names and words to expect.'),
  partials: z
    .boolean()
    .default(true)
    .describe('Have what has been said so far recognised again and again, while the caller speaks.'),
  partialMs: z.int().min(200).max(5_000).default(500).describe('Audio between two of these, at least.'),
  pauseMs: z
    .int()
    .min(60)
    .max(2_000)
    .default(200)
    .describe('Silence after which the text is asked for, in the hope that the caller has finished.'),
  endSilenceMs: z.int().min(300).max(5_000).default(800).describe('Silence that ends a segment in any case.'),
  longestMs: z
    .int()
    .min(5 * second)
    .max(28 * second)
    .default(26 * second)
    .describe('Of a segment; a longer one is cut, in a pause where there is one. Whisper hears 30 s at once.'),
  minLevelDb: z.number().min(-80).max(-20).default(-52).describe('What is quieter is never taken for a voice, dBFS.'),
  answerTimeoutMs: z.int().min(500).max(120_000).default(10_000).describe('For the text of a segment.'),
  retries: z.int().min(0).max(5).default(2).describe('Of a request that reached nobody, or a server out of order.'),
};

/** What a stream made of recordings goes by. */
export type SegmentOptions = z.output<z.ZodObject<typeof segmentShape>>;

/**
 * Whisper, and what answers like it, as a section of a flavor's configuration: servers that are given a recording and
 * return its text.
 */
export const whisperListenSchema = z.strictObject({
  server: z
    .enum(['openai', 'whisper.cpp', 'speaches-realtime'])
    .default('openai')
    .describe(
      'What it speaks: `openai` is `/audio/transcriptions` (speaches, vLLM, LocalAI, OpenAI), `whisper.cpp` its own ' +
        '`/inference`, `speaches-realtime` the WebSocket of speaches.',
    ),
  url: z
    .url({ protocol: /^(?:wss?|https?)$/ })
    .describe('Up to and with the version: `http://127.0.0.1:8000/v1`. Of whisper.cpp: `http://127.0.0.1:8080`.'),
  apiKey: keySchema().optional().describe('Where the server asks for one.'),
  model: z
    .string()
    .min(1)
    .max(200)
    .default('whisper-1')
    .describe('As the server spells it, such as `Systran/faster-distil-whisper-small.en`. Not used by whisper.cpp.'),
  ...segmentShape,
  stream: z
    .boolean()
    .default(false)
    .describe('Take words as they are recognised, where the server sends them (`stream=true`), instead of its doubts.'),
  concurrency: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Requests that the server works on at once; others wait here. Default: 1 for whisper.cpp, else 4.'),
  connectTimeoutMs: connectTimeoutSchema,
});

/** Defaults filled in, but for those that depend on the server. */
export type WhisperListenConfig = z.output<typeof whisperListenSchema>;

/** Requests at once, where the section does not say. */
export function concurrencyOf({ concurrency, server }: WhisperListenConfig): number {
  return concurrency ?? (server === 'whisper.cpp' ? 1 : 4);
}

/** Of what was said before, at the end of a prompt, characters: Whisper reads 224 tokens. */
const BEFORE_CHARACTERS = 200;

/** What Whisper is told to expect: the operator's words, and the end of what the caller said before. */
export function promptOf({ prompt, keyterms }: SegmentOptions, before: string): string {
  const glossary = keyterms.length === 0 ? '' : `${keyterms.join(', ')}.`;
  const tail = before.length <= BEFORE_CHARACTERS ? before : before.slice(-BEFORE_CHARACTERS).replace(/^\S*\s+/u, '');
  return [prompt.trim(), glossary, tail].filter((part) => part !== '').join(' ');
}
