import { headerNameProblem } from '../../base/header-fields.js';
import type { ConfigPath } from '../reading/config-path.js';
import type { BrokenRule } from './broken-rule.js';

/** Names of SIP header fields that are sent: fit for one, none of the protocol's own, each once whatever its case. */
export function checkSipHeaders(headers: Readonly<Record<string, string>>, path: ConfigPath): BrokenRule[] {
  const seen = new Set<string>();
  return Object.keys(headers).flatMap((name): BrokenRule[] => {
    const place = { path: [...path, name], atKey: true } as const;
    const problem = headerNameProblem(name);
    if (problem !== undefined) {
      return [{ ...place, message: `this header field ${problem}`, help: 'choose another one, such as X-Outcome' }];
    }
    const key = name.toLowerCase();
    if (seen.has(key)) return [{ ...place, message: 'this header field is listed twice', help: 'remove one of them' }];
    seen.add(key);
    return [];
  });
}
