/** Tools that need no entry in `tools`. */
export const builtInTools = [
  'hang_up',
  'transfer',
  'send_dtmf',
  'hold',
  'stay_silent',
  'pause_recording',
  'resume_recording',
] as const;

/** What models take for the name of a tool. */
export function isToolName(name: string): boolean {
  return /^[A-Za-z][\w-]{0,63}$/.test(name);
}
