import { isIP, isIPv6 } from 'node:net';
import type { ConnectionOptions, PeerCertificate, SecureContextOptions, TlsOptions } from 'node:tls';
import { ConnectorError } from '../../../base/connector-error.js';
import { withoutZone } from '../../../base/ip-text.js';
import { readTlsMaterial, type TlsFiles, type TlsMaterial } from '../../../base/tls-material.js';

/** Whom TLS talks to. */
export interface TlsPolicy {
  /** Servers we connect to must prove who they are. */
  readonly verifyPeer: boolean;
  /** Peers that connect to us must show a certificate of a trusted authority. */
  readonly requireClientCertificate: boolean;
}

export const tlsPolicyDefaults = { verifyPeer: true, requireClientCertificate: false } as const satisfies TlsPolicy;

/** A transport's TLS. Without material it can connect and not be connected to. */
export interface TlsSettings extends TlsPolicy {
  readonly material: TlsMaterial | undefined;
}

/** What is configured, with the files read; without files there is no material. Throws `ERR_TLS_FILE`. */
export async function readTlsSettings(configured: Partial<TlsPolicy & TlsFiles> = {}): Promise<TlsSettings> {
  const { cert, key, ca, ...policy } = { ...tlsPolicyDefaults, ...configured };
  const hasFiles = cert !== undefined && key !== undefined;
  return { ...policy, material: hasFiles ? await readTlsMaterial({ cert, key, ca }) : undefined };
}

/** RFC 9325 section 3.1.1: nothing older. */
const oldest: SecureContextOptions = { minVersion: 'TLSv1.2' };

/** For the server side of a handshake. */
export function serverTls({ material, requireClientCertificate }: TlsSettings): TlsOptions {
  return {
    ...oldest,
    ...pem(material),
    requestCert: requireClientCertificate,
    rejectUnauthorized: requireClientCertificate,
  };
}

/** For the client side; our certificate is shown where the peer asks for one. */
export function clientTls({ material, verifyPeer }: TlsSettings, host: string): ConnectionOptions {
  return {
    ...oldest,
    ...pem(material),
    rejectUnauthorized: verifyPeer,
    // SNI carries names alone (RFC 6066 section 3).
    ...(isIP(host) === 0 && { servername: host }),
    checkServerIdentity: (_name, certificate) => wrongIdentity(host, certificate),
  };
}

function pem(material: TlsMaterial | undefined): { cert?: string; key?: string; ca?: string } {
  if (material === undefined) return {};
  const { cert, key, ca } = material;
  return ca === undefined ? { cert, key } : { cert, key, ca };
}

/**
 * Whether a certificate is that of a SIP domain (RFC 5922 section 7): a subject alternative name `URI:sip:domain`, or,
 * where there is no such URI, a DNS name, or, where there is none either, the common name. Names are compared whole:
 * `*.example.com` stands for nothing (section 7.2). An IP address needs an IP address among the names.
 *
 * @returns the error, or `undefined` when all is well
 */
export function wrongIdentity(host: string, certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>) {
  const names = alternativeNames(certificate.subjectaltname ?? '');
  const wanted = withoutZone(host).toLowerCase().replace(/\.$/, '');
  const found = identities(names, certificate, isIP(wanted) !== 0);
  if (found.some((name) => isSame(name, wanted))) return undefined;
  return new ConnectorError('ERR_SIP_TRANSPORT', `the certificate does not name ${wanted}`);
}

function identities(
  names: readonly { readonly type: string; readonly value: string }[],
  certificate: Pick<PeerCertificate, 'subject'>,
  isAddress: boolean,
): readonly string[] {
  const ofType = (type: string) => names.filter((name) => name.type === type).map(({ value }) => value);
  if (isAddress) return ofType('IP Address');
  const uris = ofType('URI')
    .filter((uri) => /^sip:/i.test(uri))
    // A user part makes it the certificate of somebody, not of a domain (section 7.1).
    .map((uri) => uri.slice('sip:'.length))
    .filter((domain) => !domain.includes('@'));
  if (uris.length > 0) return uris;
  if (names.length > 0) return ofType('DNS');
  const common: string | string[] | undefined = certificate.subject?.CN;
  return common === undefined ? [] : [common].flat();
}

/** Node's own notation: `DNS:a.example, URI:sip:a.example, IP Address:192.0.2.1`; odd values are quoted as JSON. */
function alternativeNames(text: string): readonly { readonly type: string; readonly value: string }[] {
  return [...text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)].map((match) => ({
    type: match[1]?.trim() ?? '',
    value: unquoted(match[2] ?? ''),
  }));
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return '';
  }
}

function isSame(name: string, wanted: string): boolean {
  if (isIPv6(name) && isIPv6(wanted)) return canonical(name) === canonical(wanted);
  return name.toLowerCase() === wanted;
}

function canonical(address: string): string {
  return new URL(`http://[${address}]/`).hostname;
}
