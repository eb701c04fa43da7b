import { broken, withSession } from './breaking.js';

export default broken(
  27,
  /no answer to the words that interrupted/,
  withSession((session) => {
    let offended = false;
    return {
      interrupt(cause) {
        offended = true;
        session.interrupt(cause);
      },
      endTurn() {
        if (!offended) session.endTurn?.();
      },
    };
  }),
);
