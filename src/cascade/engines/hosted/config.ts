import * as z from 'zod';
import { connectTimeoutSchema } from '../shared/reconnect-config.js';

/** What the sections of all providers have in common that make speech by jobs. */
export const jobSchema = {
  waitMs: z
    .int()
    .min(1_000)
    .max(60_000)
    .default(2_000)
    .describe(
      'The order itself waits for the speech for so long, then it is asked for. A call that is interrupted meanwhile cancels only then.',
    ),
  startTimeoutMs: z
    .int()
    .min(1_000)
    .max(600_000)
    .default(60_000)
    .describe('From the order until a machine works on it: a queue and a cold start.'),
  workTimeoutMs: z
    .int()
    .min(1_000)
    .max(300_000)
    .default(30_000)
    .describe('Until a machine that works has spoken, or goes on to speak.'),
  answerTimeoutMs: z.int().min(500).max(60_000).default(10_000).describe('For an answer to anything else.'),
  retries: z.int().min(0).max(5).default(2).describe('Of an order that is refused because there were too many.'),
  connectTimeoutMs: connectTimeoutSchema,
};

/** An address of an API, up to and with its version. */
export const apiUrlSchema = z.url({ protocol: /^https?$/ });

/** A name that becomes a part of a path or a body. */
export const nameSchema = z.string().regex(/^[\w.:+/-]{1,200}$/);

/** How Chatterbox speaks, where the handler or model takes it. */
export const temperatureSchema = z.number().min(0.05).max(5).optional().describe('How much the voice varies.');
export const seedSchema = z.int().min(0).max(4_294_967_295).optional().describe('The same sound for the same text.');
