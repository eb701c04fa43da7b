import type { SecondLegOrder } from '../../call/control/second-leg.js';
import type { Config, TrunkConfig } from '../../config/config.js';
import { isNumberAllowed, normaliseNumber } from '../../config/notation/dialled-number.js';
import { decodedUser, hostToReach, parseSipUri } from '../../signaling/message/sip-uri.js';
import type { OutboundOrder } from './outbound-line.js';

/** How a number is called through a trunk. */
export function trunkOrder(
  trunk: TrunkConfig,
  number: string,
  allow: readonly string[],
): Pick<OutboundOrder, 'uri' | 'targets' | 'failOverMs' | 'auth' | 'fromDomain' | 'mayFollow'> {
  const { domain, failOverSeconds, fromDomain, password, targets, user } = trunk;
  const own = targets.map((target) => withUser(target, number));
  const hosts = new Set([...targets, ...(domain === undefined ? [] : [`sip:${domain}`])].flatMap(hostsOf));
  return {
    uri: domain === undefined ? (own[0] ?? '') : `sip:${number}@${domain}`,
    targets: domain === undefined ? own : targets,
    failOverMs: failOverSeconds * 1000,
    ...(user !== undefined && password !== undefined && { auth: { user, password } }),
    ...(fromDomain !== undefined && { fromDomain }),
    mayFollow: (uri) => {
      const parsed = parseSipUri(uri);
      if (parsed === undefined || parsed.headers !== undefined) return false;
      const moved = normaliseNumber(decodedUser(parsed));
      const leads = hostsOf(uri);
      return (
        moved !== undefined && isNumberAllowed(moved, allow) && leads.length > 0 && leads.every((to) => hosts.has(to))
      );
    },
  };
}

/** How the target of a transfer is called: by its trunk, else at its own URI. It is the operator's, and not moved elsewhere. */
export function transferOrder(
  { transfer, trunks }: Pick<Config, 'transfer' | 'trunks'>,
  { name, uri }: { readonly name: string; readonly uri: string },
): SecondLegOrder {
  const trunk = trunks[transfer.targets[name]?.trunk ?? ''];
  if (trunk === undefined) return { uri };
  const { mayFollow: _never, ...way } = trunkOrder(trunk, numberOf(uri), []);
  const order = {
    ...way,
    ...(trunk.srtp !== undefined && { srtp: trunk.srtp }),
    ...(trunk.mediaFrom !== undefined && { nets: trunk.mediaFrom }),
  };
  return /^tel:/i.test(uri) ? order : { ...order, uri, targets: trunk.targets };
}

/** Of a `tel:` URI, without what only the eye needs (RFC 3966 section 5.1.1). */
function numberOf(uri: string): string {
  return uri
    .replace(/^tel:/i, '')
    .replace(/;.*$/s, '')
    .replace(/[-.()]/g, '');
}

function withUser(target: string, user: string): string {
  const colon = target.indexOf(':');
  return `${target.slice(0, colon + 1)}${user}@${target.slice(colon + 1)}`;
}

/** Where a `sip:` or `sips:` URI leads, as the driver reads it: its host, and `maddr` before that; lower case, without ports. */
function hostsOf(uri: string): readonly string[] {
  const parsed = parseSipUri(uri);
  if (parsed === undefined || parsed.host === '') return [];
  return [...new Set([parsed.host, hostToReach(parsed)])].map((host) => host.toLowerCase());
}
