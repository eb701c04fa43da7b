import type { ContractCheck } from '../check.js';
import { conversationChecks } from './conversation.js';
import { endingChecks } from './endings.js';
import { failureChecks } from './failure.js';
import { historyChecks } from './history.js';
import { hostingChecks } from './hosting.js';
import { packageChecks } from './package.js';
import { processChecks } from './process.js';
import { streamChecks } from './stream.js';
import { toolChecks } from './tools.js';

/** Every check, by number. 1 to 24 as the contract numbers them; those above were added since. */
export const contractChecks: readonly ContractCheck[] = [
  ...packageChecks,
  ...streamChecks,
  ...conversationChecks,
  ...toolChecks,
  ...historyChecks,
  ...hostingChecks,
  ...endingChecks,
  ...failureChecks,
  ...processChecks,
].toSorted((one, other) => one.id - other.id);
