import type { Scenario } from '../scenario.js';
import { callScenarios } from './calls.js';
import { messageAndDescriptionScenarios } from './messages.js';
import { partnerScenarios } from './partner.js';
import { reliableScenarios } from './provisional.js';
import { answerScenarios } from './refusals.js';
import { secondLegScenarios } from './second-legs.js';
import { sessionScenarios } from './sessions.js';
import { trunkScenarios } from './trunk.js';
import { updateScenarios } from './updates.js';

/** All behaviours, in the order of the wire contract's rows. */
export const scenarios: readonly Scenario[] = [
  ...callScenarios,
  ...reliableScenarios,
  ...sessionScenarios,
  ...updateScenarios,
  ...answerScenarios,
  ...messageAndDescriptionScenarios,
  ...partnerScenarios,
  ...trunkScenarios,
  ...secondLegScenarios,
].sort((a, b) => a.row - b.row);
