import * as z from 'zod';
import { segmentShape } from '../whisper/config.js';
import { sherpaEars, sherpaVoices } from './model-folder.js';

const folder = z
  .string()
  .min(1)
  .max(1_000)
  .meta({ folder: true })
  .describe('Folder of the model, as it comes out of the archive of a release of sherpa-onnx.');
const threads = z.int().min(1).max(64).default(2).describe('Processor cores that the model may use.');
const loadTimeoutMs = z.int().min(1_000).max(600_000).default(60_000).describe('For the model to be loaded.');

// These models are told nothing beside the recording.
const { prompt: _, keyterms: __, ...segments } = segmentShape;

/** A recogniser without a server, by the package `sherpa-onnx-node`, as a section of a flavor's configuration. */
export const sherpaListenSchema = z.strictObject({
  folder,
  kind: z.enum(sherpaEars).optional().describe('What is in the folder, where its name does not tell.'),
  threads,
  loadTimeoutMs,
  ...segments,
});

export type SherpaListenConfig = z.output<typeof sherpaListenSchema>;

/** A voice without a server. */
export const sherpaSpeakSchema = z.strictObject({
  folder,
  kind: z.enum(sherpaVoices).optional().describe('What is in the folder, where its name does not tell.'),
  speaker: z.int().min(0).max(10_000).default(0).describe('Of a model with several voices.'),
  speed: z.number().min(0.5).max(2).default(1).describe('1: as the voice was made.'),
  threads,
  loadTimeoutMs,
  answerTimeoutMs: z.int().min(1_000).max(120_000).default(30_000).describe('For one piece of text.'),
});

export type SherpaSpeakConfig = z.output<typeof sherpaSpeakSchema>;
