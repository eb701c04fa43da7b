import { fromUserOf } from '../invite-request.js';
import type { OfferReply } from '../port.js';
import { OfferQuestion } from '../session/offer-question.js';
import { REPLACED } from '../transfer/replaces.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import type { ReplacingInvite } from './call-server.js';

export interface LegReplacementParts {
  readonly invite: ReplacingInvite;
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
 * Where a CANCEL meets our 200 at the server, the call has a new peer that is gone already, and ends.
 */
export function replaceLeg({ invite, old, user, onOffer, onReplaced }: LegReplacementParts): void {
  const { calls, request, sdp } = invite;
  const next = new CallDialog(calls, 'inbound', user);
  const question = new OfferQuestion({
    clock: calls.clock,
    onOffer,
    accept: (body) => {
      next.accept(request, body, { answered: false });
      onReplaced(next, fromUserOf(request.request));
      old.hangUp({ reason: REPLACED });
    },
    refuse: (status, rejection) => {
      request.respond(status, rejection);
      next.forget();
    },
  });
  request.onCancel(() => question.withdraw(() => next.forget()));
  question.ask(sdp);
}
