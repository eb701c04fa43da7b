import { broken, withSession } from './breaking.js';

export default broken(
  14,
  /reply: false/,
  withSession((session) => ({ onToolResult: (result) => session.onToolResult({ ...result, reply: true }) })),
);
