import type { AudioFrame } from 'sip-voice-connector/flavor';
import { broken, withSession } from './breaking.js';

/** Collects a turn's frames without copying them. */
export default broken(
  29,
  /no speech in answer to the caller/,
  withSession((session) => {
    const turn: AudioFrame[] = [];
    return {
      write: (frame) => void turn.push(frame),
      endTurn() {
        for (const frame of turn.splice(0)) session.write(frame);
        session.endTurn?.();
      },
    };
  }),
);
