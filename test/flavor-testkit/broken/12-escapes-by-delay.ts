import { broken, withSession } from './breaking.js';

/** Speech that is still being prepared when the caller interrupts comes all the same. */
export default broken(
  12,
  /of speech asked for before the interruption/,
  withSession((session) => ({
    speak(request) {
      setTimeout(() => session.speak(request), 30);
    },
  })),
);
