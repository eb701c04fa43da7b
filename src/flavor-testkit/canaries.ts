/** Personal data of the kit's caller, unlikely to occur by chance: none of it may turn up in a log line. */
export const canaries = {
  caller: '+15550147736',
  header: 'canary-header-kx81',
  history: 'canary history about a lighthouse keeper',
  greeting: 'Welcome to the canary observatory.',
  /** Long enough to be found inside other text. */
  digits: '7391468025',
} as const;
