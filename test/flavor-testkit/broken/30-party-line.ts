import type { FlavorSession } from 'sip-voice-connector/flavor';
import { broken, withSession } from './breaking.js';

const everybody = new Set<FlavorSession>();

/** Whatever one caller says is heard by all agents. */
export default broken(
  30,
  /a session answers another session's caller/,
  withSession((session) => {
    everybody.add(session);
    return {
      write(frame) {
        for (const each of everybody) each.write(frame);
      },
      endTurn() {
        for (const each of everybody) each.endTurn?.();
      },
    };
  }),
);
