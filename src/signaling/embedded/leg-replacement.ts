import { SDP_TYPE } from '../capabilities.js';
import { isSecure } from '../dns/service-plan.js';
import { fromUserOf } from '../invite-request.js';
import { parseNameAddrList } from '../message/name-addr.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import { uriScheme } from '../message/sip-uri.js';
import type { OfferReply } from '../port.js';
import { REPLACED } from '../transfer/replaces.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import { questionIn } from './cancellable-question.js';
import { Dialog } from './dialog/dialog.js';
import { originOf } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

export interface LegReplacementParts {
  readonly endpoint: Endpoint;
  /** The INVITE with Replaces. */
  readonly transaction: ServerTransaction;
  /** Its offer. */
  readonly sdp: string | undefined;
  /** User part of our Contact. */
  readonly contactUser: string;
  /** The dialog that is to be replaced. */
  readonly old: CallDialog;
  /** Of the new dialog. */
  readonly user: CallDialogUser;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** From now on the leg lives in `next`, with a peer of that number; the old dialog is told to end after this. */
  readonly onReplaced: (next: CallDialog, fromUser: string) => void;
}

/**
 * Somebody takes the place of the peer of a leg (RFC 3891 section 3): the INVITE is put to the leg's user as an offer of
 * its peer would be. Accepted, the leg goes on in the new dialog and the old one gets BYE; refused, nothing has changed.
 */
export function replaceLeg(parts: LegReplacementParts): void {
  const { endpoint, transaction, sdp, contactUser, old, user, onOffer, onReplaced } = parts;
  const toTag = endpoint.tag();
  const { request, source } = transaction;
  const next = new CallDialog(
    {
      endpoint,
      dialog: Dialog.ofUas(request, toTag, endpoint.credentialsFor(transaction), source.remote.address),
      origin: originOf(transaction),
      contact: endpoint.contact(source, contactUser, asksForSips(transaction)),
      user,
    },
    'uas-pending',
  );
  transaction.toTag = toTag;
  const respond = (status: number, options: ResponseOptions = {}): void =>
    transaction.respond(createResponse(transaction.request, status, { toTag, ...options }));
  const question = questionIn(transaction, {
    clock: endpoint.clock,
    onOffer,
    accept: (body) => {
      respond(200, { headers: next.acceptanceHeaders(transaction.request), contentType: SDP_TYPE, body });
      next.confirmByAcceptance(transaction, body, sdp === undefined);
      onReplaced(next, fromUserOf(transaction.request));
      old.hangUp({ reason: REPLACED });
    },
    refuse: (status, rejection) => {
      respond(status, rejection);
      next.forget();
    },
  });
  question.ask(sdp);
}

/** The Contact of the dialog is to be a `sips:` URI (RFC 3261 section 12.1.1). */
export function asksForSips({ request, source }: ServerTransaction): boolean {
  if (!isSecure(source.protocol)) return false;
  const { headers } = request;
  const path = headers.get('Record-Route') ?? headers.get('Contact') ?? '';
  return uriScheme(request.uri) === 'sips' || uriScheme(parseNameAddrList(path)?.[0]?.uri ?? '') === 'sips';
}
