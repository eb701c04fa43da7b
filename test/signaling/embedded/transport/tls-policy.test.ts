import { describe, expect, test } from 'vitest';
import { wrongIdentity } from '../../../../src/signaling/embedded/transport/tls-policy.js';

const named = (subjectaltname: string | undefined, CN = 'common.example') => ({
  subject: { C: '', ST: '', L: '', O: '', OU: '', CN },
  ...(subjectaltname !== undefined && { subjectaltname }),
});

describe('whose certificate it is (RFC 5922 section 7)', () => {
  test.each([
    ['a SIP URI of the domain', 'example.com', 'URI:sip:example.com, DNS:other.example'],
    ['among others, in any case', 'Example.COM.', 'DNS:x.example, URI:SIP:EXAMPLE.com'],
    ['a DNS name where there is no SIP URI', 'example.com', 'DNS:a.example, DNS:example.com, URI:https://x.example'],
    ['a DNS name beside the URI of a user', 'example.com', 'URI:sip:alice@example.com, DNS:example.com'],
    ['an IP address', '192.0.2.1', 'DNS:example.com, IP Address:192.0.2.1'],
    ['an IPv6 address, however it is spelled', '2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1'],
    ['the common name, where there is nothing else', 'common.example', undefined],
  ])('%s', (_name, host, names) => {
    expect(wrongIdentity(host, named(names))).toBeUndefined();
  });

  test.each([
    ['another domain', 'example.com', 'URI:sip:example.org'],
    ['a DNS name, where SIP URIs say otherwise', 'example.com', 'URI:sip:example.org, DNS:example.com'],
    ['a wildcard', 'a.example.com', 'DNS:*.example.com'],
    ['a user of the domain', 'example.com', 'URI:sip:alice@example.com'],
    ['the common name, where there are alternative names', 'common.example', 'DNS:other.example'],
    ['the common name, where there are names of other kinds', 'common.example', 'IP Address:192.0.2.1'],
    ['the common name of an address', '192.0.2.1', undefined],
    ['an address among the DNS names', '192.0.2.1', 'DNS:192.0.2.1'],
    ['a name that hides in a quoted one', 'example.com', 'DNS:"evil.example, DNS:example.com"'],
    ['nothing at all', 'example.com', ''],
  ])('not: %s', (_name, host, names) => {
    const error = wrongIdentity(host, named(names, host === '192.0.2.1' ? host : 'common.example'));
    expect(error).toMatchObject({ code: 'ERR_SIP_TRANSPORT' });
  });
});
