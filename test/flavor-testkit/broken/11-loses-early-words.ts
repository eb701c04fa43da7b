import { broken, withSession } from './breaking.js';

/** Takes one frame per turn of the event loop and drops the rest without a word. */
export default broken(
  11,
  /no answer to words inside a burst of frames/,
  withSession((session) => {
    let busy = false;
    return {
      write(frame) {
        if (busy) return;
        busy = true;
        setImmediate(() => {
          busy = false;
        });
        session.write(frame);
      },
    };
  }),
);
