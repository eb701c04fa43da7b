import { isObject } from '../../../src/cascade/engines/shared/json.js';

export interface InvalidField {
  readonly type: string;
  readonly field: string;
  readonly description: string;
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  temperature: [0.05, 2],
  top_p: [0.5, 1],
  top_k: [1, 2_000],
  repetition_penalty: [1, 2],
  seed: [0, Number.MAX_SAFE_INTEGER],
};
const whole = new Set(['top_k', 'seed']);
const texts = new Set(['text', 'voice', 'reference_audio']);
const MAX_TEXT = 500;

/** What is wrong with an input of `resemble-ai/chatterbox-turbo`; nothing where it will do. */
export function invalidFields(input: unknown): readonly InvalidField[] {
  if (!isObject(input)) return [{ type: 'invalid_type', field: 'input', description: 'input must be an object' }];
  const wrong: InvalidField[] = [];
  const refuse = (type: string, field: string, description: string): void => {
    wrong.push({ type, field: `input.${field}`, description });
  };
  // What is not there has no place of its own.
  if (input['text'] === undefined) wrong.push({ type: 'required', field: 'input', description: 'text is required' });
  for (const [name, value] of Object.entries(input)) {
    const range = ranges[name];
    if (range !== undefined) {
      const fits = typeof value === 'number' && value >= range[0] && value <= range[1];
      if (!fits) refuse('number_out_of_range', name, `Must be from ${range[0]} to ${range[1]}`);
      else if (whole.has(name) && !Number.isInteger(value)) refuse('invalid_type', name, 'Expected: integer');
    } else if (!texts.has(name)) refuse('additional_property_not_allowed', name, 'Additional property is not allowed');
    else if (typeof value !== 'string' || value === '') refuse('invalid_type', name, 'Expected: string');
    else if (name === 'reference_audio' && !URL.canParse(value)) refuse('format', name, "Does not match format 'uri'");
    else if (name === 'text' && value.length > MAX_TEXT) refuse('too_long', name, `At most ${MAX_TEXT} characters`);
  }
  return wrong;
}

/** `Prefer: wait` and `Prefer: wait=N`, ms; 0 without one. `undefined` for what is out of range. */
export function waitMs(prefer: string | undefined): number | undefined {
  if (prefer === undefined) return 0;
  const given = /^wait(?:=(\d+))?$/.exec(prefer.trim());
  if (given === null) return 0;
  const seconds = Number(given[1] ?? 60);
  return seconds >= 1 && seconds <= 60 ? seconds * 1_000 : undefined;
}

/** `Cancel-After: 15s`, `1m`, `1h`, ms. `undefined` without one; NaN for what is none. */
export function cancelAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const given = /^(\d+)([smh])$/.exec(header.trim());
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[given?.[2] ?? ''];
  const ms = Number(given?.[1]) * (unitMs ?? Number.NaN);
  return ms >= 5_000 ? ms : Number.NaN;
}
