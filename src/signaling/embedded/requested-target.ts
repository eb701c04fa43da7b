import { defaultPorts } from '../dns/service-plan.js';
import type { ReceivedInvite } from '../invite-request.js';
import { canonicalHost } from '../message/host.js';
import { parseNameAddrList } from '../message/name-addr.js';
import type { SipRequest } from '../message/sip-message.js';
import { parseSipUri, type SipUri } from '../message/sip-uri.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** An INVITE of the peer as every driver describes it. @param advertised our host, as configured */
export function receivedInvite(
  { request, source, receivedAtMs }: ServerTransaction,
  advertised: string | undefined,
): ReceivedInvite {
  const { protocol, remote, local } = source;
  const uri = requestedTarget(request, local.port, [local.address, advertised ?? local.address]);
  return {
    request: { ...request, uri },
    source: { protocol, address: remote.address, port: remote.port },
    receivedAtMs,
  };
}

/**
 * The URI a request outside a dialog is meant for. A strict router before us (RFC 2543), or a caller that has us as
 * outbound proxy without `lr`, writes our own address into the request-URI and the target into the last Route: RFC 3261
 * section 16.4 has it put back. Only a request-URI without user is taken for that: nobody can be called there.
 *
 * @param port of ours; `hosts`: addresses and names of ours
 */
export function requestedTarget({ uri, headers }: SipRequest, port: number, hosts: readonly string[]): string {
  const parsed = parseSipUri(uri);
  const last = headers.getAll('Route').at(-1);
  if (parsed === undefined || last === undefined || !isOwn(parsed, port, hosts)) return uri;
  const target = parseNameAddrList(last)?.at(-1)?.uri;
  return target !== undefined && (parseSipUri(target)?.user ?? '') !== '' ? target : uri;
}

function isOwn(uri: SipUri, port: number, hosts: readonly string[]): boolean {
  // RFC 3261 section 19.1.2.
  const secure = uri.scheme === 'sips' || uri.params.get('transport')?.toLowerCase() === 'tls';
  const usual = secure ? defaultPorts.tls : defaultPorts.udp;
  if (uri.user !== undefined || (uri.port ?? usual) !== port) return false;
  return hosts.some((host) => canonicalHost(host).toLowerCase() === canonicalHost(uri.host).toLowerCase());
}
