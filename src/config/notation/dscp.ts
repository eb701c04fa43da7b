import type { Parsed } from './addresses.js';

/**
 * A mark for routers by the name that IANA has for it: `EF` (RFC 3246), `VOICE-ADMIT` (RFC 5865), `LE` (RFC 8622), `CS0` to `CS7` (RFC 2474
 * section 4.2.2), `AF11` to `AF43` (RFC 2597 section 6); or by its number. Gives the code point, 0 to 63.
 */
export function parseDscp(text: string): Parsed<number> {
  const name = text.toUpperCase();
  const value = named.get(name) ?? ofClass(name) ?? ofNumber(name);
  if (value !== undefined) return { ok: true, value };
  return {
    ok: false,
    problem: 'expected a mark (DSCP)',
    help: 'write its name, such as EF, AF41 or CS5, or its number, 0 to 63',
  };
}

const named: ReadonlyMap<string, number> = new Map([
  ['EF', 46],
  ['VOICE-ADMIT', 44],
  ['LE', 1],
]);

function ofClass(name: string): number | undefined {
  const [, selector, assured, drop] = /^(?:CS([0-7])|AF([1-4])([1-3]))$/.exec(name) ?? [];
  if (selector !== undefined) return Number(selector) * 8;
  return assured === undefined ? undefined : Number(assured) * 8 + Number(drop) * 2;
}

function ofNumber(text: string): number | undefined {
  return /^\d{1,2}$/.test(text) && Number(text) < 64 ? Number(text) : undefined;
}
