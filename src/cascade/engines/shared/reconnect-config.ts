import * as z from 'zod';

/** How long a connection may take to stand, in the section of an engine. */
export const connectTimeoutSchema = z.int().min(100).max(60_000).default(5_000).describe('For a connection.');

/** How much of a caller is kept in case a connection is lost, in the section of a recogniser. */
export const replaySecondsSchema = z
  .number()
  .min(1)
  .max(60)
  .default(15)
  .describe('Caller audio kept in memory, to be heard again after a connection was lost.');

/** How long a recogniser may say nothing about speech, in its section. */
export const listenTimeoutSchema = z
  .int()
  .min(1_000)
  .max(60_000)
  .default(5_000)
  .describe('Of speech that nothing is said about; then another connection is made.');

/** How a lost connection is replaced, in the section of an engine. */
export const reconnectSchema = z
  .strictObject({
    attempts: z.int().min(0).max(20).default(5).describe('In a row, before the call does without.'),
    firstDelayMs: z
      .int()
      .min(0)
      .max(10_000)
      .default(200)
      .describe('The first attempt is made at once; then this, doubled each time, with jitter.'),
    maxDelayMs: z.int().min(0).max(60_000).default(3_000),
  })
  .default({ attempts: 5, firstDelayMs: 200, maxDelayMs: 3_000 })
  .describe('After a loss in mid-call.');
