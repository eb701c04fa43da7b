import { OfferQuestion, type OfferQuestionParts } from '../session/offer-question.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** An {@link OfferQuestion} that its sender may take back by CANCEL: 487. */
export function questionIn(transaction: ServerTransaction, { onSettled, ...parts }: OfferQuestionParts): OfferQuestion {
  const question = new OfferQuestion({
    onSettled: () => {
      transaction.onCancel = undefined;
      onSettled?.();
    },
    ...parts,
  });
  transaction.onCancel = () => question.refuse(487);
  return question;
}
