import * as z from 'zod';
import type { Parsed } from '../notation/addresses.js';

/** A text in a notation of its own. Of a number that quotes would not mend, such as a single port, the message says what to write. */
export function notation<Value>(parse: (text: string) => Parsed<Value>) {
  const error = ({ input }: { readonly input?: unknown }): string | undefined => {
    const parsed = typeof input === 'number' ? parse(String(input)) : undefined;
    return parsed?.ok === false ? (parsed.help ?? parsed.problem) : undefined;
  };
  return z.string({ error }).transform((text, context) => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem, params: { help: parsed.help } });
    return z.NEVER;
  });
}

/** A text that must pass a check and stays what it is. */
export function checked(check: (text: string) => Parsed<unknown>) {
  return notation((text) => {
    const parsed = check(text);
    return parsed.ok ? { ok: true, value: text } : parsed;
  });
}

/** Of a file or directory. */
export const path = () => z.string().min(1);

/** A time that may have a fraction, at most a year. */
export const seconds = () => z.number().positive().max(31_536_000);

/** A whole number of milliseconds. */
export const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most);
