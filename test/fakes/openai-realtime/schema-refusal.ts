import type * as z from 'zod';
import { isObject, memberAt } from './json-value.js';
import { invalidValue, missingParameter, type Refusal, refusal } from './refusal.js';

/**
 * Says of the first mistake in `value` what the service says of it: `unknown_parameter`, `missing_required_parameter`,
 * `invalid_type`, `invalid_value`, `..._above_max_value` and so on, with the path of the parameter.
 *
 * @param root What stands before the path: `session`.
 */
export function refusalOf(error: z.ZodError, value: unknown, root: string): Refusal {
  const issue = deepest(error.issues);
  if (issue === undefined) return refusal('invalid_value', `Invalid '${root}'.`, root);
  const given = memberAt(value, issue.path);
  const param = parameterName(root, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const unknown = parameterName(root, [...issue.path, issue.keys[0] ?? '']);
    return refusal('unknown_parameter', `Unknown parameter: '${unknown}'.`, unknown);
  }
  if (given === undefined) return missingParameter(param);
  switch (issue.code) {
    case 'invalid_value':
      return invalidValue(given, issue.values.map(String), param);
    case 'invalid_union':
      return issue.discriminator === undefined
        ? wrongType(param, 'an object', given)
        : invalidValue(given, unionOptions(issue), param);
    case 'invalid_type':
      return wrongType(param, articleOf(issue.expected), given);
    case 'too_big':
      if (issue.origin === 'array') return tooMany(param, given);
      return outOfRange(param, given, 'above', `<= ${issue.maximum}`);
    case 'too_small':
      if (issue.origin === 'array') return tooMany(param, given);
      return outOfRange(param, given, 'below', `>= ${issue.minimum}`);
    default:
      return refusal('invalid_value', `Invalid '${param}'.`, param);
  }
}

/** Of a union without a discriminator, the member that got furthest is what was meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  const [issue] = issues;
  if (issue?.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const meant = issue.errors.find(([first]) => first?.code !== 'invalid_type' && first?.code !== 'invalid_value');
  const inner = deepest(meant ?? issue.errors[0] ?? []);
  return inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

function unionOptions(issue: z.core.$ZodIssueInvalidUnion): readonly string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

/** `session.tools[0].name`. */
function parameterName(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${String(key)}`),
    root,
  );
}

function wrongType(param: string, expected: string, given: unknown): Refusal {
  const got = given === null ? 'null' : articleOf(Array.isArray(given) ? 'array' : typeof given);
  const message = `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`;
  return refusal('invalid_type', message, param);
}

function tooMany(param: string, given: unknown): Refusal {
  const list = Array.isArray(given) ? given.map((each) => `'${String(each)}'`).join(', ') : String(given);
  const message = `Invalid modalities: [${list}]. Supported combinations are: ['text'] and ['audio'].`;
  return refusal('invalid_value', message, param);
}

function outOfRange(param: string, given: unknown, side: 'above' | 'below', expected: string): Refusal {
  const kind = Number.isInteger(given) ? 'integer' : isObject(given) ? 'value' : 'decimal';
  const bound = side === 'above' ? 'maximum' : 'minimum';
  return refusal(
    `${kind}_${side}_${side === 'above' ? 'max' : 'min'}_value`,
    `Invalid '${param}': ${kind} ${side} ${bound} value. Expected a value ${expected}, but got ${String(given)} instead.`,
    param,
  );
}

function articleOf(type: string): string {
  if (type === 'int') return 'an integer';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
