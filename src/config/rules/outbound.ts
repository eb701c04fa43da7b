import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, type FileNames, isWritten, unknownTrunk } from './broken-rule.js';

/** Trunks, and the outbound calls that go through one of them. */
export function checkOutbound(
  { outbound, signaling, trunks }: ParsedConfig,
  names: FileNames,
  written: unknown,
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  for (const [name, { domain, password, targets, user }] of Object.entries(trunks)) {
    if (signaling.driver === 'opensips' && user !== undefined) {
      broken.push({
        path: ['trunks', name, 'user'],
        message: 'with driver opensips it is OpenSIPS that answers a challenge',
        help: 'remove user and password, and give them to its module uac_auth',
      });
    }
    const missing = user === undefined ? 'user' : 'password';
    const given = user === undefined ? 'password' : 'user';
    if ((user === undefined) !== (password === undefined) && !isWritten(written, ['trunks', name, missing])) {
      broken.push({
        path: ['trunks', name, given],
        message: `a trunk with a ${given} has no ${missing}`,
        help: 'give both, or neither where the trunk knows us by our address',
      });
    }
    const proxy = targets.findIndex((target) => /;lr(?:[;=]|$)/i.test(target));
    if (proxy >= 0 && domain === undefined) {
      broken.push({
        path: ['trunks', name, 'targets', proxy],
        message: 'behind a proxy nobody knows whose numbers are meant',
        help: 'add domain: the host that the numbers belong to',
      });
    }
  }
  if (outbound.trunk === undefined && outbound.allow.length > 0) {
    broken.push({
      path: ['outbound', 'allow'],
      message: 'numbers may be called, but there is no way to them',
      help: 'name a trunk: outbound.trunk',
    });
  }
  if (outbound.trunk !== undefined) broken.push(...unknownTrunk(['outbound', 'trunk'], outbound.trunk, names));
  if (outbound.allow.includes('+')) {
    broken.push({
      severity: 'warning',
      path: ['outbound', 'allow', outbound.allow.indexOf('+')],
      message: 'every number of the world may be called, premium ones too',
      help: 'name the countries or areas that you call',
    });
  }
  return broken;
}
