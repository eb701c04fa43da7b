import type { CallFacts } from '../tool.js';
import type { TemplateValues } from './tool-template.js';

/**
 * What a template of a tool may mention: `args.NAME` (and further in, `args.customer.name`), `from`, `to`, `call.id`,
 * `tool`, and the variables of the route. Names under `sip.` are found in any case.
 */
export function templateValues(call: CallFacts, tool: string, args: Readonly<Record<string, unknown>>): TemplateValues {
  const own = new Map<string, string>([
    ['from', call.from],
    ['to', call.to],
    ['call.id', call.id],
    ['tool', tool],
  ]);
  return (name) => {
    if (name.startsWith('args.')) return deep(args, name.slice('args.'.length).split('.'));
    const known = own.get(name);
    if (known !== undefined) return known;
    const key = /^sip\./i.test(name) ? name.toLowerCase() : name;
    return ownValue(call.variables, key);
  };
}

function deep(value: unknown, path: readonly string[]): unknown {
  return path.reduce(ownValue, value);
}

/** Nothing that objects inherit is a value. */
function ownValue(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}
