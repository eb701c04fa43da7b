import { broken, withSession } from './breaking.js';

export default broken(
  15,
  /\d answers to two parallel tool results/,
  withSession((session) => ({
    onToolResult(result) {
      session.onToolResult(result);
      session.speak({ text: 'That is one.' });
    },
  })),
);
