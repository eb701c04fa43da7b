import type { Writable } from 'node:stream';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../flavor-api/logger.js';
import { logFields } from './log-fields.js';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What may wait for a reader of standard output who stands still, bytes. Writes to a full pipe do not block: they wait in memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** What moves a terminal's cursor or changes its title: a provider's or peer's words may hold it. */
const TERMINAL_CONTROLS = /[^\P{Cc}\n\t]/gu;

export interface LogOptions {
  /** Where lines go; a terminal gets text for people, anything else one JSON object a line. */
  readonly stream: Writable & { readonly isTTY?: boolean };
  /** JSON on a terminal too. */
  readonly json?: boolean;
  readonly level: LogLevel;
  /** Takes the secrets of the configuration out of a text. Sees every message and every string in the fields. */
  readonly redact: (text: string) => string;
}

/** The connector's log. */
export interface Log extends Logger {
  /** The same log with fields in each line: `{ call: id }`. */
  child(fields: Readonly<Record<string, string>>): Log;
}

/**
 * Makes a log of JSON lines `{level, time, …fields, msg}`, `time` in ISO 8601 UTC; on a terminal the same in colour, one
 * line each. Lines are written at once, in order; fields never make logging throw. While more than {@link MAX_WAITING_BYTES}
 * wait for the reader lines are left out, and counted in the next one that is not.
 */
export function createLog(options: LogOptions, deps: { readonly clock: Clock }): Log {
  const { stream, level, redact, json = false } = options;
  const forPeople = stream.isTTY === true && !json;
  const destination = forPeople
    ? pretty({ destination: stream, colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', sync: true })
    : stream;
  const logger = pino(
    {
      level,
      // Neither process id nor host name: a supervisor adds what it wants.
      base: null,
      timestamp: () => `,"time":"${new Date(deps.clock.wallTime()).toISOString()}"`,
      // pino-pretty colours by the number.
      ...(forPeople ? {} : { formatters: { level: (label: string) => ({ level: label }) } }),
      // Errors arrive as plain objects.
      serializers: {},
    },
    destination,
  );
  // JSON leaves U+0080 to U+009F as they are, and stacks are no JSON here.
  const clean = forPeople ? (text: string): string => redact(text).replace(TERMINAL_CONTROLS, ' ') : redact;
  return wrap(logger, clean, outlet(stream, logger));
}

/** Says whether a line may be written now, after how many were not. */
function outlet(stream: Writable, logger: pino.Logger): () => boolean {
  let lines = 0;
  return () => {
    if (stream.writableLength > MAX_WAITING_BYTES) {
      lines += 1;
      return false;
    }
    if (lines > 0) {
      logger.error({ lines }, 'nobody read the log: lines were left out');
      lines = 0;
    }
    return true;
  };
}

function wrap(logger: pino.Logger, redact: (text: string) => string, hasRoom: () => boolean): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (logger.isLevelEnabled(level) && hasRoom()) logger[level](logFields(fields, redact), redact(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(logFields(fields, redact) as object), redact, hasRoom),
  };
}
