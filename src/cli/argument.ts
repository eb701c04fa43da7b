import { InvalidArgumentError, Option } from 'commander';
import type { Parsed } from '../config/notation/addresses.js';

/** Of an option or argument, by the notation of the configuration; what is wrong with it is said as wrong usage. */
export function argumentOf<Value>(parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(parsed.help === undefined ? parsed.problem : `${parsed.problem}: ${parsed.help}`);
}

/** An option that is read as `parse` reads it, and whose default is shown as it would be written. */
export function parsedOption<Value>(
  flags: string,
  description: string,
  parse: (text: string) => Value,
  unless: string,
): Option {
  return new Option(flags, description).argParser(parse).default(parse(unless), unless);
}
