import { broken, withSession } from './breaking.js';

export default broken(
  11,
  /MB kept of/,
  withSession((session) => {
    const whole: Uint8Array[] = [];
    return {
      write(frame) {
        whole.push(new Uint8Array(frame.data));
        session.write(frame);
      },
    };
  }),
);
