import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const INCLUDE = /^[ \t]*<include part="([a-z-]+)"((?: [a-zA-Z]+="[^"]*")*)\/>[ \t]*\n/gm;
const ATTRIBUTE = / ([a-zA-Z]+)="([^"]*)"/g;

function read(kind: 'scenarios' | 'parts', name: string): string {
  return readFileSync(fileURLToPath(new URL(`${kind}/${name}.xml`, import.meta.url)), 'utf8');
}

/** The text of a part, with `{name}` replaced by the attributes of the `<include>`; `&#10;` there is a line break. */
function part(name: string, attributes: string): string {
  const values = new Map(
    [...attributes.matchAll(ATTRIBUTE)].map((match) => [match[1] ?? '', (match[2] ?? '').replaceAll('&#10;', '\n')]),
  );
  return read('parts', name).replace(/\{([a-zA-Z]+)\}/g, (_, key: string) => {
    const value = values.get(key);
    if (value === undefined) throw new Error(`part ${name} needs ${key}`);
    return value;
  });
}

/** What a scenario claims: its `name`. */
export function scenarioTitle(name: string): string {
  const title = /<scenario name="([^"]*)">/.exec(read('scenarios', name))?.[1];
  if (title === undefined) throw new Error(`scenario ${name} has no name`);
  return title;
}

/**
 * A scenario as SIPp reads it. SIPp has no include of its own, so what most calls have in common stands in `parts/` and
 * is put in here for `<include part="..."/>`; `[key]` of `keys` is filled in, in regular expressions too (SIPp's own
 * `-key` does not reach those). SIPp's keywords stay.
 */
export function readScenario(name: string, keys: ReadonlyMap<string, string>): string {
  const whole = read('scenarios', name).replace(INCLUDE, (_, partName: string, attributes: string) =>
    part(partName, attributes),
  );
  return whole.replace(/\[([a-z_]+)\]/g, (keyword, key: string) => keys.get(key) ?? keyword);
}
