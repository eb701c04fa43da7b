/**
 * Structured log, the shape of pino's methods. Messages are static text; values go into `fields`. No secret,
 * transcript, digit or caller's number in either.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
