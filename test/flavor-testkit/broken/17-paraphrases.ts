import { broken, withSession } from './breaking.js';

export default broken(
  17,
  /asked to speak/,
  withSession((session) => ({ speak: ({ text }) => session.speak({ text: `Well, ${text ?? ''}` }) })),
);
