import { isIP } from 'node:net';
import type { Parsed } from './addresses.js';

const SIP_HELP = 'write sip:USER@HOST, sip:USER@HOST:PORT;transport=tcp or tel:+442071234567';
const TEL_HELP = 'write tel:+442071234567, or tel:2001;phone-context=example.com for a number inside a network';

/** Parameters, unreserved and escaped characters of RFC 3261 section 25.1; `+` and the like among "param-unreserved". */
const PARAMETERS = /^(?:;[\w.!~*'()[\]/:&+$%-]+(?:=[\w.!~*'()[\]/:&+$%-]+)?)*$/;
const USER = /^[\w.!~*'()&=+$,;?/%-]+$/;

/**
 * Where a call may be sent by REFER: `sip:` and `sips:` (RFC 3261 section 19.1) or `tel:` (RFC 3966). Narrower than the
 * grammar where it would let a target say more than where to: no header fields and no `method` (RFC 3261 section
 * 19.1.5 warns of both), no password.
 */
export function parseTransferTarget(text: string): Parsed<string> {
  if (text.length > 512) return { ok: false, problem: 'a target of more than 512 characters', help: SIP_HELP };
  const [, scheme = '', rest = ''] = /^(sips?|tel):(.+)$/is.exec(text) ?? [];
  if (scheme === '') return { ok: false, problem: 'expected a sip:, sips: or tel: URI', help: SIP_HELP };
  if (/%(?![0-9a-f]{2})/i.test(rest))
    return { ok: false, problem: '"%" without two hexadecimal digits', help: SIP_HELP };
  const problem = scheme.toLowerCase() === 'tel' ? telProblem(rest) : sipProblem(rest);
  return problem ?? { ok: true, value: text };
}

type Problem = Extract<Parsed<string>, { readonly ok: false }>;

function sipProblem(rest: string): Problem | undefined {
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? undefined : rest.slice(0, at);
  const [, host = '', port, parameters = '', headers = ''] =
    /^(\[[^\]]*\]|[^:;?]*)(?::(\d{1,5}))?((?:;[^?]*)?)(.*)$/s.exec(rest.slice(at + 1)) ?? [];
  if (headers.startsWith('?')) {
    return {
      ok: false,
      problem: 'a target with header fields ("?")',
      help: 'remove them: they would be put into the call',
    };
  }
  if (user?.includes(':'))
    return { ok: false, problem: 'a target with a password', help: 'remove it: RFC 3261 advises against it' };
  if (user !== undefined && !USER.test(user))
    return { ok: false, problem: 'the part before "@" is no SIP user', help: SIP_HELP };
  if (!isHost(host) || Number(port ?? 5060) > 65_535 || Number(port ?? 5060) === 0) {
    return { ok: false, problem: 'the part after "@" is no host, or its port is none', help: SIP_HELP };
  }
  if (headers !== '' || !PARAMETERS.test(parameters)) {
    return { ok: false, problem: 'what follows the host is no list of ;name=value', help: SIP_HELP };
  }
  if (/;method(?:[;=]|$)/i.test(parameters)) {
    return { ok: false, problem: 'a target with a method', help: 'remove ";method=...": a transfer is an INVITE' };
  }
  return undefined;
}

/** RFC 3966 section 3: a global number, or a local one with the context it belongs to. */
function telProblem(rest: string): Problem | undefined {
  const [, number = '', parameters = ''] = /^([^;]*)((?:;.*)?)$/s.exec(rest) ?? [];
  const isGlobal = /^\+[-.()]*\d[\d.()-]*$/.test(number);
  const isLocal = /^[\da-f*#.()-]+$/i.test(number) && /[\da-f*#]/i.test(number);
  if (!isGlobal && !isLocal) return { ok: false, problem: 'the part after "tel:" is no number', help: TEL_HELP };
  if (!PARAMETERS.test(parameters))
    return { ok: false, problem: 'what follows the number is no list of ;name=value', help: TEL_HELP };
  if (!isGlobal && !/;phone-context=[^;]/i.test(parameters)) {
    return { ok: false, problem: 'a number without "+" needs a phone-context (RFC 3966)', help: TEL_HELP };
  }
  return undefined;
}

/** IPv4, IPv6 in brackets, or a host name of RFC 3261 section 25.1. */
function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6 && !host.includes('%');
  if (isIP(host) === 4) return true;
  const labels = host.replace(/\.$/, '').split('.');
  const isLabel = (label: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label);
  // "1.2.3" and "300.1.1.1" are neither an address nor a name: a top label begins with a letter.
  return host.length <= 255 && labels.every(isLabel) && /^[a-z]/i.test(labels.at(-1) ?? '');
}
