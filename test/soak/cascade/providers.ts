import type { CascadeProviderSetup } from './provider-api.js';

/** Providers that are as fast as they can be, but for the silence that ends a turn. Their delays add up to 400 ms. */
export const quickProviders: CascadeProviderSetup = {
  lines: ['I would like to know where my parcel is now.', 'And can you tell me when it will arrive?'],
  answers: [{ text: 'Yes, of course we can do that.' }, { text: 'No, that is all there is.' }],
  delays: { interimMs: 0, finalMs: 0, speechMs: 90, speechSpreadMs: 20 },
  eagerSilenceMs: 200,
  endSilenceMs: 300,
  withoutLeadIn: true,
};

/**
 * As reported of the components: Flux ends a turn some 260 ms after the last sound and is 150 ms earlier when it guesses; a
 * fast model has its first token after 350 ms and a token each 15; Aura-2 has its first audio after 90 ms, 150 ms of
 * which are silence.
 */
export const reportedProviders: CascadeProviderSetup = {
  ...quickProviders,
  delays: { interimMs: 50, finalMs: 60, speechMs: 80, speechSpreadMs: 20 },
  answers: quickProviders.answers.map((answer) => ({ ...answer, firstTokenMs: 350, tokenMs: 15 })),
  eagerSilenceMs: 100,
  endSilenceMs: 250,
  withoutLeadIn: false,
};

/** What a caller says who goes on after a pause that Flux takes for the probable end of the turn, and not for the certain one. */
export const resumedText = ['Could you send it', 'in the afternoon instead'] as const;
export const RESUMED_AFTER_MS = 220;

/** What callers say to them. */
export const callerTexts = [
  'I would like to know where my parcel is now',
  'And can you tell me when it will arrive',
] as const;
