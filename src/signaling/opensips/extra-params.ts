import { isIP } from 'node:net';
import { withoutBrackets } from '../../base/ip-text.js';
import type { SipSource } from '../port.js';
import { sipProtocolOf } from '../sip-protocol.js';
import { parseObject } from './mi/mi-message.js';

/** What the third argument of `ua_session_server_init` says of the INVITE itself; its other keys are the connector's. */
export interface InviteOrigin {
  /** `$ru` of the script: events do not tell the Request-URI. */
  readonly requestUri: string | undefined;
  /** `$proto:$si:$sp`: nor where the INVITE came from. */
  readonly source: SipSource | undefined;
}

const MAX_URI_LENGTH = 1_024;

/** Reads `{"requestUri": "sip:2000@example.com", "source": "udp:192.0.2.1:5060"}`; anything else is left alone. */
export function readExtraParams(text: string): InviteOrigin {
  const params = text === '' ? undefined : parseObject(text);
  const uri = params?.['requestUri'];
  const source = params?.['source'];
  return {
    requestUri: typeof uri === 'string' && uri.length <= MAX_URI_LENGTH ? uri : undefined,
    source: typeof source === 'string' ? parseSource(source) : undefined,
  };
}

function parseSource(text: string): SipSource | undefined {
  const match = /^([a-z]{2,3}):(.{1,64}):(\d{1,5})$/i.exec(text);
  const address = withoutBrackets(match?.[2] ?? '');
  const protocol = sipProtocolOf(match?.[1] ?? '');
  const port = Number(match?.[3]);
  return protocol === undefined || isIP(address) === 0 || port > 65_535 ? undefined : { protocol, address, port };
}
