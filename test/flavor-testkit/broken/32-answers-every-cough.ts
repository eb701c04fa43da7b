import { broken, withSession } from './breaking.js';

export default broken(
  32,
  /answers an onset that the host has rejected/,
  withSession((session) => ({
    onVoice(event) {
      if (event.type === 'stopped') session.endTurn?.();
    },
  })),
);
