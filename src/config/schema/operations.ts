import * as z from 'zod';
import { configDefaults as defaults } from '../defaults.js';
import { parseHostPort } from '../notation/addresses.js';
import { notation, path, seconds } from './notation.js';
import { saying } from './saying.js';

/** What calls may use up. */
export const limitsSchema = z
  .strictObject({
    calls: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(defaults.limits.calls)
      .describe('Calls at the same time. One more is answered 503 with Retry-After.'),
    callsPerSecond: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.limits.callsPerSecond)
      .describe('New calls per second, from everybody together; a token bucket one second deep.'),
    perSourcePerSecond: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.limits.perSourcePerSecond)
      .describe('The same for one source address.'),
    callSeconds: seconds().default(defaults.limits.callSeconds).describe('Longest call.'),
    rtpTimeoutSeconds: seconds()
      .default(defaults.limits.rtpTimeoutSeconds)
      .describe(
        'A call without a single RTP or RTCP packet for this long is ended. Rests while the caller is on hold.',
      ),
    silenceSeconds: seconds()
      .default(defaults.limits.silenceSeconds)
      .describe('A call in which the caller neither speaks nor presses a key for this long is ended.'),
  })
  .prefault({})
  .describe('What calls may use up.');

/** The admin interface. */
export const adminSchema = z
  .strictObject({
    listen: notation(parseHostPort)
      .prefault(defaults.admin.listen)
      .describe('Address and port of the admin HTTP interface.'),
    token: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Bearer token for everything but /livez and /readyz. Default: a random one, written to ./data/admin.token. Needed to listen beyond loopback.',
      ),
  })
  .prefault({})
  .describe('The admin HTTP interface.');

/** Call records. */
export const cdrSchema = z
  .strictObject({
    path: path()
      .default(defaults.cdr.path)
      .describe('File that gets one JSON line per call. Relative to the working directory.'),
    include: z
      .array(z.enum(['transcript', 'heardText', 'dtmf']))
      .default([...defaults.cdr.include])
      .describe('Personal data to keep in call records; none unless listed.'),
  })
  .prefault({})
  .describe('Call records.');

/** Recordings. */
export const recordingSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'stereo'])
      .default(defaults.recording.mode)
      .describe('stereo: a file per call, caller left, agent right.'),
    format: z
      .enum(['wav', 'ogg'])
      .default(defaults.recording.format)
      .describe('wav: 16-bit PCM, 115 MB an hour. ogg: Opus, 8 to 15 MB.'),
    path: path()
      .default(defaults.recording.path)
      .describe('Directory for recordings. Relative to the working directory.'),
    announce: saying()
      .exactOptional()
      .describe('Said before anything else, to every caller who is recorded, and not to be interrupted.'),
  })
  .prefault({})
  .describe('Recording of calls.');
