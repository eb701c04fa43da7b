import { type CallLimits, fixedCallLimits } from '../../src/call/call-limits.js';
import type { CallOptions } from '../../src/call/call-options.js';
import type { CallSounds } from '../../src/call/media/background-scene.js';
import type { ReplyWatchOptions } from '../../src/call/reply-watch.js';
import type { InterruptionOptions } from '../../src/call/turns/turn-taking.js';
import { configDefaults } from '../../src/config/defaults.js';

const { interruption, onFailure } = configDefaults.route;
const { callSeconds, silenceSeconds } = configDefaults.limits;

/** As a route has them that says nothing. */
export const defaultInterruptionOptions: InterruptionOptions = interruption;

export const defaultReplyWatchOptions: ReplyWatchOptions = {
  waitingAfterMs: onFailure.waitingAfterMs,
  replyTimeoutMs: onFailure.replyTimeoutMs,
};

/** The same without a word of the host's. */
export const defaultCallPolicies = {
  interruption: defaultInterruptionOptions,
  silence: { repromptMs: 15_000, reprompts: [], goodbye: undefined },
  ending: { warningMs: 30_000, warning: undefined, spent: undefined },
  failure: { ...defaultReplyWatchOptions, waiting: undefined, apology: undefined, transfer: undefined },
  recording: { announcement: undefined },
} as const satisfies Pick<CallOptions, 'interruption' | 'silence' | 'ending' | 'failure' | 'recording'>;

export const noSounds: CallSounds = { ambient: undefined, thinking: undefined, hold: undefined };

export const defaultCallLimits: CallLimits = {
  ...fixedCallLimits,
  callMs: callSeconds * 1000,
  silenceMs: silenceSeconds * 1000,
};
