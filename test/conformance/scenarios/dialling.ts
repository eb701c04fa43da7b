import type { Exchange } from '../peer/exchange.js';
import { audioOf, readSdp } from '../peer/sdp.js';
import { header, type SipMessage, tagOf } from '../peer/sip-message.js';
import { checkEqual, checkStatus, type Partner } from '../scenario.js';
import { eventually, type SeenRecord } from '../subject.js';

/** Calls of the partner's through its trunk, which is the exchange. */

let lastNumber = 0;

/** A number nobody else calls. */
function freshNumber(): string {
  lastNumber += 1;
  return `+4420${String(70_000_000 + (process.pid % 1000) * 1000 + lastNumber)}`;
}

/** A call of the partner's on its way to the exchange. */
export interface Dialled {
  readonly number: string;
  readonly id: string;
  readonly invite: SipMessage;
  readonly exchange: Exchange;
  readonly partner: Partner;
}

/** Has the partner call a number of its own through the trunk. */
export async function dial(partner: Partner, more: Readonly<Record<string, unknown>> = {}): Promise<Dialled> {
  const number = freshNumber();
  const { status, body } = await partner.subject.admin('POST', '/calls', { to: number, flavor: 'echo', ...more });
  checkStatus(status, 202);
  const id = typeof body === 'object' && body !== null && 'id' in body ? String(body.id) : '';
  const invite = await partner.exchange.invited(number);
  audioOf(readSdp(invite.body));
  return { number, id, invite, exchange: partner.exchange, partner };
}

/** The call record of it. */
export async function recordTo({ partner, number }: Dialled): Promise<SeenRecord> {
  const own = (): SeenRecord | undefined => partner.subject.records().find(({ to }) => to === number);
  return eventually(own, `a call record of ${number}`);
}

/** A final response that is no success: its ACK must come. */
export async function refuse(
  dialled: Dialled,
  status: number,
  extra: readonly (readonly [string, string])[] = [],
): Promise<void> {
  const { exchange, invite } = dialled;
  exchange.respond(invite, status, { extra, toTag: 'callee' });
  const ack = await exchange.following(invite, 'ACK');
  checkEqual(tagOf(header(ack, 'To')), 'callee', 'the To tag of the ACK');
}
